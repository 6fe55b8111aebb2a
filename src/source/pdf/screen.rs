//! What is looked at before a PDF is parsed: its end, its encryption, and streams that unpack to more than a
//! parser should hold.

use crate::sheet::DecodeFault;
use crate::source::unpack::Unpack;
use memchr::memmem;

/// Where the end mark is looked for: scanners pad files to whole blocks of the disk.
const TAIL: usize = 4096;

/// The longest dictionary before a stream's data.
const MOST_HEAD: usize = 1 << 16;

/// Bytes of all object streams together. The pages of 5 000 scans take about 3 MB.
const MOST_OBJECTS: usize = 64 << 20;

/// Bytes of all cross-reference streams together: 8 MB are a million objects of 7 bytes, which take about ten times
/// as much in memory.
const MOST_REFERENCES: usize = 8 << 20;

/// Refuses a file that is cut off, encrypted, or would unpack without bound while it is parsed.
///
/// The parser unpacks object streams and cross-reference streams whole, whatever comes of it; so they are unpacked
/// here first and counted. All else is unpacked by our own decoders, which stop.
///
/// # Errors
///
/// [`DecodeFault::Truncated`], [`DecodeFault::Encrypted`], [`DecodeFault::TooLarge`], and
/// [`DecodeFault::Unsupported`] for object streams under unusual filters.
pub(super) fn screen(bytes: &[u8]) -> Result<(), DecodeFault> {
    let tail = &bytes[bytes.len().saturating_sub(TAIL)..];
    if memmem::rfind(tail, b"%%EOF").is_none() {
        return Err(DecodeFault::Truncated);
    }
    if is_encrypted(bytes) {
        return Err(DecodeFault::Encrypted);
    }
    let (mut objects, mut references) = (0, 0);
    for at in memmem::find_iter(bytes, b"stream") {
        let ([b'\r', b'\n', ref data @ ..] | [b'\n' | b'\r', ref data @ ..]) = bytes[at + 6..] else {
            continue;
        };
        let before = &bytes[at.saturating_sub(MOST_HEAD)..at];
        if before.ends_with(b"end") {
            continue;
        }
        let head = memmem::rfind(before, b"obj").map_or(before, |start| &before[start..]);
        let head = Head(unescaped(head));
        // An object stream has to say where its first object is, a cross-reference stream its widths.
        let (sum, most) = if head.has(b"/First") {
            (&mut objects, MOST_OBJECTS)
        } else if head.has(b"/W") {
            (&mut references, MOST_REFERENCES)
        } else {
            continue;
        };
        *sum += head.unpacked(data, most - *sum)?;
    }
    Ok(())
}

/// Whether a trailer names an encryption dictionary.
fn is_encrypted(bytes: &[u8]) -> bool {
    memmem::find_iter(bytes, b"/Encrypt").any(|at| {
        let rest = bytes[at + 8..].iter().find(|b| !b.is_ascii_whitespace());
        rest.is_some_and(|&b| b.is_ascii_digit() || b == b'<')
    })
}

/// The text of a dictionary with its names as they are meant: `#46` is `F`.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        let digit = |i: usize| tail.get(i).and_then(|&b| char::from(b).to_digit(16));
        if let (b'#', Some(high), Some(low)) = (byte, digit(0), digit(1)) {
            out.push(u8::try_from(high * 16 + low).unwrap_or(b'#'));
            rest = &tail[2..];
        } else {
            out.push(byte);
            rest = tail;
        }
    }
    out
}

/// The text of a stream's dictionary.
struct Head(Vec<u8>);

impl Head {
    /// Whether the name stands there, and not only as the beginning of a longer one.
    fn has(&self, name: &[u8]) -> bool {
        memmem::find_iter(&self.0, name).any(|at| {
            self.0.get(at + name.len()).is_none_or(|&b| b.is_ascii_whitespace() || b"[]()<>/{}%".contains(&b))
        })
    }

    /// How many bytes the stream's data unpack to, at most `most`.
    fn unpacked(&self, data: &[u8], most: usize) -> Result<usize, DecodeFault> {
        if !self.has(b"/Filter") && !self.has(b"/F") {
            return Ok(0);
        }
        let names = memmem::find_iter(&self.0, b"Decode").count();
        let parameters = memmem::find_iter(&self.0, b"DecodeParms").count();
        if !self.has(b"/FlateDecode") || names != parameters + 1 {
            return Err(DecodeFault::Unsupported);
        }
        // The data end where they say, wherever the stream does.
        let mut unpack = Unpack::inflate(data);
        let mut sum = 0;
        let mut block = vec![0; 1 << 14];
        loop {
            match unpack.some(&mut block)? {
                0 => return Ok(sum),
                count => sum += count,
            }
            if sum > most {
                return Err(DecodeFault::TooLarge);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(head: &str, unpacked: usize) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&vec![b' '; unpacked]).unwrap();
        let data = encoder.finish().unwrap();
        let mut out = format!("%PDF-1.5\n1 0 obj\n<<{head}>>\nstream\n").into_bytes();
        out.extend(data);
        out.extend(b"\nendstream\nendobj\ntrailer<</Root 2 0 R>>\nstartxref\n0\n%%EOF");
        out
    }

    #[test]
    fn bombs_are_found_before_they_are_parsed() {
        let objects = "/Type/ObjStm/N 3/First 20/Filter/FlateDecode";
        assert_eq!(screen(&file(objects, 1 << 20)), Ok(()));
        assert_eq!(screen(&file(objects, MOST_OBJECTS + 1)), Err(DecodeFault::TooLarge));
        let hidden = "/N 3/#46irst 20/Filter[/FlateDecode]/Subtype/Image/Width 9";
        assert_eq!(screen(&file(hidden, MOST_OBJECTS + 1)), Err(DecodeFault::TooLarge));
        let nested = "/N 3/First 20/Filter[/FlateDecode/FlateDecode]";
        assert_eq!(screen(&file(nested, 1 << 10)), Err(DecodeFault::Unsupported));
        let references = "/Type/XRef/W[1 4 2]/DecodeParms<</Predictor 12>>/Filter/FlateDecode";
        assert_eq!(screen(&file(references, 1 << 20)), Ok(()));
        assert_eq!(screen(&file(references, MOST_REFERENCES + 1)), Err(DecodeFault::TooLarge));
        // An image may be as large as it says: it is unpacked row by row.
        let image = "/Subtype/Image/Width 9999/Height 9999/Filter/FlateDecode";
        assert_eq!(screen(&file(image, MOST_OBJECTS + 1)), Ok(()));
    }

    #[test]
    fn encrypted_and_cut_files_are_told() {
        let whole = file("/Length 3/Filter/FlateDecode", 9);
        assert_eq!(screen(&whole), Ok(()));
        assert_eq!(screen(&whole[..whole.len() - 4]), Err(DecodeFault::Truncated));
        let mut padded = whole.clone();
        padded.resize(whole.len() + 512, 0);
        assert_eq!(screen(&padded), Ok(()));
        let locked = String::from_utf8_lossy(b"/Encrypt 5 0 R").into_owned();
        assert_eq!(screen(&file(&locked, 9)), Err(DecodeFault::Encrypted));
        assert_eq!(screen(&file("/Encryption 5", 9)), Ok(()));
    }
}
