//! Every function. The values are those that Atlas gives, but for the few
//! that `docs/atlas-hcl.md` names as different on purpose.

use crate::world::{World, values, wrong};

async fn give(table: &[(&str, &str)]) {
    values(&World::default(), table).await;
}

#[tokio::test]
async fn texts() {
    give(&[
        (r#"chomp("a\n\n")"#, r#""a""#),
        (r#"endswith("abc", "c")"#, "true"),
        (r#"indent(2, "a\n\nb")"#, r#""a\n  \n  b""#),
        (r#"join("-", ["a"], ["b", 1])"#, r#""a-b-1""#),
        (r#"join("-", [])"#, r#""""#),
        (r#"lower("ÀB")"#, r#""àb""#),
        (r#"lower(1)"#, r#""1""#),
        (r#"replace("a.b.c", ".", "-")"#, r#""a-b-c""#),
        (r#"replace("hello", "/l+/", "L")"#, r#""hello""#),
        (r#"split(",", "a,b,c")"#, r#"["a","b","c"]"#),
        (r#"split(",", "")"#, r#"[""]"#),
        (r#"split("", "abc")"#, r#"["a","b","c"]"#),
        (r#"startswith("abc", "a")"#, "true"),
        (r#"strrev("añb")"#, r#""bña""#),
        (r#"substr("hello", 1, 3)"#, r#""ell""#),
        (r#"substr("hello", -3, -1)"#, r#""llo""#),
        (r#"substr("hello", 0, 99)"#, r#""hello""#),
        (r#"title("hello-world foo")"#, r#""Hello-World Foo""#),
        (r#"trim("??a??", "?")"#, r#""a""#),
        (r#"trimprefix("abc", "a")"#, r#""bc""#),
        (r#"trimspace("  a ")"#, r#""a""#),
        (r#"trimsuffix("abc", "c")"#, r#""ab""#),
        (r#"upper("aé")"#, r#""AÉ""#),
    ])
    .await;
    wrong(&[
        ("upper(null)", "upper: a string is required, not null"),
        (
            r#"upper("a", "b")"#,
            "upper: 1 arguments are required, 2 are given",
        ),
    ])
    .await;
}

#[tokio::test]
async fn formats() {
    give(&[
        (
            r#"format("%s-%d-%q-%v-%05.2f-%x-%t-%%", "a", 3, "q\"", [1, "b"], 3.14159, 255, true)"#,
            r#""a-3-\"q\\\"\"-[1,\"b\"]-03.14-ff-true-%""#,
        ),
        (
            r#"format("%5s|%-5s|%03d|%+d", "a", "b", 7, 7)"#,
            r#""    a|b    |007|+7""#,
        ),
        (
            r#"format("%e %g %f %6.2f", 1.5, 1.5, 1.5, 1.5)"#,
            r#""1.500000e+00 1.5 1.500000   1.50""#,
        ),
        (r#"format("%[2]s %[1]s", "a", "b")"#, r#""b a""#),
        (
            r#"format("%b %o %X %t", 5, 8, 255, "true")"#,
            r#""101 10 FF true""#,
        ),
        (r#"format("%v %v", {a = 1}, "s")"#, r#""{\"a\":1} s""#),
        (
            r#"formatlist("%s-%s", ["a", "b"], "x")"#,
            r#"["a-x","b-x"]"#,
        ),
        (r#"formatlist("%s", "a")"#, r#"["a"]"#),
    ])
    .await;
    wrong(&[
        (
            r#"format("%d", 1.5)"#,
            "format: argument 1 for %d: a whole number is required",
        ),
        (
            r#"format("%s")"#,
            "format: not enough arguments for %s: 0 are given",
        ),
        (
            r#"format("%s", "a", "b")"#,
            "format: too many arguments; only 1 are used",
        ),
        (r#"format("%T", 1)"#, "format: there is no verb %T"),
        (r#"format("%")"#, "format: the pattern ends within a verb"),
        (
            r#"format("%s", null)"#,
            "format: argument 1 for %s: it is null",
        ),
        (
            r#"format("%s", ["secret"])"#,
            "format: argument 1 for %s: a string is required, not list",
        ),
    ])
    .await;
}

#[tokio::test]
async fn numbers() {
    give(&[
        ("abs(-3.5)", "3.5"),
        ("ceil(1.2)", "2"),
        ("floor(-1.2)", "-2"),
        ("log(8, 2)", "3"),
        ("log(100, 10)", "2"),
        (r#"max("1", 2.5)"#, "2.5"),
        ("min(3, 1, 2)", "1"),
        (r#"parseint("ff", 16)"#, "255"),
        ("pow(2, 10)", "1024"),
        ("signum(-3)", "-1"),
        ("signum(0)", "0"),
    ])
    .await;
    wrong(&[
        (
            "min()",
            "min: at least 1 arguments are required, 0 are given",
        ),
        (
            r#"parseint("zz", 10)"#,
            "parseint: the string is no whole number of base 10",
        ),
        ("log(0, 10)", "log: there is no such number"),
        (r#"abs("x")"#, "abs: a number is required"),
    ])
    .await;
}

#[tokio::test]
async fn lists() {
    give(&[
        (r#"alltrue([true, "true"])"#, "false"),
        ("alltrue([true])", "true"),
        ("chunklist([1, 2, 3], 2)", "[[1,2],[3]]"),
        ("chunklist([1, 2], 0)", "[[1,2]]"),
        ("coalescelist([], [1])", "[1]"),
        (r#"compact(["a", "", null])"#, r#"["a"]"#),
        (r#"concat([1], [2, "a"])"#, r#"[1,2,"a"]"#),
        (r#"distinct(["a", "b", "a"])"#, r#"["a","b"]"#),
        (r#"distinct([1, "1"])"#, r#"["1"]"#),
        (r#"element(["a", "b"], 5)"#, r#""b""#),
        ("flatten([[1], [2, [3]]])", "[1,2,3]"),
        ("range(3)", "[0,1,2]"),
        ("range(1, 4)", "[1,2,3]"),
        ("range(0, 10, 3)", "[0,3,6,9]"),
        ("range(3, 0)", "[3,2,1]"),
        ("reverse([1, 2, 3])", "[3,2,1]"),
        ("slice([1, 2, 3], 1, 2)", "[2]"),
        (r#"sort(["b", "a"])"#, r#"["a","b"]"#),
        ("sort([2, 1])", r#"["1","2"]"#),
        (r#"tolist(toset(["b", "a"]))"#, r#"["a","b"]"#),
        (r#"tolist([1, "a", true])"#, r#"["1","a","true"]"#),
    ])
    .await;
    wrong(&[
        ("element([], 0)", "element: the list is empty"),
        ("coalescelist([])", "coalescelist: all lists are empty"),
        (
            "slice([1, 2], 0, 5)",
            "slice: no part from 0 to 5 of a list of 2",
        ),
        (
            "range(0, 1, 0)",
            "range: more than 1024 numbers; use a larger step",
        ),
        (
            r#"reverse("abc")"#,
            "reverse: a list or set is required, not string",
        ),
    ])
    .await;
}

#[tokio::test]
async fn collections() {
    give(&[
        (r#"contains(["a"], "a")"#, "true"),
        (r#"contains([1], "1")"#, "false"),
        ("empty([])", "true"),
        ("empty([1])", "false"),
        (r#"index(["a", "b"], 1)"#, r#""b""#),
        ("keys({b = 1, a = 2})", r#"["a","b"]"#),
        ("length([1, 2])", "2"),
        (r#"length(toset(["a"]))"#, "1"),
        ("merge({a = 1}, {b = 2}, {a = 3})", r#"{"a":3,"b":2}"#),
        ("merge({a = 1}, null)", r#"{"a":1}"#),
        ("values({b = 1, a = 2})", "[2,1]"),
        (r#"zipmap(["a", "b"], [1, 2])"#, r#"{"a":1,"b":2}"#),
    ])
    .await;
    wrong(&[
        (r#"zipmap(["a"], [1, 2])"#, "zipmap: 1 keys for 2 values"),
        (
            r#"empty("")"#,
            "empty: a list, set or map is required, not string",
        ),
        ("keys([1])", "keys: a map is required, not list"),
        (
            r#"index(["a"], "b")"#,
            "index: there is no such element: the list has 1",
        ),
    ])
    .await;
}

#[tokio::test]
async fn sets() {
    give(&[
        (r#"setunion(["a"], ["b"])"#, r#"["a","b"]"#),
        (r#"setunion([1], ["a"])"#, r#"["1","a"]"#),
        (r#"setintersection(["a", "b"], ["b"])"#, r#"["b"]"#),
        (r#"setsubtract(["a", "b"], ["b"])"#, r#"["a"]"#),
        (
            r#"setproduct(["a", "b"], ["1"])"#,
            r#"[["a","1"],["b","1"]]"#,
        ),
        (r#"toset(["b", 1, true])"#, r#"["1","b","true"]"#),
        (r#"toset(["b", "a", "b"])"#, r#"["a","b"]"#),
    ])
    .await;
    wrong(&[(
        "setproduct(range(1000), range(1000))",
        "setproduct: more than 100000 combinations",
    )])
    .await;
}

#[tokio::test]
async fn conversions() {
    give(&[
        (r#"tobool("true")"#, "true"),
        (r#"tobool("1")"#, "true"),
        (r#"tonumber("1e3")"#, "1000"),
        ("tonumber(null)", "null"),
        ("tostring(1.50)", r#""1.5""#),
        ("tostring(null)", "null"),
    ])
    .await;
    wrong(&[
        (
            r#"tobool("yes")"#,
            "tobool: a bool is required: true or false",
        ),
        (r#"tonumber("0x10")"#, "tonumber: a number is required"),
        ("tostring([1])", "tostring: string required"),
    ])
    .await;
}

#[tokio::test]
async fn regular_expressions() {
    give(&[
        (r#"regex("([a-z]+)([0-9]+)", "ab12")"#, r#"["ab","12"]"#),
        (r#"regex("(?P<x>[a-z]+)", "ab12")"#, r#"{"x":"ab"}"#),
        (r#"regex("[a-z]+", "ab12")"#, r#""ab""#),
        (r#"regex("a(b)?", "a")"#, "[null]"),
        (r#"regexall("[a-z]", "ab1c")"#, r#"["a","b","c"]"#),
        (r#"regexall("(a)(b)?", "aab")"#, r#"[["a",null],["a","b"]]"#),
        (r#"regexreplace("abc", "(b)", "[$1]")"#, r#""a[b]c""#),
    ])
    .await;
    wrong(&[
        (
            r#"regex("[0-9]+", "ab")"#,
            "regex: the pattern does not match",
        ),
        (
            r#"regex("(", "ab")"#,
            "regex: the pattern is no regular expression",
        ),
    ])
    .await;
}

#[tokio::test]
async fn json_and_csv() {
    give(&[
        (
            r#"jsonencode({a = [1, true, null, "<x>"], b = "é"})"#,
            r#""{\"a\":[1,true,null,\"\\u003cx\\u003e\"],\"b\":\"é\"}""#,
        ),
        (
            r#"jsondecode("{\"a\":[1,2.5,null]}")"#,
            r#"{"a":[1,2.5,null]}"#,
        ),
        (
            r#"csvdecode("a,b\n1,2\n3,\"4,5\"\n")"#,
            r#"[{"a":"1","b":"2"},{"a":"3","b":"4,5"}]"#,
        ),
        (r#"csvdecode("a\n")"#, "[]"),
    ])
    .await;
    wrong(&[
        (
            r#"jsondecode("{")"#,
            "jsondecode: no JSON at line 1, column 1",
        ),
        (
            r#"csvdecode("a,b\n1\n")"#,
            "csvdecode: record 2 has 1 fields, not 2",
        ),
    ])
    .await;
}

#[tokio::test]
async fn yaml() {
    give(&[
        (
            r#"yamlencode({a = [1, "b"], c = {d = true}})"#,
            r#""\"a\":\n- 1\n- \"b\"\n\"c\":\n  \"d\": true\n""#,
        ),
        (
            r#"yamlencode([1, {a = "x y", b = null}])"#,
            r#""- 1\n- \"a\": \"x y\"\n  \"b\": null\n""#,
        ),
        (r#"yamlencode("a: b")"#, r#""\"a: b\"\n""#),
        ("yamlencode({a = []})", r#""\"a\": []\n""#),
        (
            r#"yamldecode("a: 1\nb: [x, z]\nc: '1'\n")"#,
            r#"{"a":1,"b":["x","z"],"c":"1"}"#,
        ),
        (
            r#"yamldecode("- a\n- {b: null, c: 1.5}\n")"#,
            r#"["a",{"b":null,"c":1.5}]"#,
        ),
        (
            r#"yamldecode(yamlencode({a = [[1, [2]], {b = {c = "d"}}]}))"#,
            r#"{"a":[[1,[2]],{"b":{"c":"d"}}]}"#,
        ),
    ])
    .await;
    wrong(&[(
        r#"yamldecode("[")"#,
        "yamldecode: no YAML at line 2, column 1",
    )])
    .await;
}

#[tokio::test]
async fn times() {
    give(&[
        (
            r#"formatdate("EEEE, DD-MMM-YY hh:mm:ss ZZZ AA", "2020-01-02T03:04:05Z")"#,
            r#""Thursday, 02-Jan-20 03:04:05 UTC AM""#,
        ),
        (
            r#"formatdate("YYYY-MM-DD'T'hh:mm:ssZ", "2020-01-02T03:04:05+02:00")"#,
            r#""2020-01-02T03:04:05+02:00""#,
        ),
        (
            r#"timeadd("2020-01-02T03:04:05Z", "1h30m")"#,
            r#""2020-01-02T04:34:05Z""#,
        ),
        (
            r#"timeadd("2020-01-01T00:00:00Z", "-1s")"#,
            r#""2019-12-31T23:59:59Z""#,
        ),
    ])
    .await;
    wrong(&[
        (
            r#"timeadd("x", "1h")"#,
            "timeadd: no time as RFC 3339 has it: 2006-01-02T15:04:05Z",
        ),
        (
            r#"timeadd("2020-01-02T03:04:05Z", "1 hour")"#,
            "timeadd: no duration: 1h30m, -5s",
        ),
    ])
    .await;
}

#[tokio::test]
async fn urls() {
    give(&[
        (
            r#"urluserinfo("mysql://localhost/db", "u", "p@ s")"#,
            r#""mysql://u:p%40%20s@localhost/db""#,
        ),
        (
            r#"urluserinfo("mysql://x:y@localhost/db", "u")"#,
            r#""mysql://u@localhost/db""#,
        ),
        (
            r#"replace(urluserinfo("postgres://h/db?x=1#f", "us er", "p:/?#[]@!$&()*+,;="), "&", "AND")"#,
            r#""postgres://us%20er:p%3A%2F%3F%23%5B%5D%40%21$AND%28%29%2A+,;=@h/db?x=1#f""#,
        ),
        (
            r#"urlqueryset("sqlite://f.db", "_fk", "1")"#,
            r#""sqlite://f.db?_fk=1""#,
        ),
        (
            r#"split("&", urlqueryset("p://h/d?b=1&a=2", "b", "3"))"#,
            r#"["p://h/d?a=2","b=3"]"#,
        ),
        (
            r#"urlsetpath("mysql://localhost/db?x=1", "a b")"#,
            r#""mysql://localhost/a%20b?x=1""#,
        ),
        (
            r#"urlsetpath("postgres://h", "x/y?z")"#,
            r#""postgres://h/x/y%3Fz""#,
        ),
    ])
    .await;
    wrong(&[(
        r#"urlsetpath("nothing", "a")"#,
        "urlsetpath: the URL has no scheme",
    )])
    .await;
}

#[tokio::test]
async fn a_blank_in_a_password_is_escaped_so_that_it_stays_one() {
    give(&[(
        r#"urlescape("a b/c@d:é+")"#,
        r#""a%20b%2Fc%40d%3A%C3%A9%2B""#,
    )])
    .await;
}

#[tokio::test]
async fn files_and_the_environment() {
    let world = World {
        variables: [("FOO", "bar")].into(),
        files: [("pass.txt", "secret\n"), ("other.sql", ""), ("dir/sql", "")].into(),
        ..World::default()
    };
    values(
        &world,
        &[
            (r#"getenv("FOO")"#, r#""bar""#),
            (r#"getenv("NOPE")"#, r#""""#),
            (r#"trimspace(file("pass.txt"))"#, r#""secret""#),
            (
                r#"glob("*sql")"#,
                r#"["/project/dir/sql","/project/other.sql"]"#,
            ),
            (r#"fileset("*sql")"#, r#"["/project/other.sql"]"#),
        ],
    )
    .await;
    wrong(&[(r#"file("nope")"#, "file: cannot read nope: no such file")]).await;
}

#[tokio::test]
async fn what_can_fail_can_be_tried() {
    give(&[
        (r#"try(local.nope, "d")"#, r#""d""#),
        (r#"try(tonumber("x"), 1)"#, "1"),
        (r#"can(tonumber("x"))"#, "false"),
        ("can(1)", "true"),
    ])
    .await;
    wrong(&[
        (r#"try(tonumber("x"))"#, "tonumber: a number is required"),
        ("can()", "can: one expression is required"),
    ])
    .await;
}

#[tokio::test]
async fn what_is_printed_is_handed_on_once() {
    let file = "data \"external\" \"late\" {\n program = [\"date\"]\n}\nenv \"t\" {\n url = print(\"sqlite://x\")\n migration {\n  dir = data.external.late\n }\n}\n";
    let world = World {
        output: Some("file://m"),
        ..World::default()
    };
    let selected = crate::world::select(file, &[], &world).await.unwrap();
    assert_eq!(selected.said, ["sqlite://x"]);
}

#[tokio::test]
async fn an_unknown_function_is_named_with_its_neighbour() {
    let error = crate::world::json("", "uper(\"a\")", &[], &World::default())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "atlas.hcl:3:20: there is no function `uper`"
    );
    assert_eq!(error.hints(), ["did you mean `upper`?"]);
}
