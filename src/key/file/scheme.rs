//! The scheme of a section: what responses earn and cost, and sections that are marked by hand.

use super::values::{floor, points, positive};
use super::{NAME, POINTS, Reader, WEIGHT};
use crate::key::{Credit, KeyFault, ScoringRule};
use crate::sheet::{Fraction, HandSection};
use toml::de::DeTable;

pub(super) const CREDIT: &str = "\"all\", \"partial\" or \"right-minus-wrong\"";
pub(super) const FLOOR: &str =
    "0, a number below with at most two decimals, a fraction such as \"-1/3\", or \"none\"";

/// What a section says of earning and losing points.
pub(super) struct Scheme {
    pub(super) credit: Credit,
    pub(super) penalty: Fraction,
    pub(super) weight: Fraction,
    pub(super) item_floor: Option<Fraction>,
    pub(super) floor: Option<Fraction>,
}

impl Reader<'_> {
    pub(super) fn scheme(&mut self, table: &DeTable<'_>, rule: ScoringRule) -> Option<Scheme> {
        let before = self.problems.len();
        let each = table.get("each").and_then(|v| self.value(v, "each", WEIGHT, positive));
        let credit = match table.get("credit") {
            Some(value) => self.value(value, "credit", CREDIT, |v| {
                Some(match v.as_str()? {
                    "all" => Credit::All,
                    "partial" => Credit::Partial { each },
                    "right-minus-wrong" => Credit::RightMinusWrong,
                    _ => return None,
                })
            }),
            None => Some(Credit::All),
        };
        let penalty = table.get("penalty").and_then(|v| self.value(v, "penalty", WEIGHT, positive));
        let weight = table.get("weight").and_then(|v| self.value(v, "weight", WEIGHT, positive));
        let item_floor = table.get("item_floor").and_then(|v| self.value(v, "item_floor", FLOOR, floor));
        let section_floor = table.get("floor").and_then(|v| self.value(v, "floor", FLOOR, floor));

        let mut only = |name: &'static str, fits: bool, only: &'static str| {
            if let Some(value) = table.get(name).filter(|_| !fits) {
                self.note(value.span().start, None, KeyFault::OnlyFor { name, only });
            }
        };
        only("credit", rule == ScoringRule::Multiple, "sections of kind \"multiple\"");
        let partial = matches!(credit, None | Some(Credit::Partial { .. }));
        only("each", partial, "sections with credit \"partial\"");
        let minus = credit == Some(Credit::RightMinusWrong);
        only("penalty", !minus, "sections whose credit is not \"right-minus-wrong\"");
        let loses = minus || table.contains_key("penalty");
        let losing = "sections with a penalty or with credit \"right-minus-wrong\"";
        only("item_floor", loses, losing);
        only("floor", loses, losing);
        if self.problems.len() > before {
            return None;
        }
        Some(Scheme {
            credit: credit?,
            penalty: penalty.unwrap_or(Fraction::ZERO),
            weight: weight.unwrap_or(Fraction::ONE),
            item_floor: item_floor.map_or(minus.then_some(Fraction::ZERO), |floor| floor.0),
            floor: section_floor.map_or(Some(Fraction::ZERO), |floor| floor.0),
        })
    }

    /// A section that people mark, and the weight of a point of theirs.
    pub(super) fn hand_section(&mut self, place: (&DeTable<'_>, usize)) -> Option<(HandSection, Fraction)> {
        let table = place.0;
        self.known(table, &["kind", "name", "points", "weight"], "kind, name, points and weight");
        let name = self.must(place, "name", NAME, |v| v.as_str()?.parse().ok());
        let points = self.must(place, "points", POINTS, points);
        let weight = match table.get("weight") {
            Some(value) => self.value(value, "weight", WEIGHT, positive),
            None => Some(Fraction::ONE),
        };
        Some((HandSection { name: name?, points: points? }, weight?))
    }
}
