//! Splitting and expanding command lines.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use proptest::prelude::*;
use shipgate_project::{BadCommand, CommandLine, Origin, quote};

fn lookup(name: &str) -> Option<String> {
    match name {
        "NAME" => Some("two words".to_owned()),
        "EMPTY" => Some(String::new()),
        "TRICKY" => Some("'$NAME' && \"x\"".to_owned()),
        _ => None,
    }
}

fn words(text: &str) -> Vec<String> {
    parse(text).unwrap().expand(lookup).unwrap()
}

fn parse(text: &str) -> Result<CommandLine, BadCommand> {
    CommandLine::parse(text, Origin::Default)
}

#[test]
fn blanks_separate_words() {
    assert_eq!(words("  a\tb\r\nc  "), ["a", "b", "c"]);
    assert!(parse(" \t\n").unwrap().is_empty());
}

#[test]
fn single_quotes_are_literal() {
    assert_eq!(
        words(r#"echo 'a "b" \n $NAME # c'"#),
        ["echo", r#"a "b" \n $NAME # c"#]
    );
}

#[test]
fn double_quotes_take_a_backslash_before_any_letter_away() {
    assert_eq!(
        words(r#"echo "a \n \" \\ \$NAME b""#),
        ["echo", r#"a n " \ $NAME b"#]
    );
}

#[test]
fn a_backslash_outside_quotes_makes_the_next_letter_plain() {
    assert_eq!(words(r"a\ b \'c \# \$NAME"), ["a b", "'c", "#", "$NAME"]);
}

#[test]
fn quoted_parts_next_to_each_other_are_one_word() {
    assert_eq!(words(r#"a'b c'"d e"f '' """#), ["ab cd ef", "", ""]);
    assert_eq!(words(r"'it'\''s'"), ["it's"]);
}

#[test]
fn a_hash_begins_a_comment_only_at_the_start_of_a_word() {
    assert_eq!(words("a#b # rest of 'the line\nc"), ["a#b", "c"]);
    assert_eq!(words("''#x"), ["#x"]);
}

#[test]
fn an_open_quote_and_a_trailing_backslash_have_flys_words() {
    for text in ["a 'b", "a \"b", "'"] {
        assert_eq!(
            parse(text).unwrap_err().to_string(),
            "EOF found when expecting closing quote"
        );
    }
    for text in ["a \\", "a \"b\\"] {
        assert_eq!(
            parse(text).unwrap_err().to_string(),
            "EOF found after escape character"
        );
    }
}

#[test]
fn a_value_with_blanks_and_quotes_stays_one_word() {
    assert_eq!(words("greet $NAME"), ["greet", "two words"]);
    assert_eq!(words("greet \"<${NAME}>\""), ["greet", "<two words>"]);
    assert_eq!(words("greet $TRICKY"), ["greet", "'$NAME' && \"x\""]);
    assert_eq!(words("greet $EMPTY x"), ["greet", "", "x"]);
}

#[test]
fn two_dollars_are_one() {
    assert_eq!(
        words("echo $$NAME \"$$\" $ 5$"),
        ["echo", "$NAME", "$", "$", "5$"]
    );
}

#[test]
fn an_unset_name_is_an_error_that_names_it() {
    let origin = Origin::File { line: 4, column: 9 };
    let command = CommandLine::parse("serve $NAME ${NOPE}", origin.clone()).unwrap();
    let error = command.expand(lookup).unwrap_err();
    assert_eq!((error.name.as_str(), error.origin), ("NOPE", origin));
    let names: Vec<_> = command.names().into_iter().collect();
    assert_eq!(names, ["NAME", "NOPE"]);
}

#[test]
fn shell_syntax_is_refused_outside_quotes_and_let_through_inside() {
    for text in [
        "a && b", "a || b", "a | b", "a; b", "a > b", "a 2>&1", "a < b", "a &", "a $(b)", "a `b`",
        "a&&b", "X=1 a",
    ] {
        let error = parse(text).unwrap_err();
        assert!(matches!(error, BadCommand::Shell { .. }), "{text}: {error}");
        parse(&format!("sh -c {}", quote(text))).unwrap();
    }
    assert_eq!(
        words(r#"sh -c "a $(b) && c | d > e" x"#),
        ["sh", "-c", "a $(b) && c | d > e", "x"]
    );
}

#[test]
fn the_hint_quotes_the_whole_command_for_the_shell() {
    let error = parse("echo 'a' && echo b").unwrap_err();
    assert_eq!(
        error.to_string(),
        "`&&` needs a shell, and a command is run without one"
    );
    let hint = error.hint();
    let instead = hint
        .strip_prefix("write ")
        .and_then(|hint| hint.split_once(" or, "))
        .unwrap()
        .0;
    assert_eq!(words(instead), ["sh", "-c", "echo 'a' && echo b"]);
}

#[test]
fn a_single_ampersand_inside_a_word_is_a_letter() {
    assert_eq!(
        words("curl http://h/?a=1&b=2"),
        ["curl", "http://h/?a=1&b=2"]
    );
}

#[test]
fn an_entrypoint_is_put_before_a_command() {
    let entrypoint = CommandLine::literal(["/tini", "--", "$NAME"], Origin::Default);
    let both = entrypoint.followed_by(&parse("serve $NAME").unwrap());
    assert_eq!(
        both.expand(lookup).unwrap(),
        ["/tini", "--", "$NAME", "serve", "two words"]
    );
    assert_eq!(both.to_string(), "/tini -- '$NAME' serve $NAME");
}

#[test]
fn debug_and_display_hide_secrets() {
    let command = parse("serve --token=abc pg://u:pw@h/d").unwrap();
    assert_eq!(command.to_string(), "serve --token=*** pg://u:***@h/d");
    assert_eq!(
        format!("{command:?}"),
        "CommandLine(\"serve --token=*** pg://u:***@h/d\")"
    );
}

proptest! {
    #[test]
    fn quoting_then_splitting_gives_the_words_back(words in prop::collection::vec(any::<String>(), 0..6)) {
        let line = words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ");
        prop_assert_eq!(parse(&line).unwrap().expand(|_| None).unwrap(), words);
    }

    #[test]
    fn splitting_never_panics(text in r#"[ab '"\\#$&|;<>`(){}=\n]{0,40}"#) {
        if let Ok(command) = parse(&text) {
            let _ = command.expand(lookup);
        }
    }

    #[test]
    fn without_special_letters_splitting_is_splitting_at_blanks(text in "[a-z0-9/._ -]{0,60}") {
        let expected: Vec<&str> = text.split_whitespace().collect();
        prop_assert_eq!(parse(&text).unwrap().expand(|_| None).unwrap(), expected);
    }
}
