//! A layout as TOML.

use super::{
    BlankColumns, Choice, Elbow, FiducialShape, Field, FieldKind, Frame, Layout, Measure, OrientationProof,
    Position, PrintInk, Raster, TargetShape,
};
use crate::geometry::{Mm, Rect};
use crate::sheet::Channel;
use std::fmt::Write as _;

/// Which way the targets of a position follow each other, as in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Down,
    Right,
}

/// Positions that share the coordinates of their targets along one axis.
struct Grid<'l> {
    positions: &'l [Position],
    /// From one target of a position to the next.
    direction: Direction,
    /// One coordinate a position.
    across: Vec<f64>,
    /// One coordinate a target, for the position with most targets.
    along: Vec<f64>,
    size: (f64, f64),
}

impl Layout {
    /// The layout as the text of a layout file, which [`Layout::parse`] reads back as the same layout but for
    /// [`Layout::hash`]: every coordinate is written in full.
    ///
    /// `None` for a layout with print facts or a timing track, which come from files and are not written again, and for one
    /// that no file can say: targets of a position neither above nor beside each other.
    #[must_use]
    pub fn to_toml(&self) -> Option<String> {
        if self.print.is_some() || self.fiducials.iter().any(|f| f.track.is_some()) {
            return None;
        }
        let mut out = String::new();
        self.write_head(&mut out).ok()?;
        self.write_fiducials(&mut out).ok()?;
        for field in &self.fields {
            write_field(&mut out, field)?;
        }
        Some(out)
    }

    fn write_head(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "name = {}", quoted(self.name.as_str()))?;
        writeln!(out, "revision = {}", self.revision)?;
        if self.orientation == OrientationProof::Assumed {
            writeln!(out, "orientation = \"assumed\"")?;
        }
        if self.print_ink == PrintInk::Dark {
            writeln!(out, "print_ink = \"dark\"")?;
        }
        if self.channel != Channel::Luma {
            writeln!(out, "channel = \"{}\"", self.channel.word())?;
        }
        writeln!(out, "\n[page]\nwidth = {:?}\nheight = {:?}", self.page.width_mm, self.page.height_mm)?;
        if self.measure == Measure::Nominal {
            writeln!(out, "measure = \"nominal\"")?;
        }
        match &self.frame {
            Frame::Fiducials => {}
            Frame::Outline => writeln!(out, "frame = \"outline\"")?,
            Frame::Picture => writeln!(out, "frame = \"picture\"")?,
            Frame::Marker(raster) => write_picture(out, "marker", raster)?,
            Frame::Form(raster) => write_picture(out, "form", raster)?,
        }
        let (marginal, definite) = (self.thresholds.marginal.get(), self.thresholds.definite.get());
        writeln!(out, "\n[thresholds]\nmarginal = {marginal:?}\ndefinite = {definite:?}")?;
        if let Some(code) = self.code {
            let (c, w, h) = (code.first.centre, code.first.width.0, code.first.height.0);
            writeln!(out, "\n[layout_code]\nnumber = {}\nx = {:?}\ny = {:?}", code.number, c.x.0, c.y.0)?;
            writeln!(out, "pitch = {:?}\nwidth = {w:?}\nheight = {h:?}", code.pitch.0)?;
        }
        Ok(())
    }

    fn write_fiducials(&self, out: &mut String) -> std::fmt::Result {
        for fiducial in &self.fiducials {
            let Rect { centre, width, height } = fiducial.rect;
            let (shape, more) = match fiducial.shape {
                FiducialShape::Rectangle => ("rectangle", String::new()),
                FiducialShape::Disc => ("disc", String::new()),
                FiducialShape::Marker => ("marker", String::new()),
                FiducialShape::Ring(hole) => ("ring", format!("hole = {hole:?}\n")),
                FiducialShape::LMark(elbow) => {
                    let corner = match elbow {
                        Elbow::TopLeft => "top-left",
                        Elbow::TopRight => "top-right",
                        Elbow::BottomLeft => "bottom-left",
                        Elbow::BottomRight => "bottom-right",
                    };
                    ("l-mark", format!("elbow = \"{corner}\"\n"))
                }
            };
            writeln!(out, "\n[[fiducial]]\nshape = \"{shape}\"")?;
            write!(out, "{more}x = {:?}\ny = {:?}\n", centre.x.0, centre.y.0)?;
            writeln!(out, "width = {:?}\nheight = {:?}", width.0, height.0)?;
        }
        Ok(())
    }
}

