//! Slips: a head of the journal to be kept on paper, and the evidence of a re-check.

use super::super::error::PublishError;
use super::super::slip::{HeadSlip, RecheckSlip, SlipSigner};
use super::canvas::Canvas;
use super::table::{BODY, printable};
use super::{BOTTOM, FACT_SIZE, HAIR, LEAST_SIZE, RULE, SIDE, TITLE_SIZE, TOP, UPRIGHT, settings};
use crate::layout::draw::{PT_PER_MM, TextStyle, Typeface};
use krilla::metadata::Metadata;
use krilla::{Document, surface::Surface};
use qrcode::bits::encode_auto;
use qrcode::{Color, EcLevel, QrCode};

/// Side of the QR code in millimetres: with four signatures it has 117 modules, 0.58 mm each. Below 0.33 mm a telephone at
/// arm's length doesn't read it from an office printer's paper.
const QR: f64 = 68.0;

/// Modules of the largest QR code there is.
const LARGEST: usize = 177;

/// White modules around a QR code, as ISO/IEC 18004 asks.
const QUIET: f64 = 4.0;

/// Size of the letters of a head's code in points: it is read from paper and typed.
const CODE: f64 = 20.0;

/// Distance of lines of small print, in millimetres.
const LINE: f64 = 5.4;

/// Least size of a module of small print, hashes and engine names, in points.
const SMALL: f64 = 7.5;

/// Millimetres a pixel that a crop is shown at most: a target of 36 pixels becomes 6 mm broad.
const CROP: f64 = 0.17;

/// A page that is filled from the top.
struct Sheet<'c, 'p, 's> {
    canvas: &'c mut Canvas<'p, 's>,
    typeface: &'c Typeface,
    y: f64,
}

impl Sheet<'_, '_, '_> {
    fn inside() -> f64 {
        UPRIGHT.inside()
    }

    fn title(&mut self, title: &str) {
        self.y += 6.0;
        let style = TextStyle::new(TITLE_SIZE).centred().bold();
        self.canvas.text(UPRIGHT.width / 2.0, self.y, title, &style);
        self.y += 9.0;
    }

    fn heading(&mut self, text: &str) {
        self.y += 2.5;
        self.canvas.text(SIDE, self.y, text, &TextStyle::new(FACT_SIZE).bold());
        self.y += 1.6;
        self.canvas.line(SIDE, self.y, SIDE + Self::inside(), self.y, HAIR);
        self.y += 4.8;
    }

    /// A label and its value, over as many lines as it takes.
    fn fact(&mut self, label: &str, value: &str, width: f64) {
        let style = TextStyle::new(BODY + 0.5);
        self.canvas.text(SIDE, self.y, label, &style.colour(super::canvas::GRAY));
        let indent = 26.0;
        for line in self.typeface.wrap(&printable(value), style.size, width - indent) {
            self.canvas.text(SIDE + indent, self.y, &line, &style);
            self.y += LINE;
        }
    }

    /// A label and a hash or the like, in one line however small.
    fn small(&mut self, label: &str, value: &str) {
        let style = TextStyle::new(SMALL);
        self.canvas.text(SIDE, self.y, label, &style.colour(super::canvas::GRAY));
        self.canvas.within(SIDE + 26.0, self.y, Self::inside() - 26.0, value, &style, LEAST_SIZE - 1.0);
        self.y += LINE - 0.9;
    }

    fn note(&mut self, text: &str, width: f64) {
        let style = TextStyle::new(BODY);
        for line in self.typeface.wrap(text, style.size, width) {
            self.canvas.text(SIDE, self.y, &line, &style);
            self.y += LINE - 0.4;
        }
    }

    /// A table of who signed, with a place for the pen.
    fn signers(&mut self, signers: &[SlipSigner], blank: usize) {
        let widths = [24.0, 26.0, 48.0, 44.0, Self::inside() - 142.0];
        let headings = ["身份", "姓名", "公钥指纹", "电子签名时间", "手写签名"];
        let top = self.y - 2.0;
        let row = 9.5;
        let edges: Vec<f64> = std::iter::once(SIDE)
            .chain(widths.iter().scan(SIDE, |x, w| {
                *x += w;
                Some(*x)
            }))
            .collect();
        let style = TextStyle::new(BODY).centred().middle();
        for (i, heading) in headings.iter().enumerate() {
            let x = edges[i] + widths[i] / 2.0;
            self.canvas.within(x, top + 3.5, widths[i] - 1.5, heading, &style.bold(), LEAST_SIZE);
        }
        let mut y = top + 7.0;
        self.canvas.line(SIDE, y, SIDE + Self::inside(), y, HAIR);
        for signer in signers {
            let cells = [&signer.role, &signer.name, &signer.fingerprint, &signer.at];
            for (i, cell) in cells.into_iter().enumerate() {
                let x = edges[i] + widths[i] / 2.0;
                self.canvas.within(x, y + row / 2.0, widths[i] - 1.5, &printable(cell), &style, LEAST_SIZE);
            }
            y += row;
            self.canvas.line(SIDE, y, SIDE + Self::inside(), y, HAIR);
        }
        for _ in 0..blank {
            y += row;
            self.canvas.line(SIDE, y, SIDE + Self::inside(), y, HAIR);
        }
        for x in &edges[1..edges.len() - 1] {
            self.canvas.line(*x, top, *x, y, HAIR);
        }
        self.canvas.frame(SIDE, top, Self::inside(), y - top, RULE);
        self.y = y + 6.0;
    }

    fn footer(&mut self, text: &str) {
        let style = TextStyle::new(BODY - 1.0).centred().middle();
        self.canvas.text(UPRIGHT.width / 2.0, UPRIGHT.height - BOTTOM / 2.0, text, &style);
    }
}

