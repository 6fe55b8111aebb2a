//! Writes the samples anew.
#![allow(clippy::unwrap_used)]
mod common;
use duka::identity::{Identity, Strength};
use duka::key::{ExamManifest, Manifest, Terms, seal};
use std::fs;
use std::path::Path;

#[test]
fn convert() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let secret = fs::read_to_string(dir.join("custodian.key")).unwrap();
    let line = secret.lines().find(|l| l.starts_with("AGE-")).unwrap();
    let old: age::x25519::Identity = line.parse().unwrap();
    let mut texts = Vec::new();
    for entry in fs::read_dir(dir.join("keys")).unwrap() {
        let path = entry.unwrap().path();
        let text = String::from_utf8(age::decrypt(&old, &fs::read(&path).unwrap()).unwrap()).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap().replace(".key.age", ".sealed");
        texts.push((name, text, path));
    }
    let custodians = ["张保管", "李保管", "王保管"].map(|n| Identity::custodian(n).unwrap());
    let (issuer, supervisor, reviewer) = (
        Identity::generate("陈命题").unwrap(),
        Identity::generate("赵主任").unwrap(),
        Identity::generate("孙复核").unwrap(),
    );
    let (exam, papers) = duka::session::exam_papers(&dir).unwrap();
    let manifest = ExamManifest::sign(
        Manifest {
            batch: exam.batch,
            centre: exam.centre,
            date: exam.date,
            papers,
            threshold: 2,
            custodians: custodians.iter().map(|c| c.person().clone()).collect(),
            supervisors: vec![supervisor.person().clone()],
            reviewers: vec![reviewer.person().clone()],
        },
        &issuer,
    )
    .unwrap();
    fs::write(dir.join("exam.manifest"), manifest.text()).unwrap();
    fs::create_dir_all(dir.join("people")).unwrap();
    let pass = age::secrecy::SecretString::from("made-up people".to_owned());
    let mut all = vec![("issuer", &issuer), ("supervisor", &supervisor), ("reviewer", &reviewer)];
    all.extend(["custodian-1", "custodian-2", "custodian-3"].into_iter().zip(&custodians));
    for (name, identity) in all {
        fs::write(
            dir.join(format!("people/{name}.identity")),
            identity.to_file(&pass, Strength::MadeUp).unwrap(),
        )
        .unwrap();
        fs::write(dir.join(format!("people/{name}.identity.pub")), format!("{}\n", identity.person()))
            .unwrap();
    }
    let terms =
        Terms { threshold: None, not_before: "2026-11-21T04:00:00Z".parse().unwrap(), reason: String::new() };
    for (name, text, path) in texts {
        let sealed = seal(&text, &name, &manifest, &terms, &issuer).unwrap();
        fs::write(dir.join("keys").join(name), sealed.text()).unwrap();
        fs::remove_file(path).unwrap();
    }
    fs::remove_file(dir.join("custodian.key")).unwrap();
}
