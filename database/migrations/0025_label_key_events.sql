-- The record of keys also says when the label key of an owner was wrapped anew.

alter table key_events
    drop constraint key_events_operation_check,
    add constraint key_events_operation_check check (operation in (
        'created', 'activated', 'retired', 'compromised', 'rewrapped', 'documents_rewrapped', 'labels_rewrapped',
        'destroyed', 'refused', 'root_created', 'root_destroyed'
    ));
