use untxt_database::{
    Error, migrate,
    testing::{Role, TestPostgres},
};

#[tokio::test]
async fn migrating_twice_and_at_once_changes_nothing() {
    let postgres = TestPostgres::start().await;
    let settings = postgres.settings(Role::Migrate);
    let before = postgres.superuser_psql("select count(*), max(version) from _sqlx_migrations");
    let (one, two) = tokio::join!(migrate(&settings), migrate(&settings));
    one.and(two).expect("migrated");
    assert_eq!(postgres.superuser_psql("select count(*), max(version) from _sqlx_migrations"), before);
}

#[tokio::test]
async fn data_of_a_newer_version_is_left_alone() {
    let postgres = TestPostgres::start().await;
    let _ = postgres.superuser_psql(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
        values (9001, 'from the future', true, '', 0)",
    );
    let refused = migrate(&postgres.settings(Role::Migrate)).await;
    let Err(error @ Error::NewerData { found: 9001, .. }) = refused else { panic!("{refused:?}") };
    assert!(error.to_string().starts_with("the data was written by a newer UNTXT (migration 9001"));
}
