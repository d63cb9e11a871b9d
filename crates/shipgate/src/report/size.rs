//! Sizes as people read them.

/// `740 B`, `12.3 KB`, `4.1 MB`: powers of 1000.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64;
    let mut unit = "B";
    for next in UNITS {
        if value < 1_000.0 {
            break;
        }
        value /= 1_000.0;
        unit = next;
    }
    format!("{value:.1} {unit}")
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn a_size_has_the_unit_that_keeps_it_short() {
        assert_eq!(bytes(740), "740 B");
        assert_eq!(bytes(12_345), "12.3 KB");
        assert_eq!(bytes(4_100_000), "4.1 MB");
        assert_eq!(bytes(5_000_000_000_000), "5.0 TB");
    }
}
