//! Byte-wise compression, unpacked a few rows at a time: a page is never held unpacked beside its plane.

use crate::sheet::DecodeFault;
use flate2::{Decompress, FlushDecompress, Status};
use weezl::{BitOrder, LzwStatus};

/// What may follow the wanted bytes within one compressed strip: the rest of a strip that is padded to its
/// full height, or a few stray bytes of a writer. More is no picture's data.
const MOST_SURPLUS: usize = 8 << 20;

/// Compressed data and how far it is unpacked.
pub(super) enum Unpack<'d> {
    /// As they are.
    Stored(&'d [u8]),
    /// Deflate with zlib's header and checksum.
    Inflate { data: &'d [u8], state: Box<Decompress>, ended: bool },
    /// Lempel, Ziv, Welch.
    Lzw { data: &'d [u8], state: Box<weezl::decode::Decoder> },
    /// Runs of bytes: TIFF's `PackBits`, PDF's run lengths.
    Runs { data: &'d [u8], left: Run, end: RunsEnd },
}

/// A run that is not given out yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    None,
    Same(u8, usize),
    Different(usize),
}

/// What the length byte 128 means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RunsEnd {
    /// Nothing (TIFF).
    Nothing,
    /// The data end (PDF).
    End,
}

/// How codes lie in LZW data, and when they grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LzwKind {
    /// TIFF and PDF: upper bits first, one code early.
    Early,
    /// PDF with `EarlyChange` 0.
    Late,
    /// TIFF before 6.0: lower bits first.
    Old,
}

impl<'d> Unpack<'d> {
    pub(super) fn inflate(data: &'d [u8]) -> Self {
        Self::Inflate { data, state: Box::new(Decompress::new(true)), ended: false }
    }

    pub(super) fn lzw(data: &'d [u8], kind: LzwKind) -> Self {
        let state = match kind {
            LzwKind::Early => weezl::decode::Decoder::with_tiff_size_switch(BitOrder::Msb, 8),
            LzwKind::Late => weezl::decode::Decoder::new(BitOrder::Msb, 8),
            LzwKind::Old => weezl::decode::Decoder::new(BitOrder::Lsb, 8),
        };
        Self::Lzw { data, state: Box::new(state) }
    }

    pub(super) fn runs(data: &'d [u8], end: RunsEnd) -> Self {
        Self::Runs { data, left: Run::None, end }
    }

    /// Fills `out` with the next bytes.
    ///
    /// # Errors
    ///
    /// [`DecodeFault::Truncated`] if there are fewer, [`DecodeFault::Damaged`] if they don't unpack.
    pub(super) fn fill(&mut self, out: &mut [u8]) -> Result<(), DecodeFault> {
        if self.some(out)? == out.len() { Ok(()) } else { Err(DecodeFault::Truncated) }
    }

    /// Everything that is left, if it is not more than `most` bytes.
    ///
    /// # Errors
    ///
    /// [`DecodeFault::TooLarge`] if there is more, [`DecodeFault::Damaged`] if it doesn't unpack,
    /// [`DecodeFault::Truncated`] if the end is missing.
    pub(super) fn all(mut self, most: usize) -> Result<Vec<u8>, DecodeFault> {
        let mut out = Vec::new();
        // Grows as the bytes come: what a file says of its length is not believed.
        let mut block = vec![0; 1 << 16];
        loop {
            let length = self.some(&mut block)?;
            if out.len() + length > most {
                return Err(DecodeFault::TooLarge);
            }
            out.extend_from_slice(&block[..length]);
            if length < block.len() {
                self.finish()?;
                return Ok(out);
            }
        }
    }

    /// Looks at what follows the wanted bytes: the end and its checksum.
    ///
    /// # Errors
    ///
    /// [`DecodeFault::Truncated`] if the end is missing, [`DecodeFault::Damaged`] if the checksum is another
    /// or far more bytes follow.
    pub(super) fn finish(&mut self) -> Result<(), DecodeFault> {
        if !matches!(self, Self::Inflate { .. }) {
            return Ok(());
        }
        let mut sink = vec![0; 1 << 14];
        let mut surplus = 0;
        loop {
            let length = self.some(&mut sink)?;
            surplus += length;
            if let Self::Inflate { ended: true, .. } = self {
                return Ok(());
            }
            if length < sink.len() {
                return Err(DecodeFault::Truncated);
            }
            if surplus > MOST_SURPLUS {
                return Err(DecodeFault::Damaged);
            }
        }
    }

    /// How many of the next bytes could be put into `out`: fewer than its length at the end only.
    pub(super) fn some(&mut self, out: &mut [u8]) -> Result<usize, DecodeFault> {
        match self {
            Self::Stored(data) => {
                let length = out.len().min(data.len());
                let (now, later) = data.split_at(length);
                out[..length].copy_from_slice(now);
                *data = later;
                Ok(length)
            }
            Self::Inflate { data, state, ended } => inflate(data, state, ended, out),
            Self::Lzw { data, state } => lzw(data, state, out),
            Self::Runs { data, left, end } => runs(data, left, *end, out),
        }
    }
}

fn inflate(
    data: &mut &[u8],
    state: &mut Decompress,
    ended: &mut bool,
    out: &mut [u8],
) -> Result<usize, DecodeFault> {
    let mut filled = 0;
    while filled < out.len() && !*ended {
        let (read, written) = (state.total_in(), state.total_out());
        let status = state
            .decompress(data, &mut out[filled..], FlushDecompress::None)
            .map_err(|_| DecodeFault::Damaged)?;
        let (read, written) = (state.total_in() - read, state.total_out() - written);
        *data = usize::try_from(read).ok().and_then(|n| data.get(n..)).ok_or(DecodeFault::Damaged)?;
        filled += usize::try_from(written).map_err(|_| DecodeFault::Damaged)?;
        *ended = status == Status::StreamEnd;
        if read == 0 && written == 0 {
            break;
        }
    }
    Ok(filled)
}

