-- A receipt is put into the bucket when it is signed, so that it is neither only in the database nor only in its backups.

-- When the receipt was put there; null: still to be done.
alter table shreds
    add column receipt_stored_at timestamptz,
    add constraint shreds_receipt_stored_check check (receipt_stored_at is null or receipt is not null);

grant update (receipt_stored_at) on shreds to untxt_worker;

create index shreds_storing_idx on shreds (document_id) where receipt is not null and receipt_stored_at is null;

-- All but that stays.
drop trigger shreds_final on shreds;

create trigger shreds_final
    before update on shreds
    for each row
    when (
        old.receipt is not null
        and (
            old.document_id, old.owner_id, old.reason, old.requested_by, old.requested_at, old.shredded_at, old.quiet_at,
            old.next_look_at, old.objects, old.objects_removed_at, old.receipt, old.signature, old.signing_key
        ) is distinct from (
            new.document_id, new.owner_id, new.reason, new.requested_by, new.requested_at, new.shredded_at, new.quiet_at,
            new.next_look_at, new.objects, new.objects_removed_at, new.receipt, new.signature, new.signing_key
        )
    )
    execute function refuse_change_of_receipt();
