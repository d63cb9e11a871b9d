//! The schema that a PostgreSQL connection begins with.

/// That of a connection's parameters: of its `search_path`, else Prisma's
/// `schema`, else of the `search_path` in `options`.
pub(crate) fn of_parameters(parameters: &[(String, String)]) -> Option<String> {
    let value = |name: &str| {
        let mut found = parameters.iter().rev().filter(|(other, _)| other == name);
        found.next().map(|(_, value)| value.as_str())
    };
    if let Some(path) = value("search_path") {
        return first_of(path);
    }
    match value("schema").filter(|name| !name.is_empty()) {
        Some(name) => Some(name.to_owned()),
        None => first_of(&in_options(value("options")?)?),
    }
}

/// The first schema of a search path; none if that is the user's own.
fn first_of(path: &str) -> Option<String> {
    let first = path.split(',').next()?.trim();
    let name = match first
        .strip_prefix('"')
        .and_then(|name| name.strip_suffix('"'))
    {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => first.to_owned(),
    };
    (!name.is_empty() && name != "$user").then_some(name)
}

/// The last `search_path` of a server's command line: `-c search_path=app`,
/// `-csearch_path=app`, `--search-path=app`.
///
/// Source: <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-OPTIONS>.
fn in_options(options: &str) -> Option<String> {
    let mut found = None;
    let mut words = words(options).into_iter();
    while let Some(word) = words.next() {
        let setting = match word.strip_prefix("--").or_else(|| word.strip_prefix("-c")) {
            Some("") => words.next().unwrap_or_default(),
            Some(setting) => setting.to_owned(),
            None => continue,
        };
        if let Some((name, value)) = setting.split_once('=')
            && name.replace('-', "_").eq_ignore_ascii_case("search_path")
        {
            found = Some(value.to_owned());
        }
    }
    found
}

/// Divided by blanks; behind a backslash a blank is one of the word.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = None::<String>;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            letter if letter.is_ascii_whitespace() => words.extend(word.take()),
            '\\' => word.get_or_insert_default().extend(letters.next()),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::of_parameters;

    fn of(name: &str, value: &str) -> Option<String> {
        of_parameters(&[(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn the_first_schema_of_the_path_counts() {
        for (path, schema) in [
            ("app", Some("app")),
            ("app, public", Some("app")),
            ("\"My \"\"App\"", Some("My \"App")),
            ("\"$user\", public", None),
            ("", None),
        ] {
            assert_eq!(of("search_path", path).as_deref(), schema, "{path}");
        }
    }

    #[test]
    fn options_say_it_in_every_form() {
        for options in [
            "-c search_path=app",
            "-csearch_path=app",
            "--search-path=app,public",
            "-c geqo=off -c search_path=other -c search_path=app",
            r"-c search_path=app,\ public",
        ] {
            assert_eq!(of("options", options).as_deref(), Some("app"), "{options}");
        }
        assert_eq!(of("options", "-c geqo=off"), None);
    }

    #[test]
    fn a_setting_of_its_own_wins_over_options() {
        let both = [("search_path", "app"), ("options", "-c search_path=other")];
        let both = both.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(of_parameters(&both).as_deref(), Some("app"));
    }
}
