//! Changelogs in XML: changesets and what is included.

use super::changelog::{BEYOND_PATHS, Changeset, Item, Property, Reference};

/// The items of a text, in order. Comments do not count.
pub(super) fn read(text: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('<') {
        if let Some(comment) = after.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, rest)| rest);
            continue;
        }
        let (tag, next) = end(after);
        rest = next;
        let name = tag
            .split([' ', '\t', '\r', '\n', '/'])
            .next()
            .unwrap_or_default();
        let reference = |path| {
            Some(Reference {
                path: attribute(tag, path)?,
                relative: attribute(tag, "relativeToChangelogFile").as_deref() == Some("true"),
                beyond: BEYOND_PATHS
                    .into_iter()
                    .find(|name| attribute(tag, name).is_some()),
            })
        };
        let is_true = |name| attribute(tag, name).as_deref() == Some("true");
        match name.rsplit(':').next().unwrap_or_default() {
            "changeSet" => {
                if let (Some(id), Some(author)) = (attribute(tag, "id"), attribute(tag, "author")) {
                    items.push(Item::changeset(Changeset {
                        id,
                        author,
                        path: attribute(tag, "logicalFilePath"),
                        run_on_change: is_true("runOnChange"),
                        run_always: is_true("runAlways"),
                        dbms: attribute(tag, "dbms").unwrap_or_default(),
                        is_ignored: is_true("ignore"),
                        ..Changeset::default()
                    }));
                }
            }
            "include" => items.extend(reference("file").map(Item::Include)),
            "includeAll" => items.extend(reference("path").map(Item::IncludeAll)),
            "property" => {
                if let (Some(name), Some(value)) = (attribute(tag, "name"), attribute(tag, "value"))
                {
                    items.push(Item::Property(Property {
                        name,
                        value,
                        dbms: attribute(tag, "dbms").unwrap_or_default(),
                        is_global: attribute(tag, "global").as_deref() != Some("false"),
                    }));
                } else if attribute(tag, "file").is_some() {
                    items.push(Item::Beyond("property file".to_owned()));
                }
            }
            "databaseChangeLog" if attribute(tag, "logicalFilePath").is_some() => {
                items.push(Item::Beyond("logicalFilePath".to_owned()));
            }
            beyond @ ("preConditions" | "modifyChangeSets" | "removeChangeSetProperty") => {
                items.push(Item::Beyond(beyond.to_owned()));
            }
            _ => {}
        }
    }
    items
}

/// A tag up to its `>`, outside of quotes, and what follows.
fn end(text: &str) -> (&str, &str) {
    let mut quote = None;
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (None, '>') => return (&text[..at], &text[at + 1..]),
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), letter) if open == letter => quote = None,
            _ => {}
        }
    }
    (text, "")
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let mut rest = tag;
    loop {
        let at = rest.find(name)?;
        let before = rest[..at].chars().next_back();
        let after = &rest[at + name.len()..];
        let value = after.trim_start().strip_prefix('=');
        match value {
            Some(value) if before.is_some_and(char::is_whitespace) => {
                let value = value.trim_start();
                let quote = value
                    .chars()
                    .next()
                    .filter(|first| matches!(first, '"' | '\''))?;
                let text = value[1..].split(quote).next()?;
                return Some(
                    text.replace("&quot;", "\"")
                        .replace("&apos;", "'")
                        .replace("&lt;", "<")
                        .replace("&gt;", ">")
                        .replace("&amp;", "&"),
                );
            }
            _ => rest = after,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::{Item, read};

    #[test]
    fn changesets_and_includes_are_read_in_order() {
        let items = read(
            "<?xml version=\"1.0\"?>\n<databaseChangeLog>\n<!-- <changeSet id=\"0\" author=\"no\"/> -->\n\
             <include file=\"a.sql\" relativeToChangelogFile=\"true\"/>\n\
             <changeSet author='ann' id='1' runOnChange=\"true\"><sql>a > b</sql></changeSet>\n<includeAll path=\"changes/\"/>",
        );
        assert_eq!(items.len(), 3);
        let Item::Include(include) = &items[0] else {
            panic!()
        };
        assert!(include.relative && include.path == "a.sql");
        let Item::Changeset(changeset) = &items[1] else {
            panic!()
        };
        assert_eq!(
            (changeset.id.as_str(), changeset.author.as_str()),
            ("1", "ann")
        );
        assert!(changeset.run_on_change);
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in "(<|>|changeSet|id=|author=|['\"]|!--|-->| |é|[a-z]){0,40}") {
            read(&text);
        }
    }
}