/// The QR code of `text` as its dark modules, row by row, and how many a side has: `most` at the most.
///
/// # Errors
///
/// [`PublishError::TooLong`] if no code holds the text.
pub(in super::super) fn modules(
    text: &str,
    whose: &str,
    most: usize,
) -> Result<(usize, Vec<bool>), PublishError> {
    // A creased or stained slip loses some of it: level M makes up for 15 %, L for 7 %.
    let fits = |level| {
        // Whether it fits is known before it is drawn.
        let bits = encode_auto(text.as_bytes(), level).ok()?;
        let width = usize::try_from(bits.version().width()).ok()?;
        if width <= most { QrCode::with_bits(bits, level).ok() } else { None }
    };
    let code = fits(EcLevel::M).or_else(|| fits(EcLevel::L)).ok_or_else(|| PublishError::TooLong {
        place: "QR".to_owned(),
        whose: whose.to_owned(),
        length: text.chars().count(),
    })?;
    Ok((code.width(), code.to_colors().into_iter().map(|c| c == Color::Dark).collect()))
}

fn qr(canvas: &mut Canvas<'_, '_>, left: f64, top: f64, (width, dark): &(usize, Vec<bool>)) {
    let module = QR / (*width as f64 + 2.0 * QUIET);
    canvas.modules(left + QUIET * module, top + QUIET * module, module, *width, dark);
}

/// Draws one page.
type Draw<'a> = Box<dyn FnOnce(&mut Sheet<'_, '_, '_>) + 'a>;

/// Draws pages with one function each.
fn document(title: &str, keywords: Vec<String>, pages: Vec<Draw<'_>>) -> Result<Vec<u8>, PublishError> {
    let typeface = Typeface::shipped();
    let mut document = Document::new();
    document.set_metadata(
        Metadata::new().title(title.to_owned()).keywords(keywords).language("zh-CN".to_owned()),
    );
    let count = pages.len();
    for (number, draw) in (1..).zip(pages) {
        let mut page = document.start_page_with(settings(UPRIGHT));
        let mut surface: Surface<'_> = page.surface();
        let mut canvas = Canvas::new(&mut surface, &typeface);
        let mut sheet = Sheet { canvas: &mut canvas, typeface: &typeface, y: TOP };
        draw(&mut sheet);
        if count > 1 {
            sheet.footer(&format!("{title}　第 {number} 页　共 {count} 页"));
        }
        surface.finish();
        page.finish();
    }
    document.finish().map_err(|source| PublishError::Pdf { paper: title.to_owned(), source })
}

