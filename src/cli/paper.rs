//! `duka verify --paper`: a printed page held against its code, or a paper's file against what was issued.

use super::{Context, Ending, Failure, files, now};
use duka::key::ExamManifest;
use duka::session::{CheckedPage, NumberState, Session, SessionError, check_page};
use serde_json::json;
use std::path::Path;

/// Checks the codes of printed pages, each given as its text or as a file with it, and files of papers.
pub fn check(papers: &[String], manifest: Option<&Path>, context: &Context) -> Result<Ending, Failure> {
    let session = match manifest {
        Some(_) => None,
        None => Some(Session::look(&context.session, now)?),
    };
    let manifest = match (manifest, &session) {
        (Some(path), _) => {
            let bytes = files::read_small(path)?;
            Some(
                ExamManifest::open(&bytes)
                    .map_err(|e| super::manifest::custody(&path.display().to_string(), &e))?,
            )
        }
        (None, session) => session.as_ref().and_then(|session| session.manifest().cloned()),
    };
    let (mut values, mut files, mut bad) = (Vec::new(), Vec::new(), 0);
    for paper in papers {
        if let Some(bytes) = document(Path::new(paper))? {
            let Some(session) = &session else {
                let what = format!("{paper} is a whole paper, and its bytes are in the exam's session alone");
                let hint = "leave --manifest out and name the session's folder with --session, or check the codes of its pages";
                return Err(Failure::new(what, Some(hint)));
            };
            let value = whole(paper, &bytes, session, context)?;
            bad += usize::from(value["holds"] != true);
            files.push(value);
            continue;
        }
        // A file is held against the record; whose signature a page must have says the manifest alone.
        let manifest = manifest.as_ref().ok_or(SessionError::NoManifest)?;
        for code in codes(paper)? {
            let page = match check_page(manifest, &code) {
                Ok(page) => page,
                Err(error) => {
                    bad += 1;
                    context.output.line(format!("WRONG  {error}"));
                    values.push(json!({ "holds": false, "why": error.to_string() }));
                    continue;
                }
            };
            let state = match &session {
                Some(session) => {
                    Some((session.number_state(page.facts.publication)?, session.is_issued(&page)?))
                }
                None => None,
            };
            if !tell(&page, state.as_ref(), context) {
                bad += 1;
            }
            values.push(value(&page, state.as_ref()));
        }
    }
    context.output.value(&json!({ "pages": values, "files": files }));
    if bad == 0 {
        return Ok(Ending::Clean);
    }
    let hint = "scan the code again; if it stays so, the paper is not one that this exam's supervisor signed, or is no longer in force";
    let what = if values.is_empty() {
        "files"
    } else if files.is_empty() {
        "pages"
    } else {
        "pages and files"
    };
    Err(Failure::new(format!("{bad} {what} do not hold"), Some(hint)))
}

/// The bytes of a paper's file: a document, a workbook or the page that checks codes. `None` for anything else.
fn document(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    let html = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("html"));
    if !path.is_file() {
        return Ok(None);
    }
    let bytes = std::fs::read(path).map_err(|e| Failure::file("read", path, &e))?;
    let is = html || bytes.starts_with(b"%PDF") || bytes.starts_with(b"PK");
    Ok(is.then_some(bytes))
}

/// Whether a file is one that was issued, and how its number stands.
fn whole(
    name: &str,
    bytes: &[u8],
    session: &Session,
    context: &Context,
) -> Result<serde_json::Value, Failure> {
    let out = &context.output;
    let Some((paper, number)) = session.issued_file(bytes)? else {
        out.line(format!("WRONG  {name} is none of the files that were issued: it was changed, or is of another exam or a draft"));
        return Ok(json!({ "file": name, "holds": false, "why": "not issued" }));
    };
    let state = session.number_state(number)?;
    out.line(format!("{name} is {paper} of publication number {number}, byte for byte"));
    if state == NumberState::InForce {
        out.line("the number is in force (有效)");
    } else {
        out.line(format!("WRONG  {}", state.title()));
    }
    Ok(json!({
        "file": name, "holds": state == NumberState::InForce, "paper": paper, "publication": number, "state": state.word(),
    }))
}

/// The text itself, or the lines of the file of this name.
fn codes(paper: &str) -> Result<Vec<String>, Failure> {
    let digits = paper.chars().all(|c| c.is_ascii_digit() || c.is_whitespace());
    if digits && !Path::new(paper).exists() {
        return Ok(vec![paper.to_owned()]);
    }
    let bytes = files::read_small(Path::new(paper))?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect())
}

fn tell(page: &CheckedPage, state: Option<&(NumberState, bool)>, context: &Context) -> bool {
    let out = &context.output;
    let Some(signer) = &page.signer else {
        out.line("WRONG  no supervisor of this exam signed this page, or a digit of the code was changed: believe nothing of it");
        return false;
    };
    if !page.is_exam {
        out.line(format!("WRONG  the page is of another exam: {}", page.facts.exam));
        return false;
    }
    let facts = &page.facts;
    let (at, of) = facts.page;
    out.line(format!(
        "{} of publication number {}, page {at} of {of}, signed by {} ({})",
        facts.paper,
        facts.publication,
        signer.name(),
        signer.fingerprint()
    ));
    let mut holds = true;
    match state {
        Some((NumberState::InForce, true)) => out.line("the number is in force (有效)"),
        Some((state, issued)) => {
            holds = false;
            let what = if *issued { state.title() } else { "the record has no such page".to_owned() };
            out.line(format!("WRONG  {what}"));
        }
        None => out.line("whether the number is still in force the session says: `duka publications`"),
    }
    out.line("compare with the paper, cell by cell:");
    for fact in &facts.facts {
        out.line(format!("  {fact}"));
    }
    for row in [&facts.columns].into_iter().chain(&facts.rows) {
        out.line(format!("  {}", row.join(" | ")));
    }
    if !facts.totals.is_empty() {
        out.line(format!("  {}", facts.totals));
    }
    holds
}

fn value(page: &CheckedPage, state: Option<&(NumberState, bool)>) -> serde_json::Value {
    if !page.holds() {
        return json!({ "holds": false, "why": if page.signer.is_none() { "no signature" } else { "other exam" } });
    }
    let facts = &page.facts;
    json!({
        "holds": state.is_none_or(|(state, issued)| *issued && *state == NumberState::InForce),
        "state": state.map(|(state, _)| state.word()), "signer": page.signer.as_ref().map(duka::identity::Person::name),
        "exam": facts.exam, "publication": facts.publication, "paper": facts.paper, "page": facts.page.0,
        "of": facts.page.1, "facts": facts.facts, "columns": facts.columns, "rows": facts.rows, "totals": facts.totals,
    })
}
