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
/// of that, added to a light mark or an erased one, tips it. Lines are seen (and told) from a twentieth.
const STREAK_DEPTH: f64 = 0.1;

/// How far apart in the picture one streak may lie on two pages, in ten-thousandths of the width: 0.6 mm
/// of A4. It does not move; its edges are ragged.
const STREAK_APART: u16 = 30;

/// By how much the scale along the feed may drift against that across, in millionths, before it is told and
/// before the run stops. Over 200 made-up pages that vary by ±1 % each the median of eight moves by 0.9 %; a
/// feeder that is well varies by 0.2 % (17 real pages: 0.09 %). At 5 % half of the sheets are no longer found.
const STRETCH: (i32, i32) = (15_000, 35_000);

/// By how many levels paper may become darker, and print paler. Over the same pages, whose paper varies by
/// 28 levels and whose print by 40 (and some are black and white), nothing comes near. At the limit light pencil comes near the
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
/// it is told and before the run stops. Made-up pages have 130 to 230, 17 real ones 185 to 233; registration
/// gives up at 500, sensing areas leave their targets from 600.
const RESIDUAL: (u32, u32) = (250, 350);
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
                let event = severity.map(|severity| HealthEvent { trouble, severity, since, at: at.clone() });
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
        let span = vitals.placed.as_ref().map_or(255, |p| p.paper.saturating_sub(p.ink).max(1));
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
    if limit { Some(Severity::Limit) } else { told.then_some(Severity::Warning) }
}