fn write_picture(out: &mut String, table: &str, raster: &Raster) -> std::fmt::Result {
    writeln!(out, "\n[{table}]\npicture = \"\"\"\n{}\n\"\"\"", raster.to_text())
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn write_field(out: &mut String, field: &Field) -> Option<()> {
    match field.kind {
        FieldKind::Flag => {
            let target = field.positions.first()?.targets.first()?;
            let centre = target.rect.centre;
            write!(out, "\n[[flag]]\nname = {}\n", quoted(field.name.as_str())).ok()?;
            write_label(out, field)?;
            write!(out, "x = {:?}\ny = {:?}\n", centre.x.0, centre.y.0).ok()?;
            write_target(out, size_of(&target.rect), field.shape)
        }
        FieldKind::Identity(blank) => {
            write!(out, "\n[[identity]]\nname = {}\n", quoted(field.name.as_str())).ok()?;
            write_label(out, field)?;
            match blank {
                BlankColumns::None => {}
                BlankColumns::Trailing => out.push_str("blank_columns = \"trailing\"\n"),
                BlankColumns::Any => out.push_str("blank_columns = \"any\"\n"),
            }
            write_columns(out, "identity", &field.positions, field.shape)
        }
        FieldKind::Items => {
            let first = field.positions.first()?;
            let alike = field.positions.iter().filter(|p| p.label == first.label).count();
            // A file says one numeric item a table.
            if alike > 1 && alike == field.positions.len() {
                write!(out, "\n[[number]]\nitem = {}\n", first.label).ok()?;
                write_label(out, field)?;
                return write_columns(out, "number", &field.positions, field.shape);
            }
            let several = field.positions.windows(2).any(|p| p[0].label == p[1].label);
            if several {
                return None;
            }
            write_items(out, field)
        }
    }
}

fn write_label(out: &mut String, field: &Field) -> Option<()> {
    if field.label.is_empty() { Some(()) } else { writeln!(out, "label = {}", quoted(&field.label)).ok() }
}

fn write_target(out: &mut String, (width, height): (f64, f64), shape: TargetShape) -> Option<()> {
    let shape = match shape {
        TargetShape::Box => "box",
        TargetShape::Bracket => "bracket",
        TargetShape::Oval => "oval",
        TargetShape::Unknown => "unknown",
    };
    writeln!(out, "target = {{ width = {width:?}, height = {height:?}, shape = \"{shape}\" }}").ok()
}

/// Columns of an identity field or a numeric item: what fits no common grid is a part of its own.
fn write_columns(out: &mut String, table: &str, positions: &[Position], shape: TargetShape) -> Option<()> {
    for (i, grid) in grids(positions)?.into_iter().enumerate() {
        if i > 0 {
            write!(out, "\n[[{table}.part]]\n").ok()?;
        }
        let alphabets: Vec<_> = grid.positions.iter().map(letters).collect();
        let first = alphabets.first()?;
        if alphabets.iter().all(|a| a == first) {
            write!(out, "columns = {}\nalphabet = {}\n", alphabets.len(), quoted(first)).ok()?;
        } else {
            let all: Vec<_> = alphabets.iter().map(|a| quoted(a)).collect();
            writeln!(out, "alphabets = [{}]", all.join(", ")).ok()?;
        }
        // Down is what columns do unless the file says otherwise.
        if grid.direction == Direction::Right {
            out.push_str("direction = \"right\"\n");
        }
        write_list(out, "column_at", &grid.across)?;
        write_list(out, "value_at", &grid.along)?;
        write_target(out, grid.size, shape)?;
    }
    Some(())
}

/// A run of items, in one table: a field whose items fit no common grid is several fields.
fn write_items(out: &mut String, field: &Field) -> Option<()> {
    let grids = grids(&field.positions)?;
    let [grid] = grids.as_slice() else { return None };
    let first = grid.positions.first()?;
    let same = |p: &Position| letters(p) == letters(first) && p.choice == first.choice;
    if !grid.positions.iter().all(same) {
        return None;
    }
    let numbers: Vec<_> = grid.positions.iter().map(|p| p.label.to_string()).collect();
    write!(out, "\n[[items]]\nnumbers = [{}]\n", numbers.join(", ")).ok()?;
    write_label(out, field)?;
    writeln!(out, "options = {}", quoted(&letters(first))).ok()?;
    if first.choice == Choice::Multiple {
        out.push_str("choice = \"multiple\"\n");
    }
    // Items go down unless the file says otherwise: then their options do.
    if grid.direction == Direction::Down {
        out.push_str("direction = \"right\"\n");
    }
    write_list(out, "option_at", &grid.along)?;
    write_list(out, "item_at", &grid.across)?;
    write_target(out, grid.size, field.shape)
}

fn write_list(out: &mut String, key: &str, values: &[f64]) -> Option<()> {
    let values: Vec<_> = values.iter().map(|v| format!("{v:?}")).collect();
    writeln!(out, "{key} = [{}]", values.join(", ")).ok()
}

fn letters(position: &Position) -> String {
    position.targets.iter().map(|t| t.value.as_str()).collect()
}

fn size_of(rect: &Rect<Mm>) -> (f64, f64) {
    (rect.width.0, rect.height.0)
}

/// The positions in runs that lie on a grid.
fn grids(positions: &[Position]) -> Option<Vec<Grid<'_>>> {
    let mut out = Vec::new();
    let mut from = 0;
    while from < positions.len() {
        // A run of positions with one target each lies on a grid either way: the longer one is taken.
        let down = grid(&positions[from..], Direction::Down);
        let right = grid(&positions[from..], Direction::Right);
        let length = |g: &Option<Grid<'_>>| g.as_ref().map_or(0, |g| g.positions.len());
        let next = if length(&down) >= length(&right) { down } else { right }?;
        from += next.positions.len();
        out.push(next);
    }
    Some(out)
}

