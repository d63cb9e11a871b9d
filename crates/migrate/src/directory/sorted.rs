//! Finding things by a word of theirs without keeping the words a second time.

use std::cmp::Ordering;

/// The places of things, in the order of a word that each of them has; of
/// those with the same word the last is found.
#[derive(Clone, Debug)]
pub(crate) struct Sorted(Vec<usize>);

impl Sorted {
    pub(crate) fn of<T>(things: &[T], word: impl Fn(&T) -> &str) -> Self {
        let mut places: Vec<usize> = (0..things.len()).collect();
        // Stable, and quick where they are in order already.
        places.sort_by(|&a, &b| word(&things[a]).cmp(word(&things[b])));
        Self(places)
    }

    /// The place of the thing with this word; `things` and `word` are those of [`Sorted::of`].
    pub(crate) fn find<T>(
        &self,
        things: &[T],
        word: impl Fn(&T) -> &str,
        wanted: &str,
    ) -> Option<usize> {
        let is_up_to = |&place: &usize| word(&things[place]).cmp(wanted) != Ordering::Greater;
        let place = *self.0[..self.0.partition_point(is_up_to)].last()?;
        (word(&things[place]) == wanted).then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::Sorted;

    #[test]
    fn things_are_found_by_their_words() {
        let things = ["c", "a", "b", "a"];
        let sorted = Sorted::of(&things, |thing| thing);
        for (word, place) in [("a", 3), ("b", 2), ("c", 0)] {
            assert_eq!(sorted.find(&things, |thing| thing, word), Some(place));
        }
        for word in ["", "aa", "d"] {
            assert_eq!(sorted.find(&things, |thing| thing, word), None);
        }
    }
}
