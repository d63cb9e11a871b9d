//! Operators, conditions, loops, templates and ways into values.

use crate::world::{World, values, wrong};

async fn give(table: &[(&str, &str)]) {
    values(&World::default(), table).await;
}

#[tokio::test]
async fn arithmetic_and_comparison() {
    give(&[
        ("1 + 1", "2"),
        ("5 / 2", "2.5"),
        ("4 / 2", "2"),
        ("0.1 + 0.2", "0.3"),
        ("10 % 3", "1"),
        ("-7 % 3", "-1"),
        ("2 + 3 * 4", "14"),
        (r#""1" + 1"#, "2"),
        (r#"-"1""#, "-1"),
        ("9223372036854775807", "9223372036854775807"),
        ("9007199254740993 + 2", "9007199254740995"),
        (r#"1 < "2""#, "true"),
        (r#"1 == "1""#, "false"),
        ("[1, 2] == [1, 2]", "true"),
        (r#"true && "true""#, "true"),
        (r#"!"true""#, "false"),
        ("false && local.nope", "false"),
    ])
    .await;
    wrong(&[
        (r#""a" + 1"#, "a number is required"),
        (r#""a" < "b""#, "a number is required"),
        ("1 / 0", "division by zero"),
        ("1 && true", "a bool is required"),
    ])
    .await;
}

#[tokio::test]
async fn conditions() {
    give(&[
        (r#"true ? 1 : "a""#, r#""1""#),
        (r#"true ? [1] : ["a"]"#, r#"["1"]"#),
        ("true ? {a = 1} : {b = 2}", r#"{"a":1}"#),
        ("true ? 1 : local.nope", "1"),
    ])
    .await;
    wrong(&[(
        r#""x" ? 1 : 2"#,
        "the condition: a bool is required: true or false",
    )])
    .await;
}

#[tokio::test]
async fn loops() {
    give(&[
        (r#"[for x in ["a", "b"] : upper(x)]"#, r#"["A","B"]"#),
        (
            r#"[for i, v in ["a", "b"] : "${i}${v}" if v != "a"]"#,
            r#"["1b"]"#,
        ),
        ("[for k, v in {b = 1, a = 2} : k]", r#"["a","b"]"#),
        (r#"[for x in toset(["b", "a"]) : x]"#, r#"["a","b"]"#),
        (
            "{for k, v in {a = 1, b = 2} : v => k}",
            r#"{"1":"a","2":"b"}"#,
        ),
        (
            r#"{for v in ["a", "b", "a"] : v => v...}"#,
            r#"{"a":["a","a"],"b":["b"]}"#,
        ),
        (
            "[for x in [1, 2] : [for y in [10, 20] : x + y]]",
            "[[11,21],[12,22]]",
        ),
    ])
    .await;
    wrong(&[
        (
            r#"[for x in "a" : x]"#,
            "`for` goes over a list, set or map, not string",
        ),
        (r#"{for v in ["a", "a"] : v => v}"#, "this key comes twice"),
    ])
    .await;
}

#[tokio::test]
async fn templates() {
    give(&[
        (r#""x${1}y${true}""#, r#""x1ytrue""#),
        (r#""${[1]}""#, "[1]"),
        (r#""$${a} %%{b}""#, r#""${a} %{b}""#),
        (r#""%{ if true }yes%{ else }no%{ endif }""#, r#""yes""#),
        (r#""%{ if false }yes%{ endif }""#, r#""""#),
        (
            r#""%{ for x in ["a", "b"] ~} ${x} %{ endfor }""#,
            r#""a b ""#,
        ),
        (r#""a ${~ "b" ~} c""#, r#""abc""#),
        (
            r#""%{ for i, x in ["a", "b"] }${i}=${x};%{ endfor }""#,
            r#""0=a;1=b;""#,
        ),
    ])
    .await;
    wrong(&[
        (r#""x${[1]}""#, "list cannot be put into a text"),
        (r#""x${null}""#, "null cannot be put into a text"),
    ])
    .await;
}

#[tokio::test]
async fn heredocs() {
    let file = "env \"t\" {\n  url = <<-EOT\n    a${1}\n      b\n  EOT\n}\n";
    let environment = crate::world::single(file, &World::default()).await.unwrap();
    assert_eq!(environment.url.as_deref(), Some("a1\n  b\n"));
}

#[tokio::test]
async fn indexes_and_splats() {
    give(&[
        (r#"["a", "b"].0"#, r#""a""#),
        (r#"["a", "b"]["1"]"#, r#""b""#),
        ("{a = [{b = 1}]}.a[0].b", "1"),
        ("[{a = 1}, {a = 2}][*].a", "[1,2]"),
        ("[{a = 1}, {a = 2}].*.a", "[1,2]"),
        ("{a = [{b = 1}, {b = 2}]}.a[*].b", "[1,2]"),
        ("[[1, 2], [3]][*][0]", "[1,3]"),
        ("[{a = [1]}, {a = [2]}].*.a[0]", "[1]"),
        (r#""x"[*]"#, r#"["x"]"#),
        ("null[*]", "[]"),
        (
            r#"{a = "b", "c d" = 1, (upper("e")) = 2}"#,
            r#"{"E":2,"a":"b","c d":1}"#,
        ),
    ])
    .await;
    wrong(&[
        (r#"["a"][3]"#, "there is no such element: the list has 1"),
        ("{a = 1}.b", "this object has no attribute \"b\""),
        (r#"{a = 1}["b"]"#, "there is no such key"),
        (r#""a".b"#, "string has no attribute \"b\""),
    ])
    .await;
}
