//! The modules import each other along one table only. When the design changes, this is the place to
//! change it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Each module, in flow order, and what it may import. A module may always name itself.
const MAY_IMPORT: [(&str, &[&str]); 23] = [
    ("geometry", &[]),
    ("sheet", &["geometry"]),
    // Who signs, and how: beside the shared words, because key, store and session all need it.
    ("identity", &["sheet"]),
    ("exam", &["sheet"]),
    ("layout", &["geometry", "sheet"]),
    ("key", &["identity", "sheet"]),
    ("source", &["geometry", "sheet"]),
    ("interop", &["source", "layout", "key", "geometry", "sheet"]),
    ("register", &["source", "layout", "geometry", "sheet"]),
    ("read", &["register", "source", "layout", "geometry", "sheet"]),
    ("settle", &["read", "exam", "sheet"]),
    ("grade", &["key", "sheet"]),
    ("practical", &["exam", "sheet"]),
    ("hand", &["exam", "sheet"]),
    ("merge", &["grade", "practical", "exam", "sheet"]),
    ("publish", &["merge", "grade", "exam", "read", "register", "source", "layout", "geometry", "sheet"]),
    ("store", &["exam", "read", "register", "grade", "practical", "merge", "identity", "sheet"]),
    ("simulate", &["layout", "geometry", "sheet"]),
    (
        "campaign",
        &["simulate", "settle", "read", "register", "source", "layout", "exam", "sheet", "geometry"],
    ),
    ("batch", &["store", "settle", "read", "register", "source", "layout", "exam", "sheet"]),
    (
        "session",
        &[
            "geometry",
            "sheet",
            "identity",
            "exam",
            "layout",
            "key",
            "interop",
            "source",
            "register",
            "read",
            "settle",
            "grade",
            "practical",
            "hand",
            "merge",
            "publish",
            "store",
            "batch",
        ],
    ),
    ("desk", &["session", "sheet", "geometry"]),
    // The program is a crate of its own: within it `crate::` reaches the verbs only.
    ("cli", &[]),
];

/// Words that a module's code may not contain at all.
const MAY_NOT_NAME: [(&str, &str); 1] = [("store", "AnswerKey")];

#[test]
fn every_module_keeps_to_its_imports() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut problems = String::new();
    let mut seen = 0;
    let files: Vec<(PathBuf, String)> = rust_files(&source)
        .into_iter()
        .map(|file| (file.clone(), fs::read_to_string(file).unwrap()))
        .collect();
    let moved: BTreeMap<PathBuf, Vec<String>> = files
        .iter()
        .flat_map(|(file, text)| {
            let module = module_path(file.strip_prefix(&source).unwrap());
            moved_modules(text).into_iter().map(move |(name, place)| {
                let path = module.iter().cloned().chain([name]).collect();
                (file.with_file_name(place), path)
            })
        })
        .collect();
    for (file, text) in &files {
        let relative = file.strip_prefix(&source).unwrap();
        let module = moved.get(file).cloned().unwrap_or_else(|| module_path(relative));
        for fault in faults(&module, text) {
            writeln!(problems, "src/{}: {fault}", relative.display()).unwrap();
        }
        seen += 1;
    }
    assert!(seen > 50, "the sources were not found");
    assert!(problems.is_empty(), "\n{problems}");
}

#[test]
fn the_table_has_no_cycle() {
    let mut above = BTreeSet::new();
    for (module, imports) in MAY_IMPORT {
        for import in imports {
            assert!(above.contains(import), "{module} imports {import}, which stands below it");
        }
        above.insert(module);
    }
}

#[test]
fn the_checker_sees_every_way_of_importing() {
    let found = |module: &str, text: &str| {
        let path: Vec<String> = module.split('/').map(String::from).collect();
        imports(&path, &tokens(text)).into_iter().collect::<Vec<_>>()
    };
    assert_eq!(found("read", "use crate::geometry::{Mm, Px};"), ["geometry"]);
    assert_eq!(
        found("read", "use crate::{geometry::Mm, sheet::{self, x::{Y, Z}}, key as k};"),
        ["geometry", "key", "sheet"]
    );
    assert_eq!(
        found("read", "fn f(a: &crate::layout::Layout) -> crate :: exam :: Exam {}"),
        ["exam", "layout"]
    );
    assert_eq!(found("read/sense", "use super::super::source::Page;"), ["source"]);
    assert_eq!(found("read/sense", "use super::measure::Ink; use self::a::B;"), ["read"]);
    assert_eq!(found("read/sense", "use super::{super::grade, measure};"), ["grade", "read"]);
    // Inside an inline module one `super` more leads to the same place.
    assert_eq!(
        found("read", "mod tests { use super::*; use super::super::store::Store; }"),
        ["read", "store"]
    );
    assert_eq!(found("read", "mod a { } use super::store::Store;"), ["store"]);
    assert_eq!(found("read", "pub(crate) struct A; pub(in crate::read) fn b() {}"), ["read"]);
    assert_eq!(found("read", "use crate::*;"), ["*"]);
    assert_eq!(found("read", "use ::crate_like::x; let a = mycrate::b;"), [""; 0]);
}

