//! One sheet of a campaign: made, read, compared with what is really on it.

use super::{Campaign, CampaignError};
use crate::layout::Layout;
use crate::read::read;
use crate::register::register_as;
use crate::settle;
use crate::sheet::{Cause, EngineId, Response, ResponseState, Responses};
use crate::simulate::{Damage, Damaged, Deed, Manner, SheetFate, Verdict, fill};
use crate::source::decode;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// A sheet of a campaign with what is really on it.
#[derive(Debug, Clone, Serialize)]
pub struct CampaignSheet {
    /// Its number in the campaign, from 0.
    pub index: u64,
    /// Its layout.
    pub layout: String,
    /// What happened to it.
    pub damage: Damage,
    /// How badly, 0..=1.
    pub strength: f64,
    /// How it was filled.
    pub manner: Manner,
    /// What must become of it.
    pub fate: SheetFate,
    /// Every response, in the layout's order.
    pub deeds: Vec<Deed>,
    /// The picture as a file.
    #[serde(skip)]
    pub bytes: Vec<u8>,
    /// The file's usual ending, `png`.
    pub ending: &'static str,
    /// How it was damaged and its picture taken.
    #[serde(skip)]
    pub damaged: Damaged,
}

/// What became of one response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// What was done, and what may become of it.
    pub deed: Deed,
    /// What was read.
    pub response: Response,
    /// How that stands to what was expected.
    pub verdict: Verdict,
}

/// What became of one sheet.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Its number in the campaign, from 0.
    pub index: u64,
    /// Its layout.
    pub layout: String,
    /// What happened to it.
    pub damage: Damage,
    /// How it was filled.
    pub manner: Manner,
    /// What should have become of it.
    pub fate: SheetFate,
    /// Targets that were measured; none if it was set aside.
    pub marks: u64,
    /// Its responses, or why it was set aside.
    pub seen: Result<Vec<Seen>, Cause>,
}

impl Campaign {
    /// Sheet number `index` with its picture.
    ///
    /// # Errors
    ///
    /// [`CampaignError::Simulate`].
    pub fn sheet(&self, index: u64) -> Result<CampaignSheet, CampaignError> {
        self.made(index).map(|(_, sheet)| sheet)
    }

    /// Sheet number `index`, made and read.
    ///
    /// # Errors
    ///
    /// [`CampaignError::Simulate`].
    pub fn outcome(&self, index: u64) -> Result<Outcome, CampaignError> {
        let (layout, sheet) = self.made(index)?;
        Ok(sheet.read_as(layout))
    }

    fn made(&self, index: u64) -> Result<(&Layout, CampaignSheet), CampaignError> {
        // Every layout with every damage comes up before the first pair comes again.
        let (layouts, damages) = (self.layouts.len() as u64, self.damages.len() as u64);
        let which = (index % layouts) as usize;
        let (layout, blank) = &self.layouts[which];
        let (_, other) = &self.layouts[(which + 1) % self.layouts.len()];
        let damage = self.damages[(index / layouts % damages) as usize];
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(index);
        let mut fate = damage.fate();
        if damage == Damage::OtherCard && layouts == 1 {
            // There is no other card: this one is read.
            fate = SheetFate::Read;
        }
        let manner = match rng.random_range(0..100) {
            _ if fate == SheetFate::SetAside => Manner::Careful,
            0..50 => Manner::Careful,
            50..86 => Manner::Mixed,
            86..90 => Manner::Light,
            90..96 => Manner::Scribbled,
            _ => Manner::Empty,
        };
        let strength = rng.random_range(0.0..=1.0);
        let damaged = damage.at(strength, layout, &mut rng);
        let mut card = fill(layout, &damaged.printed(blank), manner, &[], &mut rng);
        let bytes = damaged.file(&mut card.print, layout, other, &mut rng)?;
        let sheet = CampaignSheet {
            index,
            layout: layout.name.to_string(),
            damage,
            strength,
            manner,
            fate,
            deeds: card.deeds,
            bytes,
            ending: damaged.capture.format.ending(),
            damaged,
        };
        Ok((layout, sheet))
    }
}

impl CampaignSheet {
    /// What the whole road makes of it.
    fn read_as(self, layout: &Layout) -> Outcome {
        let seen = responses(&self.bytes, layout).map(|responses| {
            self.deeds.into_iter().map(|deed| judged(deed, &responses, &self.damaged, self.fate)).collect()
        });
        Outcome {
            index: self.index,
            layout: self.layout,
            damage: self.damage,
            manner: self.manner,
            fate: self.fate,
            marks: if seen.is_ok() { layout.targets().count() as u64 } else { 0 },
            seen,
        }
    }
}

/// The responses of the first page of a file.
fn responses(bytes: &[u8], layout: &Layout) -> Result<Responses, Cause> {
    let Some((_, page)) = decode(bytes).next() else {
        return Err(Cause::NotDecoded { fault: crate::sheet::DecodeFault::Empty });
    };
    let page = page.map_err(|fault| Cause::NotDecoded { fault })?;
    let registration = register_as(&page, layout)?;
    let reading = read(&page, &registration, layout, &EngineId("campaign".to_owned()));
    Ok(settle::responses(&reading).0)
}

fn judged(deed: Deed, responses: &Responses, damaged: &Damaged, fate: SheetFate) -> Seen {
    let response = match deed.item {
        Some(item) => responses.items.get(&item),
        None => responses.field(&deed.field),
    };
    let missing = Response { value: String::new(), state: ResponseState::Unreadable };
    let response = response.cloned().unwrap_or(missing);
    let verdict = match fate {
        // A sheet that nobody could read has no right response.
        SheetFate::SetAside if !response.state.is_held() => Verdict::Wrong,
        SheetFate::SetAside => Verdict::Held,
        SheetFate::Read => match deed.expect.judge(&response, damaged.may_lose(deed.act)) {
            // What is as black as a mark in the picture is one to everybody who sees the picture.
            Verdict::Wrong if damaged.may_blacken(deed.act) => Verdict::Right,
            verdict => verdict,
        },
    };
    Seen { deed, response, verdict }
}
