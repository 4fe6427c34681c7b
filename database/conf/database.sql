-- The empty database, run while connected to it. One statement per paragraph.

revoke all on database {database} from public

grant connect on database {database} to untxt_backend, untxt_worker, untxt_migrate

revoke all on schema public from public

grant usage, create on schema public to untxt_owner
