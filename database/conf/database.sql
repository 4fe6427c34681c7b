-- The empty database, run while connected to it. One statement per paragraph.

revoke all on database {database} from public

grant connect on database {database} to untxt_backend, untxt_worker, untxt_migrate, untxt_backup

revoke all on schema public from public

grant usage, create on schema public to untxt_owner

grant usage on schema public to untxt_backup

grant select on all tables in schema public to untxt_backup

grant select on all sequences in schema public to untxt_backup

alter default privileges for role untxt_owner in schema public grant select on tables to untxt_backup

alter default privileges for role untxt_owner in schema public grant select on sequences to untxt_backup
