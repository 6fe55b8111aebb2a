//! The font that cards and score reports are printed with.

use super::letters::Letter;
use krilla::color::{luma, rgb};
use krilla::geom::Point;
use krilla::paint::{Fill, LineJoin, Paint, Stroke};
use krilla::surface::Surface;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use std::borrow::Cow;
use std::fmt;

/// Points in a millimetre: a point is 1/72 inch, an inch 25.4 mm.
pub const PT_PER_MM: f64 = 72.0 / 25.4;

/// Middle of Han characters, capitals and digits above the baseline, as a share of the size.
///
/// Han characters of this font fill −0.12..=0.88 (middle 0.38), capitals and digits 0..=0.733 (middle
/// 0.367). A line that mixes them looks centred between the two.
pub(super) const MIDDLE: f64 = 0.372;

/// Width of the stroke that makes regular letters bold, as a share of the size.
///
/// Judged on print beside the family's own Bold: below 0.02 a heading is not told from its text, above
/// 0.045 dense characters such as 鑫 close up.
const BOLD: f64 = 0.032;

pub(super) static SHIPPED: &[u8] = include_bytes!("../../../fonts/NotoSansSC-Subset.otf");

/// A font: its letters, their widths, and how to print with them.
///
/// Making one costs about a millisecond; make one a document, not one a line.
///
/// # Example
///
/// ```
/// let typeface = duka::layout::draw::Typeface::shipped();
/// assert!(typeface.missing("堃㛃 答题卡").is_empty());
/// assert_eq!(typeface.width_mm("准考证号", 72.0), 4.0 * 25.4);
/// ```
#[derive(Clone)]
pub struct Typeface {
    font: Font,
}

impl fmt::Debug for Typeface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Typeface").finish_non_exhaustive()
    }
}

/// A colour of ink, as red, green and blue of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(
    /// Red, 0 (none) to 255.
    pub u8,
    /// Green.
    pub u8,
    /// Blue.
    pub u8,
);

impl Colour {
    /// Black.
    pub const BLACK: Self = Self(0, 0, 0);

    /// The paint for krilla: gray where the three are the same, so that a printer uses black ink alone.
    #[must_use]
    pub fn paint(self) -> Paint {
        if self.0 == self.1 && self.1 == self.2 {
            luma::Color::new(self.0).into()
        } else {
            rgb::Color::new(self.0, self.1, self.2).into()
        }
    }
}

/// Which point of a line of text lies at the given x.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Anchor {
    /// Its left end.
    #[default]
    Left,
    /// Its middle.
    Centre,
    /// Its right end.
    Right,
}

/// Which height of a line of text lies at the given y.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Level {
    /// The line that letters stand on.
    #[default]
    Baseline,
    /// The middle of Han characters, capitals and digits.
    Middle,
}

/// How heavy letters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Weight {
    /// As the font has them.
    #[default]
    Regular,
    /// With a thin stroke around them.
    Bold,
}

/// How a line of text is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TextStyle {
    /// Size in points, as printers say it (小四 is 12, 五号 10.5).
    pub size: f64,
    /// Which point of the line lies at x.
    pub anchor: Anchor,
    /// Which height of the line lies at y.
    pub level: Level,
    /// How heavy it is.
    pub weight: Weight,
    /// Its colour.
    pub colour: Colour,
}

impl TextStyle {
    /// Black, regular, to the right of x and standing on y, in `size` points.
    #[must_use]
    pub fn new(size: f64) -> Self {
        Self {
            size,
            anchor: Anchor::Left,
            level: Level::Baseline,
            weight: Weight::Regular,
            colour: Colour::BLACK,
        }
    }

    /// Centred about x.
    #[must_use]
    pub fn centred(self) -> Self {
        Self { anchor: Anchor::Centre, ..self }
    }

    /// Ending at x.
    #[must_use]
    pub fn right(self) -> Self {
        Self { anchor: Anchor::Right, ..self }
    }

    /// With its middle, not its baseline, at y.
    #[must_use]
    pub fn middle(self) -> Self {
        Self { level: Level::Middle, ..self }
    }

    /// Bold.
    #[must_use]
    pub fn bold(self) -> Self {
        Self { weight: Weight::Bold, ..self }
    }

    /// In `colour`.
    #[must_use]
    pub fn colour(self, colour: Colour) -> Self {
        Self { colour, ..self }
    }

