-- A run is void only when it ended with pages still to be read. Whoever stops a run that reads nothing, or one that has
-- read everything, stops the searchable PDF: what was chosen or read stays, and the run says that it was stopped. It could
-- not be stopped before, and said `done` after a stop that had been acknowledged.

-- The expression of a generated column can't be changed in this Postgres.
alter table tasks
    drop column is_void,
    -- It was stopped, or failed before it began to read: the document shows what it showed before this run.
    add column is_void boolean not null
        generated always as (
            is_rerun
            and pages_done + pages_failed + pages_unread < page_count
            and (state = 'cancelled' or state = 'failed' and started_at is null)
        ) stored;
