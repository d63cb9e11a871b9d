//! What a statement assigns to which names.

use super::lexer::{Kind, Statement, Token};
use super::reader::Reader;
use super::{Assignment, Constants, Literal};

/// What a statement assigns; nothing if it is no assignment.
pub(super) fn assigned(statement: &Statement, constants: &Constants) -> Vec<Assignment> {
    let tokens = &statement.tokens;
    if let Some(equals) = annotated(tokens) {
        let Kind::Name(name) = &tokens[0].kind else {
            return Vec::new();
        };
        return vec![Assignment {
            name: name.clone(),
            value: Reader::new(tokens, equals + 1, constants).whole(),
            line: tokens[0].line,
        }];
    }
    let mut targets = Vec::new();
    let mut at = 0;
    while let Some((names, next)) = target(tokens, at) {
        targets.push(names);
        at = next;
    }
    if targets.is_empty() {
        return Vec::new();
    }
    let value = Reader::new(tokens, at, constants).whole();
    targets
        .into_iter()
        .flat_map(|names| unpacked(names, &value, tokens[0].line))
        .collect()
}

/// Where the `=` of `name: annotation = value` is.
fn annotated(tokens: &[Token]) -> Option<usize> {
    let (Kind::Name(_), Kind::Mark(':')) = (&tokens.first()?.kind, &tokens.get(1)?.kind) else {
        return None;
    };
    let mut depth = 0_i32;
    let equals = tokens[2..].iter().position(|token| match token.kind {
        Kind::Mark('(' | '[' | '{') => {
            depth += 1;
            false
        }
        Kind::Mark(')' | ']' | '}') => {
            depth -= 1;
            false
        }
        Kind::Mark('=') => depth == 0,
        _ => false,
    })?;
    Some(equals + 2)
}

/// What is assigned to.
enum Target {
    One(String),
    /// `a, b`, with brackets or without.
    Several(Vec<String>),
}

/// A target and where it ends, behind its `=`.
fn target(tokens: &[Token], start: usize) -> Option<(Target, usize)> {
    let opens = |kind: &Kind| matches!(kind, Kind::Mark('(' | '['));
    let begin = start + usize::from(opens(&tokens.get(start)?.kind));
    let mut names = Vec::new();
    let mut is_list = false;
    for (at, token) in tokens.iter().enumerate().skip(begin) {
        match &token.kind {
            Kind::Name(name) if names.is_empty() || is_list => names.push(name.clone()),
            Kind::Mark(',') if !names.is_empty() => is_list = true,
            Kind::Mark(')' | ']') if begin > start => {}
            Kind::Mark('=') if is_list => return Some((Target::Several(names), at + 1)),
            Kind::Mark('=') => return Some((Target::One(names.pop()?), at + 1)),
            _ => return None,
        }
    }
    None
}

/// A value for each name of a target.
fn unpacked(target: Target, value: &Literal, line: usize) -> Vec<Assignment> {
    let (names, values) = match (target, value) {
        (Target::One(name), value) => (vec![name], vec![value.clone()]),
        (Target::Several(names), Literal::Sequence(items)) if items.len() == names.len() => {
            (names, items.clone())
        }
        (Target::Several(names), _) => {
            let computed = vec![Literal::Computed("unpacked".to_owned()); names.len()];
            (names, computed)
        }
    };
    names
        .into_iter()
        .zip(values)
        .map(|(name, value)| Assignment { name, value, line })
        .collect()
}
