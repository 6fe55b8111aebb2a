//! One page's result, as a line for a program.

use duka::layout::Layout;
use duka::read::Reading;
use duka::settle;
use duka::sheet::{
    Cause, Exception, FieldName, ItemLabel, LayoutName, Response, ResponseState, Sha256, SheetId,
};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// The engine's name, in every line.
pub const ENGINE: &str = env!("DUKA_ENGINE");

/// What came of one page; other programs rely on names and order of its keys.
#[derive(Debug, Serialize)]
pub struct PageLine {
    source: String,
    page: u32,
    layout: Option<LayoutName>,
    image_sha256: Option<Sha256>,
    engine: &'static str,
    registration: Option<Pose>,
    #[serde(serialize_with = "in_order")]
    fields: Vec<(FieldName, Response)>,
    items: BTreeMap<u16, Response>,
    exceptions: Vec<Held>,
}

/// How the sheet lies in the picture.
#[derive(Debug, Serialize)]
struct Pose {
    orientation: u16,
    rotation_deg: f64,
    residual_mm: f64,
}

/// What a person must look at.
#[derive(Debug, Serialize)]
struct Held {
    kind: &'static str,
    field: Option<FieldName>,
    item: Option<ItemLabel>,
    detail: String,
}

impl From<Exception> for Held {
    fn from(exception: Exception) -> Self {
        let Exception { cause, field, item } = exception;
        Self { kind: cause.kind(), field, item, detail: cause.to_string() }
    }
}

fn in_order<S: Serializer>(fields: &[(FieldName, Response)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(fields.len()))?;
    for (name, response) in fields {
        map.serialize_entry(name, response)?;
    }
    map.end()
}

impl PageLine {
    /// A page that was read.
    pub fn of_reading(source: &str, reading: &Reading) -> Self {
        let (mut responses, open) = settle::responses(reading);
        let fields = reading.fields.iter().filter_map(|f| responses.fields.remove_entry(&f.name));
        Self {
            source: source.to_owned(),
            page: reading.sheet.page,
            layout: Some(reading.layout.clone()),
            image_sha256: Some(reading.sheet.image),
            engine: ENGINE,
            registration: Some(Pose {
                orientation: reading.pose.orientation.degrees(),
                rotation_deg: f64::from(reading.pose.rotation_centidegrees) / 100.0,
                residual_mm: f64::from(reading.pose.residual_um) / 1000.0,
            }),
            fields: fields.collect(),
            items: responses.items,
            exceptions: open.into_iter().map(Held::from).collect(),
        }
    }

    /// A page that could not be read as `layout` (or as any, if several were tried).
    pub fn of_cause(source: &str, sheet: SheetId, layout: Option<&LayoutName>, cause: Cause) -> Self {
        let held = Exception::of_sheet(cause).into();
        Self { image_sha256: Some(sheet.image), ..Self::empty(source, sheet.page, layout, held) }
    }

    /// A file whose bytes the system does not give.
    pub fn of_file(source: &str, layout: Option<&LayoutName>, error: &io::Error) -> Self {
        let detail = format!("the file can't be read: {error}");
        Self::empty(source, 1, layout, Held { kind: "not-decoded", field: None, item: None, detail })
    }

    fn empty(source: &str, page: u32, layout: Option<&LayoutName>, held: Held) -> Self {
        Self {
            source: source.to_owned(),
            page,
            layout: layout.cloned(),
            image_sha256: None,
            engine: ENGINE,
            registration: None,
            fields: Vec::new(),
            items: BTreeMap::new(),
            exceptions: vec![held],
        }
    }

    /// Whether a person must look at it.
    pub fn is_held(&self) -> bool {
        !self.exceptions.is_empty()
    }

    /// Why nothing of the page was read, if so: where, and the reason.
    pub fn set_aside(&self) -> Option<String> {
        let reason = self.exceptions.first().filter(|_| self.registration.is_none())?;
        Some(format!("{} page {}: {}", self.source, self.page, reason.detail))
    }

    /// The line as JSON, with its line break.
    pub fn to_ndjson(&self) -> serde_json::Result<Vec<u8>> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        Ok(line)
    }

    /// The line as a row of `columns`, with its line break.
    ///
    /// A response that is held has a `?` behind it; all of a page that was not read is `?`.
    pub fn to_csv(&self, columns: &CsvColumns) -> csv::Result<Vec<u8>> {
        let unread = self.registration.is_none();
        let shown = |response: Option<&Response>| match response {
            _ if unread => "?".to_owned(),
            None => String::new(),
            Some(Response { value, state: ResponseState::Marginal | ResponseState::Unreadable }) => {
                format!("{value}?")
            }
            Some(Response { value, .. }) => value.clone(),
        };
        let field = |name| self.fields.iter().find(|(n, _)| n.as_str() == name).map(|(_, r)| r);
        let mut row = vec![self.source.clone(), self.page.to_string()];
        row.extend([FieldName::TICKET, FieldName::FORM].map(|name| shown(field(name))));
        row.extend(columns.items.iter().map(|item| shown(self.items.get(item))));
        csv_row(&row)
    }
}