/// A head of the journal on one page.
///
/// # Errors
///
/// [`PublishError::TooLong`] if it has too many signatures for a QR code.
pub(in super::super) fn head_slip(slip: &HeadSlip) -> Result<Vec<u8>, PublishError> {
    let title = "操作日志校验凭条";
    let code = modules(&slip.text, &format!("entry {}", slip.entry), LARGEST)?;
    let draw = |sheet: &mut Sheet<'_, '_, '_>| {
        sheet.title(title);
        let qr_left = UPRIGHT.width - SIDE - QR;
        let facts_top = sheet.y;
        qr(sheet.canvas, qr_left, facts_top - 8.0, &code);
        let width = Sheet::inside() - QR - 2.0;
        for (label, value) in [
            ("批次", slip.exam.as_str()),
            ("鉴定中心", &slip.centre),
            ("日志条数", &format!("第 1 条 至 第 {} 条", slip.entry)),
            ("末条事项", &slip.act),
            ("办理人", &slip.who),
            ("本地时间", &slip.at),
            ("协调世界时", &slip.utc),
        ] {
            if !value.is_empty() {
                sheet.fact(label, value, width);
            }
        }
        sheet.y += 1.0;
        sheet.note("右侧二维码含本页全部内容及电子签名原文。", width);
        sheet.y = sheet.y.max(facts_top - 8.0 + QR) + 4.0;
        sheet.heading("校验码（不分大小写）");
        sheet.y += 4.0;
        // Two lines: the entry's number and four groups, then five groups.
        let groups: Vec<&str> = slip.code.split('-').collect();
        let (first, second) = groups.split_at(groups.len().div_ceil(2));
        for line in [format!("{} –", first.join(" – ")), second.join(" – ")] {
            let style = TextStyle::new(CODE).bold();
            sheet.canvas.within(SIDE, sheet.y, Sheet::inside(), &line, &style, BODY);
            sheet.y += CODE / PT_PER_MM + 4.5;
        }
        sheet.small("SHA-256", &slip.hash);
        sheet.y += 2.0;
        sheet.heading("签名");
        if slip.signatures.is_empty() {
            sheet.note("尚无电子签名。", Sheet::inside());
        }
        sheet.signers(&slip.signatures, 3_usize.saturating_sub(slip.signatures.len()));
        sheet.heading("用途与限度");
        sheet.note(
            "凭此条可查验：上述各条日志及随其写入的数据，此后被改动、删除、调换或截去的，均可发现。\
             查验命令：duka verify --head 校验码（或本文件）。",
            Sheet::inside(),
        );
        sheet.note(
            "本条不能证明：各条内容在写入之时即属实；也不涉及本条打印之后的操作。请交办理人以外的人保管。",
            Sheet::inside(),
        );
    };
    document(title, vec![slip.keyword.clone()], vec![Box::new(draw)])
}

