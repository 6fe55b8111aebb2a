//! Two readers' words become one.

use super::MarkState;

/// What a target is, by both readers: what they say together, and in doubt wherever they differ.
pub(super) fn together(first: MarkState, second: MarkState) -> MarkState {
    match (first, second) {
        (MarkState::Unreadable, _) | (_, MarkState::Unreadable) => MarkState::Unreadable,
        (a, b) if a == b => a,
        _ => MarkState::Marginal,
    }
}

#[cfg(test)]
mod tests {
    use super::MarkState::{Empty, Filled, Marginal, Unreadable};
    use super::together;

    #[test]
    fn only_what_both_say_is_stood_behind() {
        let all = [Empty, Marginal, Filled, Unreadable];
        for first in all {
            for second in all {
                let word = together(first, second);
                assert_eq!(word == Filled, first == Filled && second == Filled);
                assert_eq!(word == Empty, first == Empty && second == Empty);
                assert_eq!(word == Unreadable, first == Unreadable || second == Unreadable);
            }
        }
    }
}
