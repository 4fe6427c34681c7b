-- Which installation this is. The same id stands in its bucket, so that a worker that looks for objects that no row names
-- knows that the bucket is not another installation's, whose objects have no rows here either. A backup has the row like
-- any other; a restore keeps the id of the installation that it restores into, because the bucket is that one's.

create table installation (
    id uuid primary key default gen_random_uuid(),
    is_only boolean not null default true,
    constraint installation_is_only_key unique (is_only),
    constraint installation_is_only_check check (is_only)
);

insert into installation default values;

alter table installation enable row level security;
alter table installation force row level security;

create policy installation_for_work on installation for select to untxt_worker
    using (true);

grant select on installation to untxt_worker;
