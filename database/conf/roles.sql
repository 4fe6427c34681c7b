-- Roles of one UNTXT installation. One statement per paragraph. Existing roles are brought to this state.
-- Passwords come as SCRAM verifiers, so that no password is ever in a statement or a log.
-- untxt_backup reads all rows of all owners, for `untxt export`; it is granted nothing but reading (database.sql).

do $$
begin
    if not exists (select from pg_roles where rolname = 'untxt_owner') then
        create role untxt_owner;
    end if;
    if not exists (select from pg_roles where rolname = 'untxt_backend') then
        create role untxt_backend;
    end if;
    if not exists (select from pg_roles where rolname = 'untxt_worker') then
        create role untxt_worker;
    end if;
    if not exists (select from pg_roles where rolname = 'untxt_migrate') then
        create role untxt_migrate;
    end if;
    if not exists (select from pg_roles where rolname = 'untxt_backup') then
        create role untxt_backup;
    end if;
end
$$

alter role untxt_owner with nologin nosuperuser nocreatedb nocreaterole noreplication nobypassrls

alter role untxt_backend with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls
    connection limit 50 password '{backend_verifier}'

alter role untxt_worker with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls
    connection limit 50 password '{worker_verifier}'

alter role untxt_migrate with login noinherit nosuperuser nocreatedb nocreaterole noreplication nobypassrls
    connection limit 5 password '{migrate_verifier}'

grant untxt_owner to untxt_migrate

alter role untxt_backup with login nosuperuser nocreatedb nocreaterole noreplication bypassrls
    connection limit 3 password '{backup_verifier}'
