//! The road of a publication: proposed, checked, approved, issued, corrected, withdrawn; its certificates and the codes of its pages.

use crate::common::{CANDIDATES, Desk, card, clock, ticket, workbook};
use assert_cmd::Command;
use duka::identity::Identity;
use duka::key::CustodyError;
use duka::session::{
    NumberState, ProposalStep, Published, Session, SessionError, VerifyOptions, check_page, verify,
};
use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::Pdf;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings, render};
use std::path::{Path, PathBuf};

/// Certificates by the old scheme; the session of six candidates graded with 69.9 each.
const CERTIFICATES: &str = "\n[certificates]\nscheme = \"old-16\"\nprovince = \"99\"\ncity = \"05\"\nkind = \"1\"\n\
                            institute = \"001\"\nfirst = { \"四级\" = 120 }\nissued = \"2026-12-15\"\n";

fn graded(certificates: &str) -> (Desk, Session) {
    let desk = Desk::new();
    let exam = format!("{}{certificates}", String::from_utf8(desk.read("exam.toml")).unwrap());
    desk.write("exam.toml", exam);
    let cards: Vec<_> = (1..=CANDIDATES).map(|n| card(n, 70)).collect();
    let desk = desk.filled(&cards, &[]);
    let mut session = desk.open();
    session.freeze().unwrap();
    desk.grade(&mut session).unwrap();
    practical(&desk, &mut session, &[]);
    (desk, session)
}

/// 80 for everybody but those who are named.
fn practical(desk: &Desk, session: &mut Session, others: &[(u16, &str)]) {
    let points = |n: u16| others.iter().find(|(other, _)| *other == n).map_or("80", |(_, points)| *points);
    let scores: Vec<(u16, &str)> = (1..=CANDIDATES).map(|n| (n, points(n))).collect();
    desk.import_practical(session, &scores);
}

fn step_of(error: &SessionError) -> Option<ProposalStep> {
    match error {
        SessionError::ProposalStep { missing, .. } => Some(*missing),
        _ => None,
    }
}

fn holds(desk: &Desk) {
    let seen = verify(&desk.folder(), clock, &VerifyOptions::default(), &mut |_, _| {}).unwrap();
    assert!(seen.holds(), "{:?}", seen.findings);
}

#[test]
fn each_step_is_refused_out_of_its_order_and_to_whom_it_is_not_for() {
    let (desk, mut session) = graded("");
    let out = desk.path("out");
    let (reviewer, supervisor) = (&desk.people.reviewer, &desk.people.supervisor);
    for refused in [
        session.check_proposal(reviewer, "").map(drop),
        session.approve_proposal(supervisor, "").map(drop),
        session.issue(&out).map(drop),
    ] {
        assert!(matches!(refused, Err(SessionError::NoProposal)));
    }
    let entries = session.journal().unwrap().len();
    let proposed = session.publish_step(&out, None).unwrap();
    assert_eq!(proposed.step, Published::Proposed { case: 1, number: 1 });
    assert!(desk.path("out/待审/成绩单.pdf").is_file() && !desk.path("out/成绩单.pdf").exists());
    let text = workbook(&desk.read("out/待审/成绩单.xlsx")).concat().join("|");
    assert!(text.contains("待审核") && text.contains("发布号：第 1 号"), "{text}");
    // Asked again it is the same proposal.
    assert_eq!(session.publish_step(&out, None).unwrap().step, proposed.step);
    assert_eq!(session.journal().unwrap().len(), entries + 1);

    let early = session.approve_proposal(supervisor, "").unwrap_err();
    assert_eq!(step_of(&early), Some(ProposalStep::Check), "{early}");
    assert_eq!(step_of(&session.issue(&out).unwrap_err()), Some(ProposalStep::Check));
    let stranger = Identity::generate("外人").unwrap();
    for wrong in [&stranger, &desk.people.custodians[0], &desk.people.issuer] {
        let refused = session.check_proposal(wrong, "").unwrap_err();
        assert!(
            matches!(refused, SessionError::Custody { source: CustodyError::WrongSigner { .. }, .. }),
            "{refused}"
        );
    }
    session.check_proposal(reviewer, "逐人核对").unwrap();
    let twice = session.check_proposal(supervisor, "").unwrap_err();
    assert_eq!(step_of(&twice), Some(ProposalStep::CheckedAlready), "{twice}");
    assert_eq!(step_of(&session.issue(&out).unwrap_err()), Some(ProposalStep::Approval));
    let refused = session.approve_proposal(reviewer, "").unwrap_err();
    assert!(matches!(refused, SessionError::Custody { .. }) && refused.hint().is_some(), "{refused}");
    assert!(session.publications().unwrap().is_empty());
    session.approve_proposal(supervisor, "").unwrap();
    for again in [session.check_proposal(reviewer, ""), session.approve_proposal(supervisor, "")] {
        assert_eq!(step_of(&again.unwrap_err()), Some(ProposalStep::NothingMore));
    }
    assert_eq!(session.issue(&out).unwrap().step, Published::Issued(1));
    assert!(matches!(session.issue(&out), Err(SessionError::NoProposal)));
    assert!(!desk.path("out/待审").exists());
    assert_eq!(session.publish_step(&out, None).unwrap().step, Published::Again(1));
    let numbers = session.numbers().unwrap();
    let approval = numbers[0].approval.clone().unwrap();
    let names = [approval.checked, approval.approved].map(|s| s.unwrap().person.name().to_owned());
    assert_eq!(names, ["孙复核", "赵主任"]);
    session.verify().unwrap();
    holds(&desk);
}

