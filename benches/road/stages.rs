//! One line for each kind of file: each stage, the whole road, and two workers.
//!
//! `ink` is the first reader alone, `read` both.

use crate::files::{Kind, Scan};
use crate::run::{Floor, Outcome, median, timed};
use duka::layout::Layout;
use duka::read::by_ink_alone;
use duka::session::engine;
use duka::{decode, read, register_as, responses};
use rayon::prelude::*;

/// Rounds with one and with two workers, and how often each goes over the files.
const ROUNDS: usize = 5;
const REPEATS: usize = 4;

pub fn heading() {
    println!(
        "{:<15} {:>6} {:>7} {:>9} {:>6} {:>6} {:>7} {:>7} {:>8} {:>8} {:>9} {:>9} {:>6}",
        "files",
        "turbo",
        "decode",
        "register",
        "ink",
        "read",
        "settle",
        "whole",
        "÷ decode",
        "÷ turbo",
        "1 worker",
        "2 workers",
        ""
    );
}

/// The whole road of one file, without output; how many responses came of it.
fn whole(layout: &Layout, bytes: &[u8]) -> usize {
    let pages = decode(bytes).filter_map(|(_, page)| page.ok());
    let readings = pages.filter_map(|page| {
        let registration = register_as(&page, layout).ok()?;
        let reading = read(&page, &registration, layout, &engine());
        duka::source::give_back(page);
        Some(reading)
    });
    readings.map(|reading| responses(&reading).0.items.len()).sum()
}

fn decoded(bytes: &[u8]) -> usize {
    decode(bytes).filter_map(|(_, page)| page.ok()).map(duka::source::give_back).count()
}

pub fn measure(
    kind: Kind,
    dpi: f64,
    layout: &Layout,
    scans: &[Scan],
    rounds: usize,
    floor: Floor<'_>,
) -> Outcome<()> {
    let pages: Vec<_> = scans.iter().filter_map(|s| decode(&s.file).next()?.1.ok()).collect();
    let laid: Vec<_> = pages.iter().filter_map(|p| Some((p, register_as(p, layout).ok()?))).collect();
    let readings: Vec<_> = laid.iter().map(|(page, r)| read(page, r, layout, &engine())).collect();
    let other = floor.filter(|_| scans.iter().all(|s| s.jpeg.is_some()));
    let mut times: [Vec<f64>; 7] = Default::default();
    for _ in 0..rounds {
        times[0].push(other.map_or(f64::NAN, |floor| {
            timed(|| scans.iter().filter_map(|s| s.jpeg.as_deref()).map(floor).sum::<usize>())
        }));
        times[1].push(timed(|| scans.iter().map(|s| decoded(&s.file)).sum::<usize>()));
        times[2].push(timed(|| pages.iter().filter(|p| register_as(p, layout).is_ok()).count()));
        times[3].push(timed(|| {
            laid.iter().map(|(p, r)| by_ink_alone(p, r, layout, &engine()).fields.len()).sum::<usize>()
        }));
        times[4].push(timed(|| {
            laid.iter().map(|(p, r)| read(p, r, layout, &engine()).fields.len()).sum::<usize>()
        }));
        times[5].push(timed(|| readings.iter().map(|r| responses(r).1.len()).sum::<usize>()));
        times[6].push(timed(|| scans.iter().map(|s| whole(layout, &s.file)).sum::<usize>()));
    }
    let [turbo, decode, register, ink, read, settle, road] = times.map(|t| median(t) / scans.len() as f64);
    let figure = |value: f64| if value.is_nan() { "–".into() } else { format!("{value:.2}") };
    let [one, two] = workers(layout, scans)?;
    println!(
        "{:<15} {:>6} {decode:>7.2} {register:>9.2} {ink:>6.2} {read:>6.2} {settle:>7.3} {road:>7.2} {:>7.2}× {:>8} {one:>7.0}/s {two:>7.0}/s {:>5.2}×",
        format!("{} {dpi}", kind.name()),
        figure(turbo),
        road / decode,
        if turbo.is_nan() { "–".into() } else { format!("{:.2}×", road / turbo) },
        two / one
    );
    if laid.len() < scans.len() {
        println!("  only {} of {} pages were registered", laid.len(), scans.len());
    }
    Ok(())
}

/// Pages a second of the whole road with one and with two workers.
fn workers(layout: &Layout, scans: &[Scan]) -> Outcome<[f64; 2]> {
    let all: Vec<&Scan> = std::iter::repeat_n(scans, REPEATS).flatten().collect();
    let mut times: [Vec<f64>; 2] = Default::default();
    for _ in 0..ROUNDS {
        for (workers, times) in (1..).zip(&mut times) {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(workers).build()?;
            let road = || all.par_iter().with_max_len(1).map(|s| whole(layout, &s.file)).sum::<usize>();
            times.push(timed(|| pool.install(road)));
        }
    }
    Ok(times.map(|t| all.len() as f64 * 1e3 / median(t)))
}
