//! What the targets share.

use duka::sheet::Channel;
use duka::source::{MOST_PIXELS, Options, Page, decode_with, give_back, picture};

/// Pages of one file that are looked at: the next file tells more than its hundredth page.
const PAGES: usize = 16;

fn check(page: &Page) {
    assert_eq!(page.pixels.len(), page.width * page.height);
    assert!(page.pixels.len() as u64 <= MOST_PIXELS);
}

/// Decodes the file by both roads of colour: pages or faults, and the same picture again after another file was decoded.
///
/// Tables and planes are used again from file to file: nothing of one may show in the next.
pub fn decoded(bytes: &[u8], other: &[u8]) {
    let first = picture(bytes);
    let mut given = 0;
    for (_, page) in decode_with(bytes, &Options { channel: Channel::Green }).take(PAGES) {
        given += 1;
        if let Ok(page) = page {
            check(&page);
            give_back(page);
        }
    }
    assert!(given > 0, "neither a page nor a fault");
    if let Ok(first) = first {
        check(&first);
        assert!(picture(other).is_ok());
        assert!(picture(bytes).is_ok_and(|again| again == first), "another picture the second time");
        give_back(first);
    }
}

/// The input as text, if it is any.
pub fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// Lets panics of other people's libraries go where they go in duka: they are caught and become faults. One that nothing catches
/// still stops the target.
pub fn panics_are_caught() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(|_| {})));
}
