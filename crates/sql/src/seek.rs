//! Finds bytes a block at a time. The inner loops have no early exit, so that
//! the compiler turns them into vector instructions.

const BLOCK: usize = 32;

/// Where `needle` is first.
pub(crate) fn byte(bytes: &[u8], needle: u8) -> Option<usize> {
    first(bytes, |byte| byte == needle)
}

/// Where either needle is first.
pub(crate) fn either(bytes: &[u8], one: u8, other: u8) -> Option<usize> {
    first(bytes, |byte| (byte == one) | (byte == other))
}

#[inline]
fn first(bytes: &[u8], is: impl Fn(u8) -> bool + Copy) -> Option<usize> {
    // Most strings are short.
    let short = bytes.len().min(8);
    if let Some(at) = bytes[..short].iter().position(|byte| is(*byte)) {
        return Some(at);
    }
    let mut at = short;
    for block in bytes[short..].chunks(BLOCK) {
        if block.iter().fold(false, |any, byte| any | is(*byte)) {
            return block
                .iter()
                .position(|byte| is(*byte))
                .map(|found| at + found);
        }
        at += block.len();
    }
    None
}

/// How many of the bytes are so.
pub(crate) fn count(bytes: &[u8], is: impl Fn(u8) -> bool) -> usize {
    bytes
        .chunks(usize::from(u8::MAX))
        .map(|block| {
            let in_block = block
                .iter()
                .fold(0_u8, |sum, byte| sum + u8::from(is(*byte)));
            usize::from(in_block)
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_found_wherever_it_is() {
        for length in 0..100 {
            let mut bytes = vec![b'.'; length];
            assert_eq!(byte(&bytes, b'x'), None);
            for at in (0..length).rev() {
                bytes[at] = b'x';
                assert_eq!(byte(&bytes, b'x'), Some(at));
                assert_eq!(either(&bytes, b'y', b'x'), Some(at));
                assert_eq!(count(&bytes, |byte| byte == b'x'), length - at);
            }
        }
    }
}
