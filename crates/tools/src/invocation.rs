//! Whether a command line is a tool's own way to apply what is pending.

/// Programs that run another one, with the words that belong to them.
const RUNNERS: [&[&str]; 11] = [
    &["npx"],
    &["pnpm", "exec"],
    &["pnpm"],
    &["yarn", "run"],
    &["yarn"],
    &["bunx"],
    &["uv", "run"],
    &["poetry", "run"],
    &["pdm", "run"],
    &["pipenv", "run"],
    &["bundle", "exec"],
];

/// Whether `given` does what `own` does and no more: the same program and
/// verbs, however it is run, with whatever options behind them.
///
/// `bundle exec rails db:migrate VERSION=3` is `bin/rails db:migrate`;
/// `bin/rails db:migrate db:seed` is not.
pub fn is_same_command(given: &[String], own: &[String]) -> bool {
    let own: Vec<String> = plain(own)
        .into_iter()
        .take_while(|word| !word.starts_with('-'))
        .collect();
    let given = plain(given);
    let Some(rest) = given.strip_prefix(own.as_slice()) else {
        return false;
    };
    !own.is_empty() && rest.first().is_none_or(|word| word.starts_with('-'))
}

/// The words without runners, directories, assignments and numbers of versions.
fn plain(words: &[String]) -> Vec<String> {
    let is_assignment = |word: &str| {
        word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        })
    };
    let mut words: &[String] = words;
    while let Some(first) = words.first() {
        if first == "env" || is_assignment(first) {
            words = &words[1..];
        } else {
            break;
        }
    }
    let starts = |runner: &[&str]| {
        words.len() > runner.len() && words.iter().zip(runner).all(|(word, part)| word == part)
    };
    if let Some(runner) = RUNNERS.iter().find(|runner| starts(runner)) {
        words = &words[runner.len()..];
    }
    let mut plain: Vec<String> = words
        .iter()
        .filter(|word| !is_assignment(word))
        .cloned()
        .collect();
    if let Some(program) = plain.first_mut() {
        let name = program.rsplit('/').next().unwrap_or_default();
        let numberless =
            name.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
        *program = if matches!(numberless, "python" | "php") {
            numberless
        } else {
            name
        }
        .to_owned();
        // `rake db:migrate` is what `rails db:migrate` runs.
        if program == "rake" {
            "rails".clone_into(program);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::is_same_command;

    fn same(given: &str, own: &str) -> bool {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        is_same_command(&words(given), &words(own))
    }

    #[test]
    fn the_same_command_is_known_however_it_is_run() {
        for (given, own) in [
            ("knex migrate:latest", "npx knex migrate:latest"),
            (
                "npx knex migrate:latest --env production",
                "pnpm exec knex migrate:latest",
            ),
            (
                "node_modules/.bin/knex migrate:latest",
                "npx knex migrate:latest",
            ),
            ("bundle exec rails db:migrate", "bin/rails db:migrate"),
            (
                "bin/rails db:migrate VERSION=20261101100000",
                "bin/rails db:migrate",
            ),
            (
                "env VERSION=3 bin/rails db:migrate",
                "bundle exec rake db:migrate",
            ),
            (
                "python3.11 manage.py migrate",
                "python manage.py migrate --noinput",
            ),
            ("php artisan migrate", "php artisan migrate --force"),
            ("diesel migration run", "diesel migration run --no-schema"),
            ("poetry run flask db upgrade", "flask db upgrade"),
        ] {
            assert!(same(given, own), "{given}");
        }
    }

    #[test]
    fn a_command_that_does_more_or_less_is_another() {
        for (given, own) in [
            ("bin/rails db:migrate db:seed", "bin/rails db:migrate"),
            ("bin/rails db:prepare", "bin/rails db:migrate"),
            ("node ./migrate.js", "npx knex migrate:latest"),
            ("npx", "npx knex migrate:latest"),
            ("sqlx migrate revert", "sqlx migrate run"),
            ("anything", ""),
        ] {
            assert!(!same(given, own), "{given}");
        }
    }
}
