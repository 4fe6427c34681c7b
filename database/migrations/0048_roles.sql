-- Two more roles: reviewers and auditors. And one question, at the beginning of every request and every transaction of a
-- person: who is that, and does the session live? Asked together, it is one way to the database and back.

alter table users drop constraint users_role_check;
alter table users add constraint users_role_check check (role in ('user', 'reviewer', 'auditor', 'admin'));

-- Makes a person the actor of this transaction, if the session is theirs and lives, and gives their role. Otherwise there is
-- no actor, and the role is null. The session counts as used; that is written at most once in 30 seconds.
-- Not as the owner of the tables: row-level security holds in here too.
create function enter_session(person uuid, which uuid, idle_seconds double precision) returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    as $$
declare
    used timestamptz;
    role text;
begin
    perform set_config('untxt.actor', person::text, true);
    select
        sessions.last_used_at,
        users.role
    into used, role
    from public.sessions
    join public.users on users.id = sessions.user_id
    where
        sessions.id = which
        and sessions.user_id = person
        and sessions.ended_at is null
        and sessions.expires_at > clock_timestamp()
        and sessions.last_used_at > clock_timestamp() - make_interval(secs => idle_seconds);
    if not found then
        perform set_config('untxt.actor', '', true);
        return null;
    end if;
    if used < clock_timestamp() - interval '30 seconds' then
        -- It waits for nobody: whoever has the row just now notes the same, or ends the session.
        update public.sessions
        set last_used_at = clock_timestamp()
        where id = (select id from public.sessions where id = which and ended_at is null for update skip locked);
    end if;
    return role;
end
$$;

grant execute on function enter_session(uuid, uuid, double precision) to untxt_backend;