#[test]
fn papers_that_another_version_drew_otherwise_are_held_against_what_was_signed() {
    let (desk, mut session) = graded("");
    desk.publish(&mut session, None).unwrap();
    let last = session.journal().unwrap().into_iter().rfind(|entry| entry.kind == "publish").unwrap();
    drop(session);
    // As another version would have left it: the same pages in other bytes, kept under their own hash.
    let other = b"%PDF drawn otherwise".to_vec();
    let hash = duka::sheet::Sha256::of(&other);
    let mut detail = last.detail;
    detail["files"]["成绩单.pdf"] = hash.to_string().into();
    let mut store = duka::store::Store::open(&desk.path("duka.db")).unwrap();
    store.note("publish", &detail, &clock()).unwrap();
    drop(store);
    let seen = || verify(&desk.folder(), clock, &VerifyOptions::default(), &mut |_, _| {}).unwrap();
    assert!(seen().findings.iter().any(|f| f.to_string().contains("成绩单.pdf")), "its bytes are nowhere");
    let kept = desk.write(&format!("published/{hash}.pdf"), &other);
    assert!(seen().holds(), "{:?}", seen().findings);
    assert_eq!((seen().papers, seen().redrawn), (Some(6), 1));
    // Published once more it is what was issued, byte by byte, and not what this program draws.
    let mut session = desk.open();
    assert_eq!(session.publish_step(&desk.path("out"), None).unwrap().step, Published::Again(1));
    assert_eq!(desk.read("out/第1号/成绩单.pdf"), other);
    std::fs::write(kept, "%PDF changed").unwrap();
    drop(session);
    assert!(!seen().holds());
}

