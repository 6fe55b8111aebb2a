//! The tables, as a list of migrations. A migration that was released is never edited.

use rusqlite::{Connection, Transaction};
use std::fmt::Write as _;

/// Says that a SQLite file is ours: `duka` in ASCII.
pub(super) const APPLICATION_ID: i32 = 0x6475_6b61;

/// Tables of version 1 whose rows are written once, in the order in which they are hashed.
pub(super) const RECORD_TABLES: [&str; 7] =
    ["imports", "files", "file_paths", "pages", "readings", "set_asides", "resolutions"];

/// Tables of version 2 whose rows are written once.
const GRADING_TABLES: [&str; 3] = ["freezes", "gradings", "scores"];

const VERSION_1: &str = "
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    at TEXT NOT NULL,
    detail TEXT NOT NULL,
    rows TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE TABLE imports (
    seq INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('exam', 'roster', 'rooms', 'practical', 'layout')),
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    source TEXT NOT NULL,
    source_sha256 TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE INDEX imports_by_kind ON imports (kind, name, seq);
CREATE TABLE files (
    seq INTEGER PRIMARY KEY,
    image TEXT NOT NULL UNIQUE,
    bytes INTEGER NOT NULL,
    pages INTEGER NOT NULL CHECK (pages >= 1),
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE TABLE file_paths (
    seq INTEGER PRIMARY KEY,
    image TEXT NOT NULL REFERENCES files (image),
    path TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED,
    UNIQUE (image, path)
) STRICT;
CREATE TABLE pages (
    seq INTEGER PRIMARY KEY,
    image TEXT NOT NULL REFERENCES files (image),
    page INTEGER NOT NULL CHECK (page >= 1),
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED,
    UNIQUE (image, page)
) STRICT;
CREATE TABLE readings (
    seq INTEGER PRIMARY KEY,
    image TEXT NOT NULL,
    page INTEGER NOT NULL,
    engine TEXT NOT NULL,
    layout TEXT NOT NULL,
    layout_hash TEXT NOT NULL,
    ticket_read TEXT,
    reading TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED,
    UNIQUE (image, page, engine, layout_hash),
    FOREIGN KEY (image, page) REFERENCES pages (image, page)
) STRICT;
CREATE INDEX readings_by_ticket ON readings (ticket_read);
CREATE TABLE set_asides (
    seq INTEGER PRIMARY KEY,
    image TEXT NOT NULL,
    page INTEGER NOT NULL,
    engine TEXT NOT NULL,
    set_aside TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED,
    UNIQUE (image, page, engine, set_aside),
    FOREIGN KEY (image, page) REFERENCES pages (image, page)
) STRICT;
CREATE TABLE resolutions (
    seq INTEGER PRIMARY KEY,
    place TEXT NOT NULL,
    resolution TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
";

const VERSION_2: &str = "
CREATE TABLE freezes (
    seq INTEGER PRIMARY KEY,
    hash TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE TABLE gradings (
    seq INTEGER PRIMARY KEY,
    freeze TEXT NOT NULL,
    paper TEXT NOT NULL,
    form TEXT NOT NULL,
    key_revision INTEGER NOT NULL CHECK (key_revision >= 1),
    key_file TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE INDEX gradings_by_paper ON gradings (paper, form, key_revision, seq);
CREATE TABLE scores (
    seq INTEGER PRIMARY KEY,
    grading INTEGER NOT NULL REFERENCES gradings (seq),
    ticket TEXT NOT NULL,
    image TEXT NOT NULL,
    page INTEGER NOT NULL,
    score TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED,
    UNIQUE (grading, ticket),
    UNIQUE (grading, image, page),
    FOREIGN KEY (image, page) REFERENCES pages (image, page)
) STRICT;
CREATE TRIGGER freezes_once BEFORE INSERT ON freezes WHEN EXISTS (SELECT 1 FROM freezes)
BEGIN SELECT RAISE(ABORT, 'duka: frozen'); END;
CREATE TRIGGER imports_frozen BEFORE INSERT ON imports
WHEN NEW.kind <> 'practical' AND EXISTS (SELECT 1 FROM freezes)
BEGIN SELECT RAISE(ABORT, 'duka: frozen'); END;
";

/// Tables of version 3 whose rows are written once.
const HEALTH_TABLES: [&str; 2] = ["vitals", "health"];

const VERSION_3: &str = "
CREATE TABLE vitals (
    seq INTEGER PRIMARY KEY,
    image TEXT NOT NULL,
    page INTEGER NOT NULL,
    engine TEXT NOT NULL,
    vitals TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED,
    UNIQUE (image, page, engine),
    FOREIGN KEY (image, page) REFERENCES pages (image, page)
) STRICT;
CREATE TABLE health (
    seq INTEGER PRIMARY KEY,
    event TEXT NOT NULL UNIQUE,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
";

/// Tables of version 4 whose rows are written once.
const PORTION_TABLES: [&str; 3] = ["begun", "sealed", "originals"];

/// `begun`: a reader recorded pages of the file before it had seen all of them. `sealed`: it has seen all of
/// them, and there are so many. A file that was recorded in one transaction has neither and `files.pages` pages.
/// `originals`: the session keeps a copy of the file under this name.
///
/// What begins with `derived_` follows from the other tables and can be made anew from them: no row of it is
/// hashed, and `derived_state` says up to which journal entry it does.
const VERSION_4: &str = "
CREATE TABLE begun (
    seq INTEGER PRIMARY KEY,
    image TEXT NOT NULL REFERENCES files (image),
    engine TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED,
    UNIQUE (image, engine)
) STRICT;
CREATE TABLE sealed (
    seq INTEGER PRIMARY KEY,
    image TEXT NOT NULL REFERENCES files (image),
    engine TEXT NOT NULL,
    pages INTEGER NOT NULL CHECK (pages >= 1),
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED,
    UNIQUE (image, engine)
) STRICT;
CREATE TABLE originals (
    seq INTEGER PRIMARY KEY,
    image TEXT NOT NULL UNIQUE REFERENCES files (image),
    name TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE INDEX file_paths_by_path ON file_paths (path);
CREATE TABLE derived_sheets (
    image TEXT NOT NULL,
    page INTEGER NOT NULL,
    facts TEXT,
    claim TEXT,
    counted TEXT,
    PRIMARY KEY (image, page)
) STRICT, WITHOUT ROWID;
CREATE INDEX derived_sheets_by_claim ON derived_sheets (claim) WHERE claim IS NOT NULL;
CREATE TABLE derived_candidates (
    ticket TEXT PRIMARY KEY,
    room TEXT NOT NULL,
    candidate TEXT NOT NULL,
    answered INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX derived_candidates_by_room ON derived_candidates (room);
CREATE TABLE derived_open (
    about TEXT NOT NULL,
    kind TEXT NOT NULL,
    open TEXT NOT NULL
) STRICT;
CREATE INDEX derived_open_by_about ON derived_open (about);
CREATE INDEX derived_open_by_kind ON derived_open (kind);
CREATE TABLE derived_rooms (
    room TEXT PRIMARY KEY,
    place INTEGER NOT NULL,
    balance TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE derived_state (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    entry INTEGER NOT NULL,
    maker TEXT NOT NULL,
    fed INTEGER NOT NULL,
    read INTEGER NOT NULL
) STRICT;
";

/// Tables of version 5 whose rows are written once.
const CUSTODY_TABLES: [&str; 3] = ["manifests", "requests", "openings"];

/// `manifests`: the one manifest that the session is bound to. `requests`: grading requests that left the
/// session. `openings`: each request whose keys were opened, once.
const VERSION_5: &str = "
CREATE TABLE manifests (
    seq INTEGER PRIMARY KEY,
    exam TEXT NOT NULL,
    manifest TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE TABLE requests (
    seq INTEGER PRIMARY KEY,
    request TEXT NOT NULL UNIQUE,
    freeze TEXT NOT NULL,
    text TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE TABLE openings (
    seq INTEGER PRIMARY KEY,
    request TEXT NOT NULL UNIQUE REFERENCES requests (request),
    releases TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE TRIGGER manifests_once BEFORE INSERT ON manifests WHEN EXISTS (SELECT 1 FROM manifests)
BEGIN SELECT RAISE(ABORT, 'duka: append only'); END;
CREATE TRIGGER openings_frozen BEFORE INSERT ON openings WHEN NOT EXISTS (SELECT 1 FROM freezes)
BEGIN SELECT RAISE(ABORT, 'duka: not frozen'); END;
";

/// Tables of version 6 whose rows are written once, also after a freeze: signatures under heads of the journal, and re-checks.
const CASE_TABLES: [&str; 3] = ["head_signatures", "rechecks", "recheck_signatures"];

/// Entries of the journal say who did it, which key signed it, and how they are hashed; older ones have the first
/// form and nobody's name.
const VERSION_6: &str = "
ALTER TABLE journal ADD COLUMN who TEXT NOT NULL DEFAULT '';
ALTER TABLE journal ADD COLUMN signer TEXT NOT NULL DEFAULT '';
ALTER TABLE journal ADD COLUMN form INTEGER NOT NULL DEFAULT 1;
CREATE TABLE head_signatures (
    seq INTEGER PRIMARY KEY,
    head INTEGER NOT NULL REFERENCES journal (seq),
    signature TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE INDEX head_signatures_by_head ON head_signatures (head);
CREATE TABLE rechecks (
    seq INTEGER PRIMARY KEY,
    ticket TEXT NOT NULL,
    image TEXT NOT NULL,
    page INTEGER NOT NULL,
    recheck TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (image, page) REFERENCES pages (image, page)
) STRICT;
CREATE TABLE recheck_signatures (
    seq INTEGER PRIMARY KEY,
    recheck INTEGER NOT NULL REFERENCES rechecks (seq),
    signature TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
";

/// Marks given by hand are imports too. What a column may hold can't be altered: the table is made anew, with the rows it has.
const VERSION_7: &str = "
CREATE TABLE imports_7 (
    seq INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('exam', 'roster', 'rooms', 'practical', 'layout', 'hand')),
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    source TEXT NOT NULL,
    source_sha256 TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
INSERT INTO imports_7 SELECT * FROM imports;
DROP TABLE imports;
ALTER TABLE imports_7 RENAME TO imports;
CREATE INDEX imports_by_kind ON imports (kind, name, seq);
CREATE TRIGGER imports_frozen BEFORE INSERT ON imports
WHEN NEW.kind <> 'practical' AND EXISTS (SELECT 1 FROM freezes)
BEGIN SELECT RAISE(ABORT, 'duka: frozen'); END;
";

/// Tables of version 8 whose rows are written once, after a freeze: sheets that turned up late, and publications.
const LATE_TABLES: [&str; 3] = ["late_sheets", "late_signatures", "publications"];

/// Tables into which the rows of a late sheet go, each with whether a row names a page and not only a file. Such a row passes the
/// freeze in the journal entry of its own case alone.
const LATE_ROWS: [(&str, bool); 5] =
    [("files", false), ("file_paths", false), ("originals", false), ("pages", true), ("readings", true)];

/// `derived_state` counts the candidates too: counting their rows takes the longer the more there are. It is derived, so that an
/// older one may go.
const VERSION_8: &str = "
CREATE TABLE late_sheets (
    seq INTEGER PRIMARY KEY,
    image TEXT NOT NULL,
    page INTEGER NOT NULL,
    late TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED,
    UNIQUE (image, page),
    FOREIGN KEY (image, page) REFERENCES pages (image, page) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE TABLE late_signatures (
    seq INTEGER PRIMARY KEY,
    late INTEGER NOT NULL REFERENCES late_sheets (seq),
    signature TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE TABLE publications (
    seq INTEGER PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE CHECK (number >= 1),
    publication TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
DROP TABLE derived_state;
CREATE TABLE derived_state (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    entry INTEGER NOT NULL,
    maker TEXT NOT NULL,
    fed INTEGER NOT NULL,
    read INTEGER NOT NULL,
    candidates INTEGER NOT NULL
) STRICT;
CREATE TRIGGER late_sheets_frozen BEFORE INSERT ON late_sheets WHEN NOT EXISTS (SELECT 1 FROM freezes)
BEGIN SELECT RAISE(ABORT, 'duka: not frozen'); END;
";

/// Tables of version 9 whose rows are written once, also after a freeze: what assessors wrote, what the head assessor decided, and totals
/// of 综合评审.
const ASSESSED_TABLES: [&str; 3] = ["assessed", "released", "review_totals"];

/// `assessed`: a version of everything that assessors wrote about one candidate; the last one counts. `released`: the head assessor's
/// decision about one version.
const VERSION_9: &str = "
CREATE TABLE assessed (
    seq INTEGER PRIMARY KEY,
    part TEXT NOT NULL CHECK (part IN ('practical', 'review')),
    ticket TEXT NOT NULL,
    marks TEXT NOT NULL,
    source TEXT NOT NULL,
    source_sha256 TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE INDEX assessed_by_ticket ON assessed (part, ticket, seq);
CREATE TABLE released (
    seq INTEGER PRIMARY KEY,
    assessed INTEGER NOT NULL REFERENCES assessed (seq),
    decision TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE INDEX released_by_version ON released (assessed, seq);
CREATE TABLE review_totals (
    seq INTEGER PRIMARY KEY,
    totals TEXT NOT NULL,
    source TEXT NOT NULL,
    source_sha256 TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
";

/// Rulings about candidates are imports too, and like practical scores they may come after a freeze. Which kinds there are is no
/// longer said by the table: the program knows, and a table that has to be made anew for each is one more chance to lose a row.
const VERSION_10: &str = "
CREATE TABLE imports_10 (
    seq INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (length(kind) > 0),
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    source TEXT NOT NULL,
    source_sha256 TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
INSERT INTO imports_10 SELECT * FROM imports;
DROP TABLE imports;
ALTER TABLE imports_10 RENAME TO imports;
CREATE INDEX imports_by_kind ON imports (kind, name, seq);
CREATE TRIGGER imports_frozen BEFORE INSERT ON imports
WHEN NEW.kind NOT IN ('practical', 'rulings') AND EXISTS (SELECT 1 FROM freezes)
BEGIN SELECT RAISE(ABORT, 'duka: frozen'); END;
";

/// Tables of version 11 whose rows are written once: proposals of publications and withdrawals with what was signed under them, and the
/// register of certificates.
const APPROVAL_TABLES: [&str; 5] =
    ["proposals", "proposal_signatures", "withdrawals", "certificates", "revocations"];

/// A certificate is revoked once, and its number never issued again.
const VERSION_11: &str = "
CREATE TABLE proposals (
    seq INTEGER PRIMARY KEY,
    proposal TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE TABLE proposal_signatures (
    seq INTEGER PRIMARY KEY,
    proposal INTEGER NOT NULL REFERENCES proposals (seq),
    signature TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE TABLE withdrawals (
    seq INTEGER PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE REFERENCES publications (number),
    withdrawal TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE TABLE certificates (
    seq INTEGER PRIMARY KEY,
    certificate TEXT NOT NULL UNIQUE,
    ticket TEXT NOT NULL,
    issued TEXT NOT NULL,
    publication INTEGER NOT NULL REFERENCES publications (number),
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE INDEX certificates_by_ticket ON certificates (ticket);
CREATE TABLE revocations (
    seq INTEGER PRIMARY KEY,
    certificate TEXT NOT NULL UNIQUE REFERENCES certificates (certificate),
    publication INTEGER NOT NULL REFERENCES publications (number),
    reason TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
";

/// Tables of version 12 whose rows are written once: the destruction register.
const DESTRUCTION_TABLES: [&str; 2] = ["destructions", "destruction_signatures"];

const VERSION_12: &str = "
CREATE TABLE destructions (
    seq INTEGER PRIMARY KEY,
    destruction TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE TABLE destruction_signatures (
    seq INTEGER PRIMARY KEY,
    destruction INTEGER NOT NULL REFERENCES destructions (seq),
    signature TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
";

/// `derived_places`: where a path stands in its folder's stack. It follows from the paths, and is made anew with the view.
const VERSION_13: &str = "
CREATE TABLE derived_places (
    path TEXT PRIMARY KEY,
    folder TEXT NOT NULL,
    place TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX derived_places_by_place ON derived_places (folder, place);
DELETE FROM derived_state;
";

/// Everything that brings a new file to the present version, one step a version.
pub(super) const MIGRATIONS: [fn() -> String; 13] = [
    version_1, version_2, version_3, version_4, version_5, version_6, version_7, version_8, version_9,
    version_10, version_11, version_12, version_13,
];

/// The version that this program writes.
pub(super) fn newest() -> u32 {
    // A handful of migrations: far below where this could be cut.
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

fn version_1() -> String {
    let mut sql = VERSION_1.to_owned();
    append_only(&mut sql, "journal");
    written_once(&mut sql, &RECORD_TABLES);
    sql
}

fn version_2() -> String {
    let mut sql = VERSION_2.to_owned();
    written_once(&mut sql, &GRADING_TABLES);
    for table in RECORD_TABLES.iter().filter(|t| **t != "imports") {
        closed_by_freeze(&mut sql, table);
    }
    sql
}

fn version_3() -> String {
    let mut sql = VERSION_3.to_owned();
    written_once(&mut sql, &HEALTH_TABLES);
    for table in HEALTH_TABLES {
        closed_by_freeze(&mut sql, table);
    }
    sql
}

fn version_4() -> String {
    let mut sql = VERSION_4.to_owned();
    written_once(&mut sql, &PORTION_TABLES);
    for table in PORTION_TABLES {
        closed_by_freeze(&mut sql, table);
    }
    sql
}

fn version_5() -> String {
    let mut sql = VERSION_5.to_owned();
    written_once(&mut sql, &CUSTODY_TABLES);
    closed_by_freeze(&mut sql, "manifests");
    sql
}

fn version_6() -> String {
    let mut sql = VERSION_6.to_owned();
    written_once(&mut sql, &CASE_TABLES);
    sql
}

fn version_7() -> String {
    let mut sql = VERSION_7.to_owned();
    written_once(&mut sql, &["imports"]);
    sql
}

fn version_8() -> String {
    let mut sql = VERSION_8.to_owned();
    written_once(&mut sql, &LATE_TABLES);
    for (table, paged) in LATE_ROWS {
        let page = if paged { " AND l.page = NEW.page" } else { "" };
        let _ = write!(
            sql,
            "DROP TRIGGER {table}_frozen;
             CREATE TRIGGER {table}_frozen BEFORE INSERT ON {table}
             WHEN EXISTS (SELECT 1 FROM freezes) AND NOT EXISTS
                 (SELECT 1 FROM late_sheets l WHERE l.image = NEW.image{page} AND l.entry = NEW.entry)
             BEGIN SELECT RAISE(ABORT, 'duka: frozen'); END;\n"
        );
    }
    sql
}

fn version_9() -> String {
    let mut sql = VERSION_9.to_owned();
    written_once(&mut sql, &ASSESSED_TABLES);
    sql
}

fn version_10() -> String {
    let mut sql = VERSION_10.to_owned();
    written_once(&mut sql, &["imports"]);
    sql
}

fn version_11() -> String {
    let mut sql = VERSION_11.to_owned();
    written_once(&mut sql, &APPROVAL_TABLES);
    sql
}

fn version_12() -> String {
    let mut sql = VERSION_12.to_owned();
    written_once(&mut sql, &DESTRUCTION_TABLES);
    sql
}

fn version_13() -> String {
    VERSION_13.to_owned()
}

fn closed_by_freeze(sql: &mut String, table: &str) {
    // Writing to a String can't fail.
    let _ = write!(
        sql,
        "CREATE TRIGGER {table}_frozen BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM freezes)
            BEGIN SELECT RAISE(ABORT, 'duka: frozen'); END;\n"
    );
}

/// Tables whose rows are written once and looked up by their journal entry.
fn written_once(sql: &mut String, tables: &[&str]) {
    for table in tables {
        append_only(sql, table);
        by_entry(sql, table);
    }
}

fn append_only(sql: &mut String, table: &str) {
    for (verb, event) in [("kept", "DELETE"), ("fixed", "UPDATE")] {
        let _ = write!(
            sql,
            "CREATE TRIGGER {table}_{verb} BEFORE {event} ON {table}
            BEGIN SELECT RAISE(ABORT, 'duka: append only'); END;\n"
        );
    }
}

fn by_entry(sql: &mut String, table: &str) {
    let _ = writeln!(sql, "CREATE INDEX {table}_by_entry ON {table} (entry);");
}

/// All tables whose rows belong to a journal entry, in the order in which they are hashed.
pub(super) fn hashed_tables() -> impl Iterator<Item = &'static str> {
    RECORD_TABLES
        .into_iter()
        .chain(GRADING_TABLES)
        .chain(HEALTH_TABLES)
        .chain(PORTION_TABLES)
        .chain(CUSTODY_TABLES)
        .chain(CASE_TABLES)
        .chain(LATE_TABLES)
        .chain(APPROVAL_TABLES)
        .chain(ASSESSED_TABLES)
        .chain(DESTRUCTION_TABLES)
}

/// The `user_version` of the file.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Brings the file to the present version within `tx`, whatever version it has.
pub(super) fn migrate(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    let found = version(tx)?;
    for (step, migration) in (1u32..).zip(MIGRATIONS) {
        if step > found {
            tx.execute_batch(&migration())?;
            tx.pragma_update(None, "user_version", step)?;
        }
    }
    Ok(())
}
