//! A key as its issuer writes it, for the help, the README and tests.

use crate::sheet::{Form, PaperId};

/// A commented key of 80 single-choice items and 20 true/false items, one point each, which
/// [`AnswerKey::parse`](super::AnswerKey::parse) accepts. The answers are made up and the same for every paper.
///
/// # Example
///
/// ```
/// use duka::key::{AnswerKey, example_toml};
/// let text = example_toml(&"electrician-4".parse()?, &"A".parse()?, 1);
/// let key = AnswerKey::parse(&text, "key.toml")?;
/// assert_eq!(key.total().to_string(), "100.0");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn example_toml(paper: &PaperId, form: &Form, revision: u16) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    format!(
        r#"# An answer key (标准答案). Seal it at once and keep no copy in the clear.
paper = {paper}
form = {form}            # 试卷类型
revision = {revision}          # from 1; a corrected key gets the next number
# total = 100         # points of all items together; 100 unless it says otherwise

[[section]]           # 单选
kind = "single"       # single | multiple | true-false | numeric | hand
from = 1
to = 80
points = 1            # each, at most two decimals
# penalty = "1/3"     # points off for a wrong answer, a number or a fraction; the section gives 0 at the least
options = "ABCD"      # as on the card; ABCD unless it says otherwise (true-false: AB)
# one letter an item; blanks and line breaks may group them
answers = """
BADCB CABDA DCBAC ABDCD
CBADB DACBA BDCAC DABCB
ADCBA CBDAD BACDC DBABC
CDBAB ACDDA CABBD BCADA
"""

[[section]]           # 判断: A is 正确, B is 错误
kind = "true-false"
from = 81
to = 100
points = 1
answers = "ABBAB AABBA BABAA BBAAB"

# A section of 多选 lists its answers, the options of each in the card's order:
#   kind = "multiple"
#   answers = ["AB", "ACD", "BD"]
#   credit = "partial"        # a share for a part; or "right-minus-wrong"; all or nothing without this line

# A section of 填数 (one digit a column on the card) lists its numbers; blank columns don't count, a 0 does:
#   kind = "numeric"
#   answers = ["19", "6", "05"]

[[item]]              # an item that differs from its section
item = 17
accept = ["B", "C"]   # any one of these is right; replaces the section's answer
# points = 1          # replaces the section's points
# void = "left-out"   # or "points-for-all": an item that should not have been asked
# docs/scoring.md has an example of everything that can stand here.
"#,
        paper = quoted(paper.as_str()),
        form = quoted(form.as_str()),
    )
}