#[test]
fn one_changed_byte_of_any_paper_in_the_folder_is_found() {
    let (desk, mut session) = graded("");
    desk.publish(&mut session, None).unwrap();
    practical(&desk, &mut session, &[(2, "59.9")]);
    desk.publish(&mut session, Some("合分有误")).unwrap();
    drop(session);
    let found = || {
        let seen = verify(&desk.folder(), clock, &VerifyOptions::default(), &mut |_, _| {}).unwrap();
        let wrong = seen.findings.iter().map(ToString::to_string);
        wrong.chain(seen.other_papers.iter().map(|path| format!("{path}: none"))).collect::<Vec<_>>()
    };
    assert_eq!(found(), [""; 0]);
    let folders = ["out", "out/第1号", "out/第2号", "published"];
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(desk.path(folder)).unwrap());
    let files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).filter(|path| path.is_file()).collect();
    // Six papers and the page that checks codes, in each place; 已更正.txt is no paper.
    assert!(files.len() >= 4 * 7, "{files:?}");
    for path in files.iter().filter(|path| path.extension().is_none_or(|ending| ending != "txt")) {
        let good = std::fs::read(path).unwrap();
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 0x20;
        std::fs::write(path, &bad).unwrap();
        let said = found();
        let place = path.strip_prefix(desk.folder()).unwrap().display().to_string();
        // What lies in out/ itself is not the record's: a publication that was cut short leaves such files too.
        let how = if path.parent() == Some(&desk.path("out")) { "none" } else { "was changed" };
        assert!(said.iter().any(|f| f.starts_with(&place) && f.ends_with(how)), "{place}: {said:?}");
        std::fs::write(path, &good).unwrap();
    }
    // One number's paper in the place of another's is no paper of that number.
    std::fs::copy(desk.path("out/第2号/成绩单.pdf"), desk.path("out/第1号/成绩单.pdf")).unwrap();
    assert!(found().iter().any(|f| f.contains("第1号/成绩单.pdf")), "{:?}", found());
}

#[test]
fn who_checked_does_not_approve() {
    let (desk, mut session) = graded("");
    session.publish(&desk.path("out")).unwrap();
    session.check_proposal(&desk.people.supervisor, "").unwrap();
    let same = session.approve_proposal(&desk.people.supervisor, "").unwrap_err();
    assert!(matches!(same, SessionError::SamePerson { same_key: true, .. }), "{same}");
    assert_eq!(step_of(&session.issue(&desk.path("out")).unwrap_err()), Some(ProposalStep::Approval));
}

#[test]
fn whatever_changes_in_between_undoes_the_signatures_and_is_named() {
    let (desk, mut session) = graded("");
    let out = desk.path("out");
    session.publish(&out).unwrap();
    session.check_proposal(&desk.people.reviewer, "").unwrap();
    practical(&desk, &mut session, &[(2, "59.9")]);
    let stale = session.approve_proposal(&desk.people.supervisor, "").unwrap_err();
    let SessionError::ProposalStale { case: 1, changed } = &stale else { panic!("{stale}") };
    assert!(changed[0].contains(ticket(2).as_str()) && changed[0].contains("80.0 → 59.9"), "{changed:?}");
    // Back to what was signed, the signatures hold again.
    practical(&desk, &mut session, &[]);
    session.approve_proposal(&desk.people.supervisor, "").unwrap();
    // A re-check that was opened meanwhile is something the papers have to say.
    session.recheck(&ticket(3), "考生申请").unwrap();
    let stale = session.issue(&out).unwrap_err();
    assert!(stale.to_string().contains("成绩复核 1 号") && stale.hint().is_some(), "{stale}");
    let again = session.publish_step(&out, None).unwrap();
    assert_eq!(again.step, Published::Proposed { case: 2, number: 1 });
    let (case, changed) = again.outdated.unwrap();
    assert!(case == 1 && changed[0].contains("成绩复核 1 号"), "{changed:?}");
    assert_eq!(step_of(&session.issue(&out).unwrap_err()), Some(ProposalStep::Check));
    desk.publish(&mut session, None).unwrap();
    assert_eq!(session.publications().unwrap()[0].proposal, Some(2));
    holds(&desk);
}

#[test]
fn a_publication_that_was_changed_is_found() {
    let (desk, mut session) = graded("");
    desk.publish(&mut session, None).unwrap();
    drop(session);
    let sql = "UPDATE publications SET publication = replace(publication, '80.0', '90.0')";
    crate::common::tamper(&desk, sql);
    let seen = verify(&desk.folder(), clock, &VerifyOptions::default(), &mut |_, _| {}).unwrap();
    let found: Vec<String> = seen.findings.iter().map(ToString::to_string).collect();
    assert!(found.iter().any(|f| f.contains("number 1") && f.contains("not what was proposed")), "{found:?}");
}

