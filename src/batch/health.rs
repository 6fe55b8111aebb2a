//! How the scanner is over a run: judges the vitals of page after page, in the order of the files.

// Levels and micrometres: small, and clamped before each cast.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)]

use crate::sheet::LayoutName;
use crate::store::{HealthEvent, PagePlace, Placed, Severity, Streak, Tone, Trouble, Vitals};
use std::collections::{BTreeMap, VecDeque};

/// Pages that are looked back on. Fewer let one creased sheet speak for the scanner; with more, a trouble
/// is told after more sheets are spoilt.
const WINDOW: usize = 8;

/// Pages with a streak at one place, of the last [`WINDOW`], before it is told. Half, because a duplex
/// scanner has two glasses and every other page comes from each. At 2, two marks at one place would do.
const STREAK_PAGES: usize = 4;

/// Pages with a streak before the run stops: a feeder draws that many in 15 seconds. Fewer leave no time
/// to read the warning, many more are many sheets to scan again.
const STREAK_LIMIT: u32 = 12;

/// The share of paper to ink from which a streak stops a run. A mark is marginal from about a fifth; half
/// of that, added to a light mark or an erased one, tips it.
const STREAK_DEPTH: f64 = 0.1;

/// How far apart in the picture one streak may lie on two pages, in ten-thousandths of the width: 0.6 mm
/// of A4. It does not move; its edges are ragged.
const STREAK_APART: u16 = 30;

/// By how much the scale along the feed may drift against that across, in millionths, before it is told and
/// before the run stops. Over 200 made-up pages that vary by ±1 % each the median of eight moves by 0.9 %; a
/// feeder that is well varies by 0.2 %. Sheets are found up to 6 %.
const STRETCH: (i32, i32) = (15_000, 35_000);

/// By how many levels paper may become darker, and print paler. Over the same pages, whose paper varies by
/// 28 levels and whose print by 40, the medians move by 12 and 17. At the limit light pencil comes near the
/// paper's noise.
const PAPER: (u8, u8) = (28, 80);
const INK: (u8, u8) = (36, 90);

/// What share of the first pages' contrast the fiducials may keep, and how many levels they must have:
/// registration needs 30.
const CONTRAST_SHARE: (f64, f64) = (0.65, 0.4);
const CONTRAST_LEVELS: (u8, u8) = (70, 45);

/// Pages that lack a fiducial, of the last [`WINDOW`], before it is told; and how many in all, one after
/// another, before the run stops.
const MISSING_PAGES: usize = 6;
const MISSING_LIMIT: u32 = 16;

/// The median residual, in thousandths of a millimetre, and how many times that of the first pages, before
/// it is told and before the run stops. Made-up pages have 30 to 70, the real ones up to 120; registration
/// gives up at 500, sensing areas leave their targets from 600.
const RESIDUAL: (u32, u32) = (150, 350);
const RESIDUAL_TIMES: (u32, u32) = (2, 3);

/// Follows the scanners of one run. Pages from different folders are followed apart: each scanner writes
/// into its own.
#[derive(Debug, Default)]
pub struct Monitor {
    sources: BTreeMap<String, Source>,
}

#[derive(Debug, Default)]
struct Source {
    /// Pages so far.
    pages: u64,
    tracks: Vec<Track>,
    drifts: BTreeMap<LayoutName, Drift>,
}

/// A streak that is followed.
#[derive(Debug)]
struct Track {
    tone: Tone,
    at: u16,
    since: PagePlace,
    /// Numbers of the last pages that show it, at most [`WINDOW`].
    shown: VecDeque<u64>,
    /// Its least and greatest place in the picture and on the sheet, in hundredths of a millimetre.
    picture: (i32, i32),
    sheet: Option<(i32, i32)>,
    /// Pages that show it in all, and deep enough to stop a run.
    pages: u32,
    deep: u32,
    told: Option<Severity>,
}

/// Figures of one layout's pages that change slowly.
#[derive(Debug, Default)]
struct Drift {
    first: Vec<Figures>,
    last: VecDeque<(PagePlace, Figures)>,
    /// Pages one after another that lack a fiducial, and the first of them.
    lacking: u32,
    lacking_since: Option<PagePlace>,
    told: BTreeMap<&'static str, Severity>,
}

#[derive(Debug, Clone, Copy)]
struct Figures {
    stretch: i32,
    paper: u8,
    ink: u8,
    contrast: Option<u8>,
    missing: u16,
    residual: u32,
}

impl Figures {
    fn of(vitals: &Vitals, placed: &Placed) -> Self {
        let (along, across) = (i64::from(placed.along_px_per_m), i64::from(vitals.across_px_per_m.max(1)));
        let stretch = (along - across) * 1_000_000 / across;
        Self {
            stretch: stretch.clamp(-1_000_000, 1_000_000) as i32,
            paper: placed.paper,
            ink: placed.ink,
            contrast: placed.contrast,
            missing: placed.missing,
            residual: placed.residual_um,
        }
    }
}

