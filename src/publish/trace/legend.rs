//! The strip below a traced sheet: what it is, and what the shapes mean.

// A strip's pixels.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use super::canvas::{At, Canvas, Rgb};
use super::{DOUBT, EMPTY, FILLED, LOCATE, MISSING, TEXT, Traced};
use crate::sheet::{FieldName, ResponseState};

/// Size of the letters in pixels, and the distance of lines.
const SIZE: f64 = 27.0;
const LINE: f64 = 40.0;

/// White left and right of the text.
const SIDE: f64 = 24.0;

/// What separates facts; a line is broken there.
const BETWEEN: &str = " · ";

/// What is known of the sheet, as lines of facts.
pub(super) fn of(sheet: &Traced<'_>) -> Vec<String> {
    let r = sheet.registration;
    let found = r.fiducials.iter().filter(|f| f.is_some()).count();
    let first = [
        sheet.name.to_owned(),
        sheet.layout.name.to_string(),
        format!("turned {}°, lean {:+.2}°", r.orientation.degrees(), r.rotation_deg),
        format!("residual {:.2} mm", r.residual.0),
        format!("fiducials {found} of {}", r.fiducials.len()),
        format!("paper {}, ink {}", r.paper, r.ink),
    ];
    let mut counts = [("resolved", 0), ("blank", 0), ("multiple", 0), ("held", 0)];
    for response in sheet.responses.items.values() {
        let place = match response.state {
            ResponseState::Resolved => 0,
            ResponseState::Blank => 1,
            ResponseState::Multiple => 2,
            ResponseState::Marginal | ResponseState::Unreadable => 3,
        };
        counts[place].1 += 1;
    }
    let counted: Vec<String> =
        counts.iter().filter(|(_, n)| *n > 0).map(|(word, n)| format!("{n} {word}")).collect();
    let mut second = vec![format!("{} items: {}", sheet.responses.items.len(), counted.join(", "))];
    for (name, word) in [(FieldName::TICKET, "ticket (准考证号)"), (FieldName::FORM, "form (试卷类型)")]
    {
        if let Some(response) = sheet.responses.field(name) {
            let doubt = if response.state.is_held() { "?" } else { "" };
            second.push(format!("{word} {}{doubt}", response.value));
        }
    }
    second.push(match sheet.held.len() {
        0 => "nothing is held".into(),
        1 => "1 exception".into(),
        n => format!("{n} exceptions"),
    });
    vec![first.join(BETWEEN), second.join(BETWEEN)]
}

/// A symbol of the legend.
#[derive(Clone, Copy)]
enum Symbol {
    Filled,
    Doubt,
    Empty,
    Unreadable,
    Found,
    Missing,
    Held,
}

const SYMBOLS: [(Symbol, &str); 7] = [
    (Symbol::Filled, "filled 已涂"),
    (Symbol::Doubt, "in doubt 存疑"),
    (Symbol::Empty, "empty 未涂"),
    (Symbol::Unreadable, "not measured 未测"),
    (Symbol::Held, "held 待核"),
    (Symbol::Found, "fiducial 定位点"),
    (Symbol::Missing, "fiducial missing 缺失"),
];