    /// In `size` points.
    #[must_use]
    pub fn size(self, size: f64) -> Self {
        Self { size, ..self }
    }
}

/// A text made to fit a width.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted<'t> {
    /// The text, ending in `…` if it had to be cut.
    pub text: Cow<'t, str>,
    /// Size in points.
    pub size: f64,
}

/// Millimetres to krilla's points.
#[allow(clippy::cast_possible_truncation)] // a page's 1700 pt to within 1/8000 pt
pub(super) fn pt(mm: f64) -> f32 {
    (mm * PT_PER_MM) as f32
}

/// Characters that only choose a variant of the one before them; they have no letter of their own.
fn selects_variant(c: char) -> bool {
    matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

impl Typeface {
    /// The font shipped with the program: Noto Sans CJK SC Regular, all its Han characters.
    ///
    /// # Panics
    ///
    /// Never: the font is part of the program, and a test opens it.
    #[must_use]
    #[allow(clippy::expect_used)] // the bytes are compiled in
    pub fn shipped() -> Self {
        Self { font: Font::new(SHIPPED.into(), 0).expect("the shipped font can be read") }
    }

    /// The shipped font's file, for whoever draws its letters on a picture.
    #[must_use]
    pub fn font_file() -> &'static [u8] {
        SHIPPED
    }

    /// The characters of `text` that the font lacks, each once, in the text's order.
    #[must_use]
    pub fn missing(&self, text: &str) -> Vec<char> {
        let mut lacking = Vec::new();
        for c in text.chars() {
            if !selects_variant(c) && Letter::of(c).is_lacking && !lacking.contains(&c) {
                lacking.push(c);
            }
        }
        lacking
    }

    /// How long `text` is in millimetres when set in `size` points.
    #[must_use]
    pub fn width_mm(&self, text: &str, size: f64) -> f64 {
        let ems: f64 = text.chars().filter(|&c| !selects_variant(c)).map(|c| Letter::of(c).advance).sum();
        ems * size / PT_PER_MM
    }

    /// `text` made to fit `width` millimetres: as it is, smaller (but not below `least` points), or cut and
    /// ended with `…`.
    #[must_use]
    pub fn fit<'t>(&self, text: &'t str, size: f64, least: f64, width: f64) -> Fitted<'t> {
        let long = self.width_mm(text, size);
        if long <= width {
            return Fitted { text: Cow::Borrowed(text), size };
        }
        let smaller = size * width / long;
        if smaller >= least {
            return Fitted { text: Cow::Borrowed(text), size: smaller };
        }
        let least = least.min(size);
        let mut left = width - self.width_mm("…", least);
        let mut cut = String::new();
        for c in text.chars() {
            left -= self.width_mm(c.encode_utf8(&mut [0; 4]), least);
            if left < 0.0 {
                break;
            }
            cut.push(c);
        }
        cut.push('…');
        Fitted { text: Cow::Owned(cut), size: least }
    }

    /// `text` broken into lines of at most `width` millimetres at `size` points, in order.
    ///
    /// Han text breaks between any two characters, Latin words and numbers only at spaces unless one is
    /// longer than a line; closing punctuation never starts a line. A line break in the text starts a new line.
    #[must_use]
    pub fn wrap(&self, text: &str, size: f64, width: f64) -> Vec<String> {
        text.lines().flat_map(|paragraph| self.wrap_paragraph(paragraph, size, width)).collect()
    }

    fn wrap_paragraph(&self, text: &str, size: f64, width: f64) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = String::new();
        for piece in pieces(text) {
            let fits = self.width_mm(&line, size) + self.width_mm(piece.trim_end(), size) <= width;
            if !fits && !line.is_empty() {
                lines.push(std::mem::take(&mut line).trim_end().to_owned());
            }
            if self.width_mm(piece.trim_end(), size) <= width {
                line.push_str(piece);
                continue;
            }
            // A word longer than the line is broken where the line ends.
            for c in piece.chars() {
                line.push(c);
                if self.width_mm(&line, size) > width && line.chars().count() > 1 {
                    line.pop();
                    lines.push(std::mem::replace(&mut line, c.to_string()));
                }
            }
        }
        lines.push(line.trim_end().to_owned());
        lines
    }

    /// Prints `text` at `x`, `y` (millimetres from the page's top-left corner, y down) as `style` says; gives
    /// back its length in millimetres.
    ///
    /// The text can be searched and copied in the PDF. A character that the font lacks is printed as 〓; ask
    /// [`Typeface::missing`] first where that matters.
    pub fn draw(&self, surface: &mut Surface<'_>, x: f64, y: f64, text: &str, style: &TextStyle) -> f64 {
        let length = self.width_mm(text, style.size);
        if text.is_empty() {
            return length;
        }
        let left = match style.anchor {
            Anchor::Left => x,
            Anchor::Centre => x - length / 2.0,
            Anchor::Right => x - length,
        };
        let base = match style.level {
            Level::Baseline => y,
            Level::Middle => y + MIDDLE * style.size / PT_PER_MM,
        };
        let before = (surface.get_fill().cloned(), surface.get_stroke().cloned());
        surface.set_fill(Some(Fill { paint: style.colour.paint(), ..Fill::default() }));
        #[allow(clippy::cast_possible_truncation)] // a few points
        surface.set_stroke((style.weight == Weight::Bold).then(|| Stroke {
            paint: style.colour.paint(),
            width: (style.size * BOLD) as f32,
            line_join: LineJoin::Round,
            ..Stroke::default()
        }));
        let glyphs = Self::glyphs(text);
        #[allow(clippy::cast_possible_truncation)]
        let size = style.size as f32;
        let start = Point::from_xy(pt(left), pt(base));
        surface.draw_glyphs(start, &glyphs, self.font.clone(), text, size, false);
        surface.set_fill(before.0);
        surface.set_stroke(before.1);
        length
    }

    /// Prints `text` like [`Typeface::draw`], made to fit `width` millimetres as by [`Typeface::fit`].
    pub fn draw_within(
        &self,
        surface: &mut Surface<'_>,
        (x, y): (f64, f64),
        width: f64,
        text: &str,
        style: &TextStyle,
        least: f64,
    ) -> f64 {
        let fitted = self.fit(text, style.size, least, width);
        self.draw(surface, x, y, &fitted.text, &style.size(fitted.size))
    }

    fn glyphs(text: &str) -> Vec<KrillaGlyph> {
        let mut out: Vec<KrillaGlyph> = Vec::with_capacity(text.len());
        for (start, c) in text.char_indices() {
            let end = start + c.len_utf8();
            if selects_variant(c) {
                // It belongs to the character before it when the text is copied.
                if let Some(last) = out.last_mut() {
                    last.text_range.end = end;
                }
                continue;
            }
            let letter = Letter::of(c);
            #[allow(clippy::cast_possible_truncation)] // a share of the size, around 1
            let advance = letter.advance as f32;
            out.push(KrillaGlyph {
                glyph_id: GlyphId::new(letter.glyph.to_u32()),
                text_range: start..end,
                x_advance: advance,
                x_offset: 0.0,
                y_offset: 0.0,
                y_advance: 0.0,
                location: None,
            });
        }
        out
    }
}