#[test]
fn the_checker_reads_code_and_nothing_else() {
    let read = |text: &str| {
        let path = vec!["read".to_owned()];
        imports(&path, &tokens(text)).len()
    };
    assert_eq!(read("/// [`crate::grade::grade`]\n//! crate::key\n// crate::key\nfn f() {}"), 0);
    assert_eq!(read("/* crate::key /* nested */ crate::grade */ fn f() {}"), 0);
    assert_eq!(read(r##"let a = "crate::key \" crate::key"; let b = r#"crate::"key"#; b"crate::key";"##), 0);
    assert_eq!(read("let quote = '\"'; use crate::key::AnswerKey; let other = '\"';"), 1);
    assert_eq!(read(r"let quote = '\''; use crate::key::AnswerKey; fn f<'a>(x: &'a str) {}"), 1);
}

#[test]
fn faults_are_named() {
    let path = |module: &str| vec![module.to_owned()];
    assert_eq!(faults(&path("simulate"), "use crate::read::Reading;"), ["imports read"]);
    assert_eq!(faults(&path("simulate"), "use crate::layout::Layout;"), [""; 0]);
    assert_eq!(faults(&path("store"), "fn f(key: AnswerKey) {}"), ["names AnswerKey"]);
    assert_eq!(faults(&path("store"), "// never an AnswerKey\nfn f() {}"), [""; 0]);
    assert_eq!(faults(&path("cellar"), "fn f() {}"), ["is not in the table"]);
    assert_eq!(faults(&path("cli"), "use duka::session::Session; use crate::cli::output;"), [""; 0]);
}

/// What is wrong with one file of `module`.
fn faults(module: &[String], text: &str) -> Vec<String> {
    // The crate's front page and the program's entry name everything.
    let Some(room) = module.first() else { return Vec::new() };
    let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| name == room) else {
        return vec!["is not in the table".to_owned()];
    };
    let tokens = tokens(text);
    let mut out: Vec<String> = imports(module, &tokens)
        .into_iter()
        .filter(|import| import != room && !allowed.contains(&import.as_str()))
        .map(|import| format!("imports {import}"))
        .collect();
    for (_, word) in MAY_NOT_NAME.iter().filter(|(name, _)| name == room) {
        if tokens.iter().any(|t| t == word) {
            out.push(format!("names {word}"));
        }
    }
    out
}

/// Modules of `text` that stand in a file of another name: the module's name and the file's.
fn moved_modules(text: &str) -> Vec<(String, String)> {
    text.split("#[path = \"")
        .skip(1)
        .filter_map(|rest| {
            let (file, rest) = rest.split_once('"')?;
            let name = rest.split_once("mod ")?.1.split_once(';')?.0;
            Some((name.to_owned(), file.to_owned()))
        })
        .collect()
}

#[test]
fn modules_in_files_of_other_names_are_placed() {
    let text = "#[cfg(test)]\n#[path = \"file_tests.rs\"]\nmod tests;\n";
    assert_eq!(moved_modules(text), [("tests".to_owned(), "file_tests.rs".to_owned())]);
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            out.extend(rust_files(&entry));
        } else if entry.extension().is_some_and(|e| e == "rs") {
            out.push(entry);
        }
    }
    out
}

/// `read/sense.rs` → read, sense; `read/mod.rs` → read; `lib.rs` and `main.rs` → nothing.
fn module_path(file: &Path) -> Vec<String> {
    let mut parts: Vec<String> =
        file.with_extension("").iter().map(|p| p.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod") || ["lib", "main"].contains(&parts[0].as_str()) {
        parts.pop();
    }
    parts
}

