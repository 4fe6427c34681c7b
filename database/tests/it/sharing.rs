//! Rights as the database itself enforces them: every table, every kind of person, as the backend's role.

use sqlx::AssertSqlSafe;
use untxt_core::domain::UserId;
use untxt_database::{Database, testing::TestPostgres};

use crate::fixtures::{LEASE, a_result, a_task_with_pages, a_user, claim_page};

/// Tables whose rows a person may see of another owner, in the order of the columns below.
const SEEN: [&str; 14] = [
    "documents",
    "tasks",
    "pages",
    "task_events",
    "integrity_checks",
    "owner_keys",
    "label_keys",
    "shares",
    "folders",
    "tags",
    "document_tags",
    "key_events",
    "search_segments",
    "shreds",
];

/// What a person may do to those rows: change, stop and delete them, begin a run, write an event, pass it on, file in folders.
const DONE: [&str; 8] = [
    "select count(*) from (select from documents where owner_id = $1 for no key update) as rows",
    "select count(*) from (select from tasks where owner_id = $1 for no key update) as rows",
    "select count(*) from (select from pages where owner_id = $1 for no key update) as rows",
    "with gone as (delete from documents where owner_id = $1 returning 1) select count(*) from gone",
    "with new as (insert into tasks (id, document_id, owner_id, languages, trace, last_seq)
        select gen_random_uuid(), (select id from known_document), $1, 'eng', gen_random_uuid(), 0 returning 1)
        select count(*) from new",
    "with new as (insert into task_events (task_id, seq, owner_id, kind, state, total, done, failed, low)
        select (select id from known_task), 900, $1, 'task.queued', 'queued', 0, 0, 0, 0 returning 1)
        select count(*) from new",
    "with new as (insert into shares (id, owner_id, document_id, user_id, rank, granted_by)
        select gen_random_uuid(), $1, (select id from known_document), (select id from known_person), 1, current_actor()
        returning 1)
        select count(*) from new",
    "select count(*) from (select from folders where owner_id = $1 for no key update) as rows",
];

/// Who, and what is expected of `SEEN` (`A`: all that there are) and of `DONE`; `-` is refused with an error.
const EXPECTED: [(&str, &str, &str); 15] = [
    ("nobody", "0 0 0 0 0 0 0 0 0 0 0 0 0 0", "0 0 0 0 - - - 0"),
    ("foreigner", "0 0 0 0 0 0 0 0 0 0 0 0 0 0", "0 0 0 0 - - - 0"),
    ("reader", "A A A A A A 0 1 0 0 0 0 0 0", "0 0 0 0 - - - 0"),
    ("corrector", "A A A A A A 0 1 0 0 0 0 0 0", "0 1 2 0 1 1 - 0"),
    ("manager", "A A A A A A 0 7 0 0 0 0 0 0", "1 1 2 1 1 1 1 0"),
    ("folder_reader", "A A A A A A A 1 0 0 0 0 0 0", "0 0 0 0 - - - 0"),
    ("above_corrector", "A A A A A A A 1 0 0 0 0 0 0", "0 1 2 0 1 1 - 0"),
    ("folder_manager", "A A A A A A A A 0 0 0 0 0 0", "1 1 2 1 1 1 1 0"),
    ("team_member", "A A A A A A 0 1 0 0 0 0 0 0", "0 0 0 0 - - - 0"),
    ("former_member", "0 0 0 0 0 0 0 0 0 0 0 0 0 0", "0 0 0 0 - - - 0"),
    ("revoked", "0 0 0 0 0 0 0 0 0 0 0 0 0 0", "0 0 0 0 - - - 0"),
    ("expired", "0 0 0 0 0 0 0 1 0 0 0 0 0 0", "0 0 0 0 - - - 0"),
    ("paused", "0 0 0 0 0 0 0 1 0 0 0 0 0 0", "0 0 0 0 - - - 0"),
    ("paused_before", "A A A A A A 0 1 0 0 0 0 0 0", "0 0 0 0 - - - 0"),
    ("olga", "A A A A A A A A A A A A A 0", "1 1 2 1 1 1 1 2"),
];

struct Scene {
    postgres: TestPostgres,
    backend: Database,
    olga: UserId,
}

