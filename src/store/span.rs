//! Ranges of ticket numbers, for whoever looks at a part of all candidates at a time.

use crate::sheet::TicketNumber;

/// Comes behind every ticket number.
const LAST: &str = "\u{10ffff}";

/// The ticket numbers behind one and up to another, as texts compare; without them from the first or to the last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TicketSpan {
    /// Behind which.
    pub after: Option<TicketNumber>,
    /// Up to which, with it.
    pub upto: Option<TicketNumber>,
}

impl TicketSpan {
    /// Bounds for `ticket > ?1 AND ticket <= ?2`.
    pub(super) fn bounds(&self) -> (&str, &str) {
        let [after, upto] = [&self.after, &self.upto].map(|bound| bound.as_ref().map(TicketNumber::as_str));
        (after.unwrap_or(""), upto.unwrap_or(LAST))
    }

    /// Those of `all`, which are in the order of their tickets, that are in the span.
    #[must_use]
    pub fn of<'a, T>(&self, all: &'a [T], ticket: impl Fn(&T) -> &TicketNumber) -> &'a [T] {
        let behind = |bound: &TicketNumber| all.partition_point(|one| ticket(one) <= bound);
        let start = self.after.as_ref().map_or(0, behind);
        let end = self.upto.as_ref().map_or(all.len(), behind);
        all.get(start..end).unwrap_or(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_that_follow_each_other_have_everybody_once() {
        let all: Vec<TicketNumber> =
            ["0001", "0002", "00021", "0003", "A001", "ZZZZ"].map(|text| text.parse().unwrap()).to_vec();
        let span = |after: Option<usize>, upto: Option<usize>| TicketSpan {
            after: after.map(|at| all[at].clone()),
            upto: upto.map(|at| all[at].clone()),
        };
        for cut in 0..all.len() {
            let (front, back) = (span(None, Some(cut)), span(Some(cut), None));
            assert_eq!([front.of(&all, |t| t), back.of(&all, |t| t)].concat(), all);
            let inside = |span: &TicketSpan, ticket: &TicketNumber| {
                let (after, upto) = span.bounds();
                ticket.as_str() > after && ticket.as_str() <= upto
            };
            for (at, ticket) in all.iter().enumerate() {
                assert_eq!((inside(&front, ticket), inside(&back, ticket)), (at <= cut, at > cut));
            }
        }
        assert_eq!(span(Some(3), Some(1)).of(&all, |t| t), []);
    }
}