/// A strip laid out for a width.
pub(super) struct Strip {
    lines: Vec<String>,
    symbols: Vec<Vec<(Symbol, &'static str, f64)>>,
    size: f64,
}

/// A strip of `lines` without symbols; long lines are broken at spaces.
pub(super) fn note(lines: &[String], width: usize) -> Strip {
    let canvas = Canvas::new(1, 1);
    let room = width as f64 - 2.0 * SIDE;
    let mut broken = Vec::new();
    for line in lines {
        let mut now = String::new();
        for word in line.split(' ') {
            let longer = if now.is_empty() { word.to_owned() } else { format!("{now} {word}") };
            if !now.is_empty() && canvas.width_of(&longer, SIZE) > room {
                broken.push(std::mem::replace(&mut now, word.to_owned()));
            } else {
                now = longer;
            }
        }
        broken.push(now);
    }
    Strip { lines: broken, symbols: Vec::new(), size: SIZE }
}

impl Strip {
    /// The strip with `lines` (and the symbols) for a picture of this width; `smaller` makes its letters
    /// smaller by so many percent.
    pub(super) fn of(lines: &[String], width: usize, smaller: f64) -> Self {
        let canvas = Canvas::new(1, 1);
        let size = SIZE * (1.0 - smaller / 100.0);
        let room = width as f64 - 2.0 * SIDE;
        let mut broken = Vec::new();
        for line in lines {
            let mut now = String::new();
            for fact in line.split(BETWEEN) {
                let longer = if now.is_empty() { fact.to_owned() } else { format!("{now}{BETWEEN}{fact}") };
                if !now.is_empty() && canvas.width_of(&longer, size) > room {
                    broken.push(std::mem::replace(&mut now, fact.to_owned()));
                } else {
                    now = longer;
                }
            }
            broken.push(now);
        }
        let mut symbols: Vec<Vec<(Symbol, &'static str, f64)>> = vec![Vec::new()];
        let mut x = 0.0;
        for (symbol, word) in SYMBOLS {
            let length = 2.0 * size + canvas.width_of(word, size) + 1.1 * size;
            if x > 0.0 && x + length - 1.1 * size > room {
                symbols.push(Vec::new());
                x = 0.0;
            }
            if let Some(row) = symbols.last_mut() {
                row.push((symbol, word, x));
            }
            x += length;
        }
        Self { lines: broken, symbols, size }
    }

    fn line(&self) -> f64 {
        self.size * LINE / SIZE
    }

    pub(super) fn height(&self) -> usize {
        ((self.lines.len() + self.symbols.len()) as f64 * self.line() + 0.9 * self.line()).ceil() as usize
    }

    /// Draws the strip from the height `top` on.
    pub(super) fn draw(&self, canvas: &mut Canvas, top: usize) {
        let (width, top) = (canvas.width as f64, top as f64);
        canvas.block((0.0, top), (width, canvas.height as f64), [255, 255, 255], 1.0);
        canvas.block((0.0, top), (width, top + 3.0), TEXT, 1.0);
        let mut y = top + 1.05 * self.line();
        for (i, line) in self.lines.iter().enumerate() {
            let bold = if i == 0 { self.size * 0.03 } else { 0.0 };
            canvas.text((SIDE, y), line, self.size, bold, TEXT);
            y += self.line();
        }
        for row in &self.symbols {
            for &(symbol, word, x) in row {
                let middle = (SIDE + x + 0.8 * self.size, y - 0.37 * self.size);
                draw_symbol(canvas, symbol, middle, self.size);
                canvas.text((SIDE + x + 2.0 * self.size, y), word, self.size, 0.0, TEXT);
            }
            y += self.line();
        }
    }
}

fn draw_symbol(canvas: &mut Canvas, symbol: Symbol, (x, y): At, size: f64) {
    let (w, h) = (0.62 * size, 0.34 * size);
    let rect = |grown: f64| {
        let (w, h) = (w + grown, h + grown);
        [(x - w, y - h), (x + w, y - h), (x + w, y + h), (x - w, y + h)]
    };
    let cross = |canvas: &mut Canvas, breadth: f64, colour: Rgb| {
        let [a, b, c, d] = rect(0.0);
        canvas.line(a, c, breadth, colour);
        canvas.line(b, d, breadth, colour);
    };
    match symbol {
        Symbol::Filled => canvas.frame(rect(0.0), 3.6, FILLED),
        Symbol::Doubt => {
            let (w, h) = (0.75 * size, 0.5 * size);
            canvas.frame([(x - w, y), (x, y - h), (x + w, y), (x, y + h)], 3.0, DOUBT);
        }
        Symbol::Empty => canvas.frame(rect(0.0), 1.0, EMPTY),
        Symbol::Unreadable => {
            canvas.frame(rect(0.0), 1.3, MISSING);
            cross(canvas, 3.0, MISSING);
        }
        Symbol::Held => {
            canvas.frame(rect(2.0), 4.6, DOUBT);
            canvas.text((x - 0.22 * size, y + 0.3 * size), "?", 0.85 * size, 0.8, DOUBT);
        }
        Symbol::Found => {
            let arm = 0.55 * size;
            canvas.frame([(x - h, y - h), (x + h, y - h), (x + h, y + h), (x - h, y + h)], 1.3, LOCATE);
            canvas.line((x - arm, y), (x + arm, y), 2.0, LOCATE);
            canvas.line((x, y - arm), (x, y + arm), 2.0, LOCATE);
        }
        Symbol::Missing => {
            canvas.frame(rect(1.0), 4.2, MISSING);
            cross(canvas, 4.2, MISSING);
        }
    }
}
