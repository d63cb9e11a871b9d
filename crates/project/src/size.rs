//! Sizes of memory and disks: `512`, `"2gb"`, `"512 MiB"`.

use crate::diagnostic::Complaint;

/// Bytes of a mebibyte.
pub(crate) const MIB: u64 = 1024 * 1024;
/// Bytes of a gibibyte.
pub(crate) const GIB: u64 = 1024 * MIB;

/// Reads a size in bytes; a number without a unit counts `unit` bytes.
/// Units are binary, as on Fly: `gb` is `GiB`.
pub(crate) fn parse(text: &str, unit: u64) -> Result<u64, Complaint> {
    let wrong = || {
        Complaint::new(format!("`{text}` is not a size"))
            .hint("a number and a unit, as in \"512mb\" or \"2gb\"")
    };
    let trimmed = text.trim();
    let digits = trimmed
        .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
        .unwrap_or(trimmed.len());
    let (number, suffix) = trimmed.split_at(digits);
    let scale = match suffix.trim().to_ascii_lowercase().as_str() {
        "" => unit,
        "b" => 1,
        "k" | "kb" | "kib" => 1024,
        "m" | "mb" | "mib" => MIB,
        "g" | "gb" | "gib" => GIB,
        "t" | "tb" | "tib" => 1024 * GIB,
        _ => return Err(wrong()),
    };
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(scale).ok_or_else(wrong);
    }
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let bytes = number * scale as f64;
    if bytes.is_finite() && bytes < u64::MAX as f64 {
        Ok(bytes as u64)
    } else {
        Err(wrong())
    }
}

/// The size in the largest unit that divides it: `2gb`, `768mb`, `100b`.
pub(crate) fn show(bytes: u64) -> String {
    for (unit, scale) in [("gb", GIB), ("mb", MIB), ("kb", 1024)] {
        if bytes > 0 && bytes.is_multiple_of(scale) {
            return format!("{}{unit}", bytes / scale);
        }
    }
    format!("{bytes}b")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_binary_units_and_a_default_unit() {
        for (text, bytes) in [
            ("512", 512 * MIB),
            ("2gb", 2 * GIB),
            ("2 GiB", 2 * GIB),
            ("1.5G", 1536 * MIB),
            ("64k", 64 * 1024),
        ] {
            assert_eq!(parse(text, MIB), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in [
            "",
            "gb",
            "2 apples",
            "-1gb",
            "1.2.3gb",
            "99999999999999999999gb",
        ] {
            assert!(parse(text, MIB).is_err(), "{text}");
        }
    }

    #[test]
    fn a_size_is_shown_in_its_largest_whole_unit() {
        assert_eq!(show(2 * GIB), "2gb");
        assert_eq!(show(768 * MIB), "768mb");
        assert_eq!(show(100), "100b");
    }
}