/// Identifiers and single marks (`::` is one), without comments, strings, characters and lifetimes.
fn tokens(text: &str) -> Vec<String> {
    let c: Vec<char> = text.chars().collect();
    let at = |i: usize| c.get(i).copied().unwrap_or('\0');
    let word = |ch: char| ch.is_alphanumeric() || ch == '_';
    let mut out = Vec::new();
    let mut i = 0;
    while i < c.len() {
        match at(i) {
            '/' if at(i + 1) == '/' => {
                while i < c.len() && at(i) != '\n' {
                    i += 1;
                }
            }
            '/' if at(i + 1) == '*' => {
                let mut depth = 0;
                while i < c.len() {
                    match (at(i), at(i + 1)) {
                        ('/', '*') => (depth, i) = (depth + 1, i + 2),
                        ('*', '/') => (depth, i) = (depth - 1, i + 2),
                        _ => i += 1,
                    }
                    if depth == 0 {
                        break;
                    }
                }
            }
            '"' => i = string_end(&c, i),
            '\'' => {
                // A character ends within two places or is escaped; anything else is a lifetime.
                if at(i + 1) == '\\' {
                    i += 3;
                    while i < c.len() && at(i) != '\'' {
                        i += 1;
                    }
                    i += 1;
                } else if at(i + 2) == '\'' {
                    i += 3;
                } else {
                    i += 1;
                    while word(at(i)) {
                        i += 1;
                    }
                }
            }
            ch if word(ch) => {
                let from = i;
                while word(at(i)) {
                    i += 1;
                }
                let name: String = c[from..i].iter().collect();
                let hashes = c[i..].iter().take_while(|&&mark| mark == '#').count();
                if ["r", "br", "cr"].contains(&name.as_str()) && at(i + hashes) == '"' {
                    let close: Vec<char> = std::iter::once('"').chain((0..hashes).map(|_| '#')).collect();
                    i += hashes + 1;
                    while i < c.len() && !c[i..].starts_with(&close) {
                        i += 1;
                    }
                    i += close.len();
                } else {
                    out.push(name);
                }
            }
            ':' if at(i + 1) == ':' => {
                out.push("::".to_owned());
                i += 2;
            }
            ch => {
                out.extend((!ch.is_whitespace()).then(|| ch.to_string()));
                i += 1;
            }
        }
    }
    out
}

/// The place after a string that opens at `i`.
fn string_end(c: &[char], mut i: usize) -> usize {
    i += 1;
    while i < c.len() && c[i] != '"' {
        i += if c[i] == '\\' { 2 } else { 1 };
    }
    i + 1
}

/// The crate's modules that the code of `module` names: all paths from `crate` or `super`.
fn imports(module: &[String], tokens: &[String]) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    // Where we are: the file's module and the inline modules we are in, with the depth they opened at.
    let mut here: Vec<(String, usize)> = module.iter().map(|m| (m.clone(), 0)).collect();
    let mut depth = 0;
    let mut i = 0;
    while i < tokens.len() {
        match tokens[i].as_str() {
            "{" => depth += 1,
            "}" => {
                if here.last().is_some_and(|(_, opened)| *opened == depth && depth > 0) {
                    here.pop();
                }
                depth -= usize::from(depth > 0);
            }
            "mod" if tokens.get(i + 2).is_some_and(|t| t == "{") => {
                depth += 1;
                here.push((tokens[i + 1].clone(), depth));
                i += 2;
            }
            "crate" | "super"
                if tokens.get(i + 1).is_some_and(|t| t == "::")
                    && i.checked_sub(1).and_then(|p| tokens.get(p)).is_none_or(|t| t != "::") =>
            {
                let names: Vec<String> = here.iter().map(|(name, _)| name.clone()).collect();
                i = tree(tokens, i, &names, &mut out);
                continue;
            }
            _ => {}
        }
        i += 1;
    }
    out
}

/// Follows one path, or a tree of paths, that begins at token `i` seen from the module `base`; gives the
/// place after it.
fn tree(tokens: &[String], mut i: usize, base: &[String], out: &mut BTreeSet<String>) -> usize {
    let mut path = base.to_vec();
    let at = |i: usize| tokens.get(i).map_or("", String::as_str);
    loop {
        match at(i) {
            "crate" => path.clear(),
            "super" => {
                path.pop();
            }
            "self" => {}
            "{" => {
                i += 1;
                while i < tokens.len() && at(i) != "}" {
                    i = tree(tokens, i, &path, out);
                    // Up to the comma: `as name`.
                    while i < tokens.len() && at(i) != "," && at(i) != "}" {
                        i += 1;
                    }
                    i += usize::from(at(i) == ",");
                }
                return i + 1;
            }
            name => path.push(name.to_owned()),
        }
        i += 1;
        if at(i) != "::" {
            break;
        }
        i += 1;
        // `Vec::<T>`: the path ends here.
        if at(i) == "<" {
            break;
        }
    }
    if let Some(first) = path.first() {
        out.insert(first.clone());
    }
    i
}
