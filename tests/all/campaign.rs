//! A small campaign: the same whatever the number of threads, and without a silent error.

// Helpers of tests may fail as tests do.

use duka::campaign::{Campaign, PRINTED_LAYOUTS, Report};
use duka::simulate::Damage;

fn on_threads(threads: usize, work: impl FnOnce() -> Report + Send) -> Report {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

#[test]
fn a_small_campaign_has_no_silent_error_and_is_the_same_on_any_number_of_threads() {
    let damages = [Damage::Clean, Damage::Office, Damage::Jpeg, Damage::UpsideDown, Damage::BlankPage];
    let campaign = Campaign::new(&PRINTED_LAYOUTS.map(str::to_owned), &damages, 2).unwrap();
    let run = || campaign.run(20_000, |_| {}).unwrap();
    let (one, two) = (on_threads(1, run), on_threads(2, run));
    assert_eq!(one, two);
    println!("{}", one.text());
    assert!(one.marks >= 20_000 && one.all.sheets >= 40);
    assert!(one.wrong.is_empty(), "{:#?}", one.wrong);
    assert_eq!(one.all.silent_errors, 0);
    // Blank pages, and nothing else, are set aside.
    let aside = one.damages.iter().map(|line| (line.kind.as_str(), line.sheets - line.set_aside));
    assert!(aside.clone().any(|line| line == ("blank-page", 0)), "{:?}", aside.collect::<Vec<_>>());
}

#[test]
fn a_sheet_is_the_same_when_it_is_made_alone() {
    let campaign = Campaign::new(&["theory-100".into()], &[Damage::Office], 7).unwrap();
    let (a, b) = (campaign.sheet(3).unwrap(), campaign.sheet(3).unwrap());
    assert_eq!(a.bytes, b.bytes);
    assert_eq!(a.deeds, b.deeds);
    assert_ne!(a.bytes, campaign.sheet(4).unwrap().bytes);
    assert_eq!(a.deeds.iter().filter(|d| d.item.is_some()).count(), 100);
}
