//! What must not be shown: values of names that look secret, passwords in URLs.

/// What stands where a secret stood.
pub const REDACTED: &str = "***";

/// Parts of a name that make its value a secret.
const PARTS: [&str; 6] = [
    "KEY",
    "PRIVATE",
    "DATABASE_URL",
    "PASSWORD",
    "SECRET",
    "TOKEN",
];

/// Names that contain such a part and are harmless.
const HARMLESS: [&str; 2] = ["AWS_ACCESS_KEY_ID", "TIGRIS_ACCESS_KEY_ID"];

/// Whether a variable of this name is taken to hold a secret.
pub fn is_secret_name(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    !HARMLESS.contains(&upper.as_str()) && PARTS.iter().any(|part| upper.contains(part))
}

/// `text` without the passwords of URLs (`scheme://user:password@`) and
/// without what is given to a secret-looking name in it: `API_TOKEN=value`,
/// `--password value`.
pub fn redact(text: &str) -> String {
    redact_options(&redact_assignments(&redact_urls(text)))
}

fn redact_urls(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        shown.push_str(before);
        let blank = |letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'');
        let url = &after[..after.find(blank).unwrap_or(after.len())];
        let authority = &url[..url.find(['/', '?', '#']).unwrap_or(url.len())];
        // A raw `/`, `?` or `#` in a password hides the `@`; look further then.
        let end = authority.rfind('@').or_else(|| url.rfind('@'));
        match end.and_then(|end| url[..end].find(':').map(|colon| (colon, end))) {
            Some((colon, end)) => {
                shown.push_str(&url[..=colon]);
                shown.push_str(REDACTED);
                rest = &after[end..];
            }
            None => rest = after,
        }
    }
    shown.push_str(rest);
    shown
}

fn redact_assignments(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('=') {
        let (before, after) = rest.split_at(at + 1);
        shown.push_str(before);
        let name: String = before[..at]
            .chars()
            .rev()
            .take_while(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-'))
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect();
        rest = after;
        if !name.is_empty() && is_secret_name(&name.replace('-', "_")) {
            let value = value_length(after);
            if value > 0 && !after.starts_with('$') {
                shown.push_str(REDACTED);
                rest = &after[value..];
            }
        }
    }
    shown.push_str(rest);
    shown
}

/// Hides the word behind `--secret-name`.
fn redact_options(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut hide = false;
    for part in text.split_inclusive(char::is_whitespace) {
        let word = part.trim_end();
        let value = !word.is_empty() && !word.starts_with(['$', '-']);
        if hide && value {
            shown.push_str(REDACTED);
            shown.push_str(&part[word.len()..]);
        } else {
            shown.push_str(part);
        }
        let name = word.trim_start_matches(['"', '\'']);
        hide = (hide && word.is_empty())
            || (name.starts_with('-')
                && !name.contains('=')
                && is_secret_name(&name.replace('-', "_")));
    }
    shown
}

/// Bytes of the word, or of the quoted string, at the start of `text`.
fn value_length(text: &str) -> usize {
    match text.chars().next() {
        Some(quote @ ('"' | '\'')) => text[1..]
            .find(quote)
            .map_or(text.len(), |closing| closing + 2),
        _ => text
            .find(|letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'' | '&'))
            .unwrap_or(text.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_of_a_url_is_hidden_and_the_rest_stays() {
        assert_eq!(
            redact("postgres://app:s3cret@db:5432/notes?sslmode=require"),
            "postgres://app:***@db:5432/notes?sslmode=require"
        );
        assert_eq!(redact("sqlite://data/notes.db"), "sqlite://data/notes.db");
        assert_eq!(redact("http://user@host/a:b"), "http://user@host/a:b");
    }

    #[test]
    fn a_password_with_unescaped_delimiters_is_hidden_whole() {
        assert_eq!(redact("mysql://u:a/b@c?d@host/x"), "mysql://u:***@host/x");
    }

    #[test]
    fn the_value_of_a_secret_looking_assignment_is_hidden() {
        assert_eq!(
            redact("env API_TOKEN=abc serve --password=x y"),
            "env API_TOKEN=*** serve --password=*** y"
        );
        assert_eq!(redact("serve --key=$KEY"), "serve --key=$KEY");
        assert_eq!(
            redact("serve --api-token  abc --key $KEY --secret --x y"),
            "serve --api-token  *** --key $KEY --secret --x y"
        );
        assert_eq!(redact("PORT=8080"), "PORT=8080");
    }

    #[test]
    fn names_fly_calls_sensitive_are_secret() {
        for name in [
            "SECRET_KEY_BASE",
            "database_url",
            "PGPASSWORD",
            "PRIVATE_X",
            "A_TOKEN",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["AWS_ACCESS_KEY_ID", "TIGRIS_ACCESS_KEY_ID", "GREETING"] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
