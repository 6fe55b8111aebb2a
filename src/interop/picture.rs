//! Pictures of a folder as rasters of a layout.

use super::{Files, ImportError, required};
use crate::layout::Raster;
use crate::sheet::DecodeFault;
use crate::source;

/// The picture at `path`, made smaller by whole areas until neither side is beyond `most` pixels.
pub(super) fn raster(files: &Files<'_>, path: &str, most: usize) -> Result<Raster, ImportError> {
    let wrong = |fault| ImportError::Picture { path: path.to_owned(), fault };
    let page = source::picture(&required(files, path)?).map_err(wrong)?;
    let longest = page.width.max(page.height);
    let (width, height) = if longest <= most {
        (page.width, page.height)
    } else {
        let side = |n: usize| (n * most).div_ceil(longest).max(1);
        (side(page.width), side(page.height))
    };
    let mut levels = Vec::with_capacity(width * height);
    for y in 0..height {
        let rows = y * page.height / height..((y + 1) * page.height).div_ceil(height);
        for x in 0..width {
            let columns = x * page.width / width..((x + 1) * page.width).div_ceil(width);
            let (mut sum, mut count) = (0u64, 0u64);
            for row in rows.clone() {
                for &level in &page.row(row)[columns.clone()] {
                    sum += u64::from(level);
                    count += 1;
                }
            }
            levels.push(u8::try_from((sum + count / 2) / count.max(1)).unwrap_or(u8::MAX));
        }
    }
    Raster::new(width, height, levels).map_err(|_| wrong(DecodeFault::Unsupported))
}