#[test]
fn certificates_are_kept_revoked_and_never_given_twice() {
    let (desk, mut session) = graded(CERTIFICATES);
    practical(&desk, &mut session, &[(3, "59.9")]);
    desk.publish(&mut session, None).unwrap();
    let number = |serial: u32| format!("26990510014{serial:05}");
    let rows = workbook(&desk.read("out/合格名册.xlsx"));
    let said = |rows: &[Vec<String>], n: u16| -> Option<(String, String, String)> {
        let row = rows.iter().find(|row| row.iter().any(|c| c == ticket(n).as_str()))?;
        let heading = rows.iter().find(|row| row.iter().any(|c| c == "证书编号"))?;
        let cell = |name: &str| row[heading.iter().position(|c| c == name).unwrap()].clone();
        Some((cell("证书编号"), cell("发证日期"), cell("评定成绩")))
    };
    assert_eq!(said(&rows, 1).unwrap(), (number(120), "2026-12-15".into(), "合格".into()));
    assert_eq!(said(&rows, 3), None);
    assert_eq!(said(&rows, 4).unwrap().0, number(122));
    let before = desk.read("out/第1号/合格名册.xlsx");

    // Number 2 fails after all, number 3 passes.
    practical(&desk, &mut session, &[(2, "59.9")]);
    desk.publish(&mut session, Some("合分有误")).unwrap();
    let rows = workbook(&desk.read("out/合格名册.xlsx"));
    assert_eq!((said(&rows, 1).unwrap().0, said(&rows, 2)), (number(120), None));
    assert_eq!(said(&rows, 3).unwrap().0, number(125), "a new serial, not the one that was revoked");
    assert_eq!(desk.read("out/第1号/合格名册.xlsx"), before);
    let report = workbook(&desk.read("out/成绩单.xlsx")).concat().join("|");
    assert!(report.contains(&format!("证书编号 {}", number(121))) && report.contains("证书注销"), "{report}");
    // And passes again: the old number stays revoked.
    practical(&desk, &mut session, &[]);
    desk.publish(&mut session, Some("再次更正")).unwrap();
    let rows = workbook(&desk.read("out/合格名册.xlsx"));
    assert_eq!(said(&rows, 2).unwrap().0, number(126));
    let register = session.certificates().unwrap();
    let revoked: Vec<_> = register.iter().filter(|line| line.revoked.is_some()).collect();
    assert_eq!((register.len(), revoked.len()), (7, 1));
    assert_eq!(revoked[0].certificate.number, number(121));

    // A withdrawal revokes all that were in force.
    let case = session.propose_withdrawal(3, "考场泄题").unwrap();
    assert_eq!(case, 4);
    session.check_proposal(&desk.people.reviewer, "").unwrap();
    session.approve_proposal(&desk.people.supervisor, "").unwrap();
    session.issue(&desk.path("out")).unwrap();
    assert!(session.certificates().unwrap().iter().all(|line| line.revoked.is_some()));
    holds(&desk);
}

#[test]
fn too_few_serials_are_said_before_the_record_is_frozen() {
    let desk = Desk::new();
    let exam = String::from_utf8(desk.read("exam.toml")).unwrap();
    let few = "\n[certificates]\nscheme = \"{yy}{level}{serial:1}\"\nfirst = 5\n";
    desk.write("exam.toml", format!("{exam}{few}"));
    let cards: Vec<_> = (1..=CANDIDATES).map(|n| card(n, 70)).collect();
    let desk = desk.filled(&cards, &[]);
    let mut session = desk.open();
    let error = session.freeze().unwrap_err();
    assert!(matches!(error, SessionError::CertificatesExhausted { serial: 10, last: 9, .. }), "{error}");
    assert!(session.status().unwrap().frozen.is_none());
}

