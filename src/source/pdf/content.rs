//! What a page's content paints: pictures and where they lie, and whether anything else is seen.

use super::filter;
use super::image::Image;
use super::matrix::{Box2, Matrix};
use super::space::{self, Space};
use super::{Refusal, bytes_of_content};
use crate::sheet::DecodeFault;
use hayro::hayro_syntax::content::UntypedIter;
use hayro::hayro_syntax::object::{Dict, Name, Object, Stream};
use hayro::hayro_syntax::page::{Page, Resources};

/// Operators of one page with its forms. A scan has ten to a thousand (a text layer); a drawing of millions is no card.
const MOST_OPERATORS: usize = 1_000_000;

/// Pictures of one page: some scanners write one for every 16 rows.
const MOST_PICTURES: usize = 4096;

/// Forms within forms, and saved states.
const MOST_DEPTH: usize = 12;
const MOST_STATES: usize = 256;

/// A picture on the page.
pub(super) struct Picture<'a> {
    pub(super) what: What<'a>,
    /// From the unit square to the page.
    pub(super) matrix: Matrix,
    /// What is not cut off, on the page.
    pub(super) clip: Option<Box2>,
}

/// Where a picture's samples are.
pub(super) enum What<'a> {
    /// In an object of the file.
    Object(Image<'a>),
    /// In the content itself; decoded already, through the channel that was asked for.
    Inline(Box<crate::source::Plane>),
}

/// What was seen of a page's content.
pub(super) struct Content<'a> {
    /// In the order in which they are painted.
    pub(super) pictures: Vec<Picture<'a>>,
    /// Whether the pictures are all that can be seen.
    pub(super) only_pictures: bool,
    /// Whether there is text that can be seen.
    pub(super) text: bool,
}

/// How things are painted at one place of the content.
#[derive(Clone)]
struct State {
    matrix: Matrix,
    clip: Option<Box2>,
    /// `None` for a colour that is no plain one.
    fill: Option<[u8; 3]>,
    space: Space,
    /// Text rendering mode.
    text: i64,
    /// Half clear, blended or cut by something else than a rectangle.
    special: bool,
}

pub(super) struct Walk<'a> {
    content: Content<'a>,
    channel: crate::sheet::Channel,
    operators: usize,
    inline_pixels: usize,
}

/// Reads the content of `page`.
pub(super) fn of_page<'a>(page: &Page<'a>, channel: crate::sheet::Channel) -> Result<Content<'a>, Refusal> {
    let content = Content { pictures: Vec::new(), only_pictures: true, text: false };
    let mut walk = Walk { content, channel, operators: 0, inline_pixels: 0 };
    let data = bytes_of_content(page)?;
    let state = State {
        matrix: Matrix::IDENTITY,
        clip: None,
        fill: Some([0; 3]),
        space: Space::Gray,
        text: 0,
        special: false,
    };
    walk.run(&data, page.resources(), state, 0)?;
    Ok(walk.content)
}

/// A path, as far as it matters: whether it is one rectangle.
#[derive(Default)]
struct Path {
    rectangle: Option<Box2>,
    parts: usize,
    clips: bool,
}

