-- A searchable PDF stays until there is a newer one: a run that ended without one (its last step failed, or was stopped)
-- took that of the run before away. Of which run it is, whoever asks for the document is told.

-- Those that were taken away are not there any more; what a final state says of them is put right for this once.
alter table tasks no force row level security;
alter table tasks disable trigger tasks_final;
update tasks t
set pdf_attempt = null
where t.pdf_attempt is not null
    and not exists (select from published_pdfs p where p.task_id = t.id);
alter table tasks enable trigger tasks_final;
alter table tasks force row level security;

create or replace view published_pdfs with (security_invoker = true) as
select
    t.id as task_id,
    t.document_id,
    t.pdf_attempt as attempt
from tasks t
where t.pdf_attempt is not null
    and not exists (
        select
        from tasks newer
        where newer.document_id = t.document_id
            and (newer.created_at, newer.id) > (t.created_at, t.id)
            and newer.pdf_attempt is not null
    );
