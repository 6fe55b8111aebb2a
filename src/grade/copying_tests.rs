use super::super::world::{World, sheet};
use super::*;
use crate::sheet::Response;
use rand::RngExt;

/// Rooms of 30, one after the other.
fn rooms(sheets: usize) -> Pairs {
    Pairs::Within((0..sheets).collect::<Vec<_>>().chunks(30).map(<[usize]>::to_vec).collect())
}

/// How many of how many pairs of independent candidates have a chance of at most `level`.
fn independent(sheets: usize, items: usize, level: f64, worlds: u64) -> (u64, u64) {
    let (mut pairs, mut found) = (0, 0);
    for seed in 0..worlds {
        let mut world = World::new(items, seed);
        let key = world.key();
        let all: Vec<_> = world.candidates(sheets).iter().map(|marks| sheet(marks)).collect();
        let all: Vec<_> = all.iter().collect();
        let (compared, alike) = tested(&Grader::new(&key, None), &all, &rooms(sheets), level).unwrap();
        pairs += compared;
        found += alike.len() as u64;
    }
    (found, pairs)
}

/// What is promised: for candidates who work independently, no more pairs than the level says, beyond what chance
/// does to the measured rate (three standard deviations).
#[test]
fn independent_candidates_are_listed_no_more_often_than_the_level_says() {
    for (sheets, items, level, worlds) in
        [(60, 60, 0.01, 40), (300, 100, 0.01, 10), (300, 100, 0.001, 20), (900, 100, 0.0001, 20)]
    {
        let (found, pairs) = independent(sheets, items, level, worlds);
        let expected = pairs as f64 * level;
        let rate = found as f64 / pairs as f64;
        println!(
            "{sheets} sheets of {items} items: {found} of {pairs} pairs below {level}, a rate of {rate:.6}"
        );
        assert!(
            found as f64 <= expected + 3.0 * expected.sqrt(),
            "{sheets} {items} {level}: {found} of {pairs}"
        );
    }
}

/// 40 sessions of 10 rooms each, all honest: a list that is not empty is a mistake.
#[test]
fn a_whole_session_of_independent_candidates_is_rarely_on_the_list() {
    let mut wrong = 0;
    for seed in 100..140 {
        let mut world = World::new(100, seed);
        let key = world.key();
        let all: Vec<_> = world.candidates(300).iter().map(|marks| sheet(marks)).collect();
        let all: Vec<_> = all.iter().collect();
        let found = alike(&Grader::new(&key, None), &all, &rooms(300), 0.01).unwrap();
        assert_eq!((found.pairs, found.sheets), (10 * 435, 300));
        wrong += usize::from(!found.found.is_empty());
    }
    println!("{wrong} of 40 sessions with a pair wrongly listed");
    // At 0.01 each, three or more of forty have a chance of 0.8 %.
    assert!(wrong <= 2, "{wrong} of 40 sessions");
}

/// A candidate takes the share of items from the one in front.
fn copied(share: f64, seeds: std::ops::Range<u64>) -> (usize, usize, usize) {
    let (mut found, mut planted, mut others) = (0, 0, 0);
    for seed in seeds {
        let mut world = World::new(100, seed);
        let key = world.key();
        let mut marks = world.candidates(300);
        // In every second room, seat 8 from seat 7.
        let pairs: Vec<(usize, usize)> =
            (0..10).step_by(2).map(|room| (room * 30 + 6, room * 30 + 7)).collect();
        for &(source, copier) in &pairs {
            let original = marks[source].clone();
            for (mark, original) in marks[copier].iter_mut().zip(original) {
                if world.rng.random_range(0.0..1.0) < share {
                    *mark = original;
                }
            }
        }
        let all: Vec<_> = marks.iter().map(|marks| sheet(marks)).collect();
        let all: Vec<_> = all.iter().collect();
        let list = alike(&Grader::new(&key, None), &all, &rooms(300), 0.01).unwrap();
        planted += pairs.len();
        for pair in &list.found {
            assert!(pair.adjusted <= 0.01 && pair.p <= pair.adjusted && pair.same as f64 > pair.expected);
            if pairs.contains(&(pair.first, pair.second)) {
                found += 1;
            } else {
                others += 1;
            }
        }
    }
    (found, planted, others)
}

#[test]
fn planted_copies_are_found() {
    // Of whole copies of 100 items one in ten is of a sheet so good, or so like the others, that independent work may come to it.
    for (share, least) in [(1.0, 0.85), (0.8, 0.8), (0.6, 0.4)] {
        let (found, planted, others) = copied(share, 200..208);
        println!("{share} copied: {found} of {planted} found, {others} others");
        assert!(found as f64 >= least * planted as f64, "{share}: {found} of {planted}");
        assert!(others <= 1, "{share}: {others}");
    }
}