impl<'a> Walk<'a> {
    #[allow(clippy::too_many_lines)] // one arm an operator
    fn run(
        &mut self,
        data: &[u8],
        resources: &Resources<'a>,
        state: State,
        depth: usize,
    ) -> Result<(), Refusal> {
        if depth > MOST_DEPTH {
            return Err(Refusal::Fault(DecodeFault::Unsupported));
        }
        let mut state = state;
        let mut saved: Vec<State> = Vec::new();
        let mut path = Path::default();
        let mut operators = UntypedIter::new(data);
        while let Some(instruction) = operators.next() {
            self.operators += 1;
            if self.operators > MOST_OPERATORS {
                return Err(Refusal::Fault(DecodeFault::TooLarge));
            }
            let operands: Vec<&Object<'_>> = instruction.operands().collect();
            let numbers = || -> Vec<f64> {
                let number = |o: &&Object<'_>| match o {
                    Object::Number(n) => Some(n.as_f64()),
                    _ => None,
                };
                operands.iter().filter_map(number).collect()
            };
            let name = || match operands.last() {
                Some(Object::Name(name)) => Some(name),
                _ => None,
            };
            let operator: &[u8] = instruction.operator;
            match operator {
                b"q" => {
                    if saved.len() >= MOST_STATES {
                        return Err(Refusal::Fault(DecodeFault::Unsupported));
                    }
                    saved.push(state.clone());
                }
                b"Q" => state = saved.pop().unwrap_or(state),
                b"cm" => match *numbers() {
                    [a, b, c, d, e, f] => state.matrix = Matrix([a, b, c, d, e, f]).then(state.matrix),
                    _ => return Err(Refusal::Fault(DecodeFault::Damaged)),
                },
                b"gs" => {
                    let known = name().and_then(|n| resources.get_ext_g_state(n));
                    state.special |= known.is_none_or(|g| is_special(&g));
                }
                b"g" | b"rg" | b"k" => {
                    state.space = match operator {
                        b"g" => Space::Gray,
                        b"rg" => Space::Rgb,
                        _ => Space::Cmyk,
                    };
                    state.fill = state.space.ink(&numbers());
                }
                b"cs" => {
                    let space = operands.last().map(|o| Space::of(o, &resources.color_spaces));
                    state.space = space.unwrap_or(Space::Other(None));
                    let black: &[f64] =
                        if state.space == Space::Cmyk { &[0.0, 0.0, 0.0, 1.0] } else { &[0.0; 3] };
                    let count = state.space.samples().unwrap_or(0).min(black.len());
                    state.fill = state.space.ink(&black[..count]);
                }
                b"sc" | b"scn" => state.fill = state.space.ink(&numbers()),
                b"re" => {
                    path.parts += 1;
                    path.rectangle = match *numbers() {
                        [x, y, w, h] if path.parts == 1 => state.matrix.rectangle([x, y, x + w, y + h]),
                        _ => None,
                    };
                }
                b"m" | b"l" | b"c" | b"v" | b"y" => {
                    path.parts += 2;
                    path.rectangle = None;
                }
                b"W" | b"W*" => path.clips = true,
                b"n" | b"f" | b"F" | b"f*" | b"B" | b"B*" | b"b" | b"b*" | b"S" | b"s" => {
                    let white = matches!(operator, b"f" | b"F" | b"f*") && state.fill == Some([255; 3]);
                    // Paper under the first picture is paper.
                    let paper = white && self.content.pictures.is_empty() && !state.special;
                    if operator != b"n" && path.parts > 0 && !paper {
                        self.content.only_pictures = false;
                    }
                    if path.clips {
                        state.clip_to(path.rectangle);
                    }
                    path = Path::default();
                }
                b"sh" => self.content.only_pictures = false,
                b"Tr" => state.text = numbers().first().map_or(0, |&n| n as i64),
                b"Tj" | b"TJ" | b"'" | b"\"" => match state.text {
                    3 => {}
                    // Text that cuts what follows.
                    7 => state.special = true,
                    _ => {
                        self.content.only_pictures = false;
                        self.content.text = true;
                    }
                },
                // Parts that can be switched off.
                b"BDC" if matches!(operands.first(), Some(Object::Name(n)) if n.as_ref() == b"OC") => {
                    self.content.only_pictures = false;
                }
                b"Do" => {
                    let object = name().and_then(|n| resources.x_objects.get::<Stream<'a>>(n));
                    let Some(object) = object else {
                        // A picture that is named and not there is a picture that is lost.
                        return Err(Refusal::Fault(DecodeFault::Damaged));
                    };
                    self.object(object, resources, &state, depth)?;
                }
                b"BI" => match operands.last() {
                    Some(Object::Stream(stream)) => self.inline(stream, resources, &state)?,
                    _ => return Err(Refusal::Fault(DecodeFault::Damaged)),
                },
                _ => {}
            }
        }
        Ok(())
    }

