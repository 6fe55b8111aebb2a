//! 成绩通知单, three a page.

use super::super::error::PublishError;
use super::super::slips::ResultSlip;
use super::canvas::{self, Canvas};
use super::table::{self, BODY};
use super::{FACT_SIZE, HAIR, LEAST_SIZE, RULE, SIDE, UPRIGHT, settings};
use crate::exam::Exam;
use crate::layout::draw::{TextStyle, Typeface};
use krilla::Document;
use krilla::metadata::Metadata;

const TITLE: &str = "职业技能鉴定成绩通知单";

/// How many stand on a page: a third of A4 folds into an envelope (DL).
const EACH: usize = 3;

/// The document's bytes.
///
/// # Errors
///
/// [`PublishError::MissingGlyph`] or [`PublishError::Pdf`].
pub(in super::super) fn slips(
    exam: &Exam,
    slips: &[ResultSlip],
    number: u64,
) -> Result<Vec<u8>, PublishError> {
    let typeface = Typeface::shipped();
    for text in [&exam.batch, &exam.centre] {
        table::checked(&typeface, text, "批次", TITLE)?;
    }
    for slip in slips {
        for (label, value) in slip.facts.iter().chain(&slip.results) {
            table::checked(&typeface, value, label, &slip.whose)?;
        }
        table::checked(&typeface, &slip.remark, "备注", &slip.whose)?;
    }
    let mut document = Document::new();
    document.set_metadata(
        Metadata::new()
            .title(format!("{} {TITLE}", exam.batch))
            .authors(vec![exam.centre.clone()])
            .language("zh-CN".to_owned()),
    );
    let height = UPRIGHT.height / EACH as f64;
    for three in slips.chunks(EACH) {
        let mut page = document.start_page_with(settings(UPRIGHT));
        let mut surface = page.surface();
        let mut canvas = Canvas::new(&mut surface, &typeface);
        for (at, slip) in three.iter().enumerate() {
            one(&mut canvas, exam, slip, number, height * at as f64);
        }
        for cut in 1..EACH {
            dashed(&mut canvas, height * cut as f64);
        }
        surface.finish();
        page.finish();
    }
    document.finish().map_err(|source| PublishError::Pdf { paper: TITLE.to_owned(), source })
}

/// Where the page is cut.
fn dashed(canvas: &mut Canvas<'_, '_>, y: f64) {
    let mut x = 5.0;
    while x < UPRIGHT.width - 7.0 {
        canvas.line(x, y, x + 2.0, y, HAIR);
        x += 4.0;
    }
}

fn one(canvas: &mut Canvas<'_, '_>, exam: &Exam, slip: &ResultSlip, number: u64, top: f64) {
    let inside = UPRIGHT.inside();
    let title = TextStyle::new(15.0).centred().middle().bold();
    canvas.text(UPRIGHT.width / 2.0, top + 12.0, TITLE, &title);
    let small = TextStyle::new(BODY).middle().colour(canvas::GRAY);
    let batch = table::printable(&exam.batch);
    canvas.within(SIDE, top + 19.0, inside * 0.6, &batch, &small, LEAST_SIZE);
    canvas.text(SIDE + inside, top + 19.0, &format!("发布号：第 {number} 号"), &small.right());
    let mut y = top + 23.0;
    let half = inside / 2.0;
    for pair in slip.facts.chunks(2) {
        for (at, (label, value)) in pair.iter().enumerate() {
            let x = SIDE + half * at as f64;
            canvas.text(x, y + 3.4, label, &TextStyle::new(BODY).middle().colour(canvas::GRAY));
            let value = table::printable(value);
            let style = TextStyle::new(FACT_SIZE).middle();
            canvas.within(x + 22.0, y + 3.4, half - 25.0, &value, &style, LEAST_SIZE);
        }
        y += 6.6;
    }
    y += 1.5;
    let width = inside / slip.results.len() as f64;
    let (head, row) = (7.0, 10.0);
    for (at, (label, value)) in slip.results.iter().enumerate() {
        let x = SIDE + width * at as f64;
        let style = TextStyle::new(BODY).centred().middle();
        canvas.text(x + width / 2.0, y + head / 2.0, label, &style);
        let style = TextStyle::new(13.0).centred().middle().bold();
        let value = table::printable(value);
        canvas.within(x + width / 2.0, y + head + row / 2.0, width - 3.0, &value, &style, LEAST_SIZE);
        if at > 0 {
            canvas.line(x, y, x, y + head + row, HAIR);
        }
    }
    canvas.line(SIDE, y + head, SIDE + inside, y + head, HAIR);
    canvas.frame(SIDE, y, inside, head + row, RULE);
    y += head + row + 5.0;
    let style = TextStyle::new(BODY).middle();
    if !slip.remark.is_empty() {
        let remark = table::printable(&format!("备注：{}", slip.remark));
        canvas.within(SIDE, y, inside, &remark, &style, LEAST_SIZE - 1.0);
    }
    let note =
        format!("各科满分 100 分，{}，各科均须达到。对成绩有异议的，可在规定期限内申请成绩复核。", slip.line);
    canvas.within(SIDE, y + 6.0, inside, &note, &small, LEAST_SIZE);
    let centre = table::printable(&format!("{}（盖章）", exam.centre));
    canvas.within(SIDE + inside * 0.5, y + 14.0, inside * 0.5, &centre, &style, LEAST_SIZE);
}
