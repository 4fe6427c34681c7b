-- Whoever forgot a password asks for a link by mail. So people may have an address: set by themselves, or by whoever invites
-- them. It is stored as logins are, in clear and in lower case; two people may have the same one, so that nobody learns or
-- keeps another from having it. A link is good once and for 15 minutes of this server's clock, and each person has one at most.

alter table users add column mail text;
alter table users add constraint users_mail_check check (
    mail = lower(mail)
    and char_length(mail) <= 254
    and mail ~ '^[^[:space:][:cntrl:]@]+@[^[:space:][:cntrl:]@]+$'
);
create index users_mail_idx on users (mail) where mail is not null;
grant update (mail) on users to untxt_backend;

alter table invitations add column mail text;
alter table invitations add constraint invitations_mail_check check (
    mail = lower(mail)
    and char_length(mail) <= 254
    and mail ~ '^[^[:space:][:cntrl:]@]+@[^[:space:][:cntrl:]@]+$'
);
grant update (mail) on invitations to untxt_backend;

create table password_resets (
    user_id uuid primary key references users (id) on delete cascade,
    -- SHA-256 of 256 random bits.
    token_hash bytea not null,
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null default clock_timestamp() + interval '15 minutes',
    constraint password_resets_token_hash_key unique (token_hash),
    constraint password_resets_token_hash_check check (octet_length(token_hash) = 32)
);

alter table password_resets enable row level security;
alter table password_resets force row level security;

-- For the functions below, which run as the owner. Nobody else sees or changes a row.
create policy password_resets_before_login on password_resets to untxt_owner
    using (true)
    with check (true);

-- Finds who may be meant, before there is an actor: the person with this login, and those with this address.
create function find_forgetful(wanted text)
    returns table (id uuid, is_disabled boolean, has_mail boolean)
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select users.id, users.disabled_at is not null, users.mail is not null
    from public.users
    where users.login = lower(wanted) or users.mail = lower(wanted)
    order by users.login = lower(wanted) desc, users.id
    limit 5
$$;

-- Makes this the only token that is good for a person, and gives where to send it. No row: they may have none.
create function begin_password_reset(person uuid, hash bytea)
    returns table (login text, mail text)
    language sql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    with forgetful as (
        select users.id, users.login, users.mail
        from public.users
        where users.id = person and users.mail is not null and users.disabled_at is null
    ),
    stored as (
        insert into public.password_resets as r (user_id, token_hash)
        select forgetful.id, hash from forgetful
        on conflict (user_id) do update
        set token_hash = excluded.token_hash, created_at = excluded.created_at, expires_at = excluded.expires_at
        returning r.user_id
    )
    select forgetful.login, forgetful.mail
    from forgetful
    join stored on stored.user_id = forgetful.id
$$;

-- Takes a token away, and says whose it was: it is good once. Whoever is disabled gets nothing of it.
create function take_password_reset(presented bytea)
    returns table (id uuid, login text, mail text)
    language sql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    delete from public.password_resets r
    using public.users
    where
        r.token_hash = presented
        and r.expires_at > clock_timestamp()
        and users.id = r.user_id
        and users.disabled_at is null
    returning users.id, users.login, users.mail
$$;

grant execute on function find_forgetful(text), begin_password_reset(uuid, bytea), take_password_reset(bytea)
    to untxt_backend;

-- A link that was sent before is void once there is another password or address, or nobody may come in.
create function forget_password_reset() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    delete from public.password_resets where user_id = new.id;
    return null;
end
$$;

create trigger users_forget_password_reset
    after update of password_hash, mail, disabled_at on users
    for each row
    execute function forget_password_reset();

-- Requests for a link are counted beside failed logins: per network, per name that was typed, and per person.
alter table login_failures drop constraint login_failures_kind_check;
alter table login_failures add constraint login_failures_kind_check check (kind in ('address', 'stranger', 'reset'));

-- As before, with the address.
drop function take_invitation(bytea);

create function take_invitation(presented bytea)
    returns table (invitation_id uuid, login text, role text, mail text)
    language sql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    begin atomic
        delete from public.invitations
        using public.users
        where
            invitations.secret_hash = presented
            and invitations.expires_at > clock_timestamp()
            and users.id = invitations.user_id
            and users.role = 'admin'
            and users.disabled_at is null
        returning invitations.id, invitations.login, invitations.role, invitations.mail;
    end;

grant execute on function take_invitation(bytea) to untxt_backend;
