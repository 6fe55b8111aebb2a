//! k of n: every k custodians open a key, no k − 1 do, whatever k and n.

use super::sealed::subsets;
use super::secret::Secret;
use super::*;
use crate::identity::Identity;
use proptest::prelude::*;

/// An exam of one small paper with these people.
pub(super) struct Exam {
    pub(super) issuer: Identity,
    pub(super) custodians: Vec<Identity>,
    pub(super) supervisor: Identity,
    pub(super) manifest: ExamManifest,
}

pub(super) const KEY: &str = "paper = \"p\"\nform = \"A\"\nrevision = 1\ntotal = 3\n[[section]]\nkind = \"single\"\n\
                              from = 1\nto = 3\npoints = 1\nanswers = \"BDC\"\n";

pub(super) fn moment() -> Moment {
    "2026-11-21T04:00:00Z".parse().unwrap()
}

pub(super) fn exam(count: usize, threshold: u8) -> Exam {
    exam_of(count, threshold, "p", 3)
}

pub(super) fn exam_of(count: usize, threshold: u8, paper: &str, items: u16) -> Exam {
    let issuer = Identity::generate("issuer").unwrap();
    let custodians: Vec<Identity> =
        (1..=count).map(|n| Identity::custodian(&format!("custodian {n}")).unwrap()).collect();
    let supervisor = Identity::generate("supervisor").unwrap();
    let body = Manifest {
        batch: "2026-3".into(),
        centre: "centre".into(),
        date: "2026-11-21".into(),
        papers: vec![ManifestPaper {
            id: paper.parse().unwrap(),
            forms: vec!["A".parse().unwrap()],
            layout: "l".parse().unwrap(),
            layout_hash: crate::sheet::Sha256::of(b"l"),
            items,
        }],
        threshold,
        custodians: custodians.iter().map(|c| c.person().clone()).collect(),
        supervisors: vec![supervisor.person().clone()],
        reviewers: Vec::new(),
    };
    let manifest = ExamManifest::sign(body, &issuer).unwrap();
    Exam { issuer, custodians, supervisor, manifest }
}

impl Exam {
    pub(super) fn seal(&self, text: &str) -> Result<SealedKey, CustodyError> {
        let terms = Terms { threshold: None, not_before: moment(), reason: String::new() };
        seal(text, "key.toml", &self.manifest, &terms, &self.issuer)
    }

    pub(super) fn request(&self, sealed: &SealedKey) -> (Request, OneUseKey) {
        let hash = crate::sheet::Sha256::of(b"freeze");
        let facts = RequestFacts {
            freeze: hash,
            journal_entries: 9,
            journal_head: hash,
            expected: 3,
            present: 3,
            read: 3,
            set_aside: 0,
            purpose: None,
        };
        Request::sign(&self.manifest, facts, &[(sealed, 3)], moment(), &self.supervisor).unwrap()
    }

    pub(super) fn release(&self, request: &Request, sealed: &[SealedKey], place: usize) -> Release {
        let custodian = &self.custodians[place];
        let proposal = Proposal::check(request, sealed, custodian.person(), moment()).unwrap();
        proposal.release(custodian, moment()).unwrap()
    }
}

#[test]
fn subsets_are_all_of_them_once_in_order() {
    for n in 0..=7 {
        for k in 1..=n {
            let all = subsets(n, k);
            let count = (0..1u32 << n).filter(|bits| bits.count_ones() as usize == k).count();
            assert_eq!(all.len(), count, "{n} {k}");
            assert!(all.is_sorted_by(|a, b| a < b) && all.iter().all(|s| s.is_sorted_by(|a, b| a < b)));
        }
    }
    assert_eq!(subsets(3, 2), [[0, 1], [0, 2], [1, 2]]);
}

