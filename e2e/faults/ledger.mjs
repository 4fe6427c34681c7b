// What the database itself saw of every claim: who took it, and who ended it. Written by triggers of the tests, so that
// it says what happened and not what our processes believe.

/** Installed once by the superuser, in a schema that no role of ours can see. */
export const WATCH = `
create schema if not exists faults;
create table if not exists faults.claims (
    token uuid primary key,
    task_id uuid not null,
    page_number integer,
    attempt integer not null,
    claimed_by integer,
    claimed_at timestamptz not null default clock_timestamp(),
    lease_until timestamptz,
    ended_by integer,
    ended_at timestamptz,
    ended_as text
);
create or replace function faults.watch() returns trigger language plpgsql security definer as $$
begin
    if old.lease_token is distinct from new.lease_token and old.lease_token is not null then
        update faults.claims
        set ended_by = inet_client_port(), ended_at = clock_timestamp(), lease_until = old.lease_until,
            ended_as = case when new.lease_token is not null then 'taken' else new.state end
        where token = old.lease_token;
    end if;
    if old.lease_token is distinct from new.lease_token and new.lease_token is not null then
        insert into faults.claims (token, task_id, page_number, attempt, claimed_by)
        values (
            new.lease_token,
            coalesce((to_jsonb(new) ->> 'task_id')::uuid, (to_jsonb(new) ->> 'id')::uuid),
            (to_jsonb(new) ->> 'page_number')::integer,
            new.attempt,
            inet_client_port()
        );
    end if;
    return null;
end $$;
drop trigger if exists faults_watch on tasks;
drop trigger if exists faults_watch on pages;
create trigger faults_watch after update on tasks for each row execute function faults.watch();
create trigger faults_watch after update on pages for each row execute function faults.watch();
`;

const COLUMNS = ['task', 'page', 'attempt', 'claimedBy', 'claimedAt', 'leaseUntil', 'endedBy', 'endedAt', 'endedAs'];
const NUMBERS = ['page', 'attempt', 'claimedBy', 'claimedAt', 'leaseUntil', 'endedBy', 'endedAt'];

const ms = (column) => `(extract(epoch from ${column}) * 1000)::bigint`;
const query = (tasks) => `select task_id, page_number, attempt, claimed_by, ${ms('claimed_at')}, ${ms('lease_until')}, ended_by, ${ms('ended_at')}, ended_as
  from faults.claims where task_id in (${tasks.map((id) => `'${id}'`).join(',')}) order by claimed_at`;

/** Gives the claims of tasks with the names of those who took and ended them; times in milliseconds since 1970. */
export function readClaims(site, tasks) {
  return site.sql(query(tasks)).map((row) => toClaim(site, row));
}

/** As `readClaims`, and the ways to the servers, which are in this process, pass bytes on meanwhile: for waiting. */
export async function watchClaims(site, tasks) {
  return (await site.stack.ask(query(tasks))).map((row) => toClaim(site, row));
}

function toClaim(site, row) {
  const claim = Object.fromEntries(COLUMNS.map((name, index) => [name, row[index] === '' ? null : row[index]]));
  for (const name of NUMBERS) claim[name] = claim[name] === null ? null : Number(claim[name]);
  const name = (port) => (port === null ? null : site.callers.who(port));
  return { ...claim, claimedBy: name(claim.claimedBy), endedBy: name(claim.endedBy) };
}
