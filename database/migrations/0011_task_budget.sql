-- How long readers have worked on a task, so that one document can't keep them for days.
alter table tasks add column read_seconds double precision not null default 0;
alter table tasks add constraint tasks_read_seconds_check check (read_seconds >= 0);
grant update (read_seconds) on tasks to untxt_worker;
