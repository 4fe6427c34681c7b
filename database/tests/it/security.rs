use untxt_database::testing::TestPostgres;

#[tokio::test]
async fn starts() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    backend.check().await.expect("an answer");
}