impl Monitor {
    /// Takes the next page of the run, from the file called `file`; gives what is told at it. Depends on the
    /// pages and their order alone.
    pub fn page(&mut self, file: &str, vitals: &Vitals) -> Vec<HealthEvent> {
        let folder = file.rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder);
        let source = self.sources.entry(folder.to_owned()).or_default();
        let at = PagePlace { file: file.to_owned(), sheet: vitals.sheet };
        source.pages += 1;
        let mut events = source.streaks(&at, vitals);
        if let Some(placed) = &vitals.placed {
            let drift = source.drifts.entry(placed.layout.clone()).or_default();
            events.extend(drift.page(&at, Figures::of(vitals, placed)));
        }
        events
    }

    /// Whether the page taken last from `file`'s source shows a trouble that is past its limit: the one that
    /// was told first.
    #[must_use]
    pub fn past_limit(&self, file: &str, vitals: &Vitals) -> Option<HealthEvent> {
        let folder = file.rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder);
        let source = self.sources.get(folder)?;
        let at = PagePlace { file: file.to_owned(), sheet: vitals.sheet };
        let streak = source
            .tracks
            .iter()
            .find(|t| t.told == Some(Severity::Limit) && t.shown.back() == Some(&source.pages))
            .map(|t| (t.since.clone(), t.trouble(vitals)));
        let drift = || {
            let drift = source.drifts.get(&vitals.placed.as_ref()?.layout)?;
            drift.verdicts().into_iter().find(|v| v.severity == Some(Severity::Limit))
        };
        let (since, trouble) = streak.or_else(|| drift().map(|v| (v.since, v.trouble)))?;
        Some(HealthEvent { trouble, severity: Severity::Limit, since, at })
    }
}

impl Source {
    fn streaks(&mut self, at: &PagePlace, vitals: &Vitals) -> Vec<HealthEvent> {
        let now = self.pages;
        self.tracks.retain(|t| t.shown.back().is_some_and(|&seen| seen + WINDOW as u64 > now));
        let mut events = Vec::new();
        for streak in &vitals.streaks {
            let picture = (f64::from(streak.at) / 100.0 * width_mm(vitals)).round() as i32;
            let known = self.tracks.iter().position(|t| {
                t.tone == streak.tone
                    && t.at.abs_diff(streak.at) <= STREAK_APART
                    && t.shown.back() != Some(&now)
            });
            let index = known.unwrap_or_else(|| {
                self.tracks.push(Track {
                    tone: streak.tone,
                    at: streak.at,
                    since: at.clone(),
                    shown: VecDeque::new(),
                    picture: (picture, picture),
                    sheet: streak.on_sheet.map(|p| (p, p)),
                    pages: 0,
                    deep: 0,
                    told: None,
                });
                self.tracks.len() - 1
            });
            let track = &mut self.tracks[index];
            track.show(now, picture, streak, vitals);
            let severity = track.severity(now);
            if severity > track.told {
                track.told = severity;
                let (trouble, since) = (track.trouble(vitals), track.since.clone());
                let event =
                    severity.map(|severity| HealthEvent { trouble, severity, since, at: at.clone() });
                events.extend(event);
            }
        }
        events
    }
}

/// Width of the picture in millimetres.
fn width_mm(vitals: &Vitals) -> f64 {
    f64::from(vitals.width_px) * 1000.0 / f64::from(vitals.across_px_per_m.max(1))
}

impl Track {
    fn show(&mut self, now: u64, picture: i32, streak: &Streak, vitals: &Vitals) {
        let wider = |(low, high): (i32, i32), p: i32| (low.min(p), high.max(p));
        self.picture = wider(self.picture, picture);
        self.sheet = match (self.sheet, streak.on_sheet) {
            (Some(range), Some(p)) => Some(wider(range, p)),
            (range, _) => range,
        };
        self.shown.push_back(now);
        if self.shown.len() > WINDOW {
            self.shown.pop_front();
        }
        let span =
            vitals.placed.as_ref().map_or(255, |p| p.paper.saturating_sub(p.ink).max(1));
        self.pages += 1;
        self.deep += u32::from(f64::from(streak.depth) >= STREAK_DEPTH * f64::from(span));
    }

    /// A line that holds its place on the sheets better than in the pictures is theirs: a fold, a rule
    /// printed from edge to edge.
    fn is_the_sheets(&self) -> bool {
        self.sheet.is_some_and(|(low, high)| high - low < self.picture.1 - self.picture.0)
    }

    fn severity(&self, now: u64) -> Option<Severity> {
        let lately = self.shown.iter().filter(|&&seen| seen + WINDOW as u64 > now).count();
        if self.is_the_sheets() || lately < STREAK_PAGES {
            None
        } else if self.deep >= STREAK_LIMIT {
            Some(Severity::Limit)
        } else {
            Some(Severity::Warning)
        }
    }

    fn trouble(&self, vitals: &Vitals) -> Trouble {
        let at = f64::from(self.at) / 10_000.0 * width_mm(vitals) * 10.0;
        Trouble::Streak { tone: self.tone, at: at.round() as u32, pages: self.pages }
    }
}

/// What is thought of one figure.
struct Verdict {
    trouble: Trouble,
    severity: Option<Severity>,
    since: PagePlace,
}