/// The columns of the csv: those of every page, and one an item of any of the layouts.
pub struct CsvColumns {
    items: BTreeSet<u16>,
}

impl CsvColumns {
    /// The columns for pages of these layouts.
    pub fn of(layouts: &[Layout]) -> Self {
        Self { items: layouts.iter().flat_map(Layout::items).collect() }
    }

    /// The heading, with its line break.
    pub fn heading(&self) -> csv::Result<Vec<u8>> {
        let mut row = ["source", "page", FieldName::TICKET, FieldName::FORM].map(str::to_owned).to_vec();
        row.extend(self.items.iter().map(u16::to_string));
        csv_row(&row)
    }
}

fn csv_row(row: &[String]) -> csv::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(row)?;
    writer.into_inner().map_err(|e| e.into_error().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use duka::sheet::{DecodeFault, RegistrationFault};

    fn line(state: ResponseState, value: &str) -> PageLine {
        let response = Response { value: value.into(), state };
        let held = Held { kind: "marginal", field: None, item: None, detail: "in doubt".into() };
        PageLine {
            registration: Some(Pose { orientation: 180, rotation_deg: -1.2, residual_mm: 0.04 }),
            fields: vec![("ticket".parse().unwrap(), response.clone())],
            items: [(17, response), (2, Response::blank())].into(),
            ..PageLine::empty("a,b.tif", 3, None, held)
        }
    }

    #[test]
    fn a_held_response_is_marked_in_a_table_and_an_unread_page_is_not_a_blank_one() {
        let columns = CsvColumns { items: [2, 17].into() };
        assert_eq!(columns.heading().unwrap(), b"source,page,ticket,form,2,17\n");
        for (state, row) in [
            (ResponseState::Resolved, "\"a,b.tif\",3,BD,,,BD\n"),
            (ResponseState::Multiple, "\"a,b.tif\",3,BD,,,BD\n"),
            (ResponseState::Marginal, "\"a,b.tif\",3,BD?,,,BD?\n"),
            (ResponseState::Unreadable, "\"a,b.tif\",3,BD?,,,BD?\n"),
        ] {
            assert_eq!(line(state, "BD").to_csv(&columns).unwrap(), row.as_bytes(), "{state:?}");
        }
        let sheet = SheetId { image: Sha256::of(b""), page: 1 };
        let cause = Cause::NotDecoded { fault: DecodeFault::Empty };
        let unread = PageLine::of_cause("e.png", sheet, None, cause);
        assert_eq!(unread.to_csv(&columns).unwrap(), b"e.png,1,?,?,?,?\n");
        assert_eq!(unread.set_aside().unwrap(), "e.png page 1: the file is empty");
        assert!(line(ResponseState::Blank, "").set_aside().is_none());
    }

    #[test]
    fn a_page_that_is_not_found_says_why_and_nothing_else() {
        let sheet = SheetId { image: Sha256::of(b"abc"), page: 2 };
        let cause = Cause::NotRegistered { fault: RegistrationFault::BlankPage };
        let name = "theory-100".parse().unwrap();
        let written = PageLine::of_cause("e.png", sheet, Some(&name), cause).to_ndjson().unwrap();
        let expected = format!(
            concat!(
                r#"{{"source":"e.png","page":2,"layout":"theory-100","image_sha256":"{}","engine":"{}","#,
                r#""registration":null,"fields":{{}},"items":{{}},"#,
                r#""exceptions":[{{"kind":"not-registered","field":null,"item":null,"detail":"the page is blank"}}]}}"#,
                "\n"
            ),
            sheet.image, ENGINE
        );
        assert_eq!(String::from_utf8(written).unwrap(), expected);
    }

    #[test]
    fn items_stand_in_the_order_of_their_numbers() {
        let written = line(ResponseState::Multiple, "BD").to_ndjson().unwrap();
        let written = String::from_utf8(written).unwrap();
        let expected = concat!(
            r#""registration":{"orientation":180,"rotation_deg":-1.2,"residual_mm":0.04},"#,
            r#""fields":{"ticket":{"value":"BD","state":"multiple"}},"#,
            r#""items":{"2":{"value":"","state":"blank"},"17":{"value":"BD","state":"multiple"}},"#,
        );
        assert!(written.contains(expected), "{written}");
    }
}
