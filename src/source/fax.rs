//! Fax codes (T.4, T.6), strictly: a row that doesn't decode is an error and not white paper.

use crate::sheet::DecodeFault;
use hayro_ccitt::{DecodeError, DecodeSettings, Decoder, DecoderContext, EncodingMode};

/// Which code, and how its rows lie in the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fax {
    pub(super) mode: EncodingMode,
    /// Every row begins with a new byte.
    pub(super) byte_aligned: bool,
    /// The data may end with an end-of-block code before all rows are there.
    pub(super) end_of_block: bool,
}

impl Fax {
    /// Decodes as many rows of `width` pixels as `out` holds. Paper becomes `paper`, ink the opposite.
    ///
    /// # Errors
    ///
    /// [`DecodeFault::Truncated`] if there are fewer rows, [`DecodeFault::Damaged`] if one is none.
    pub(super) fn decode(
        self,
        data: &[u8],
        width: usize,
        paper: u8,
        out: &mut [u8],
    ) -> Result<(), DecodeFault> {
        if width == 0 || !out.len().is_multiple_of(width) {
            return Err(DecodeFault::Damaged);
        }
        let settings = DecodeSettings {
            columns: u32::try_from(width).map_err(|_| DecodeFault::TooLarge)?,
            rows: u32::try_from(out.len() / width).map_err(|_| DecodeFault::TooLarge)?,
            end_of_block: self.end_of_block,
            // Whether there are end-of-line codes is seen at the first row: writers say it wrongly.
            end_of_line: false,
            rows_are_byte_aligned: self.byte_aligned,
            encoding: self.mode,
            strict: true,
        };
        out.fill(paper);
        let mut rows = Rows { rows: out.chunks_exact_mut(width), ink: 255 - paper };
        let read = hayro_ccitt::decode(data, &mut rows, &mut DecoderContext::new(settings));
        read.map_err(|e| match e {
            DecodeError::UnexpectedEof => DecodeFault::Truncated,
            DecodeError::InvalidCode | DecodeError::Overflow => DecodeFault::Damaged,
        })?;
        if rows.rows.next().is_some() { Err(DecodeFault::Truncated) } else { Ok(()) }
    }
}

/// Draws the runs of ink.
struct Rows<'o> {
    rows: std::slice::ChunksExactMut<'o, u8>,
    ink: u8,
}

impl Decoder for Rows<'_> {
    fn push_row(&mut self, changes: &[u32]) {
        let Some(row) = self.rows.next() else { return };
        for run in changes.chunks(2) {
            let from = (run[0] as usize).min(row.len());
            let to = run.get(1).map_or(row.len(), |&end| (end as usize).min(row.len()));
            draw(&mut row[from..to.max(from)], self.ink);
        }
    }
}

/// Fills a run. Most are a few pixels long, and a call to set memory costs more than they do.
fn draw(run: &mut [u8], ink: u8) {
    if run.len() <= 16 {
        #[allow(clippy::manual_slice_fill)] // see above
        for level in run {
            *level = ink;
        }
    } else {
        run.fill(ink);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP4: Fax = Fax { mode: EncodingMode::Group4, byte_aligned: false, end_of_block: true };

    fn coded(rows: &[&[u8]]) -> Vec<u8> {
        let mut encoder = fax::encoder::Encoder::new(fax::VecWriter::new());
        for row in rows {
            let colours = row.iter().map(|&l| if l == 0 { fax::Color::Black } else { fax::Color::White });
            encoder.encode_line(colours, u32::try_from(row.len()).unwrap()).unwrap();
        }
        encoder.finish().unwrap().finish()
    }

    #[test]
    fn rows_come_back_and_more_rows_than_there_are_is_an_error() {
        let rows: [&[u8]; 2] = [&[255, 0, 0, 255, 255], &[0, 255, 255, 255, 0]];
        let data = coded(&rows);
        let mut out = [9; 10];
        GROUP4.decode(&data, 5, 255, &mut out).unwrap();
        assert_eq!(out, [255, 0, 0, 255, 255, 0, 255, 255, 255, 0]);
        GROUP4.decode(&data, 5, 0, &mut out).unwrap();
        assert_eq!(out, [0, 255, 255, 0, 0, 255, 0, 0, 0, 255]);
        assert_eq!(GROUP4.decode(&data, 5, 255, &mut [9; 15]), Err(DecodeFault::Truncated));
        assert_eq!(GROUP4.decode(&[], 5, 255, &mut out), Err(DecodeFault::Truncated));
    }
}
