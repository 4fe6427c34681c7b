-- How a document is read is said with each task: which clean-up preset, and what becomes of text that it brings itself.
-- Rows of before get what they were read with. And which languages the workers can read, so that an upload that asks
-- for another one is refused at once.

alter table tasks
    add column preset text not null default 'auto',
    add column text_mode text not null default 'skip',
    add constraint tasks_preset_check check (preset in ('auto', 'clean_scan', 'fax', 'photo', 'book', 'form')),
    add constraint tasks_text_mode_check check (text_mode in ('skip', 'redo', 'force'));

grant insert (preset, text_mode) on tasks to untxt_backend;

create table installed_languages (
    -- Tesseract's code, such as deu or chi_sim.
    code text primary key,
    seen_at timestamptz not null default clock_timestamp(),
    constraint installed_languages_code_check check (code ~ '^[A-Za-z0-9_]{1,40}$')
);

alter table installed_languages enable row level security;
alter table installed_languages force row level security;

create policy installed_languages_for_all on installed_languages to untxt_backend using (true);

create policy installed_languages_for_work on installed_languages to untxt_worker
    using (true)
    with check (true);

grant select on installed_languages to untxt_backend;
grant select, insert, update, delete on installed_languages to untxt_worker;
