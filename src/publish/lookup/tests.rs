use super::*;
use crate::publish::sample;

fn quick() -> Exam {
    let mut exam = sample::exam();
    exam.public.lookup_iterations = 10;
    exam
}

fn made(exam: &Exam, results: &Results, publication: u64) -> Vec<Document> {
    let freeze = Sha256::of(b"freeze");
    lookup_page(exam, results, &LookupOf { publication, freeze: Some(&freeze) }, &|_, _| {}).unwrap()
}

/// Opens a record by hand, as the page does.
fn opened(exam: &Exam, documents: &[Document], publication: u64, secret: &str) -> Option<serde_json::Value> {
    use aes_gcm::aead::Aead as _;
    use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce};
    use base64::Engine as _;
    let freeze = Sha256::of(b"freeze");
    let seal = Seal::new(exam, &LookupOf { publication, freeze: Some(&freeze) });
    let salt = base64::engine::general_purpose::STANDARD.decode(seal.salt()).unwrap();
    let mut slow = [0u8; 32];
    pbkdf2::pbkdf2_hmac::<sha2::Sha256>(secret.as_bytes(), &salt, seal.iterations(), &mut slow);
    let hkdf = hkdf::Hkdf::<sha2::Sha256>::new(Some(b"duka look-up 1"), &slow);
    let (mut index, mut key) = ([0u8; 16], [0u8; 32]);
    hkdf.expand(b"index", &mut index).unwrap();
    hkdf.expand(b"key", &mut key).unwrap();
    let index: String = index
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect();
    let all: String = documents[1..].iter().map(|d| String::from_utf8(d.bytes.clone()).unwrap()).collect();
    let rest = all.split_once(&format!("\"{index}\":\""))?.1;
    let record = base64::engine::general_purpose::STANDARD.decode(rest.split_once('"').unwrap().0).unwrap();
    let cipher = Aes256Gcm::new(&key.into());
    let text = cipher.decrypt(Nonce::from_slice(&record[..12]), &record[12..]).unwrap();
    Some(serde_json::from_slice(&text).unwrap())
}

#[test]
fn each_candidate_finds_their_own_result_and_nobody_elses() {
    let (exam, results) = (quick(), sample::results(70, 3));
    let documents = made(&exam, &results, 1);
    assert_eq!(documents.len(), 1 + 16);
    for transcript in &results.transcripts {
        let number = &transcript.candidate.id_number;
        let secret = format!("{}\n{}", transcript.candidate.ticket, &number[number.len() - 8..]);
        let found = opened(&exam, &documents, 1, &secret).unwrap();
        assert_eq!(found[0][1], transcript.candidate.ticket.as_str());
        assert!(found.to_string().contains(&transcript.grade));
        let wrong = format!("{}\n{}", transcript.candidate.ticket, "00000000");
        assert!(opened(&exam, &documents, 1, &wrong).is_none());
    }
}

#[test]
fn files_hold_nothing_readable_and_all_records_are_equally_long() {
    let (exam, results) = (quick(), sample::results(70, 3));
    let documents = made(&exam, &results, 1);
    let mut lengths = std::collections::BTreeSet::new();
    for document in &documents {
        let text = String::from_utf8(document.bytes.clone()).unwrap();
        for t in &results.transcripts {
            for private in [&t.candidate.name, &t.candidate.id_number, &t.candidate.ticket.to_string()] {
                assert!(!text.contains(private.as_str()), "{}", document.file_name);
            }
        }
        assert!(!text.contains("不合格") && !text.contains("{{"), "{}", document.file_name);
        let records = text.lines().filter(|l| l.starts_with('"') && l.len() > 40);
        lengths.extend(records.map(|l| l.trim_end_matches(',').len()));
    }
    assert_eq!(lengths.len(), 1, "{lengths:?}");
}

#[test]
fn the_same_results_give_the_same_bytes_and_another_publication_gives_others() {
    let (exam, results) = (quick(), sample::results(5, 0));
    assert_eq!(made(&exam, &results, 1), made(&exam, &results, 1));
    let data = |documents: &[Document]| documents[1].bytes.clone();
    assert_ne!(data(&made(&exam, &results, 1)), data(&made(&exam, &results, 2)));
}

#[test]
fn one_key_never_meets_two_records_under_one_nonce() {
    let freeze = Sha256::of(b"freeze");
    let seal = Seal::new(&quick(), &LookupOf { publication: 1, freeze: Some(&freeze) });
    let (one, first) = seal.seal("1\n2222", b"passed");
    let (other, second) = seal.seal("1\n2222", b"failed");
    assert_eq!(one, other);
    assert_ne!(first[..16], second[..16]);
}

#[test]
fn whose_number_is_too_short_is_named() {
    let mut results = sample::results(3, 0);
    sample::alter(&mut results, |all| all[1].candidate.id_number = "军12".into());
    let error = lookup_page(&quick(), &results, &LookupOf { publication: 1, freeze: None }, &|_, _| {});
    let Err(PublishError::ShortIdNumber { whose }) = error else { panic!("{error:?}") };
    assert_eq!(whose.len(), 1);
    assert!(whose[0].starts_with("140510001002"));
    assert_eq!(plain_characters(" ３2-０x "), "320X");
}

/// `LOOK=folder cargo test lookup::tests::look_at` writes a page of the full number of iterations, to be tried in a browser.
#[test]
fn look_at() {
    let Some(folder) = std::env::var_os("LOOK") else { return };
    let folder = std::path::PathBuf::from(folder).join("lookup");
    std::fs::create_dir_all(folder.join("data")).unwrap();
    let start = std::time::Instant::now();
    let documents = made(&sample::exam(), &sample::results(70, 3), 2);
    println!("73 records: {:?}", start.elapsed());
    for document in documents {
        std::fs::write(folder.join(document.file_name), document.bytes).unwrap();
    }
}
