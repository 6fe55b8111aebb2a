//! Making other people's spelling our own.

/// `text` as it is meant: invisible characters removed, every kind of space a plain one, none at the
/// ends, full-width digits and letters as ASCII.
pub(crate) fn tidy(text: &str) -> String {
    let plain: String = text.chars().filter_map(plain).collect();
    let trimmed = plain.trim();
    if trimmed.len() == plain.len() { plain } else { trimmed.to_owned() }
}

fn plain(c: char) -> Option<char> {
    match c {
        // Zero-width and directional characters, soft hyphen, byte order mark.
        '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => None,
        '\u{ff10}'..='\u{ff19}' | '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}' => {
            // Full-width forms lie 0xFEE0 above their ASCII counterparts.
            char::from_u32(u32::from(c) - 0xfee0)
        }
        c if c.is_whitespace() => Some(' '),
        c if c.is_control() => None,
        c => Some(c),
    }
}

/// What headings and fixed words are compared by: tidy, without any space, `*` or colon, with ASCII
/// brackets and slash.
pub(crate) fn key(text: &str) -> String {
    tidy(text)
        .chars()
        .filter(|c| !matches!(c, ' ' | '*' | ':' | '：'))
        .map(|c| match c {
            '（' => '(',
            '）' => ')',
            '／' => '/',
            c => c,
        })
        .collect()
}

/// Whether `c` is a Chinese character that a name can have.
pub(crate) fn is_han(c: char) -> bool {
    matches!(c,
        '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{323af}' | '〇' | '々')
}

/// A person's name without the spaces that only stretch it (`张 三`), with one kind of middle dot.
pub(crate) fn person(name: &str) -> String {
    let tidy = tidy(name);
    let dotted: String = tidy
        .chars()
        .map(|c| match c {
            '•' | '‧' | '∙' | '⋅' | '・' | '･' | '．' | '●' => '·',
            c => c,
        })
        .collect();
    if dotted.chars().all(|c| is_han(c) || c == ' ' || c == '·') {
        dotted.replace(' ', "")
    } else {
        dotted.split(' ').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// The first character of a tidied name that no name has.
pub(crate) fn odd_character(name: &str) -> Option<char> {
    name.chars()
        .find(|&c| !(is_han(c) || c.is_alphabetic() || matches!(c, '·' | ' ' | '-' | '\'' | '.' | '’')))
}

/// Whether two spellings are the same person's name.
pub(crate) fn same_name(one: &str, other: &str) -> bool {
    person(one).to_lowercase() == person(other).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn invisible_and_wide_characters_become_plain() {
        assert_eq!(tidy("\u{feff}\u{3000}１４０５Ａ\u{200b}\u{a0}"), "1405A");
        assert_eq!(key(" 职业（工 种）：*"), "职业(工种)");
    }

    #[test]
    fn names_lose_stretching_spaces_only() {
        assert_eq!(person("张　三"), "张三");
        assert_eq!(person("阿依努尔 • 买买提"), "阿依努尔·买买提");
        assert_eq!(person("Mary  Ann\u{a0}Li"), "Mary Ann Li");
        assert!(same_name("JOHN SMITH", "John  Smith"));
        assert!(!same_name("张三", "张叁"));
    }

    #[test]
    fn odd_characters_are_found() {
        for name in ["张三", "阿依努尔·买买提", "Mary-Ann O'Li", "㐀𠮷〇"] {
            assert_eq!(odd_character(name), None, "{name}");
        }
        for (name, odd) in
            [("张3", '3'), ("张?", '?'), ("张\u{fffd}", '\u{fffd}'), ("\u{e863}三", '\u{e863}')]
        {
            assert_eq!(odd_character(name), Some(odd), "{name}");
        }
    }

    proptest! {
        #[test]
        fn tidying_twice_changes_nothing(text in "\\PC*") {
            let once = tidy(&text);
            prop_assert_eq!(tidy(&once), once.clone());
            let name = person(&once);
            prop_assert_eq!(person(&name), name);
        }
    }
}