#[test]
fn a_withdrawn_number_stays_readable_and_is_never_in_force_again() {
    let (desk, mut session) = graded("");
    let out = desk.path("out");
    desk.publish(&mut session, None).unwrap();
    let paper = desk.read("out/第1号/成绩单.pdf");
    assert!(matches!(session.propose_withdrawal(1, "  "), Err(SessionError::NoReason)));
    let unknown = session.propose_withdrawal(2, "原因").unwrap_err();
    assert!(matches!(unknown, SessionError::NotInForce { number: 2, corrected: None }), "{unknown}");
    session.propose_withdrawal(1, "试卷作废").unwrap();
    assert_eq!(step_of(&session.issue(&out).unwrap_err()), Some(ProposalStep::Check));
    session.check_proposal(&desk.people.reviewer, "").unwrap();
    assert_eq!(session.number_state(1).unwrap(), NumberState::InForce);
    session.approve_proposal(&desk.people.supervisor, "").unwrap();
    assert_eq!(session.issue(&out).unwrap().step, Published::Withdrawn(1));
    assert_eq!(session.number_state(1).unwrap(), NumberState::Withdrawn("试卷作废".into()));
    for mark in ["out/已撤回.txt", "out/第1号/已撤回.txt"] {
        assert!(String::from_utf8(desk.read(mark)).unwrap().contains("试卷作废"), "{mark}");
    }
    assert_eq!(desk.read("out/第1号/成绩单.pdf"), paper);
    let again = session.propose_withdrawal(1, "再撤").unwrap_err();
    assert!(matches!(again, SessionError::NotInForce { number: 1, .. }), "{again}");
    // The same results once more are another number.
    let refused = session.publish(&out).unwrap_err();
    assert!(matches!(refused, SessionError::Published { number: 1, .. }), "{refused}");
    desk.publish(&mut session, Some("复查后恢复")).unwrap();
    let states: Vec<_> = session.numbers().unwrap().into_iter().map(|n| n.state).collect();
    assert_eq!(states, [NumberState::Withdrawn("试卷作废".into()), NumberState::InForce]);
    let corrected = session.propose_withdrawal(1, "又撤").unwrap_err();
    assert!(matches!(corrected, SessionError::NotInForce { corrected: Some(2), .. }), "{corrected}");
    session.verify().unwrap();
    holds(&desk);
}

#[test]
fn what_was_issued_is_found_again_wherever_its_folder_went() {
    let (desk, mut session) = graded(CERTIFICATES);
    desk.publish(&mut session, None).unwrap();
    let first = desk.read("out/第1号/成绩单.pdf");
    practical(&desk, &mut session, &[(2, "59.9")]);
    desk.publish(&mut session, Some("合分有误")).unwrap();
    std::fs::remove_dir_all(desk.path("out")).unwrap();
    let archive = desk.folder().canonicalize().unwrap().with_file_name("archive");
    session.archive(&archive, &mut |_, _| {}).unwrap();
    assert_eq!(std::fs::read(archive.join("papers/第1号/成绩单.pdf")).unwrap(), first);
    let text = std::fs::read_to_string(archive.join("publications.txt")).unwrap();
    for part in ["第 1 号　已由第 2 号更正", "复核：孙复核", "批准：赵主任", "合分有误", "已注销（第 2 号"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let again = archive.with_file_name("again");
    let mut session = duka::session::restore(&archive, None, &again, clock, &mut |_, _| {}).unwrap();
    std::fs::remove_dir_all(again.join("out")).unwrap();
    let second = archive.with_file_name("second");
    session.archive(&second, &mut |_, _| {}).unwrap();
    assert_eq!(std::fs::read(second.join("papers/第1号/成绩单.pdf")).unwrap(), first);
    assert!(std::fs::read_to_string(second.join("papers/第1号/已更正.txt")).unwrap().contains("第 2 号"));
}

/// The codes on the pages of a paper, as a scanner reads them from print of 300 dpi.
fn codes(pdf: &Path) -> Vec<String> {
    let pdf = Pdf::new(std::fs::read(pdf).unwrap()).unwrap();
    let scale = 300.0 / 72.0;
    let cache = RenderCache::new();
    let read = |page| {
        let settings = PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE };
        let pixmap =
            render(page, &cache, &InterpreterSettings::default(), &RenderSettings::default(), &settings);
        let (width, height) = (usize::from(pixmap.width()), usize::from(pixmap.height()));
        let luma: Vec<u8> = pixmap.data().iter().map(|p| p.g).collect();
        let mut picture =
            rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| luma[y * width + x]);
        let grids = picture.detect_grids();
        assert_eq!(grids.len(), 1, "one code a page");
        grids[0].decode().unwrap().1
    };
    pdf.pages().iter().map(read).collect()
}

