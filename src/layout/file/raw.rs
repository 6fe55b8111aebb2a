//! The tables of a layout file as TOML has them.

use super::fields;
use crate::layout::draw;
use crate::sheet::Channel;
use serde::Deserialize;
use toml::Spanned;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLayout {
    pub(super) name: Spanned<String>,
    #[serde(default = "first_revision")]
    pub(super) revision: u16,
    #[serde(default)]
    pub(super) orientation: RawOrientation,
    #[serde(default)]
    pub(super) print_ink: RawInk,
    #[serde(default)]
    pub(super) channel: Channel,
    pub(super) page: Spanned<RawPage>,
    pub(super) marker: Option<Spanned<RawPicture>>,
    pub(super) form: Option<Spanned<RawPicture>>,
    pub(super) thresholds: Option<Spanned<RawThresholds>>,
    pub(super) target: Option<RawTarget>,
    #[serde(default)]
    pub(super) fiducial: Vec<Spanned<RawFiducial>>,
    #[serde(default)]
    pub(super) track: Vec<Spanned<RawTrack>>,
    pub(super) layout_code: Option<Spanned<RawCode>>,
    #[serde(default)]
    pub(super) identity: Vec<Spanned<RawIdentity>>,
    #[serde(default)]
    pub(super) flag: Vec<Spanned<RawFlag>>,
    #[serde(default)]
    pub(super) items: Vec<Spanned<RawItems>>,
    #[serde(default)]
    pub(super) number: Vec<Spanned<RawNumber>>,
    pub(super) print: Option<Spanned<draw::RawPrint>>,
}

fn first_revision() -> u16 {
    1
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawOrientation {
    #[default]
    Printed,
    Assumed,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawInk {
    #[default]
    Pale,
    Dark,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPage {
    pub(super) width: f64,
    pub(super) height: f64,
    #[serde(default)]
    pub(super) measure: RawMeasure,
    pub(super) frame: Option<RawFrame>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawMeasure {
    #[default]
    Printed,
    Nominal,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawFrame {
    Outline,
    Picture,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPicture {
    pub(super) picture: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawThresholds {
    pub(super) marginal: f64,
    pub(super) definite: f64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTarget {
    pub(super) width: f64,
    pub(super) height: f64,
    #[serde(default)]
    pub(super) shape: RawShape,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawShape {
    #[default]
    Box,
    Bracket,
    Oval,
    Unknown,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawFiducialShape {
    Rectangle,
    LMark,
    Disc,
    Ring,
    Marker,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawElbow {
    TopLeft,
    TopRight,
    BottomLeft,
    BottomRight,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFiducial {
    pub(super) shape: RawFiducialShape,
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: Option<f64>,
    pub(super) elbow: Option<RawElbow>,
    pub(super) hole: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTrack {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) pitch: f64,
    pub(super) count: u16,
    pub(super) width: f64,
    pub(super) height: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCode {
    pub(super) number: u16,
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) pitch: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A table with columns of targets, and the keys that only it has.
///
/// Columns lie at `x` (`y` where values go to the right) and every `column_pitch`, or where `column_at` says; values
/// likewise.
macro_rules! table_of_columns {
    ($name:ident { $($(#[$meta:meta])* $key:ident: $kind:ty),* $(,)? }) => {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name {
            $($(#[$meta])* pub(super) $key: $kind,)*
            pub(super) x: Option<f64>,
            pub(super) y: Option<f64>,
            pub(super) columns: Option<u16>,
            pub(super) alphabet: Option<String>,
            pub(super) alphabets: Option<Vec<String>>,
            pub(super) column_pitch: Option<f64>,
            pub(super) value_pitch: Option<f64>,
            pub(super) column_at: Option<Vec<f64>>,
            pub(super) value_at: Option<Vec<f64>>,
            #[serde(default)]
            pub(super) direction: RawDirection,
            pub(super) target: Option<RawTarget>,
        }

        impl $name {
            /// Where its targets are.
            pub(super) fn columns(&self) -> fields::Columns<'_> {
                fields::Columns {
                    x: self.x,
                    y: self.y,
                    columns: self.columns,
                    alphabet: self.alphabet.as_deref(),
                    alphabets: self.alphabets.as_deref(),
                    column_pitch: self.column_pitch,
                    value_pitch: self.value_pitch,
                    column_at: self.column_at.as_deref(),
                    value_at: self.value_at.as_deref(),
                    direction: self.direction,
                    target: self.target,
                }
            }
        }
    };
}

table_of_columns!(RawIdentity {
    name: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    blank_columns: RawBlank,
    #[serde(default)]
    part: Vec<Spanned<RawPart>>,
});

table_of_columns!(RawNumber {
    item: u16,
    #[serde(default)]
    label: String,
    #[serde(default)]
    part: Vec<Spanned<RawPart>>,
});

table_of_columns!(RawPart {});

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawDirection {
    #[default]
    Down,
    Right,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawBlank {
    #[default]
    None,
    Trailing,
    Any,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFlag {
    pub(super) name: String,
    #[serde(default)]
    pub(super) label: String,
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) target: Option<RawTarget>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawChoice {
    #[default]
    Single,
    Multiple,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawItems {
    pub(super) from: Option<u16>,
    pub(super) to: Option<u16>,
    pub(super) numbers: Option<Vec<u16>>,
    pub(super) options: String,
    #[serde(default)]
    pub(super) choice: RawChoice,
    #[serde(default)]
    pub(super) label: String,
    pub(super) x: Option<f64>,
    pub(super) y: Option<f64>,
    pub(super) option_pitch: Option<f64>,
    pub(super) item_pitch: Option<f64>,
    pub(super) option_at: Option<Vec<f64>>,
    pub(super) item_at: Option<Vec<f64>>,
    pub(super) rows_per_block: Option<u16>,
    pub(super) block_pitch: Option<f64>,
    pub(super) blocks_per_band: Option<u16>,
    pub(super) band_pitch: Option<f64>,
    #[serde(default)]
    pub(super) direction: RawDirection,
    pub(super) target: Option<RawTarget>,
}