    /// An object that the content paints: a picture or a form.
    fn object(
        &mut self,
        stream: Stream<'a>,
        resources: &Resources<'a>,
        state: &State,
        depth: usize,
    ) -> Result<(), Refusal> {
        let dict = stream.dict().clone();
        if dict.contains_key("OC") {
            self.content.only_pictures = false;
        }
        match dict.get::<Name<'_>>("Subtype").as_deref() {
            Some(b"Image") => {
                let space = dict.get::<Object<'_>>("ColorSpace");
                let space = space.map(|s| Space::of(&s, &resources.color_spaces));
                let image = Image { stream, space, fill: state.fill };
                self.picture(What::Object(image), state)
            }
            Some(b"Form") => {
                let mut inner = state.clone();
                if let [a, b, c, d, e, f] = *space::numbers(dict.get("Matrix")) {
                    inner.matrix = Matrix([a, b, c, d, e, f]).then(inner.matrix);
                }
                if let [x0, y0, x1, y1] = *space::numbers(dict.get("BBox")) {
                    let rectangle = inner.matrix.rectangle([x0, y0, x1, y1]);
                    inner.clip_to(rectangle);
                }
                let data = filter::bytes(&stream, super::MOST_CONTENT)?;
                self.operators += data.len() / 64;
                match dict.get::<Dict<'a>>("Resources") {
                    Some(own) => self.run(&data, &Resources::new(own), inner, depth + 1),
                    None => self.run(&data, resources, inner, depth + 1),
                }
            }
            _ => {
                self.content.only_pictures = false;
                Ok(())
            }
        }
    }

    /// A picture within the content.
    fn inline(
        &mut self,
        stream: &Stream<'_>,
        resources: &Resources<'a>,
        state: &State,
    ) -> Result<(), Refusal> {
        let space = filter::either(stream.dict(), "ColorSpace", "CS");
        let space = space.map(|s| Space::of(&s, &resources.color_spaces));
        let image = Image { stream: stream.clone(), space, fill: state.fill };
        let (width, height) = image.size()?;
        self.inline_pixels += width * height;
        if self.inline_pixels as u64 > crate::source::MOST_PIXELS {
            return Err(Refusal::Fault(DecodeFault::TooLarge));
        }
        if image.is_stencil() {
            self.content.only_pictures = false;
        }
        match image.plane(self.channel) {
            Ok(plane) => self.picture(What::Inline(Box::new(plane)), state),
            Err(Refusal::Drawing) => {
                self.content.only_pictures = false;
                image.sound()
            }
            Err(fault) => Err(fault),
        }
    }

    fn picture(&mut self, what: What<'a>, state: &State) -> Result<(), Refusal> {
        if self.content.pictures.len() >= MOST_PICTURES {
            return Err(Refusal::Fault(DecodeFault::TooLarge));
        }
        if state.special {
            self.content.only_pictures = false;
        }
        self.content.pictures.push(Picture { what, matrix: state.matrix, clip: state.clip });
        Ok(())
    }
}

impl State {
    /// Cuts what follows to a rectangle; anything else is only drawn by a renderer.
    fn clip_to(&mut self, rectangle: Option<Box2>) {
        match rectangle {
            Some(new) => self.clip = Some(self.clip.map_or(new, |old| old.common(new))),
            None => self.special = true,
        }
    }
}

/// Whether a graphics state makes things half clear or blends them.
fn is_special(state: &Dict<'_>) -> bool {
    let clear = |key| state.get::<hayro::hayro_syntax::object::Number>(key).is_some_and(|n| n.as_f64() < 1.0);
    let plain_name = |object: Object<'_>, names: [&[u8]; 2]| match object {
        Object::Name(name) => names.contains(&name.as_ref()),
        _ => false,
    };
    let mask = state.get::<Object<'_>>("SMask").is_some_and(|o| !plain_name(o, [b"None", b"None"]));
    let blend = state.get::<Object<'_>>("BM").is_some_and(|o| !plain_name(o, [b"Normal", b"Compatible"]));
    clear("ca") || mask || blend
}
