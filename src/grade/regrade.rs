//! A corrected key: everybody graded again, and what that changes.

use super::{GradeError, Grader, Score};
use crate::key::{AnswerKey, KeyItem};
use crate::sheet::{Fraction, HandMarks, Responses, Rounding, TicketNumber};
use std::fmt;

/// A sheet to grade again.
#[derive(Debug, Clone, Copy)]
pub struct Sheet<'s> {
    /// Whose.
    pub ticket: &'s TicketNumber,
    /// What was answered.
    pub responses: &'s Responses,
    /// What people gave the sections that they mark.
    pub hand: &'s HandMarks,
    /// The score in the record, made with the earlier key.
    pub recorded: Option<&'s Score>,
}

/// What a corrected key changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regraded {
    /// What the key says otherwise, by item, ascending.
    pub key: Vec<(u16, Vec<KeyChange>)>,
    /// The new scores, in the order of the sheets.
    pub scores: Vec<Score>,
    /// Whose points or whose pass changed, in the order of the sheets.
    pub changed: Vec<ScoreChange>,
    /// Whose score in the record is not what the earlier key gives: the record or the key is not the one it was.
    pub not_reproduced: Vec<TicketNumber>,
}

/// One candidate's change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoreChange {
    /// Whose.
    pub ticket: TicketNumber,
    /// The score that the earlier key gives.
    pub before: Score,
    /// The new score.
    pub after: Score,
    /// What becomes of the pass.
    pub pass: PassChange,
    /// The items that give other points than before, ascending. With floors they need not add up to the difference.
    pub items: Vec<ItemChange>,
}

/// What becomes of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PassChange {
    /// Passed before and passes now.
    StillPasses,
    /// Failed before and fails now.
    StillFails,
    /// Failed before and passes now.
    Gained,
    /// Passed before and fails now.
    Lost,
}

/// An item that gives a candidate other points than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemChange {
    /// Which.
    pub item: u16,
    /// What it gave.
    pub before: Fraction,
    /// What it gives.
    pub after: Fraction,
    /// Why: what the key says otherwise of it.
    pub why: Vec<KeyChange>,
}

/// What a key can say otherwise of an item. Names no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyChange {
    /// Void now: everybody has its points.
    VoidForAll,
    /// Void now: left out, the others of its section are worth more.
    LeftOut,
    /// No longer void.
    NotVoid,
    /// An answer more is accepted.
    AcceptsMore,
    /// An answer is no longer accepted.
    AcceptsLess,
    /// It is worth other points, by itself or by its weight.
    Points,
    /// Its section credits parts, takes away or limits otherwise.
    Scheme,
    /// Worth more or less because other items of its section are left out, or no longer are.
    Rescaled,
}

impl fmt::Display for KeyChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::VoidForAll => "void, points for all",
            Self::LeftOut => "void, left out",
            Self::NotVoid => "no longer void",
            Self::AcceptsMore => "a further answer is accepted",
            Self::AcceptsLess => "an answer is no longer accepted",
            Self::Points => "other points",
            Self::Scheme => "another scheme",
            Self::Rescaled => "rescaled for items left out",
        })
    }
}

/// Why a session can't be graded again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegradeError {
    /// The keys are of different papers or forms, or the new one's revision is not higher.
    #[error("the key of {new} does not correct the key of {old}")]
    NotACorrection {
        /// The earlier key.
        old: String,
        /// The new key.
        new: String,
    },
    /// The keys have different items.
    #[error("the corrected key has other items than the earlier one")]
    OtherItems,
    /// A sheet can't be graded.
    #[error("{ticket}: {source}")]
    Sheet {
        /// Whose.
        ticket: TicketNumber,
        /// Why.
        source: GradeError,
    },
}

impl RegradeError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotACorrection { .. } => {
                Some("take the key of the same paper and form with a higher revision")
            }
            Self::OtherItems => Some("void an item in the corrected key instead of removing it"),
            Self::Sheet { source, .. } => source.hint(),
        }
    }
}