/// The longest run at the beginning of `positions` that lies on a grid, whose targets follow each other in `direction`.
fn grid(positions: &[Position], direction: Direction) -> Option<Grid<'_>> {
    let split = |rect: &Rect<Mm>| match direction {
        Direction::Down => (rect.centre.x.0, rect.centre.y.0),
        Direction::Right => (rect.centre.y.0, rect.centre.x.0),
    };
    let size = size_of(&positions.first()?.targets.first()?.rect);
    let (mut across, mut along): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    for position in positions {
        let places: Vec<_> = position.targets.iter().map(|t| split(&t.rect)).collect();
        let Some(&(column, _)) = places.first() else { break };
        let shared = places.len().min(along.len());
        let fits = places.iter().all(|p| p.0.to_bits() == column.to_bits())
            && position.targets.iter().all(|t| size_of(&t.rect) == size)
            && places.iter().zip(&along).take(shared).all(|(p, a)| p.1.to_bits() == a.to_bits());
        if !fits {
            break;
        }
        along.extend(places.iter().skip(along.len()).map(|p| p.1));
        across.push(column);
    }
    let positions = positions.get(..across.len()).filter(|p| !p.is_empty())?;
    Some(Grid { positions, direction, across, along, size })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::shipped;

    #[test]
    fn a_written_layout_reads_back_the_same() {
        let mut layout = shipped("openmcr-75").unwrap();
        // A run of blocks is several fields for a file that lists coordinates.
        let run = layout.fields.iter().position(|f| f.kind == FieldKind::Items).unwrap();
        let whole = layout.fields.remove(run);
        for block in whole.positions.chunks(15) {
            layout.fields.push(Field { positions: block.to_vec(), ..whole.clone() });
        }
        let text = layout.to_toml().unwrap();
        let read = Layout::parse(&text, "written.toml").unwrap();
        assert_eq!(Layout { hash: read.hash, ..layout }, read);
    }

    #[test]
    fn what_no_file_says_is_not_written() {
        assert!(shipped("theory-100").unwrap().to_toml().is_none());
        let mut layout = shipped("openmcr-75").unwrap();
        layout.fields[0].positions[0].targets[1].rect.centre.x.0 += 1.0;
        assert!(layout.to_toml().is_none());
    }

    const FOREIGN: &str = r#"
name = "foreign"
orientation = "assumed"
print_ink = "dark"
page = { width = 200.0, height = 297.0, measure = "nominal", frame = "outline" }
target = { width = 4.0, height = 4.0, shape = "unknown" }

[[identity]]
name = "roll"
blank_columns = "any"
x = 10.1
y = 20.3
columns = 1
alphabet = "EH"
value_pitch = 5.1

[[identity.part]]
x = 17.7
y = 20.0
columns = 9
alphabet = "0123456789"
column_pitch = 6.3
value_pitch = 5.7

[[items]]
numbers = [12, 3, 7]
options = "DCBA"
option_at = [20.0, 27.5, 33.1, 40.0]
item_at = [120.0, 131.5, 139.0]

[[items]]
numbers = [20]
options = "AB"
direction = "right"
x = 60.0
y = 120.0
option_pitch = 7.0

