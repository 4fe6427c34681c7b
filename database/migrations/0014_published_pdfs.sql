-- A searchable PDF stays until there is a newer one: a run that ended without one (its last step failed, or was stopped)
-- took that of the run before away. Of which run it is, whoever asks for the document is told.

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
