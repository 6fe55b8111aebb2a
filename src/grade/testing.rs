//! Statistics for the tests of what shows them.

use super::Grader;
use super::copying::{Alike, Pairs, alike};
use super::stats::{ItemStatistics, statistics};
use super::world::{World, sheet};
use crate::key::AnswerKey;
use crate::sheet::{Response, Responses};

/// The key's statistics over sheets whose first items are marked so (`-` is blank); a fifth item is the number 19.
pub(crate) fn statistics_of(key: &str, sheets: &[&str]) -> ItemStatistics {
    let key = AnswerKey::parse(key, "key.toml").unwrap();
    let sheets: Vec<Responses> = sheets
        .iter()
        .map(|values| {
            let mut items: std::collections::BTreeMap<u16, Response> = (1..)
                .zip(values.chars())
                .map(|(n, c)| (n, if c == '-' { Response::blank() } else { Response::resolved(c) }))
                .collect();
            items.insert(5, Response::resolved("19"));
            Responses { items, ..Responses::default() }
        })
        .collect();
    let sheets: Vec<_> = sheets.iter().collect();
    statistics(&Grader::new(&key, None), &sheets).unwrap()
}

/// A made-up session of 300 in rooms of 30, with an item whose key is wrong and two who copied; each sheet's number.
pub(crate) fn made_up() -> (ItemStatistics, Alike, Vec<usize>) {
    let mut world = World::new(100, 42);
    let mut marks = world.candidates(300);
    marks[37] = marks[36].clone();
    let original = marks[127].clone();
    marks[128][..80].copy_from_slice(&original[..80]);
    world.right[16] = (world.right[16] + 1) % 4;
    let key = world.key();
    let mut sheets: Vec<Responses> = marks.iter().map(|marks| sheet(marks)).collect();
    for sheet in sheets.iter_mut().step_by(7) {
        sheet.items.insert(100, Response::blank());
    }
    let sheets: Vec<_> = sheets.iter().collect();
    let grader = Grader::new(&key, None);
    let rooms = Pairs::Within((0..300).collect::<Vec<_>>().chunks(30).map(<[usize]>::to_vec).collect());
    (
        statistics(&grader, &sheets).unwrap(),
        alike(&grader, &sheets, &rooms, 0.01).unwrap(),
        (0..300).collect(),
    )
}