#[test]
fn every_k_custodians_open_a_key_and_no_fewer_for_all_n_up_to_seven() {
    for n in 2..=MOST_CUSTODIANS {
        for k in 2..=n {
            let exam = exam(n, u8::try_from(k).unwrap());
            let sealed = [exam.seal(KEY).unwrap()];
            let (request, one_use) = exam.request(&sealed[0]);
            let releases: Vec<Release> = (0..n).map(|place| exam.release(&request, &sealed, place)).collect();
            for subset in subsets(n, k) {
                // In whatever order they come in.
                let chosen: Vec<Release> = subset.iter().rev().map(|&i| releases[i].clone()).collect();
                let quorum = Quorum::check(&request, &sealed, &chosen, moment()).unwrap();
                let key = quorum.open(&sealed[0], &one_use).unwrap();
                assert_eq!(key.items().filter_map(|i| i.accepts("B")).filter(|&right| right).count(), 1);
                let fewer = &chosen[1..];
                let error = Quorum::check(&request, &sealed, fewer, moment()).unwrap_err();
                assert!(
                    matches!(error, CustodyError::TooFew { found, needed, .. } if (found, needed) == (k - 1, k))
                );
            }
            let quorum = Quorum::check(&request, &sealed, &releases, moment()).unwrap();
            quorum.open(&sealed[0], &one_use).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    /// Whatever k − 1 custodians put in the place of the part they lack, it makes no key.
    #[test]
    fn without_one_part_nothing_comes_of_the_others(n in 2usize..=7, k in 2usize..=7, lack in 0usize..7, guess in any::<[u8; 32]>()) {
        let k = k.min(n);
        let exam = exam(n, u8::try_from(k).unwrap());
        let sealed = exam.seal(KEY).unwrap();
        for places in subsets(n, k) {
            let mut parts: Vec<Secret> =
                places.iter().map(|&p| sealed.parts_of(p, &exam.custodians[p]).unwrap()).collect();
            prop_assert!(sealed.combine(&places, &parts.iter().collect::<Vec<_>>()).is_ok());
            let part = parts[lack % k].bytes_mut();
            for chunk in part.chunks_mut(32) {
                chunk.copy_from_slice(&guess);
            }
            let error = sealed.combine(&places, &parts.iter().collect::<Vec<_>>()).unwrap_err();
            prop_assert_eq!(error, CustodyError::Combined);
        }
    }
}

#[test]
fn parts_of_different_subsets_and_files_are_unlike() {
    let exam = exam(4, 2);
    let (one, two) = (exam.seal(KEY).unwrap(), exam.seal(KEY).unwrap());
    let mut seen = std::collections::BTreeSet::new();
    for sealed in [&one, &two] {
        for (place, custodian) in exam.custodians.iter().enumerate() {
            let parts = sealed.parts_of(place, custodian).unwrap();
            assert_eq!(parts.bytes().len(), 3 * 32);
            for part in parts.bytes().chunks(32) {
                assert!(seen.insert(part.to_vec()), "a part twice");
            }
            // Another's parts do not open.
            let other = &exam.custodians[(place + 1) % 4];
            assert!(matches!(sealed.parts_of(place, other).unwrap_err(), CustodyError::Part { .. }));
        }
    }
}

#[test]
fn a_sealed_key_says_nothing_of_its_text_not_even_its_length() {
    let exam = exam(3, 2);
    let long = KEY.replace("total = 3\n", "total = 3\n# a remark\n").replace(
        "answers = \"BDC\"\n",
        "answers = \"BDC\"\n[[item]]\nitem = 1\naccept = [\"B\", \"C\", \"D\"]\n",
    );
    let (short, long) = (exam.seal(KEY).unwrap(), exam.seal(&long).unwrap());
    // The parts' files differ in length by what age puts between, at random.
    let length = |sealed: &SealedKey| {
        let json: serde_json::Value = serde_json::from_str(sealed.text()).unwrap();
        json["body"]["text"].as_str().unwrap().len()
    };
    assert_eq!(length(&short), length(&long));
    // Whole lines only: three letters stand by chance in one of a hundred files of base64.
    for line in KEY.lines().filter(|line| line.len() > 8) {
        let quoted = serde_json::to_string(line).unwrap();
        assert!(!short.text().contains(line) && !short.text().contains(quoted.trim_matches('"')), "{line}");
    }
}