fn lzw(data: &mut &[u8], state: &mut weezl::decode::Decoder, out: &mut [u8]) -> Result<usize, DecodeFault> {
    let mut filled = 0;
    while filled < out.len() {
        let step = state.decode_bytes(data, &mut out[filled..]);
        *data = data.get(step.consumed_in..).ok_or(DecodeFault::Damaged)?;
        filled += step.consumed_out;
        match step.status {
            Ok(LzwStatus::Ok) if step.consumed_in > 0 || step.consumed_out > 0 => {}
            Ok(_) => break,
            Err(_) => return Err(DecodeFault::Damaged),
        }
    }
    Ok(filled)
}

fn runs(data: &mut &[u8], left: &mut Run, end: RunsEnd, out: &mut [u8]) -> Result<usize, DecodeFault> {
    let mut filled = 0;
    while filled < out.len() {
        let room = out.len() - filled;
        match *left {
            Run::Same(byte, count) => {
                let now = count.min(room);
                out[filled..filled + now].fill(byte);
                filled += now;
                *left = if count > now { Run::Same(byte, count - now) } else { Run::None };
            }
            Run::Different(count) => {
                let now = count.min(room);
                let (bytes, later) = data.split_at_checked(now).ok_or(DecodeFault::Truncated)?;
                out[filled..filled + now].copy_from_slice(bytes);
                *data = later;
                filled += now;
                *left = if count > now { Run::Different(count - now) } else { Run::None };
            }
            Run::None => {
                let Some((&head, rest)) = data.split_first() else { break };
                *data = rest;
                match usize::from(head) {
                    128 if end == RunsEnd::End => {
                        *data = &[];
                        break;
                    }
                    128 => {}
                    count @ 0..128 => *left = Run::Different(count + 1),
                    count => {
                        let (&byte, rest) = rest.split_first().ok_or(DecodeFault::Truncated)?;
                        *data = rest;
                        *left = Run::Same(byte, 257 - count);
                    }
                }
            }
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn deflated_bytes_come_in_any_portion_and_their_checksum_counts() {
        let bytes: Vec<u8> = (0..100_000u32).map(|i| (i.wrapping_mul(i) >> 7) as u8).collect();
        let packed = zlib(&bytes);
        let mut unpack = Unpack::inflate(&packed);
        let mut out = vec![0; 33_000];
        unpack.fill(&mut out).unwrap();
        assert_eq!(out, bytes[..33_000]);
        let mut rest = vec![0; 67_000];
        unpack.fill(&mut rest).unwrap();
        assert_eq!(rest, bytes[33_000..]);
        unpack.finish().unwrap();
        assert_eq!(unpack.fill(&mut [0]), Err(DecodeFault::Truncated));

        let mut wrong = packed.clone();
        *wrong.last_mut().unwrap() ^= 1;
        let mut unpack = Unpack::inflate(&wrong);
        let mut out = vec![0; bytes.len()];
        assert!(unpack.fill(&mut out).and_then(|()| unpack.finish()).is_err());
        let mut unpack = Unpack::inflate(&packed[..packed.len() - 2]);
        assert_eq!(unpack.fill(&mut out).and_then(|()| unpack.finish()), Err(DecodeFault::Truncated));
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let packed = zlib(&vec![0; 50_000_000]);
        assert!(packed.len() < 60_000);
        assert_eq!(Unpack::inflate(&packed).all(1 << 20), Err(DecodeFault::TooLarge));
        let mut unpack = Unpack::inflate(&packed);
        unpack.fill(&mut [0; 10]).unwrap();
        assert_eq!(unpack.finish(), Err(DecodeFault::Damaged));
    }

    #[test]
    fn lzw_of_all_kinds() {
        let bytes: Vec<u8> = (0..40_000u32).map(|i| (i / 3 % 251) as u8).collect();
        let early = weezl::encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8).encode(&bytes).unwrap();
        let late = weezl::encode::Encoder::new(BitOrder::Msb, 8).encode(&bytes).unwrap();
        let old = weezl::encode::Encoder::new(BitOrder::Lsb, 8).encode(&bytes).unwrap();
        for (data, kind) in [(&early, LzwKind::Early), (&late, LzwKind::Late), (&old, LzwKind::Old)] {
            let mut unpack = Unpack::lzw(data, kind);
            let mut out = vec![0; bytes.len()];
            for portion in out.chunks_mut(777) {
                unpack.fill(portion).unwrap();
            }
            assert_eq!(out, bytes, "{kind:?}");
            let mut out = vec![0; bytes.len()];
            assert!(Unpack::lzw(&data[..data.len() / 2], kind).fill(&mut out).is_err());
        }
    }

    #[test]
    fn runs_of_both_kinds() {
        // Apple's own example, with a byte that says nothing.
        let packed = [0xfe, 0xaa, 0x02, 0x80, 0x00, 0x2a, 0x80, 0xfd, 0xaa];
        let bytes = [0xaa, 0xaa, 0xaa, 0x80, 0x00, 0x2a, 0xaa, 0xaa, 0xaa, 0xaa];
        let mut unpack = Unpack::runs(&packed, RunsEnd::Nothing);
        let mut out = [0; 10];
        unpack.fill(&mut out[..4]).unwrap();
        unpack.fill(&mut out[4..]).unwrap();
        assert_eq!(out, bytes);
        assert_eq!(Unpack::runs(&packed, RunsEnd::End).all(99).unwrap(), bytes[..6]);
        assert_eq!(Unpack::runs(&[5, 1], RunsEnd::End).all(99), Err(DecodeFault::Truncated));
    }
}