[[number]]
item = 5
x = 120.0
y = 20.0
columns = 2
alphabet = "0123456789"
column_pitch = 8.1
value_pitch = 5.7
"#;

    #[test]
    fn other_peoples_forms_read_back_the_same() {
        let layout = Layout::parse(FOREIGN, "foreign.toml").unwrap();
        assert_eq!(layout.items().collect::<Vec<_>>(), [12, 3, 7, 20, 5]);
        assert_eq!(layout.field("roll").unwrap().positions.len(), 10);
        let text = layout.to_toml().unwrap();
        let read = Layout::parse(&text, "written.toml").unwrap();
        assert_eq!(Layout { hash: read.hash, ..layout }, read);
        let columns: Vec<_> = read
            .cells()
            .cells
            .iter()
            .filter(|c| c.field == "items" && c.item == "5" && c.value == "3")
            .map(|c| c.column)
            .collect();
        assert_eq!(columns, [Some(1), Some(2)]);
    }

    #[test]
    fn frames_are_held_to_what_they_need() {
        let problem = |from: &str, to: &str| {
            Layout::parse(&FOREIGN.replace(from, to), "f.toml").unwrap_err().to_string()
        };
        for (from, to, says) in [
            ("orientation = \"assumed\"\n", "", "say orientation = \"assumed\""),
            ("frame = \"outline\"", "", "at least 4"),
            ("numbers = [12, 3, 7]", "numbers = [12, 3, 3]", "item 3 is numbered twice"),
            ("numbers = [12, 3, 7]", "numbers = [12, 3, 5]", "item 5 is numbered twice"),
            ("item_at = [120.0, 131.5, 139.0]", "item_at = [120.0, 131.5]", "2 coordinates for 3"),
            ("item_at = [120.0, 131.5, 139.0]", "item_at = [120.0, 131.5, 298.0]", "off the page"),
            ("item_at = [120.0, 131.5, 139.0]", "item_at = [120.0, 122.0, 139.0]", "overlaps"),
            ("columns = 2", "columns = 13", "between 1 and 12"),
            (
                "[[number]]",
                "[[fiducial]]\nshape = \"disc\"\nx = 5\ny = 5\nwidth = 4\n[[number]]",
                "has no fiducials",
            ),
        ] {
            let message = problem(from, to);
            assert!(message.contains(says), "{to}: {message}");
        }
        // Boxes may touch and cross a little.
        let close = FOREIGN.replace("131.5, 139.0", "123.2, 139.0");
        assert!(Layout::parse(&close, "f.toml").is_ok());
    }

    #[test]
    fn a_marker_frame_has_its_picture_and_four_markers_that_may_hang_over() {
        let raster = Raster::new(3, 3, vec![0, 255, 0, 255, 0, 255, 0, 255, 0]).unwrap();
        let corners = [(0.0, 0.0), (200.0, 0.0), (0.0, 297.0), (200.0, 297.0)];
        let marker = |(x, y): &(f64, f64)| {
            format!("[[fiducial]]\nshape = \"marker\"\nx = {x:?}\ny = {y:?}\nwidth = 9.0\n")
        };
        let markers: String = corners.iter().map(marker).collect();
        let picture = format!("[marker]\npicture = \"{}\"\n", raster.to_text().replace('\n', ""));
        let text = FOREIGN
            .replace(", frame = \"outline\"", "")
            .replace("[[number]]", &format!("{markers}{picture}[[number]]"));
        let layout = Layout::parse(&text, "m.toml").unwrap();
        assert_eq!(layout.frame, Frame::Marker(raster));
        let read = Layout::parse(&layout.to_toml().unwrap(), "w.toml").unwrap();
        assert_eq!(Layout { hash: read.hash, ..layout }, read);
        for (from, to, says) in [
            (picture.as_str(), "", "needs the [marker] picture"),
            (marker(&corners[3]).as_str(), "", "exactly four"),
            ("orientation = \"assumed\"\n", "", "look the same when the page is turned by 180"),
            ("picture = \"", "picture = \"!", "not base64"),
        ] {
            let message = Layout::parse(&text.replacen(from, to, 1), "m.toml").unwrap_err().to_string();
            assert!(message.contains(says), "{says}: {message}");
        }
    }

    #[test]
    fn discs_and_rings_in_a_square_look_the_same_from_all_sides() {
        let shape = |s: &str, last: &str| {
            let at = |(x, y): (f64, f64), s: &str| {
                format!("[[fiducial]]\nshape = {s}\nx = {x:?}\ny = {y:?}\nwidth = 6.0\n")
            };
            let marks =
                [at((5.0, 5.0), s), at((195.0, 5.0), s), at((5.0, 291.0), s), at((195.0, 291.0), last)];
            let text =
                FOREIGN.replace("orientation = \"assumed\"\n", "").replace(", frame = \"outline\"", "");
            Layout::parse(&text.replace("[[number]]", &format!("{}[[number]]", marks.concat())), "d.toml")
                .map_err(|e| e.to_string())
        };
        for s in ["\"disc\"", "\"ring\"\nhole = 0.5"] {
            assert!(shape(s, s).unwrap_err().contains("turned by 180"), "{s}");
        }
        assert!(shape("\"disc\"", "\"ring\"\nhole = 0.5").is_ok());
        assert!(shape("\"ring\"\nhole = 0.8", "\"ring\"\nhole = 0.4").is_ok());
    }
}
