//! JSON as it is written: keys in their order, repeated ones kept.

use super::ImportError;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Json;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }
            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Null)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
                Ok(Json::Bool(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
                Ok(Json::Number(value as f64))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
                Ok(Json::Number(value as f64))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
                Ok(Json::Number(value))
            }
            fn visit_str<E>(self, value: &str) -> Result<Json, E> {
                Ok(Json::Text(value.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
                let mut out = Vec::new();
                while let Some(value) = list.next_element()? {
                    out.push(value);
                }
                Ok(Json::List(out))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
                let mut out = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    out.push(entry);
                }
                Ok(Json::Object(out))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// The value that the file's bytes say.
pub(super) fn read(path: &'static str, bytes: &[u8]) -> Result<Json, ImportError> {
    // Some editors put a byte order mark before the text.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(bytes).map_err(|source| ImportError::Json { path, source })
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct At<'j> {
    pub(super) file: &'static str,
    pub(super) place: String,
    pub(super) json: &'j Json,
}

impl<'j> At<'j> {
    pub(super) fn root(file: &'static str, json: &'j Json) -> Self {
        Self { file, place: String::new(), json }
    }

    /// An error about this place.
    pub(super) fn wrong(&self, wanted: &'static str) -> ImportError {
        let place = if self.place.is_empty() { "the file".to_owned() } else { self.place.clone() };
        ImportError::Value { path: self.file, place, wanted }
    }

    fn inner(&self, key: &str, json: &'j Json) -> Self {
        let dot = if self.place.is_empty() || key.starts_with('[') { "" } else { "." };
        Self { file: self.file, place: format!("{}{dot}{key}", self.place), json }
    }

    /// The entries of an object, in their order; no key is there twice.
    pub(super) fn entries(&self) -> Result<Vec<(&'j str, At<'j>)>, ImportError> {
        let Json::Object(entries) = self.json else { return Err(self.wrong("an object { … }")) };
        let mut out: Vec<(&str, At<'j>)> = Vec::with_capacity(entries.len());
        let mut keys = std::collections::BTreeSet::new();
        for (key, value) in entries {
            if !keys.insert(key.as_str()) {
                return Err(self.inner(key, value).wrong("there only once"));
            }
            out.push((key, self.inner(key, value)));
        }
        Ok(out)
    }

    /// The value of a key; nothing if it is missing or null.
    pub(super) fn get(&self, key: &str) -> Result<Option<At<'j>>, ImportError> {
        let found = self.entries()?.into_iter().find(|(k, v)| *k == key && *v.json != Json::Null);
        Ok(found.map(|(_, value)| value))
    }

    /// The value of a key that must be there.
    pub(super) fn must(&self, key: &'static str) -> Result<At<'j>, ImportError> {
        let place = if self.place.is_empty() { "the file".to_owned() } else { self.place.clone() };
        self.get(key)?.ok_or(ImportError::Missing { path: self.file, place, key })
    }

    /// The keys that are not among `known`, as places.
    pub(super) fn others(&self, known: &[&str]) -> Result<Vec<String>, ImportError> {
        let entries = self.entries()?.into_iter();
        Ok(entries.filter(|(key, _)| !known.contains(key)).map(|(_, value)| value.place).collect())
    }

    /// The values of a list.
    pub(super) fn list(&self, wanted: &'static str) -> Result<Vec<At<'j>>, ImportError> {
        let Json::List(values) = self.json else { return Err(self.wrong(wanted)) };
        Ok(values.iter().enumerate().map(|(i, value)| self.inner(&format!("[{i}]"), value)).collect())
    }

    pub(super) fn text(&self, wanted: &'static str) -> Result<&'j str, ImportError> {
        match self.json {
            Json::Text(text) => Ok(text),
            _ => Err(self.wrong(wanted)),
        }
    }

    /// A text, or a number as it is usually written.
    pub(super) fn word(&self, wanted: &'static str) -> Result<String, ImportError> {
        match self.json {
            Json::Text(text) => Ok(text.clone()),
            Json::Number(number) => Ok(number.to_string()),
            _ => Err(self.wrong(wanted)),
        }
    }

    /// A number within bounds, which may be written as text.
    pub(super) fn number(&self, least: f64, most: f64, wanted: &'static str) -> Result<f64, ImportError> {
        let number = match self.json {
            Json::Number(number) => Some(*number),
            Json::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|n| (least..=most).contains(n)).ok_or_else(|| self.wrong(wanted))
    }

    /// Two numbers within bounds.
    pub(super) fn pair(
        &self,
        least: f64,
        most: f64,
        wanted: &'static str,
    ) -> Result<(f64, f64), ImportError> {
        match self.list(wanted)?.as_slice() {
            [a, b] => Ok((a.number(least, most, wanted)?, b.number(least, most, wanted)?)),
            _ => Err(self.wrong(wanted)),
        }
    }
}