#[test]
fn the_code_of_a_page_says_what_the_page_says_and_no_digit_of_it_can_change() {
    let (desk, mut session) = graded(CERTIFICATES);
    desk.publish(&mut session, None).unwrap();
    let mut pages = 0;
    for paper in ["成绩单", "鉴定名册", "合格名册"] {
        for (n, code) in codes(&desk.path(&format!("out/{paper}.pdf"))).iter().enumerate() {
            pages += 1;
            let page = check_page(&desk.manifest, code).unwrap();
            assert!(page.holds() && session.is_issued(&page).unwrap());
            assert_eq!(page.signer.as_ref().map(duka::identity::Person::name), Some("赵主任"));
            let facts = &page.facts;
            assert_eq!((facts.paper.as_str(), facts.publication, facts.page), (paper, 1, (n + 1, 1)));
            let flat = facts.rows.concat().join("|");
            for n in 1..=CANDIDATES {
                assert!(flat.contains(ticket(n).as_str()), "{flat}");
            }
            assert_eq!(flat.contains("2699051001400120"), paper == "合格名册", "{flat}");
            assert_eq!(flat.contains("69.9"), paper != "鉴定名册");
            // Every digit, changed by one; a digit lost; one too many.
            let digits = code.as_bytes();
            for at in 0..digits.len() {
                let mut other = digits.to_vec();
                other[at] = if digits[at] == b'9' { b'0' } else { digits[at] + 1 };
                let other = String::from_utf8(other).unwrap();
                assert!(!check_page(&desk.manifest, &other).is_ok_and(|page| page.holds()), "digit {at}");
            }
            for other in [
                &code[..code.len() - 1],
                &code[..code.len() - 17],
                &format!("{code}0"),
                &format!("{code}000"),
            ] {
                assert!(!check_page(&desk.manifest, other).is_ok_and(|page| page.holds()));
            }
        }
    }
    assert_eq!(pages, 3);
    // Another exam of other people, and one of the same people.
    let code = codes(&desk.path("out/成绩单.pdf")).remove(0);
    let page = check_page(&Desk::new().manifest, &code).unwrap();
    assert!(page.signer.is_none() && !page.holds());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("exam.toml"), crate::common::EXAM.replace("第3批", "第4批")).unwrap();
    let other = desk.people.manifest(folder.path());
    let page = check_page(&other, &code).unwrap();
    assert!(page.signer.is_some() && !page.is_exam && !page.holds(), "the same supervisor, another exam");
}

