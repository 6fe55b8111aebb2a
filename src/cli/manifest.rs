//! `duka manifest`: what an exam is, and who may do what in it.

use super::files::{Existing, Readers, read_small, write_whole};
use super::identity::read_person;
use super::passphrase::Passphrase;
use super::{Context, Ending, Failure};
use clap::Subcommand;
use duka::identity::Person;
use duka::key::{CustodyError, ExamManifest, Manifest};
use duka::session::exam_papers;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Make, show and bind an exam's manifest
///
/// The manifest says what an exam is: its papers, forms, layouts and items, and the public keys of its custodians,
/// supervisors and reviewers. The issuer signs it; its hash is the exam's id. A session is bound to one manifest, and
/// another one with the same name is another exam.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make the manifest of the exam in --session DIR and sign it; needs its exam.toml and layouts, no scans
    Sign {
        /// The issuer's secret identity file
        #[arg(long, value_name = "FILE")]
        issuer: PathBuf,
        /// A custodian's public line (密钥保管人), 2 to 7 of them; repeat for each
        #[arg(long = "custodian", value_name = "FILE.pub", required = true)]
        custodians: Vec<PathBuf>,
        /// How many custodians release a key together, at least
        #[arg(long, value_name = "K", default_value_t = 2, value_parser = clap::value_parser!(u8).range(2..=7))]
        threshold: u8,
        /// A supervisor's public line; repeat for each
        #[arg(long = "supervisor", value_name = "FILE.pub", required = true)]
        supervisors: Vec<PathBuf>,
        /// A reviewer's public line; repeat for each
        #[arg(long = "reviewer", value_name = "FILE.pub")]
        reviewers: Vec<PathBuf>,
        /// The manifest to write; never replaced if it is there
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        #[command(flatten)]
        passphrase: Passphrase,
    },
    /// Show what a manifest says, and the exam's id
    Show {
        /// The manifest
        file: PathBuf,
    },
    /// Bind the session to a manifest, for good; without one no key is opened in it
    Bind {
        /// The manifest
        file: PathBuf,
    },
}

/// Runs the verb.
pub fn run(args: &Args, context: &Context) -> Result<Ending, Failure> {
    match &args.verb {
        Verb::Sign { issuer, custodians, threshold, supervisors, reviewers, output, passphrase } => {
            let people =
                |files: &[PathBuf]| files.iter().map(|f| read_person(f)).collect::<Result<Vec<_>, _>>();
            let (exam, papers) = exam_papers(&context.session)?;
            let manifest = Manifest {
                batch: exam.batch,
                centre: exam.centre,
                date: exam.date,
                papers,
                threshold: *threshold,
                custodians: people(custodians)?,
                supervisors: people(supervisors)?,
                reviewers: people(reviewers)?,
            };
            // Before the passphrase is asked for.
            manifest.check().map_err(|e| custody("the exam", &e))?;
            let issuer = passphrase.identity(issuer)?;
            let signed = ExamManifest::sign(manifest, &issuer).map_err(|e| custody("the exam", &e))?;
            write_whole(output, signed.text().as_bytes(), Existing::Keep, Readers::Usual)?;
            tell(&signed, &format!("{}: signed", output.display()), context);
        }
        Verb::Show { file } => tell(&read_manifest(file)?, &format!("{}:", file.display()), context),
        Verb::Bind { file } => {
            let mut session = context.open()?;
            let bound = session.bind_manifest(file)?;
            tell(bound, "this session is bound to", context);
        }
    }
    Ok(Ending::Clean)
}

/// The manifest in a file.
pub fn read_manifest(file: &Path) -> Result<ExamManifest, Failure> {
    ExamManifest::open(&read_small(file)?).map_err(|e| custody(&file.display().to_string(), &e))
}

/// An error of custody, with the file or thing it is about.
pub fn custody(about: &str, error: &CustodyError) -> Failure {
    use duka::key::KeyError;
    let what = match error {
        // These name the file and the line themselves.
        CustodyError::Key(KeyError::Wrong { .. }) => error.to_string(),
        _ => format!("{about}: {error}"),
    };
    Failure::new(what, error.hint())
}

/// A person as lists show them.
pub fn shown(person: &Person) -> String {
    format!("{}  ({})", person.name(), person.fingerprint())
}

fn tell(manifest: &ExamManifest, headline: &str, context: &Context) {
    let (out, body) = (&context.output, manifest.body());
    out.line(format!("{headline} {} · {} · {}", body.batch, body.centre, body.date));
    out.line(format!("exam id: {}", manifest.exam()));
    out.line(format!("  by telephone: {}", manifest.fingerprint()));
    for paper in &body.papers {
        let forms: Vec<&str> = paper.forms.iter().map(duka::sheet::Form::as_str).collect();
        let hash = paper.layout_hash.short();
        out.line(format!(
            "  paper {}, form {}: {} items on {} ({hash})",
            paper.id,
            forms.join(" and "),
            paper.items,
            paper.layout
        ));
    }
    out.line(format!("issuer: {}", shown(manifest.issuer())));
    out.line(format!(
        "keys are released by any {} of {} custodians (密钥保管人):",
        body.threshold,
        body.custodians.len()
    ));
    for (role, people) in
        [("custodian", &body.custodians), ("supervisor", &body.supervisors), ("reviewer", &body.reviewers)]
    {
        for person in people {
            out.line(format!("  {role} {}", shown(person)));
        }
    }
    out.value(&json!({
        "exam": manifest.exam(), "fingerprint": manifest.fingerprint().to_string(), "issuer": manifest.issuer(),
        "manifest": body,
    }));
}
