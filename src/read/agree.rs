//! Two readers' words become one.

use super::{Mark, MarkState};

/// What a target is, by both readers: what they say together, and in doubt wherever they differ.
pub(super) fn together(first: MarkState, second: MarkState) -> MarkState {
    match (first, second) {
        (MarkState::Unreadable, _) | (_, MarkState::Unreadable) => MarkState::Unreadable,
        (a, b) if a == b => a,
        _ => MarkState::Marginal,
    }
}

/// Puts all filled marks but the largest in doubt.
///
/// In black and white what an eraser left can be as black as a mark: that two options are marked is then not to be stood behind.
pub(super) fn doubt_seconds(marks: &mut [Mark]) {
    let filled = |m: &Mark| m.state == MarkState::Filled;
    let largest =
        (0..marks.len()).filter(|&i| filled(&marks[i])).max_by_key(|&i| (marks[i].fill, marks[i].stroke));
    for (i, mark) in marks.iter_mut().enumerate() {
        if filled(mark) && Some(i) != largest {
            mark.state = MarkState::Marginal;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Mark;
    use super::MarkState::{Empty, Filled, Marginal, Unreadable};
    use super::{doubt_seconds, together};

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

    #[test]
    fn of_two_marks_in_black_and_white_the_smaller_is_in_doubt() {
        let mark = |fill, state| Mark {
            fill,
            firmness: 900,
            stroke: fill,
            contrast: 900,
            first: state,
            second: state,
            state,
        };
        let mut marks = [mark(500, Filled), mark(20, Empty), mark(800, Filled)];
        doubt_seconds(&mut marks);
        assert_eq!(marks.map(|m| m.state), [Marginal, Empty, Filled]);
        let mut one = [mark(500, Filled), mark(20, Empty)];
        doubt_seconds(&mut one);
        assert_eq!(one.map(|m| m.state), [Filled, Empty]);
    }
}