#[test]
fn on_the_command_line() {
    let (desk, session) = graded("");
    drop(session);
    let duka = |args: &[&str]| {
        let mut command = Command::cargo_bin("duka").unwrap();
        command.arg("--session").arg(desk.folder()).args(args);
        if args.contains(&"--identity") {
            command.args(["--passphrase-fd", "0"]);
            command.write_stdin(format!("{}\n", crate::common::people::PASSPHRASE));
        }
        command
    };
    let said = |args: &[&str], code: i32| {
        let done = duka(args).assert().code(code);
        let output = done.get_output();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    };
    let reviewer = desk.secret("reviewer", &desk.people.reviewer);
    let supervisor = desk.secret("supervisor", &desk.people.supervisor);
    assert!(said(&["publish", "issue"], 2).contains("nothing is proposed"));
    assert!(said(&["publish"], 0).contains("duka publish check"));
    assert!(said(&["publish", "issue"], 2).contains("was not checked"));
    assert!(
        said(&["publish", "check", "--identity", &reviewer, "--note", "逐人核对"], 0).contains("逐人核对")
    );
    assert!(said(&["publish", "approve", "--identity", &supervisor], 0).contains("duka publish issue"));
    let text = said(&["publications"], 0);
    assert!(
        text.contains("nothing was published yet") && text.contains("approved (批准) by 赵主任"),
        "{text}"
    );
    assert!(said(&["publish"], 0).contains("publication number (发布号): 1, issued"));
    let text = said(&["publications", "--certificates"], 0);
    assert!(text.contains("number 1  有效") && text.contains("checked (复核) by 孙复核"), "{text}");
    let code = codes(&desk.path("out/成绩单.pdf")).remove(0);
    let text = said(&["verify", "--paper", &code], 0);
    assert!(text.contains("有效") && text.contains(ticket(1).as_str()), "{text}");
    let manifest = desk.path("exam.manifest").display().to_string();
    let file = desk.write("codes.txt", format!("{code}\r\n")).display().to_string();
    said(&["verify", "--paper", &file, "--manifest", &manifest], 0);
    let other = format!("{}{}", &code[..40], code[40..].replacen('1', "2", 1));
    assert!(said(&["verify", "--paper", &other], 2).contains("WRONG"));
    // The files themselves, of which a workbook has no code.
    let names = ["成绩单.pdf", "成绩单.xlsx", "verify.html"];
    let issued = names.map(|name| desk.path("out/第1号").join(name).display().to_string());
    for (file, name) in issued.iter().zip(names) {
        let text = said(&["verify", "--paper", file], 0);
        assert!(text.contains(&format!("{name} of publication number 1, byte for byte")), "{text}");
    }
    said(&["verify", "--paper", &issued[0], "--manifest", &manifest], 2);
    let mut changed = desk.read("out/成绩单.xlsx");
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    let changed = desk.write("changed.xlsx", changed).display().to_string();
    let text = said(&["verify", "--paper", &issued[0], "--paper", &changed], 2);
    assert!(text.contains("WRONG") && text.contains("changed.xlsx is none of the files"), "{text}");
    assert!(said(&["publish", "withdraw", "1", "--reason", "试卷作废"], 0).contains("to withdraw"));
    said(&["publish", "check", "--identity", &reviewer], 0);
    said(&["publish", "approve", "--identity", &supervisor], 0);
    assert!(said(&["publish", "issue"], 0).contains("withdrawn (已撤回)"));
    let value: serde_json::Value = serde_json::from_str(&said(&["--json", "publications"], 0)).unwrap();
    assert_eq!(value["publications"][0]["state"], "withdrawn");
    assert!(said(&["verify", "--paper", &code], 2).contains("已撤回"));
    assert!(said(&["verify", "--paper", &issued[1]], 2).contains("已撤回"));
    // A session without a manifest knows its files all the same, and whose signature a code needs it does not.
    let bare = tempfile::tempdir().unwrap();
    Session::create(bare.path()).unwrap();
    std::fs::copy(desk.path("exam.toml"), bare.path().join("exam.toml")).unwrap();
    drop(Session::open(bare.path(), clock).unwrap());
    let other = |paper: &str| {
        let mut command = Command::cargo_bin("duka").unwrap();
        let done =
            command.arg("--session").arg(bare.path()).args(["verify", "--paper", paper]).assert().code(2);
        let output = done.get_output();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    };
    assert!(other(&issued[1]).contains("is none of the files that were issued"), "{}", other(&issued[1]));
    assert!(other(&code).contains("manifest"), "{}", other(&code));
}