async fn scene() -> Scene {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let olga = a_user(&backend, "olga").await;
    let task = a_task_with_pages(&backend, &worker, olga.as_owner(), 2).await;
    for _ in 0..2 {
        let page = claim_page(&worker, task, LEASE).await.expect("a page");
        let mut tx = worker.begin_system().await.expect("a transaction");
        untxt_database::pages::complete(&mut tx, &page, &a_result(0.9)).await.expect("completed");
        tx.commit().await.expect("committed");
    }
    let _ = postgres.superuser_psql(&format!(
        "insert into label_keys values ('{olga}', 1, '');
        insert into folders (id, owner_id, name_sealed, colour) values
            ('00000000-0000-7000-8000-000000000001', '{olga}', '', '#000000');
        insert into folders (id, owner_id, parent_id, name_sealed, colour) values
            ('00000000-0000-7000-8000-000000000002', '{olga}', '00000000-0000-7000-8000-000000000001', '', '#000000');
        insert into tags (id, owner_id, name_sealed, colour) values (gen_random_uuid(), '{olga}', '', '#000000');
        insert into document_tags select d.id, t.id, d.owner_id from documents d cross join tags t;
        insert into integrity_checks (document_id, owner_id) select id, owner_id from documents;
        update tasks set state = 'done', lease_token = null, lease_until = null, ended_at = clock_timestamp();
        update documents set folder_id = '00000000-0000-7000-8000-000000000002';
        create view known_document as select id from documents;
        create view known_task as select id from tasks;
        create view known_person as select id from users where login = 'third';
        grant select on known_document, known_task, known_person to untxt_backend"
    ));
    a_user(&backend, "third").await;
    Scene { postgres, backend, olga }
}

impl Scene {
    /// Shares as the superuser, who need not ask; the triggers are the same. `what` and `with` are column and value.
    fn share(&self, what: (&str, &str), with: (&str, &str), rank: u32, (ends, paused): (&str, &str)) {
        let _ = self.postgres.superuser_psql(&format!(
            "insert into shares (id, owner_id, {}, {}, rank, granted_by, ends_at, paused_until)
            select gen_random_uuid(), '{olga}', {}, {}, {rank}, '{olga}', {ends}, {paused}",
            what.0,
            with.0,
            what.1,
            with.1,
            olga = self.olga,
        ));
    }

    async fn count(&self, who: Option<UserId>, sql: &str) -> String {
        let mut tx = match who {
            Some(who) => self.backend.begin_as(who).await,
            None => self.backend.begin_system().await,
        }
        .expect("a transaction");
        let counted = sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql.to_owned()))
            .bind(self.olga.as_uuid())
            .fetch_one(&mut *tx)
            .await;
        match counted {
            Ok(count) => count.to_string(),
            Err(sqlx::Error::Database(error))
                if error.code().as_deref() == Some("42501") || error.constraint() == Some("shares_right") =>
            {
                "-".to_owned()
            }
            Err(error) => panic!("{sql}: {error}"),
        }
    }
}

const DOCUMENT: (&str, &str) = ("document_id", "(select id from documents)");
const ABOVE: (&str, &str) = ("folder_id", "'00000000-0000-7000-8000-000000000001'");
const FOLDER: (&str, &str) = ("folder_id", "'00000000-0000-7000-8000-000000000002'");
const NEVER: (&str, &str) = ("null", "null");

