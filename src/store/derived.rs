//! What follows from the record and is kept so that it need not be asked again.

use super::Fault;
use rusqlite::Transaction;

/// Keeps the facts of a page's reading in force; `None` makes them be asked again.
pub(super) fn put_facts(
    tx: &Transaction<'_>,
    image: &str,
    page: u32,
    facts: Option<&str>,
) -> Result<(), Fault> {
    tx.prepare_cached(
        "INSERT INTO derived_sheets (image, page, facts) VALUES (?1, ?2, ?3)
         ON CONFLICT (image, page) DO UPDATE SET facts = excluded.facts",
    )?
    .execute((image, page, facts))?;
    Ok(())
}
