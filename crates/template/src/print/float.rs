//! Floats: `%e`, `%f`, `%g`.

use super::pad::Flags;

/// A float as this verb writes it, padded.
pub(super) fn write(value: f64, verb: char, flags: Flags, output: &mut String) {
    let precision = flags.precision;
    let mut text = match verb {
        'e' | 'E' => exponent(value.abs(), Some(precision.unwrap_or(6))),
        'f' | 'F' => decimal(value.abs(), precision.unwrap_or(6)),
        _ => general(value.abs(), precision),
    };
    if !value.is_finite() {
        text = if value.is_nan() { "NaN" } else { "Inf" }.to_owned();
    } else if flags.sharp {
        text = with_point(&text, verb, precision);
    }
    if matches!(verb, 'E' | 'G') {
        text = text.replace('e', "E");
    }
    let sign = if value.is_sign_negative() && !value.is_nan() {
        "-"
    } else if flags.plus {
        "+"
    } else if flags.space {
        " "
    } else if value == f64::INFINITY {
        // Infinity always has its sign.
        "+"
    } else {
        ""
    };
    if !value.is_finite() {
        return flags.padded_with_blanks(&format!("{sign}{text}"), output);
    }
    if flags.zero && !flags.minus && !sign.is_empty() {
        // Zeros go between the sign and the digits.
        output.push_str(sign);
        let digits = Flags {
            width: flags.width.map(|width| width.saturating_sub(1)),
            ..flags
        };
        return digits.padded(&text, output);
    }
    flags.padded(&format!("{sign}{text}"), output);
}

/// No float has more decimals than these; further ones are zeros, and the
/// standard library does not print as many as a template may ask for.
const DECIMALS: usize = 1_100;

fn decimal(value: f64, decimals: usize) -> String {
    let mut text = format!("{value:.*}", decimals.min(DECIMALS));
    text.extend(std::iter::repeat_n('0', decimals.saturating_sub(DECIMALS)));
    text
}

/// `1.5e+08`; with as many digits as it takes, or so many behind the point.
fn exponent(value: f64, precision: Option<usize>) -> String {
    let text = match precision {
        Some(precision) => format!("{value:.*e}", precision.min(DECIMALS)),
        None => format!("{value:e}"),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let further = precision.unwrap_or_default().saturating_sub(DECIMALS);
    let mantissa = mantissa.to_owned() + &"0".repeat(further);
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// `%g`: with an exponent if that is below -4 or not below the precision.
fn general(value: f64, precision: Option<usize>) -> String {
    let precision = precision.map(|precision| precision.max(1));
    let text = exponent(value, precision.map(|precision| precision - 1));
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let power: i64 = power.parse().unwrap_or_default();
    let mantissa = without_trailing_zeros(mantissa);
    let digits = i64::try_from(mantissa.replace('.', "").len()).unwrap_or_default();
    let limit = match precision.map(i64::try_from) {
        None => 6,
        Some(Ok(precision)) if precision > digits && digits > power => digits,
        Some(precision) => precision.unwrap_or(i64::MAX),
    };
    if power < -4 || power >= limit {
        let tail = text.find('e').map_or("", |at| &text[at..]);
        return format!("{mantissa}{tail}");
    }
    let decimals = usize::try_from(digits - 1 - power).unwrap_or_default();
    decimal(value, decimals)
}

fn without_trailing_zeros(mantissa: &str) -> &str {
    if mantissa.contains('.') {
        mantissa.trim_end_matches('0').trim_end_matches('.')
    } else {
        mantissa
    }
}

/// `#`: always with a point, and for `%g` with its trailing zeros.
fn with_point(text: &str, verb: char, precision: Option<usize>) -> String {
    let (mantissa, tail) = text.split_at(text.find('e').unwrap_or(text.len()));
    let mut mantissa = mantissa.to_owned();
    let significant = mantissa
        .trim_start_matches(['0', '.'])
        .bytes()
        .filter(u8::is_ascii_digit)
        .count();
    let is_zero = significant == 0;
    if !mantissa.contains('.') {
        mantissa.push('.');
    }
    if matches!(verb, 'v' | 'g' | 'G') {
        let wanted = precision.unwrap_or(6);
        let have = if is_zero { 1 } else { significant };
        mantissa.extend(std::iter::repeat_n('0', wanted.saturating_sub(have)));
    }
    mantissa + tail
}