/// The parts of a line between which it may be broken, with the spaces after them.
fn pieces(text: &str) -> Vec<&str> {
    let closes = |c: char| "，。、；：！？）》」』”’】％·…,.);:!?%".contains(c);
    let opens = |c: char| "（《「『“‘【(".contains(c);
    let wide = |c: char| c >= '\u{2E80}';
    let mut out = Vec::new();
    let mut start = 0;
    let mut before: Option<char> = None;
    for (at, c) in text.char_indices() {
        if let Some(b) = before {
            let may_break = (b == ' ' && c != ' ') || wide(b) || (wide(c) && b != ' ');
            if may_break && c != ' ' && !closes(c) && !opens(b) {
                out.push(&text[start..at]);
                start = at;
            }
        }
        before = Some(c);
    }
    if start < text.len() {
        out.push(&text[start..]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::GBK;
    use krilla::Document;
    use krilla::page::PageSettings;
    use proptest::prelude::*;

    fn printed(text: &str, style: &TextStyle) -> Vec<u8> {
        let mut document = Document::new();
        let mut page = document.start_page_with(PageSettings::from_wh(400.0, 200.0).unwrap());
        let mut surface = page.surface();
        Typeface::shipped().draw(&mut surface, 20.0, 20.0, text, style);
        surface.finish();
        page.finish();
        document.finish().unwrap()
    }

    #[test]
    fn all_han_characters_of_gbk_are_there() {
        let typeface = Typeface::shipped();
        let mut han = 0;
        for lead in 0x81..=0xFEu8 {
            for trail in (0x40..=0xFEu8).filter(|&b| b != 0x7F) {
                let bytes = [lead, trail];
                let (text, _, broken) = GBK.decode(&bytes);
                let private = text.chars().any(|c| ('\u{E000}'..='\u{F8FF}').contains(&c));
                if broken || private || text.chars().count() != 1 {
                    continue;
                }
                let c = text.chars().next().unwrap();
                if ('\u{3400}'..='\u{9FFF}').contains(&c) {
                    han += 1;
                    assert_eq!(typeface.missing(&text), [], "{lead:02X}{trail:02X}");
                }
            }
        }
        assert!(han > 20_900, "{han}");
    }

    #[test]
    fn signs_of_cards_and_reports_are_there() {
        let text = "■□○●√×✓①⑳ⅠⅫ→←▲▼★℃№‰〇…—“”《》【】（），。：；！？％＋－　㛃堃䶮𬍛𬭎";
        assert_eq!(Typeface::shipped().missing(text), []);
        assert_eq!(Typeface::shipped().missing(&(' '..='~').collect::<String>()), []);
    }

    #[test]
    fn missing_says_each_character_once_and_in_order() {
        assert_eq!(Typeface::shipped().missing("王\u{E123}一\t\u{E123}😀"), ['\u{E123}', '\t', '😀']);
        assert_eq!(Typeface::shipped().missing("葛\u{E0100}"), []);
    }

    #[test]
    fn widths_are_the_fonts() {
        let typeface = Typeface::shipped();
        assert!((typeface.width_mm("成绩单", 12.0) - 3.0 * 12.0 * 25.4 / 72.0).abs() < 1e-9);
        assert!((typeface.width_mm("A", 1000.0) - 608.0 * 25.4 / 72.0).abs() < 1e-6);
        assert!(typeface.width_mm("", 12.0).abs() < 1e-12);
    }

    #[test]
    fn the_same_text_gives_the_same_bytes() {
        let style = TextStyle::new(12.0).bold();
        assert_eq!(printed("王㛃", &style), printed("王㛃", &style));
        assert_ne!(printed("王㛃", &style), printed("王堃", &style));
    }

    #[test]
    fn a_long_name_shrinks_and_then_is_cut() {
        let typeface = Typeface::shipped();
        let name = "阿卜杜热合曼·阿卜力米提";
        assert_eq!(typeface.fit(name, 10.0, 6.0, 100.0).size.to_bits(), 10.0f64.to_bits());
        let smaller = typeface.fit(name, 10.0, 6.0, 30.0);
        assert_eq!(smaller.text, name);
        assert!((typeface.width_mm(name, smaller.size) - 30.0).abs() < 1e-9);
        let cut = typeface.fit(name, 10.0, 6.0, 12.0);
        assert_eq!(cut.text, "阿卜杜热…");
    }

    #[test]
    fn lines_break_where_readers_expect_it() {
        let typeface = Typeface::shipped();
        let em = 10.0 / PT_PER_MM;
        let lines = typeface.wrap("请用2B铅笔填涂，保持卡面清洁。", 10.0, 8.2 * em);
        assert_eq!(lines, ["请用2B铅笔填", "涂，保持卡面清", "洁。"]);
        assert_eq!(typeface.wrap("one two\nthree", 10.0, 4.0 * em), ["one two", "three"]);
        assert_eq!(typeface.wrap("abcdefgh", 10.0, 2.5 * em), ["abcd", "efgh"]);
        assert_eq!(typeface.wrap("", 10.0, 10.0), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn fitted_text_fits(text in "[\u{4e00}-\u{4fff}a-z ]{0,30}", width in 8.0f64..80.0) {
            let typeface = Typeface::shipped();
            let fitted = typeface.fit(&text, 12.0, 5.0, width);
            prop_assert!(typeface.width_mm(&fitted.text, fitted.size) <= width + 1e-9);
            prop_assert!(fitted.size >= 5.0 && fitted.size <= 12.0);
        }

        #[test]
        fn wrapping_loses_nothing_but_spaces(text in "[\u{4e00}-\u{4e20}，。（）a-c ]{0,60}", width in 15.0f64..60.0) {
            let typeface = Typeface::shipped();
            let lines = typeface.wrap(&text, 10.0, width);
            let bare = |s: &str| s.replace(' ', "");
            prop_assert_eq!(bare(&lines.concat()), bare(&text));
            for line in &lines {
                prop_assert!(typeface.width_mm(line, 10.0) <= width + 1e-9, "{:?}", line);
            }
        }
    }
}
