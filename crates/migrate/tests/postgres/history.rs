//! The history table, as PostgreSQL has it.

use shipgate_migrate::history::HistoryChoice;

use crate::fresh;

const ONE: &[(&str, &str)] = &[("1_a.sql", "CREATE TABLE t1 (id int);\n")];

#[tokio::test]
async fn the_table_is_as_atlas_creates_it() {
    let place = fresh(ONE);
    place.apply().await.succeeded();
    assert_eq!(
        place.sql(
            "SELECT attname, format_type(atttypid, atttypmod), attnotnull, \
             pg_get_expr(adbin, adrelid) FROM pg_attribute \
             LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum \
             WHERE attrelid = 'atlas_schema_revisions'::regclass AND attnum > 0 ORDER BY attnum"
        ),
        "version|character varying|t|\n\
         description|character varying|t|\n\
         type|bigint|t|2\n\
         applied|bigint|t|0\n\
         total|bigint|t|0\n\
         executed_at|timestamp with time zone|t|\n\
         execution_time|bigint|t|\n\
         error|text|f|\n\
         error_stmt|text|f|\n\
         hash|character varying|t|\n\
         partial_hashes|jsonb|f|\n\
         operator_version|character varying|t|"
    );
    assert_eq!(
        place.sql(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint \
             WHERE conrelid = 'atlas_schema_revisions'::regclass"
        ),
        "PRIMARY KEY (version)"
    );
}

#[tokio::test]
async fn without_a_search_path_the_history_has_a_schema_of_its_own() {
    let place = fresh(ONE);
    let url = place.server.url().replace("&search_path=public", "");
    let options = place.options();
    place
        .run(&*place.database_at(&url), &options, |_| {})
        .await
        .succeeded();
    assert_eq!(
        place.sql("SELECT version FROM atlas_schema_revisions.atlas_schema_revisions"),
        "1"
    );
}

#[tokio::test]
async fn a_schema_that_is_asked_for_is_made() {
    let place = fresh(ONE);
    place
        .apply_with(|options| {
            options.history = HistoryChoice::Atlas {
                schema: Some("ops".to_owned()),
            }
        })
        .await
        .succeeded();
    assert_eq!(
        place.sql("SELECT version FROM ops.atlas_schema_revisions"),
        "1"
    );
}

#[tokio::test]
async fn a_history_in_the_default_schema_is_not_passed_over() {
    let place = fresh(ONE);
    let url = place.server.url().replace("&search_path=public", "");
    let options = place.options();
    place
        .run(&*place.database_at(&url), &options, |_| {})
        .await
        .succeeded();
    let error = place.apply().await.failed().error_text();
    assert!(error.contains("say with --revisions-schema"), "{error}");
}
