//! Detects duplicate keys in an object. Pure.

use std::borrow::Cow;
use std::collections::HashSet;

/// Up to this number, comparing is faster than hashing.
const FEW: usize = 8;

/// The keys so far. Many keys are hashed with a random seed, so that crafted keys cannot cause collisions.
#[derive(Default)]
pub(super) struct Keys<'de> {
    few: Vec<Cow<'de, str>>,
    many: HashSet<Cow<'de, str>>,
}

impl<'de> Keys<'de> {
    /// Adds a key, or returns it if it is a duplicate.
    pub(super) fn add(&mut self, key: Cow<'de, str>) -> Result<(), Cow<'de, str>> {
        if self.many.is_empty() && self.few.len() < FEW {
            if self.few.contains(&key) {
                return Err(key);
            }
            self.few.push(key);
            return Ok(());
        }
        self.many.extend(self.few.drain(..));
        self.many.replace(key).map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_are_found_among_few_and_many_keys() {
        for count in [1, FEW - 1, FEW, FEW + 1, 100] {
            let mut keys = Keys::default();
            assert!((0..count).all(|number| keys.add(number.to_string().into()).is_ok()));
            assert!(
                (0..count).all(|number| keys.add(number.to_string().into()).is_err()),
                "{count}"
            );
        }
    }
}