#[test]
fn neighbours_alone_are_fewer_pairs_and_a_milder_correction() {
    let mut world = World::new(100, 7);
    let key = world.key();
    let mut marks = world.candidates(120);
    marks[41] = marks[40].clone();
    let all: Vec<_> = marks.iter().map(|marks| sheet(marks)).collect();
    let all: Vec<_> = all.iter().collect();
    let grader = Grader::new(&key, None);
    let neighbours = (0..120).collect::<Vec<_>>().windows(2).map(|w| (w[0], w[1])).collect();
    let near = alike(&grader, &all, &Pairs::These(neighbours), 0.01).unwrap();
    let room = alike(&grader, &all, &rooms(120), 0.01).unwrap();
    let of = |list: &Alike| list.found.iter().map(|p| (p.first, p.second)).collect::<Vec<_>>();
    assert_eq!((of(&near), of(&room)), (vec![(40, 41)], vec![(40, 41)]));
    assert_eq!((near.pairs, room.pairs), (119, 4 * 435));
    assert!(near.found[0].adjusted < room.found[0].adjusted && near.limit() > room.limit());
    assert_eq!(near.found[0].same, 100);
}

#[test]
fn blanks_and_double_marks_are_not_alike() {
    let mut world = World::new(60, 3);
    let key = world.key();
    let mut sheets: Vec<_> = world.candidates(60).iter().map(|marks| sheet(marks)).collect();
    for sheet in &mut sheets[10..12] {
        for (n, response) in &mut sheet.items {
            if *n > 5 {
                *response = if n % 2 == 0 {
                    Response::blank()
                } else {
                    Response { value: "AB".into(), state: crate::sheet::ResponseState::Multiple }
                };
            }
        }
    }
    let all: Vec<_> = sheets.iter().collect();
    let (_, found) =
        tested(&Grader::new(&key, None), &all, &Pairs::These(vec![(10, 11), (3, 3)]), 1.0).unwrap();
    assert!(found.len() == 1 && found[0].same <= 5, "{found:?}");
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let mut world = World::new(60, 3);
    let key = world.key();
    let grader = Grader::new(&key, None);
    let sheets: Vec<_> = world.candidates(60).iter().map(|marks| sheet(marks)).collect();
    let all: Vec<_> = sheets.iter().collect();
    assert_eq!(alike(&grader, &all[..49], &rooms(49), 0.01), Err(CopyingError::TooFew { found: 49 }));
    for alpha in [0.0, -1.0, 0.06, f64::NAN] {
        assert_eq!(alike(&grader, &all, &rooms(60), alpha), Err(CopyingError::Alpha));
    }
    let beyond = alike(&grader, &all, &Pairs::These(vec![(0, 60)]), 0.01);
    assert_eq!(beyond, Err(CopyingError::NoSheet { place: 60, sheets: 60 }));
}

#[test]
fn levelled_chances_sum_up_to_the_score_and_stay_chances() {
    let right = vec![vec![false, true, false], vec![false, false, true], vec![false, true, true]];
    for score in 0..=3 {
        let mut chances = vec![vec![0.1, 0.6, 0.3], vec![0.2, 0.5, 0.3], vec![0.1, 0.2, 0.7]];
        level(&mut chances, &right, score);
        let of_right: f64 = chances
            .iter()
            .zip(&right)
            .flat_map(|(chances, right)| chances.iter().zip(right))
            .filter_map(|(chance, right)| right.then_some(chance))
            .sum();
        let wanted = (score as f64).clamp(0.5, 2.5);
        assert!((of_right - wanted).abs() < 1e-6, "{score}: {of_right}");
        for item in &chances {
            assert!(
                (item.iter().sum::<f64>() - 1.0).abs() < 1e-9 && item.iter().all(|c| (0.0..=1.0).contains(c))
            );
        }
        // What is not right keeps its proportions.
        assert!((chances[0][2] / chances[0][0] - 3.0).abs() < 1e-9);
    }
}

#[test]
fn the_tail_is_that_of_the_binomial_where_all_chances_are_the_same() {
    let tail = tails(&[0.5; 4]);
    for (found, expected) in tail.iter().zip([16.0, 15.0, 11.0, 5.0, 1.0]) {
        assert!((found - expected / 16.0).abs() < 1e-12, "{tail:?}");
    }
    let two = tails(&[0.1, 0.3]);
    assert!((two[1] - (1.0 - 0.9 * 0.7)).abs() < 1e-12 && (two[2] - 0.03).abs() < 1e-12);
}

#[test]
fn quantiles_are_those_of_the_tables() {
    for (p, z) in [(0.5, 0.0), (0.975, 1.959_964), (0.01, -2.326_348), (0.999, 3.090_232), (0.3, -0.524_401)]
    {
        assert!((normal_quantile(p) - z).abs() < 1e-5, "{p}");
    }
}