impl Drift {
    fn page(&mut self, at: &PagePlace, figures: Figures) -> Vec<HealthEvent> {
        if figures.missing == 0 {
            (self.lacking, self.lacking_since) = (0, None);
        } else {
            self.lacking += 1;
            self.lacking_since.get_or_insert_with(|| at.clone());
        }
        if self.first.len() < WINDOW {
            self.first.push(figures);
        }
        self.last.push_back((at.clone(), figures));
        if self.last.len() > WINDOW {
            self.last.pop_front();
        }
        let mut events = Vec::new();
        for verdict in self.verdicts() {
            let kind = verdict.trouble.kind();
            match verdict.severity {
                // It is well again: when it comes back, it is told again.
                None => drop(self.told.remove(kind)),
                Some(severity) if self.told.get(kind).is_none_or(|told| *told < severity) => {
                    self.told.insert(kind, severity);
                    let Verdict { trouble, since, .. } = verdict;
                    events.push(HealthEvent { trouble, severity, since, at: at.clone() });
                }
                Some(_) => {}
            }
        }
        events
    }

    /// The verdict on every figure, in a fixed order; none before there are enough pages.
    fn verdicts(&self) -> Vec<Verdict> {
        if self.last.len() < WINDOW {
            return Vec::new();
        }
        let first = |of: &dyn Fn(&Figures) -> i64| median(self.first.iter().map(of));
        let last = |of: &dyn Fn(&Figures) -> i64| median(self.last.iter().map(|(_, f)| of(f)));
        // The first of the pages looked back on that is itself past the limit.
        let since = |past: &dyn Fn(&Figures) -> bool| {
            let found = self.last.iter().find(|(_, f)| past(f)).or(self.last.front());
            found.map(|(at, _)| at.clone())
        };
        let mut out = Vec::new();
        let mut judge = |trouble: Trouble, severity: Option<Severity>, since: Option<PagePlace>| {
            out.extend(since.map(|since| Verdict { trouble, severity, since }));
        };

        let stretch = |f: &Figures| i64::from(f.stretch);
        let base = first(&stretch);
        let ppm = (last(&stretch) - base) as i32;
        judge(
            Trouble::Stretch { ppm },
            grade(ppm.abs() >= STRETCH.0, ppm.abs() >= STRETCH.1),
            since(&|f| (stretch(f) - base).abs() >= i64::from(STRETCH.0)),
        );

        let paper = |f: &Figures| i64::from(f.paper);
        let (from, to) = (first(&paper), last(&paper));
        let fall = from - to;
        judge(
            Trouble::Paper { from: from as u8, to: to as u8 },
            grade(fall >= i64::from(PAPER.0), fall >= i64::from(PAPER.1)),
            since(&|f| from - paper(f) >= i64::from(PAPER.0)),
        );

        let ink = |f: &Figures| i64::from(f.ink);
        let (from, to) = (first(&ink), last(&ink));
        let rise = to - from;
        judge(
            Trouble::Ink { from: from as u8, to: to as u8 },
            grade(rise >= i64::from(INK.0), rise >= i64::from(INK.1)),
            since(&|f| ink(f) - from >= i64::from(INK.0)),
        );

        let contrast = |f: &Figures| f.contrast.map_or(255, i64::from);
        let (from, to) = (first(&contrast), last(&contrast));
        let weak = |level: i64, (share, least): (f64, u8)| {
            level < i64::from(least) || (level as f64) < share * from as f64
        };
        let told = (CONTRAST_SHARE.0, CONTRAST_LEVELS.0);
        judge(
            Trouble::FaintFiducials { from: from as u8, to: to as u8 },
            grade(weak(to, told), weak(to, (CONTRAST_SHARE.1, CONTRAST_LEVELS.1))),
            since(&|f| weak(contrast(f), told)),
        );

        let lacking = self.last.iter().filter(|(_, f)| f.missing > 0).count();
        judge(
            Trouble::MissingFiducials { pages: lacking as u32, of: WINDOW as u32 },
            grade(lacking >= MISSING_PAGES, self.lacking >= MISSING_LIMIT),
            self.lacking_since.clone().or_else(|| since(&|f| f.missing > 0)),
        );

        let residual = |f: &Figures| i64::from(f.residual);
        let (from, to) = (first(&residual), last(&residual));
        let far = |um: i64, least: u32, times: u32| um >= i64::from(least) && um >= i64::from(times) * from;
        judge(
            Trouble::Residual { from_um: from as u32, to_um: to as u32 },
            grade(far(to, RESIDUAL.0, RESIDUAL_TIMES.0), far(to, RESIDUAL.1, RESIDUAL_TIMES.1)),
            since(&|f| far(residual(f), RESIDUAL.0, RESIDUAL_TIMES.0)),
        );
        out
    }
}

fn grade(told: bool, limit: bool) -> Option<Severity> {
    if limit {
        Some(Severity::Limit)
    } else {
        told.then_some(Severity::Warning)
    }
}

/// The middle one of some numbers; 0 of none.
fn median(values: impl Iterator<Item = i64>) -> i64 {
    let mut values: Vec<i64> = values.collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}