/// Grades every sheet with the earlier key and with the one that corrects it, and says what differs and why.
/// `passes` says whether a candidate passes with a score.
///
/// The new scores are those that the new key alone gives; nothing of the earlier grading goes into them.
///
/// # Errors
///
/// [`RegradeError`]: keys that don't belong together, or a sheet that can't be graded.
pub fn regrade<'s>(
    old: &AnswerKey,
    new: &AnswerKey,
    rounding: Option<Rounding>,
    sheets: impl IntoIterator<Item = Sheet<'s>>,
    passes: impl Fn(&TicketNumber, &Score) -> bool,
) -> Result<Regraded, RegradeError> {
    let key = key_changes(old, new)?;
    let (earlier, later) = (Grader::new(old, rounding), Grader::new(new, rounding));
    let mut out = Regraded { key, scores: Vec::new(), changed: Vec::new(), not_reproduced: Vec::new() };
    for sheet in sheets {
        let refused = |source| RegradeError::Sheet { ticket: sheet.ticket.clone(), source };
        let before = earlier.grade(sheet.responses, sheet.hand).map_err(refused)?;
        let after = later.grade(sheet.responses, sheet.hand).map_err(refused)?;
        if sheet.recorded.is_some_and(|recorded| *recorded != before) {
            out.not_reproduced.push(sheet.ticket.clone());
        }
        let pass = match (passes(sheet.ticket, &before), passes(sheet.ticket, &after)) {
            (true, true) => PassChange::StillPasses,
            (false, false) => PassChange::StillFails,
            (false, true) => PassChange::Gained,
            (true, false) => PassChange::Lost,
        };
        let same = before.points == after.points && before.exact == after.exact;
        if !same || matches!(pass, PassChange::Gained | PassChange::Lost) {
            let items = item_changes(&earlier, &later, sheet.responses, &out.key).map_err(refused)?;
            out.changed.push(ScoreChange {
                ticket: sheet.ticket.clone(),
                before,
                after: after.clone(),
                pass,
                items,
            });
        }
        out.scores.push(after);
    }
    Ok(out)
}

fn item_changes(
    earlier: &Grader<'_>,
    later: &Grader<'_>,
    responses: &Responses,
    key: &[(u16, Vec<KeyChange>)],
) -> Result<Vec<ItemChange>, GradeError> {
    let (before, after) = (earlier.items(responses)?, later.items(responses)?);
    let pairs =
        before.iter().zip(after.values()).filter(|((_, before), after)| before.points != after.points);
    Ok(pairs
        .map(|((&item, before), after)| ItemChange {
            item,
            before: before.points,
            after: after.points,
            why: key
                .iter()
                .find(|(number, _)| *number == item)
                .map(|(_, why)| why.clone())
                .unwrap_or_default(),
        })
        .collect())
}

/// What the new key says otherwise than the old one, by item, ascending. Names no answer.
///
/// # Errors
///
/// [`RegradeError::NotACorrection`] or [`RegradeError::OtherItems`].
pub fn key_changes(old: &AnswerKey, new: &AnswerKey) -> Result<Vec<(u16, Vec<KeyChange>)>, RegradeError> {
    let (from, to) = (old.binding(), new.binding());
    if from.paper != to.paper || from.form != to.form || from.revision >= to.revision {
        return Err(RegradeError::NotACorrection { old: from.to_string(), new: to.to_string() });
    }
    if !old.numbers().eq(new.numbers()) {
        return Err(RegradeError::OtherItems);
    }
    let factor = |key: &AnswerKey, section: usize| {
        let scale = key.scale();
        let section = scale.sections.get(section)?;
        // What one point of the section's items is worth.
        Fraction::new(*section.step * *section.factor, scale.unit)
    };
    let changes = old.items().zip(new.items()).map(|(before, after)| {
        let mut why = changes_of(&before, &after);
        if factor(old, before.section()) != factor(new, after.section()) {
            why.push(KeyChange::Rescaled);
        }
        (before.number(), why)
    });
    Ok(changes.filter(|(_, why)| !why.is_empty()).collect())
}

fn changes_of(before: &KeyItem<'_>, after: &KeyItem<'_>) -> Vec<KeyChange> {
    use crate::key::Void;
    let mut why = Vec::new();
    match (before.void(), after.void()) {
        (before, after) if before == after => {}
        (_, Some(Void::ForAll)) => why.push(KeyChange::VoidForAll),
        (_, Some(Void::LeftOut)) => why.push(KeyChange::LeftOut),
        (_, None) => why.push(KeyChange::NotVoid),
    }
    // Sets are compared only where a bit means the same option.
    let same_options = before.options() == after.options() && before.rule() == after.rule();
    let (old, new) = (before.accepted(), after.accepted());
    if same_options && new.iter().any(|set| !old.contains(set)) {
        why.push(KeyChange::AcceptsMore);
    }
    if same_options && old.iter().any(|set| !new.contains(set)) {
        why.push(KeyChange::AcceptsLess);
    }
    if before.points() != after.points() {
        why.push(KeyChange::Points);
    }
    let scheme = |item: &KeyItem<'_>| (item.credit(), item.penalty(), item.item_floor(), item.floor());
    if !same_options || scheme(before) != scheme(after) {
        why.push(KeyChange::Scheme);
    }
    why
}
