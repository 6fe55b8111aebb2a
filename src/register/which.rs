//! Which layout a page has.

use super::coarse::Views;
use super::{CodeRead, Order, Registration, at_edges, everywhere, register};
use crate::layout::Layout;
use crate::sheet::{Cause, RegistrationFault};
use crate::source::Page;

/// The page registered as `layout`, whose printed code (if it has one) says so too.
///
/// # Errors
///
/// [`Cause::NotRegistered`], [`Cause::WrongLayout`] or [`Cause::LayoutCodeUnreadable`].
pub fn register_as(page: &Page, layout: &Layout) -> Result<Registration, Cause> {
    by_code(register(page, layout), layout)
}

/// The registration, unless the printed code says otherwise.
fn by_code(found: Result<Registration, RegistrationFault>, layout: &Layout) -> Result<Registration, Cause> {
    let registration = found.map_err(|fault| Cause::NotRegistered { fault })?;
    match (registration.code, &layout.code) {
        (CodeRead::Number(code), Some(own)) if code != own.number => {
            Err(Cause::WrongLayout { code, expected: own.number })
        }
        (CodeRead::Unreadable, Some(_)) => Err(Cause::LayoutCodeUnreadable),
        _ => Ok(registration),
    }
}

/// The one of `layouts` that the page proves to have: its place in the list, and the registration.
///
/// # Errors
///
/// With a single layout, what [`register_as`] says. Otherwise [`Cause::LayoutUnproved`] if more than
/// one layout explains the page; if none does, the fault of the one that came nearest.
pub fn which_layout(page: &Page, layouts: &[&Layout]) -> Result<(usize, Registration), Cause> {
    let views = Views::of(page);
    // The short look first, as every layout: a layout that the page doesn't have is looked for longest.
    let mut short = Vec::with_capacity(layouts.len());
    for (index, layout) in layouts.iter().enumerate() {
        let looked =
            at_edges(&views, layout, Order::CodeFirst).map(|registration| by_code(Ok(registration), layout));
        match looked {
            // A printed code that reads as this layout's own settles it.
            Some(Ok(registration)) if layout.code.is_some() => return Ok((index, registration)),
            looked => short.push(looked),
        }
    }
    let mut proved: Vec<(usize, Registration)> = Vec::new();
    let mut nearest: Option<Cause> = None;
    for (index, (layout, short)) in layouts.iter().zip(short).enumerate() {
        match short.unwrap_or_else(|| by_code(everywhere(&views, layout), layout)) {
            Ok(registration) => {
                if layout.code.is_some() {
                    return Ok((index, registration));
                }
                proved.push((index, registration));
            }
            Err(cause) => {
                if nearest.as_ref().is_none_or(|n| rank(&cause) > rank(n)) {
                    nearest = Some(cause);
                }
            }
        }
    }
    match proved.len() {
        1 => proved.pop().ok_or(Cause::LayoutUnproved { candidates: Vec::new() }),
        0 => Err(nearest.unwrap_or(Cause::LayoutUnproved { candidates: Vec::new() })),
        _ => {
            let candidates = proved.iter().map(|(i, _)| layouts[*i].name.clone()).collect();
            Err(Cause::LayoutUnproved { candidates })
        }
    }
}

/// How far a page came before it failed: what failed later says more about it.
fn rank(cause: &Cause) -> u8 {
    match cause {
        Cause::NotRegistered { fault } => match fault {
            RegistrationFault::BlankPage => 0,
            RegistrationFault::FiducialsMissing { .. } => 1,
            RegistrationFault::Ambiguous => 2,
            RegistrationFault::Residual { .. } => 3,
            RegistrationFault::TrackCount { .. } => 4,
            _ => 5,
        },
        Cause::LayoutCodeUnreadable => 6,
        _ => 7,
    }
}