/// The middle one of some numbers, halfway between the middle two of an even count; 0 of none.
fn median(values: impl Iterator<Item = i64>) -> i64 {
    let mut values: Vec<i64> = values.collect();
    values.sort_unstable();
    match (values.get(values.len().saturating_sub(1) / 2), values.get(values.len() / 2)) {
        (Some(a), Some(b)) => (a + b) / 2,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::{EngineId, Sha256, SheetId};

    fn placed() -> Placed {
        Placed {
            layout: "theory-100".parse().unwrap(),
            along_px_per_m: 7874,
            paper: 240,
            ink: 30,
            residual_um: 150,
            fiducials: 8,
            missing: 0,
            contrast: Some(200),
        }
    }

    fn page(n: u32, placed: Option<Placed>, streaks: Vec<Streak>) -> Vitals {
        Vitals {
            sheet: SheetId { image: Sha256::of(&n.to_be_bytes()), page: 1 },
            engine: EngineId("e".into()),
            width_px: 1654,
            across_px_per_m: 7874,
            placed,
            streaks,
        }
    }

    fn streak(at: u16, on_sheet: i32, depth: u8) -> Streak {
        Streak { tone: Tone::Dark, at, on_sheet: Some(on_sheet), depth }
    }

    /// What is told over a run: page, severity, kind, first page.
    fn told(pages: impl IntoIterator<Item = Vitals>) -> Vec<(usize, Severity, &'static str, String)> {
        let mut monitor = Monitor::default();
        let mut out = Vec::new();
        for (n, page) in pages.into_iter().enumerate() {
            for event in monitor.page(&format!("scans/{n}.jpg"), &page) {
                out.push((n, event.severity, event.trouble.kind(), event.since.file));
            }
        }
        out
    }

    /// A run in which page `n` has figures changed by `change`.
    fn run(pages: u32, change: impl Fn(u32, &mut Placed)) -> Vec<(usize, Severity, &'static str, String)> {
        told((0..pages).map(|n| {
            let mut placed = placed();
            change(n, &mut placed);
            page(n, Some(placed), Vec::new())
        }))
    }

    #[test]
    fn a_line_at_one_place_of_the_picture_is_told_at_the_fourth_page_and_stops_at_the_twelfth() {
        let pages = (0..40u32).map(|n| {
            let line = streak(
                4000 + u16::try_from(n % 3).unwrap() * 5,
                8300 + i32::try_from(n % 7).unwrap() * 40,
                60,
            );
            page(n, Some(placed()), if n >= 20 { vec![line] } else { Vec::new() })
        });
        assert_eq!(
            told(pages),
            [
                (23, Severity::Warning, "streak", "scans/20.jpg".into()),
                (31, Severity::Limit, "streak", "scans/20.jpg".into())
            ]
        );
    }

    #[test]
    fn one_side_of_a_duplex_scanner_is_enough_and_a_faint_line_does_not_stop() {
        let pages = (0..60u32).map(|n| {
            let line = streak(4000, 8300 + i32::try_from(n).unwrap(), 12);
            page(n, Some(placed()), if n % 2 == 0 { vec![line] } else { Vec::new() })
        });
        assert_eq!(told(pages), [(6, Severity::Warning, "streak", "scans/0.jpg".into())]);
    }

    #[test]
    fn a_line_that_goes_with_the_sheet_is_the_sheets_own() {
        let pages = (0..40u32).map(|n| {
            // The sheet lies 1.5 mm to the left or right; the fold goes with it.
            let shift = i32::try_from(n % 4).unwrap() * 10 - 15;
            let at = u16::try_from(4000 + shift).unwrap();
            page(n, Some(placed()), vec![streak(at, 8300, 60)])
        });
        assert_eq!(told(pages), []);
    }

    #[test]
    fn lines_at_changing_places_are_not_the_scanners() {
        let pages = (0..40u32).map(|n| {
            let at = u16::try_from(1000 + 137 * (n * 7 % 50)).unwrap();
            page(n, Some(placed()), vec![streak(at, i32::from(at) * 2, 60)])
        });
        assert_eq!(told(pages), []);
    }

    #[test]
    fn pages_of_another_folder_are_another_scanners() {
        let mut monitor = Monitor::default();
        for n in 0..30u32 {
            let dirty = n % 2 == 1;
            let line = streak(4000, 8300 + i32::try_from(n).unwrap(), 60);
            let page = page(n, Some(placed()), if dirty { vec![line] } else { Vec::new() });
            let folder = if dirty { "scans/b" } else { "scans/a" };
            let events = monitor.page(&format!("{folder}/{n}.jpg"), &page);
            // The fourth page of b, with eight of both behind it.
            assert_eq!(events.len(), usize::from(n == 7 || n == 23), "{n}");
        }
    }

    #[test]
    fn each_figure_is_told_when_it_drifts_and_not_before() {
        let drift = |n: u32, from: u32| n.saturating_sub(from);
        let kinds = |events: Vec<(usize, Severity, &'static str, String)>| -> Vec<(Severity, &'static str)> {
            events.into_iter().map(|(_, severity, kind, _)| (severity, kind)).collect()
        };
        let both = |kind| vec![(Severity::Warning, kind), (Severity::Limit, kind)];
        assert_eq!(run(200, |_, _| {}), []);
        assert_eq!(kinds(run(60, |n, p| p.along_px_per_m += 12 * drift(n, 10))), both("stretch"));
        assert_eq!(kinds(run(60, |n, p| p.along_px_per_m -= 12 * drift(n, 10))), both("stretch"));
        let less = |n: u32, by: u32| u8::try_from(by * drift(n, 10)).unwrap();
        assert_eq!(kinds(run(60, |n, p| p.paper -= less(n, 2))), both("paper"));
        assert_eq!(kinds(run(60, |n, p| p.ink += less(n, 3))), both("ink"));
        assert_eq!(
            kinds(run(60, |n, p| p.contrast = Some(200 - less(n, 4).min(199)))),
            both("faint-fiducials")
        );
        assert_eq!(kinds(run(60, |n, p| p.residual_um += 10 * drift(n, 10))), both("residual"));
        assert_eq!(kinds(run(60, |n, p| p.missing = u16::from(n >= 20))), both("missing-fiducials"));
    }

    #[test]
    fn the_first_page_past_the_limit_is_named() {
        let events = run(60, |n, p| p.along_px_per_m += if n >= 30 { 200 } else { 0 });
        assert_eq!(events, [(34, Severity::Warning, "stretch", "scans/30.jpg".into())]);
    }

    #[test]
    fn a_trouble_that_comes_back_is_told_again_and_one_bad_sheet_is_none() {
        assert_eq!(run(60, |n, p| p.paper -= if n == 20 { 90 } else { 0 }), []);
        let events = run(90, |n, p| p.paper -= if (20..30).contains(&n) || n >= 60 { 40 } else { 0 });
        let at: Vec<usize> = events.iter().map(|e| e.0).collect();
        assert_eq!(at, [24, 64]);
    }
}
