//! Walking a TOML table while noting every problem.

use crate::exam::{ExamFault, ExamProblem};
use crate::sheet::{IdError, Points};
use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};
use std::collections::HashMap;
use std::str::FromStr;

/// Collects problems.
pub(super) struct Log {
    /// Where each line ends, in bytes.
    ends: Vec<usize>,
    pub(super) found: Vec<ExamProblem>,
}

impl Log {
    pub(super) fn of(text: &str) -> Self {
        let ends = text.bytes().zip(0..).filter(|(b, _)| *b == b'\n').map(|(_, at)| at).collect();
        Self { ends, found: Vec::new() }
    }

    /// The line, from 1, of a byte of the file.
    pub(super) fn line(&self, byte: usize) -> usize {
        1 + self.ends.partition_point(|end| *end < byte)
    }

    pub(super) fn note(&mut self, line: usize, field: impl Into<String>, problem: ExamFault) {
        self.found.push(ExamProblem { line, field: field.into(), problem });
    }
}

/// A value that was understood, and its line.
pub(super) struct At<T> {
    pub(super) line: usize,
    pub(super) value: T,
}

/// One table of the file while it is read: its keys are asked for by name, and what was not asked for
/// is unknown.
pub(super) struct Section<'a, 't> {
    /// `paper 2: `, or nothing at the top.
    prefix: String,
    pub(super) line: usize,
    pub(super) table: &'a DeTable<'t>,
    asked: Vec<&'static str>,
}

impl<'a, 't> Section<'a, 't> {
    pub(super) fn new(prefix: String, line: usize, table: &'a DeTable<'t>) -> Self {
        Self { prefix, line, table, asked: Vec::new() }
    }

    pub(super) fn field(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    pub(super) fn get(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'t>>> {
        self.asked.push(key);
        self.table.get(key)
    }

    pub(super) fn wrong(&self, log: &mut Log, line: usize, key: &str, problem: impl Into<ExamFault>) {
        log.note(line, self.field(key), problem.into());
    }

    pub(super) fn required(&mut self, key: &'static str, log: &mut Log) -> Option<&'a Spanned<DeValue<'t>>> {
        let value = self.get(key);
        if value.is_none() {
            self.wrong(log, self.line, key, ExamFault::Missing);
        }
        value
    }

    /// Text, which may be empty.
    pub(super) fn text_of(
        &self,
        key: &str,
        value: &Spanned<DeValue<'t>>,
        log: &mut Log,
    ) -> Option<At<String>> {
        let line = log.line(value.span().start);
        if let DeValue::String(text) = value.get_ref() {
            return Some(At { line, value: text.trim().to_owned() });
        }
        self.wrong(log, line, key, ExamFault::Type { expected: "text in quotes" });
        None
    }

    pub(super) fn full(&self, key: &str, text: At<String>, log: &mut Log) -> Option<At<String>> {
        if text.value.is_empty() {
            self.wrong(log, text.line, key, ExamFault::Empty);
            return None;
        }
        Some(text)
    }

    /// Text that must be there.
    pub(super) fn text(&mut self, key: &'static str, log: &mut Log) -> Option<At<String>> {
        let value = self.required(key, log)?;
        let text = self.text_of(key, value, log)?;
        self.full(key, text, log)
    }

    /// Text that may be missing or empty.
    pub(super) fn optional(&mut self, key: &'static str, log: &mut Log) -> String {
        let text = self.get(key).and_then(|v| self.text_of(key, v, log));
        text.map(|t| t.value).unwrap_or_default()
    }

    /// A name that must be there.
    pub(super) fn name<T: FromStr<Err = IdError>>(
        &mut self,
        key: &'static str,
        log: &mut Log,
    ) -> Option<At<T>> {
        let At { line, value } = self.text(key, log)?;
        match value.parse() {
            Ok(value) => Some(At { line, value }),
            Err(error) => {
                self.wrong(log, line, key, error);
                None
            }
        }
    }

    pub(super) fn array(
        &self,
        key: &str,
        value: &'a Spanned<DeValue<'t>>,
        log: &mut Log,
    ) -> Option<&'a [Spanned<DeValue<'t>>]> {
        let line = log.line(value.span().start);
        if let DeValue::Array(items) = value.get_ref() {
            return Some(items);
        }
        self.wrong(log, line, key, ExamFault::Type { expected: "a list in brackets" });
        None
    }