#[tokio::test]
async fn every_kind_of_person_sees_and_changes_in_every_table_what_the_table_here_says() {
    let scene = scene().await;
    let mut people = std::collections::HashMap::new();
    for (login, ..) in EXPECTED {
        match login {
            "nobody" => people.insert(login, None),
            "olga" => people.insert(login, Some(scene.olga)),
            _ => people.insert(login, Some(a_user(&scene.backend, login).await)),
        };
    }
    let share = |what, login: &str, rank, until| {
        scene.share(what, ("user_id", &format!("'{}'", people[login].expect("a person"))), rank, until);
    };
    share(DOCUMENT, "reader", 1, NEVER);
    share(DOCUMENT, "corrector", 2, NEVER);
    share(DOCUMENT, "manager", 3, NEVER);
    share(FOLDER, "folder_reader", 1, NEVER);
    share(ABOVE, "above_corrector", 2, NEVER);
    share(ABOVE, "folder_manager", 3, NEVER);
    share(DOCUMENT, "revoked", 3, NEVER);
    share(DOCUMENT, "expired", 3, ("clock_timestamp() - interval '1 second'", "null"));
    share(DOCUMENT, "paused", 3, ("null", "clock_timestamp() + interval '1 hour'"));
    share(DOCUMENT, "paused_before", 1, ("null", "clock_timestamp() - interval '1 second'"));
    let (member, former) = (people["team_member"].expect("a person"), people["former_member"].expect("a person"));
    let _ = scene.postgres.superuser_psql(&format!(
        "insert into teams (id, name, created_by) values ('00000000-0000-7000-8000-0000000000ff', 'ward', '{member}');
        insert into team_members values ('00000000-0000-7000-8000-0000000000ff', '{former}', false);
        delete from team_members where user_id = '{former}'",
    ));
    scene.share(DOCUMENT, ("team_id", "'00000000-0000-7000-8000-0000000000ff'"), 1, NEVER);
    let revoked = people["revoked"].expect("a person");
    let _ = scene.postgres.superuser_psql(&format!("delete from shares where user_id = '{revoked}'"));
    let total = |table: &str| {
        scene.postgres.superuser_psql(&format!("select count(*) from {table} where owner_id = '{}'", scene.olga))
    };

    for (login, seen, done) in EXPECTED {
        let who = people[login];
        let mut found = Vec::new();
        for table in SEEN {
            let sql = format!("select count(*) from {table} where owner_id = $1");
            let count = scene.count(who, &sql).await;
            found.push(if count != "0" && count == total(table).trim() { "A".to_owned() } else { count });
        }
        assert_eq!(found.join(" "), seen, "{login} sees {SEEN:?}");
        let mut could = Vec::new();
        for sql in DONE {
            could.push(scene.count(who, sql).await);
        }
        assert_eq!(could.join(" "), done, "{login} does");
    }
}

/// Gives what Postgres says to a change in somebody's name: how many rows, or which constraint or policy is in the way.
async fn attempt(scene: &Scene, who: UserId, sql: &str) -> String {
    let mut tx = scene.backend.begin_as(who).await.expect("a transaction");
    match sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut *tx).await {
        Ok(done) => {
            tx.commit().await.expect("committed");
            done.rows_affected().to_string()
        }
        Err(sqlx::Error::Database(error)) => error.constraint().unwrap_or("refused").to_owned(),
        Err(error) => panic!("{sql}: {error}"),
    }
}

#[tokio::test]
async fn what_is_passed_on_lasts_no_longer_than_what_let_it_be() {
    let scene = scene().await;
    let (mara, nils) = (a_user(&scene.backend, "mara").await, a_user(&scene.backend, "nils").await);
    let give = |to: UserId, what: &str, by: UserId| {
        format!(
            "insert into shares (id, owner_id, {what}_id, user_id, rank, granted_by)
            values (gen_random_uuid(), '{}', (select id from known_{what}), '{to}', 3, '{by}')",
            scene.olga
        )
    };
    let _ = scene.postgres.superuser_psql(
        "create view known_folder as select id from folders where parent_id is not null;
        grant select on known_folder to untxt_backend",
    );
    let reads = async |who| scene.count(Some(who), "select count(*) from documents where owner_id = $1").await;
    assert_eq!(attempt(&scene, mara, &give(nils, "document", mara)).await, "shares_right");
    assert_eq!(attempt(&scene, mara, &give(nils, "document", scene.olga)).await, "refused", "in the name of another");
    scene.share(FOLDER, ("user_id", &format!("'{mara}'")), 3, ("clock_timestamp() + interval '1 hour'", "null"));
    assert_eq!(attempt(&scene, mara, &give(nils, "document", mara)).await, "1");
    let ends = "select count(*) from shares where user_id is not null and ends_at is null";
    assert_eq!(scene.postgres.superuser_psql(ends), "0", "both end with the hour");
    assert_eq!((reads(mara).await, reads(nils).await), ("1".to_owned(), "1".to_owned()));

    // Whoever manages it files it in what she manages, and nowhere else; what was passed on by way of the folder ends with it.
    let move_to = |folder: &str| format!("update documents set folder_id = {folder}");
    assert_eq!(attempt(&scene, mara, &move_to("null")).await, "documents_folder_right");
    assert_eq!(attempt(&scene, mara, &move_to(ABOVE.1)).await, "documents_folder_right");
    assert_eq!(attempt(&scene, scene.olga, &move_to(ABOVE.1)).await, "1");
    assert_eq!((reads(mara).await, reads(nils).await), ("0".to_owned(), "0".to_owned()));
    assert_eq!(attempt(&scene, scene.olga, &move_to(FOLDER.1)).await, "1");
    assert_eq!((reads(mara).await, reads(nils).await), ("1".to_owned(), "0".to_owned()));
    // So does a folder that is moved away.
    assert_eq!(attempt(&scene, mara, &give(nils, "document", mara)).await, "1");
    let _ = scene.postgres.superuser_psql(
        "update shares set folder_id = '00000000-0000-7000-8000-000000000001' where folder_id is not null",
    );
    assert_eq!(reads(nils).await, "1");
    assert_eq!(attempt(&scene, scene.olga, "update folders set parent_id = null").await, "2");
    assert_eq!((reads(mara).await, reads(nils).await), ("0".to_owned(), "0".to_owned()));

    // And with the share itself.
    scene.share(DOCUMENT, ("user_id", &format!("'{mara}'")), 3, NEVER);
    assert_eq!(attempt(&scene, mara, &give(nils, "document", mara)).await, "1");
    let take_back = format!("delete from shares where user_id = '{mara}' and document_id is not null");
    assert_eq!(attempt(&scene, scene.olga, &take_back).await, "1");
    assert_eq!((reads(mara).await, reads(nils).await), ("0".to_owned(), "0".to_owned()));
}

