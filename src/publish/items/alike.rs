//! Pairs of sheets that are too much alike, as a page and as a workbook. Both say that this is no verdict.

use super::book::{Formats, TABLE, book, head as book_head, headings, write};
use super::html::{head, number, text};
use super::{ItemReport, Seated};
use crate::grade::copying::{Alike, AlikePair};
use crate::publish::PublishError;
use rust_xlsxwriter::XlsxError;
use std::fmt::Write as _;

const NO_VERDICT: &str = "本表只提示需要核查的答卷，不是作弊结论，不得仅凭本表认定雷同或作出处理。\
    同一教师讲授、背诵同一题库等也会使作答相近。请结合座位、监控、笔迹与考场情况记录，由两人以上核查。";

fn method(alike: &Alike) -> String {
    format!(
        "广义二项检验（van der Linden & Sotaridona 2006）：两份答卷作答相同的题数，与能力相同而各自独立作答者应有的分布比较；各选项的选答概率由本卷 {} 份答卷\
         按核平滑（Ramsay 1991）估计。空白与多填不计为相同。共比较 {} 对，按 Holm 法校正：若全体考生均独立作答，本表误列任何一对的概率不超过 {}%，\
         单对的界限约为 {}。",
        alike.sheets,
        alike.pairs,
        alike.alpha * 100.0,
        scientific(alike.limit()),
    )
}

/// `3.2 × 10⁻⁷`.
fn scientific(value: f64) -> String {
    if value <= 0.0 {
        return "小于 10⁻³⁰⁰".to_owned();
    }
    let text = format!("{value:.1e}");
    let Some((digits, power)) = text.split_once('e') else { return text };
    let raised: String = power
        .chars()
        .map(|c| match c {
            '-' => '⁻',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            // Superscripts 0 and 4 to 9 stand in a row.
            _ => char::from_u32(0x2070 + c.to_digit(10).unwrap_or(0)).unwrap_or(c),
        })
        .collect();
    format!("{digits} × 10{raised}")
}

fn named(seated: &[Seated], place: usize) -> (String, String, String) {
    seated.get(place).map_or_else(
        || ("—".to_owned(), "—".to_owned(), String::new()),
        |s| (s.ticket.to_string(), s.room.to_string(), s.seat.to_string()),
    )
}

pub(super) fn page(report: &ItemReport<'_>, alike: &Alike, seated: &[Seated]) -> String {
    let facts = format!("答卷 {} 份，比较 {} 对", alike.sheets, alike.pairs);
    let mut out = head("雷同提示", report, &facts);
    let _ = writeln!(
        out,
        "<p class=\"warn\"><b>{}</b></p>\n<p class=\"soft\">{}</p>",
        text(NO_VERDICT),
        text(&method(alike))
    );
    let _ = writeln!(out, "<h2>提示核查的答卷（{} 对）</h2>", alike.found.len());
    if alike.found.is_empty() {
        out.push_str("<p>没有超出界限的答卷。</p>\n</body></html>\n");
        return out;
    }
    out.push_str(
        "<table><thead><tr><th class=\"l\">考场</th><th class=\"l\">准考证号</th><th>座位</th><th class=\"l\">准考证号</th><th>座位</th>\
         <th>相同题数</th><th>其中同错</th><th>独立时平均</th><th>单对概率</th><th>校正后概率</th></tr></thead><tbody>\n",
    );
    for pair in &alike.found {
        let (first, room, seat) = named(seated, pair.first);
        let (second, other_room, other_seat) = named(seated, pair.second);
        let rooms = if room == other_room { room } else { format!("{room} / {other_room}") };
        let _ = writeln!(
            out,
            "<tr><td class=\"l\">{}</td><td class=\"l\">{}</td><td>{seat}</td><td class=\"l\">{}</td><td>{other_seat}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            text(&rooms),
            text(&first),
            text(&second),
            pair.same,
            pair.same_wrong,
            number(Some(pair.expected)),
            scientific(pair.p),
            scientific(pair.adjusted),
        );
    }
    out.push_str("</tbody></table>\n</body></html>\n");
    out
}

pub(super) fn workbook(
    report: &ItemReport<'_>,
    alike: &Alike,
    seated: &[Seated],
) -> Result<Vec<u8>, PublishError> {
    build(report, alike, seated)
        .map_err(|source| PublishError::Xlsx { paper: report.title.to_owned(), source })
}

fn build(report: &ItemReport<'_>, alike: &Alike, seated: &[Seated]) -> Result<Vec<u8>, XlsxError> {
    let mut book = book(&format!("雷同提示 {}", report.title))?;
    let formats = Formats::new();
    let sheet = book.add_worksheet();
    sheet.set_name("雷同提示")?;
    book_head(sheet, &formats, "雷同提示", report)?;
    let wrapped = formats.secret.clone().set_text_wrap().set_bold();
    sheet.merge_range(TABLE - 1, 0, TABLE - 1, LAST, NO_VERDICT, &wrapped)?;
    sheet.set_row_height(TABLE - 1, 34)?;
    let plain = formats.text.clone();
    sheet.merge_range(TABLE, 0, TABLE, LAST, &method(alike), &plain)?;
    sheet.set_row_height(TABLE, 64)?;
    let columns = [
        ("考场", 10.0),
        ("准考证号", 18.0),
        ("座位", 6.0),
        ("考场", 10.0),
        ("准考证号", 18.0),
        ("座位", 6.0),
        ("相同题数", 9.0),
        ("其中同错", 9.0),
        ("独立时平均", 11.0),
        ("单对概率", 11.0),
        ("校正后概率", 11.0),
    ];
    headings(sheet, TABLE + 2, &columns, &formats)?;
    for (row, pair) in (TABLE + 3..).zip(&alike.found) {
        let AlikePair { first, second, same, same_wrong, expected, p, adjusted } = *pair;
        for (column, place) in [(0, first), (3, second)] {
            let (ticket, room, seat) = named(seated, place);
            for (cell, column) in [room, ticket, seat].into_iter().zip(column..) {
                sheet.write_string_with_format(row, column, cell, &formats.text)?;
            }
        }
        write(sheet, row, 6, Some(same as f64), &formats.whole)?;
        write(sheet, row, 7, Some(same_wrong as f64), &formats.whole)?;
        write(sheet, row, 8, Some(expected), &formats.number)?;
        write(sheet, row, 9, Some(p), &formats.small)?;
        write(sheet, row, 10, Some(adjusted), &formats.small)?;
    }
    sheet.set_landscape().set_print_fit_to_pages(1, 0);
    book.save_to_buffer()
}

/// The table's last column, from 0.
const LAST: u16 = 10;

#[cfg(test)]
mod tests {
    use super::scientific;

    #[test]
    fn small_numbers_have_a_power_of_ten() {
        for (value, text) in
            [(3.21e-7, "3.2 × 10⁻⁷"), (1.0e-12, "1.0 × 10⁻¹²"), (0.01, "1.0 × 10⁻²"), (0.0, "小于 10⁻³⁰⁰")]
        {
            assert_eq!(scientific(value), text);
        }
    }
}
