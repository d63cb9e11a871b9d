//! Percent encoding of paths.

use super::UrlError;

/// Decodes `%xx`. A NUL cannot be in a path and is refused.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, UrlError> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16));
        let high = digit().ok_or(UrlError::Percent)?;
        let low = digit().ok_or(UrlError::Percent)?;
        match u8::try_from(high * 16 + low) {
            Ok(byte) if byte != 0 => decoded.push(byte),
            _ => return Err(UrlError::Percent),
        }
    }
    if decoded.contains(&0) {
        return Err(UrlError::Percent);
    }
    Ok(decoded)
}

/// Decodes `%xx` of a text.
pub(super) fn text(encoded: &str) -> Result<String, UrlError> {
    String::from_utf8(decode(encoded)?).map_err(|_| UrlError::NotUtf8)
}

/// Encodes what would not stand for itself in the path of a URL.
pub(super) fn encode(path: &[u8]) -> String {
    let mut encoded = String::with_capacity(path.len());
    let mut rest = path;
    while !rest.is_empty() {
        let (valid, broken) = match std::str::from_utf8(rest) {
            Ok(valid) => (valid, 0),
            Err(error) => {
                let (valid, _) = rest.split_at(error.valid_up_to());
                (std::str::from_utf8(valid).unwrap_or_default(), 1)
            }
        };
        for letter in valid.chars() {
            if letter.is_ascii_control() || matches!(letter, ' ' | '%' | '?' | '#') {
                push(&mut encoded, u32::from(letter));
            } else {
                encoded.push(letter);
            }
        }
        for byte in rest.iter().skip(valid.len()).take(broken) {
            push(&mut encoded, u32::from(*byte));
        }
        rest = &rest[valid.len() + broken..];
    }
    encoded
}

fn push(encoded: &mut String, byte: u32) {
    use std::fmt::Write;
    let _ = write!(encoded, "%{byte:02X}");
}
