//! 成绩统计: pass rates by occupation, level and room, and how the scores are distributed.

mod book;
pub(super) mod figures;

use super::tally::Tally;
use super::{Document, PublishError, pdf};
use crate::exam::Exam;
use crate::merge::Results;
use figures::Statistics;

/// The title as printed.
pub(super) const TITLE: &str = "职业技能鉴定成绩统计";

/// Columns of the figures of a part.
pub(super) const PART_HEADINGS: [&str; 12] = [
    "职业（工种）",
    "等级",
    "科目",
    "计分人数",
    "达线人数",
    "平均分",
    "标准差",
    "最低分",
    "下四分位",
    "中位数",
    "上四分位",
    "最高分",
];

/// What the figures are.
pub(super) const NOTES: [&str; 4] = [
    "合格率＝合格人数÷实考人数；实考：至少参加一科；缺考：各科均缺考。",
    "平均分、中位数四舍五入到 0.01；标准差按全体计（除以人数）；四分位数按最近秩法取实有分数。",
    "缺考、成绩无效与待定不是分数，不计入各科分数的统计；达线：该科分数不低于合格线。",
    "计分人数不足 5 人的，不列分数统计与分布，以免透露个人成绩。",
];

/// Pass rates and distributions as `成绩统计.xlsx` and `成绩统计.pdf`; `number` says which publication it is of, as printed. While
/// [`Results::is_draft`] holds, every page says 草稿. The same results give the same bytes.
///
/// Of fewer than five scores neither figures nor a distribution are given: they would tell what single candidates have.
///
/// # Errors
///
/// [`PublishError::NoCandidates`]; [`PublishError::MissingGlyph`] if a name can't be printed.
pub fn statistics(exam: &Exam, results: &Results, number: &str) -> Result<Vec<Document>, PublishError> {
    if results.transcripts.is_empty() {
        return Err(PublishError::NoCandidates);
    }
    let found = Statistics::of(exam, results);
    let draft = results.is_draft();
    let facts = vec![
        format!("鉴定所：{}　　鉴定中心：{}", exam.institute, exam.centre),
        format!("批次：{}　　鉴定日期：{}　　发布号：{number}", exam.batch, exam.date),
    ];
    let title = if draft { format!("{TITLE}（草稿）") } else { TITLE.to_owned() };
    let xlsx = book::workbook(&title, &facts, &found)
        .map_err(|source| PublishError::Xlsx { paper: TITLE.to_owned(), source })?;
    let pdf = pdf::statistics(exam, &facts, &found, draft)?;
    Ok(vec![
        Document { file_name: "成绩统计.xlsx".to_owned(), bytes: xlsx },
        Document { file_name: "成绩统计.pdf".to_owned(), bytes: pdf },
    ])
}

/// 合格率 as a share for a spreadsheet's cell, rounded as [`Tally::pass_rate`] rounds it; `None` if nobody sat.
fn rate(tally: Tally) -> Option<f64> {
    tally.pass_rate().trim_end_matches('%').parse::<f64>().ok().map(|percent| percent / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::sample;
    use calamine::{Data, Reader as _};

    #[test]
    fn page_and_workbook_say_the_same_and_are_the_same_bytes() {
        let (exam, results) = (sample::exam(), sample::results(130, 40));
        let made = statistics(&exam, &results, "第 1 号").unwrap();
        assert_eq!(made, statistics(&exam, &results, "第 1 号").unwrap());
        let found = Statistics::of(&exam, &results);
        let mut book = calamine::Xlsx::new(std::io::Cursor::new(made[0].bytes.clone())).unwrap();
        assert_eq!(book.sheet_names(), ["合格率", "各科成绩", "各考场", "分数分布"]);
        let range = book.worksheet_range("合格率").unwrap();
        let group = &found.occupations[0];
        assert_eq!(range.get_value((4, 0)), Some(&Data::String("电工".into())));
        assert_eq!(range.get_value((4, 5)), Some(&Data::Float(f64::from(group.tally.passed))));
        let range = book.worksheet_range("各科成绩").unwrap();
        let mean = group.parts[0].figures.as_ref().unwrap().mean.to_f64();
        assert_eq!(range.get_value((4, 5)), Some(&Data::Float(mean)));
        let range = book.worksheet_range("各考场").unwrap();
        assert_eq!(range.get_value((4, 0)), Some(&Data::String("01".into())), "zeros stay");
        if let Some(folder) = std::env::var_os("LOOK") {
            for document in made {
                std::fs::write(std::path::Path::new(&folder).join(document.file_name), document.bytes)
                    .unwrap();
            }
        }
    }

    #[test]
    fn four_scores_are_not_told() {
        let made = statistics(&sample::exam(), &sample::results(0, 4), "").unwrap();
        let mut book = calamine::Xlsx::new(std::io::Cursor::new(made[0].bytes.clone())).unwrap();
        let range = book.worksheet_range("分数分布").unwrap();
        assert!(range.rows().skip(4).all(|row| row[3..].iter().all(|cell| *cell == Data::Empty)));
        let range = book.worksheet_range("各科成绩").unwrap();
        assert!(range.rows().skip(4).all(|row| row[4..].iter().all(|cell| *cell == Data::Empty)));
    }

    #[test]
    fn nobody_and_what_cannot_be_printed_are_refused() {
        let nobody = Results { transcripts: crate::merge::Transcripts::default(), ..sample::results(1, 0) };
        assert!(matches!(statistics(&sample::exam(), &nobody, ""), Err(PublishError::NoCandidates)));
        let mut results = sample::results(6, 0);
        sample::alter(&mut results, |all| all[0].candidate.occupation = "电\u{1f600}工".into());
        let error = statistics(&sample::exam(), &results, "").unwrap_err();
        assert!(matches!(error, PublishError::MissingGlyph { character: '\u{1f600}', .. }), "{error}");
    }
}
