//! Whose migration a JavaScript or TypeScript file is, told from its code.

use crate::project::{Project, join};
use crate::text::javascript::Script;

/// The tools whose migrations are programs for Node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Knex,
    Sequelize,
    DbMigrate,
    NodePgMigrate,
    TypeOrm,
}

impl Form {
    fn of(text: &str) -> Option<Self> {
        let script = Script::new(text);
        if script.names("MigrationInterface") {
            return Some(Self::TypeOrm);
        }
        if script.names("_meta") || script.names("dbmigrate") {
            return Some(Self::DbMigrate);
        }
        let parameters = script.parameters("up")?;
        let first = parameters.first().copied().unwrap_or_default();
        match first {
            _ if parameters.contains(&"queryInterface") => Some(Self::Sequelize),
            "knex" => Some(Self::Knex),
            "pgm" => Some(Self::NodePgMigrate),
            _ if parameters.contains(&"Knex") => Some(Self::Knex),
            _ if parameters.contains(&"MigrationBuilder") => Some(Self::NodePgMigrate),
            _ if parameters.contains(&"QueryInterface") => Some(Self::Sequelize),
            _ => None,
        }
    }
}

/// How many files are looked into.
const LOOKED_INTO: usize = 5;

/// The first file of a directory that is in this form.
pub(super) fn example(project: &Project, directory: &str, form: Form) -> Option<String> {
    project
        .files(directory)
        .into_iter()
        .filter(|name| is_script(name))
        .take(LOOKED_INTO)
        .map(|name| join(directory, &name))
        .find(|path| {
            project
                .text(path)
                .is_some_and(|text| Form::of(&text) == Some(form))
        })
}

/// Whether a name is that of a script, and not of type declarations.
pub(crate) fn is_script(name: &str) -> bool {
    [".js", ".cjs", ".mjs", ".ts", ".cts", ".mts"]
        .iter()
        .any(|ending| name.ends_with(ending))
        && !name.ends_with(".d.ts")
}

#[cfg(test)]
mod tests {
    use super::Form;

    #[test]
    fn a_migration_s_code_tells_its_tool() {
        for (text, form) in [
            ("exports.up = function(knex) {};", Some(Form::Knex)),
            (
                "import { Knex } from 'knex';\nexport async function up(k: Knex): Promise<void> {}",
                Some(Form::Knex),
            ),
            (
                "module.exports = { async up(queryInterface, Sequelize) {} };",
                Some(Form::Sequelize),
            ),
            (
                "exports.up = async ({ context: queryInterface }) => {};",
                Some(Form::Sequelize),
            ),
            (
                "exports.up = function(db) { return null; };\nexports._meta = { version: 1 };",
                Some(Form::DbMigrate),
            ),
            ("exports.up = (pgm) => {};", Some(Form::NodePgMigrate)),
            (
                "export class A1 implements MigrationInterface { async up(q) {} }",
                Some(Form::TypeOrm),
            ),
            ("exports.up = (x) => {};", None),
        ] {
            assert_eq!(Form::of(text), form, "{text}");
        }
    }
}
