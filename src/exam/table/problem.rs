//! Rows that can't be used, named as the user sees them.

use std::fmt;

/// A row of a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RowPlace {
    /// The file's name.
    pub file: String,
    /// The sheet's name, in a workbook.
    pub sheet: Option<String>,
    /// The row's number, from 1.
    pub row: u32,
}

impl fmt::Display for RowPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file)?;
        if let Some(sheet) = &self.sheet {
            write!(f, "sheet {sheet}, ")?;
        }
        write!(f, "row {}", self.row)
    }
}

/// A column as the user sees it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Column {
    /// Its letter: `D`, `AA`.
    pub letter: String,
    /// Its heading as the file has it.
    pub heading: String,
}

impl Column {
    /// The letter of a column counted from 0.
    #[must_use]
    pub fn letter(index: usize) -> String {
        let mut letters = Vec::new();
        let mut rest = index + 1;
        while rest > 0 {
            letters.push(char::from(b'A' + u8::try_from((rest - 1) % 26).unwrap_or(0)));
            rest = (rest - 1) / 26;
        }
        letters.iter().rev().collect()
    }
}

/// One thing that is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowProblem<P> {
    /// The file's name.
    pub file: String,
    /// The sheet's name, in a workbook.
    pub sheet: Option<String>,
    /// The row's number, from 1.
    pub row: u32,
    /// The column, where one is to blame.
    pub column: Option<Column>,
    /// What is wrong.
    pub problem: P,
}

impl<P: fmt::Display> fmt::Display for RowProblem<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file)?;
        if let Some(sheet) = &self.sheet {
            write!(f, "sheet {sheet}, ")?;
        }
        write!(f, "row {}", self.row)?;
        if let Some(column) = &self.column {
            write!(f, ", column {} ({})", column.letter, column.heading)?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// How many problems a message lists. A screen shows about 40 lines; a table that is wrong throughout
/// is wrong in the same way.
const SHOWN: usize = 20;

/// Problems line by line, the first twenty and how many more there are.
pub(crate) fn listing<P: fmt::Display>(problems: &[P]) -> String {
    let mut lines: Vec<_> = problems.iter().take(SHOWN).map(ToString::to_string).collect();
    if problems.len() > SHOWN {
        lines.push(format!("and {} more", problems.len() - SHOWN));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_a_spreadsheets_letters() {
        for (index, letter) in
            [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ"), (702, "AAA")]
        {
            assert_eq!(Column::letter(index), letter);
        }
    }

    #[test]
    fn a_problem_names_its_place_and_a_long_list_is_cut() {
        let problem = |row| RowProblem {
            file: "a.xlsx".into(),
            sheet: Some("名册".into()),
            row,
            column: Some(Column { letter: "D".into(), heading: "证件号码".into() }),
            problem: "is empty",
        };
        assert_eq!(problem(7).to_string(), "a.xlsx: sheet 名册, row 7, column D (证件号码): is empty");
        let many: Vec<_> = (1..=23).map(problem).collect();
        let text = listing(&many);
        assert_eq!(text.lines().count(), 21);
        assert!(text.ends_with("\nand 3 more"));
        assert!(!listing(&many[..20]).contains("more"));
    }
}