    /// A list of different names.
    pub(super) fn names<T: FromStr<Err = IdError> + ToString>(
        &self,
        key: &'static str,
        value: &'a Spanned<DeValue<'t>>,
        log: &mut Log,
    ) -> Option<Vec<T>> {
        let mut seen = HashMap::new();
        let mut names = Vec::new();
        let items = self.array(key, value, log)?;
        for item in items {
            let Some(At { line, value: text }) = self.text_of(key, item, log) else { continue };
            match text.parse::<T>() {
                Err(error) => self.wrong(log, line, key, error),
                Ok(name) => match seen.insert(name.to_string(), line) {
                    Some(first_line) => {
                        self.wrong(log, line, key, ExamFault::Twice { value: text, first_line });
                    }
                    None => names.push(name),
                },
            }
        }
        if items.is_empty() {
            self.wrong(log, log.line(value.span().start), key, ExamFault::Empty);
        }
        Some(names)
    }

    /// Points between 0 (not included) and 100.
    pub(super) fn points(
        &self,
        key: &str,
        value: &Spanned<DeValue<'t>>,
        log: &mut Log,
    ) -> Option<At<Points>> {
        let line = log.line(value.span().start);
        let text = match value.get_ref() {
            DeValue::Integer(n) if n.radix() == 10 => n.as_str(),
            DeValue::Float(n) => n.as_str(),
            DeValue::String(text) => text.as_ref(),
            _ => {
                self.wrong(log, line, key, ExamFault::Type { expected: "a number" });
                return None;
            }
        };
        match text.parse::<Points>() {
            Err(error) => self.wrong(log, line, key, error),
            Ok(points) if points <= Points::ZERO || points > Points::whole(100) => {
                let problem =
                    ExamFault::Range { value: points.to_string(), range: "above 0 and at most 100" };
                self.wrong(log, line, key, problem);
            }
            Ok(value) => return Some(At { line, value }),
        }
        None
    }

    /// One of the words of `choices`.
    pub(super) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&str, T)],
        known: &'static str,
        log: &mut Log,
    ) -> Option<T> {
        let value = self.get(key)?;
        let At { line, value: word } = self.text_of(key, value, log)?;
        let found = words.iter().find(|(w, _)| *w == word).map(|&(_, value)| value);
        if found.is_none() {
            self.wrong(log, line, key, ExamFault::Choice { word, choices: known });
        }
        found
    }

    /// The tables under `key`: `[[key]]`, or `key = [{ … }]`.
    pub(super) fn tables(&mut self, key: &'static str, log: &mut Log) -> Vec<Section<'a, 't>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let items = self.array(key, value, log).unwrap_or_default();
        let mut out = Vec::new();
        for (number, item) in (1..).zip(items) {
            let line = log.line(item.span().start);
            match item.get_ref() {
                DeValue::Table(table) => {
                    out.push(Section::new(format!("{}{key} {number}: ", self.prefix), line, table));
                }
                _ => self.wrong(log, line, key, ExamFault::Type { expected: "a table" }),
            }
        }
        out
    }

    /// The table `[key]`, if it is there.
    pub(super) fn table(&mut self, key: &'static str, log: &mut Log) -> Option<Section<'a, 't>> {
        let value = self.get(key)?;
        let line = log.line(value.span().start);
        if let DeValue::Table(table) = value.get_ref() {
            return Some(Section::new(format!("{}{key}: ", self.prefix), line, table));
        }
        self.wrong(log, line, key, ExamFault::Type { expected: "a table" });
        None
    }

    /// Notes every key that was not asked for.
    pub(super) fn close(self, log: &mut Log) {
        for (key, _) in self.table {
            if !self.asked.contains(&key.get_ref().as_ref()) {
                let line = log.line(key.span().start);
                let problem = ExamFault::Unknown { known: self.asked.join(", ") };
                self.wrong(log, line, key.get_ref(), problem);
            }
        }
    }
}