/// The evidence of a re-check: what was found and decided, the sheet as it was seen, every item.
///
/// # Errors
///
/// As of every paper.
pub(in super::super) fn recheck_slip(slip: &RecheckSlip) -> Result<Vec<u8>, PublishError> {
    let title = "成绩复核凭证";
    let first = |sheet: &mut Sheet<'_, '_, '_>| {
        sheet.title(title);
        for (label, value) in &slip.facts {
            sheet.fact(label, value, Sheet::inside());
        }
        sheet.heading("结论");
        sheet.y += 0.8;
        sheet.canvas.text(SIDE, sheet.y, &slip.outcome, &TextStyle::new(FACT_SIZE + 2.0).bold());
        sheet.y += LINE + 1.0;
        for (label, value) in &slip.decision {
            sheet.fact(label, value, Sheet::inside());
        }
        if !slip.signatures.is_empty() {
            sheet.y += 3.0;
            sheet.signers(&slip.signatures, 0);
        }
        sheet.heading("图像与记录的散列值（SHA-256）");
        for (label, value) in &slip.hashes {
            sheet.small(label, value);
        }
        sheet.heading("卡面局部");
        let bottom = UPRIGHT.height - BOTTOM;
        for (caption, png) in &slip.crops {
            let room = bottom - sheet.y - 6.0;
            if room < 14.0 {
                sheet.note("其余见后页整卡图像。", Sheet::inside());
                break;
            }
            sheet.canvas.text(SIDE, sheet.y, caption, &TextStyle::new(BODY));
            let top = sheet.y + 1.6;
            let (wide, high) = sheet.canvas.picture(SIDE, top, Sheet::inside(), room.min(62.0), CROP, png);
            sheet.canvas.frame(SIDE, top, wide, high, HAIR);
            sheet.y = top + high + 6.0;
        }
    };
    let second = |sheet: &mut Sheet<'_, '_, '_>| {
        sheet.heading("整卡图像与逐点判读");
        let room = UPRIGHT.height - BOTTOM - sheet.y;
        let top = sheet.y - 2.0;
        let (wide, high) = sheet.canvas.picture(SIDE, top, Sheet::inside(), room, 1.0, &slip.picture);
        sheet.canvas.frame(SIDE, top, wide, high, HAIR);
    };
    let third = |sheet: &mut Sheet<'_, '_, '_>| items(sheet, slip);
    document(title, Vec::new(), vec![Box::new(first), Box::new(second), Box::new(third)])
}

/// Columns of the table of items.
const COLUMNS: usize = 5;

/// Every item: number, what was read, what counts.
fn items(sheet: &mut Sheet<'_, '_, '_>, slip: &RecheckSlip) {
    sheet.heading("逐题判读：题号、机读、计分依据");
    let rows = slip.items.len().div_ceil(COLUMNS).max(1);
    let top = sheet.y - 2.0;
    let height = ((UPRIGHT.height - BOTTOM - top - 34.0) / (rows + 1) as f64).min(7.0);
    let width = Sheet::inside() / COLUMNS as f64;
    // Four signs of 9 points are 5 mm high; a list too long for that is set smaller.
    let style = TextStyle::new(BODY.min(height * PT_PER_MM * 0.62)).centred().middle();
    let place = |column: usize, part: usize| SIDE + width * column as f64 + width * [0.17, 0.5, 0.83][part];
    for column in 0..COLUMNS {
        for (part, heading) in ["题号", "机读", "计分"].into_iter().enumerate() {
            sheet.canvas.text(place(column, part), top + height / 2.0, heading, &style.bold());
        }
    }
    for (at, item) in slip.items.iter().enumerate() {
        let (column, row) = (at / rows, at % rows);
        let y = top + height * (row as f64 + 1.5);
        let style = if item.changed { style.bold().colour(super::canvas::RED) } else { style };
        let number = item.item.to_string();
        for (part, text) in [&number, &item.read, &item.counted].into_iter().enumerate() {
            sheet.canvas.within(place(column, part), y, width / 3.0 - 1.0, text, &style, LEAST_SIZE - 1.0);
        }
    }
    let bottom = top + height * (rows + 1) as f64;
    for row in 1..=rows {
        let y = top + height * row as f64;
        sheet.canvas.line(SIDE, y, SIDE + Sheet::inside(), y, HAIR);
    }
    for column in 1..COLUMNS {
        let x = SIDE + width * column as f64;
        sheet.canvas.line(x, top, x, bottom, HAIR);
    }
    sheet.canvas.frame(SIDE, top, Sheet::inside(), bottom - top, RULE);
    sheet.y = bottom + 6.0;
    for note in &slip.notes {
        sheet.note(note, Sheet::inside());
    }
}
