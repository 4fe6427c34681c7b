-- The backend asks whose bucket it is, too, before it stores anything there.
create policy installation_for_backend on installation for select to untxt_backend
    using (true);

grant select on installation to untxt_backend;
