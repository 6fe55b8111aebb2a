//! Planes that are done with, for the next page.

use super::Page;
use std::sync::Mutex;

/// The most planes that are kept, one for each worker of a small machine, and the largest: A4 at 300 dpi in gray has 9 MB.
const MOST_KEPT: usize = 8;
const MOST_BYTES: usize = 16 << 20;

static SPARE: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// Takes back a page that is done with: its memory serves a page to come.
///
/// A new plane of 4 MB costs half a millisecond before the first level is in it, because the system has to lay every piece of it
/// open; a page of 200 dpi is read in eight. What is kept is bounded.
pub fn give_back(page: Page) {
    keep(page.pixels);
}

/// A copy of a page, in the memory of one that is done with if there is one; to be given back too.
pub(crate) fn copy_of(page: &Page) -> Page {
    let mut pixels = take();
    pixels.extend_from_slice(&page.pixels);
    Page {
        sheet: page.sheet,
        width: page.width,
        height: page.height,
        pixels,
        dpi: page.dpi,
        depth: page.depth,
    }
}

fn keep(mut pixels: Vec<u8>) {
    if pixels.capacity() > MOST_BYTES {
        return;
    }
    pixels.clear();
    // Whoever panicked while it was held left it whole: a list of lists.
    let mut spare = SPARE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if spare.len() < MOST_KEPT {
        spare.push(pixels);
    }
}

/// An empty plane, with room in it if there is one to spare.
pub(super) fn take() -> Vec<u8> {
    SPARE.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_is_empty_and_bounded() {
        for _ in 0..2 * MOST_KEPT {
            keep(vec![7; 1000]);
        }
        keep(vec![7; MOST_BYTES + 1]);
        // Other tests take and give at the same time.
        for _ in 0..2 * MOST_KEPT {
            let plane = take();
            assert!(plane.is_empty() && plane.capacity() <= MOST_BYTES);
        }
    }
}