#[tokio::test]
async fn a_team_owns_and_its_last_manager_stays() {
    let scene = scene().await;
    let (mara, nils, otto) = (
        a_user(&scene.backend, "mara").await,
        a_user(&scene.backend, "nils").await,
        a_user(&scene.backend, "otto").await,
    );
    let team = "00000000-0000-7000-8000-0000000000ff";
    let make = format!("insert into teams (id, name, created_by) values ('{team}', 'ward', '{mara}')");
    assert_eq!(attempt(&scene, mara, &make).await, "1");
    let add = |user: UserId| {
        format!("insert into team_members (team_id, user_id, is_manager) values ('{team}', '{user}', false)")
    };
    assert_eq!(attempt(&scene, otto, &add(otto)).await, "refused", "nobody joins by himself");
    assert_eq!(attempt(&scene, mara, &add(nils)).await, "1");
    assert_eq!(attempt(&scene, nils, &add(otto)).await, "refused", "members don't say who belongs to it");
    let rise = format!("update team_members set is_manager = true where user_id = '{nils}'");
    assert_eq!(attempt(&scene, nils, &rise).await, "0");
    let key = format!(
        "insert into owner_keys (owner_id, version, kms_key_id, wrapped, wrapped_index_key)
        values ('{team}', 1, 'local', '', '')"
    );
    assert_eq!(attempt(&scene, otto, &key).await, "refused");
    assert_eq!(attempt(&scene, nils, &key).await, "1");
    let upload = format!(
        "insert into documents (
            id, owner_id, media_type, size_bytes, metadata_sealed, owner_key_version, wrapped_key, content_tag
        )
        values ('00000000-0000-7000-8000-0000000000fe', '{team}', 'application/pdf', 1, '', 1, '', sha256(''))"
    );
    assert_eq!(attempt(&scene, otto, &upload).await, "refused");
    assert_eq!(attempt(&scene, nils, &upload).await, "1");
    let owned = format!("select count(*) from documents where owner_id = '{team}' and $1 is not null");
    let trash = format!(
        "update documents
        set trashed_at = clock_timestamp(), shred_at = clock_timestamp(), trash_reason = 'person'
        where owner_id = '{team}'"
    );
    for (who, sees, changes) in [(mara, "1", "1"), (nils, "1", "0"), (otto, "0", "0"), (scene.olga, "0", "0")] {
        assert_eq!(scene.count(Some(who), &owned).await, sees);
        let mut tx = scene.backend.begin_as(who).await.expect("a transaction");
        let changed = sqlx::raw_sql(AssertSqlSafe(trash.clone())).execute(&mut *tx).await.expect("an answer");
        assert_eq!(changed.rows_affected().to_string(), changes);
    }
    let leave = |user: UserId| format!("delete from team_members where user_id = '{user}'");
    assert_eq!(attempt(&scene, mara, &leave(mara)).await, "team_members_manager");
    assert_eq!(attempt(&scene, nils, &leave(mara)).await, "0");
    assert_eq!(attempt(&scene, nils, &leave(nils)).await, "1");
    assert_eq!(scene.count(Some(nils), &owned).await, "0", "a former member sees nothing");
}
