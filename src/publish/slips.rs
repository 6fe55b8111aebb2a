//! 成绩通知单: every candidate's own result, to be cut apart and handed out.

use super::cells::{level_title, part_words};
use super::{Document, PublishError, pdf};
use crate::exam::{Exam, Level};
use crate::merge::{Results, Transcript};
use crate::sheet::RoomId;

/// A slip before it is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResultSlip {
    /// `140510001001 张甲`, for messages.
    pub whose: String,
    /// Label and value, two side by side.
    pub facts: Vec<(&'static str, String)>,
    /// Heading and value of each part and of the result.
    pub results: Vec<(&'static str, String)>,
    /// 备注; may be empty.
    pub remark: String,
    /// What has to be reached: the pass line of all parts, or that of each.
    pub line: String,
}

/// `成绩通知单.pdf`, three slips a page with lines to cut along, by room and seat; of one room alone as `成绩通知单-ROOM.pdf`. `number` is
/// the publication's. Of the identity number only the last four characters are printed. The same results give the same bytes.
///
/// # Errors
///
/// [`PublishError::NoCandidates`]; [`PublishError::NobodyInRoom`]; [`PublishError::MissingGlyph`].
pub fn result_slips(
    exam: &Exam,
    results: &Results,
    number: u64,
    room: Option<&RoomId>,
) -> Result<(Document, usize), PublishError> {
    let mut of: Vec<Transcript> =
        results.transcripts.iter().filter(|t| room.is_none_or(|room| t.candidate.room == *room)).collect();
    match (of.is_empty(), room) {
        (true, Some(room)) => return Err(PublishError::NobodyInRoom { room: room.to_string() }),
        (true, None) => return Err(PublishError::NoCandidates),
        _ => {}
    }
    let place = |t: &Transcript| exam.rooms.iter().position(|r| *r == t.candidate.room).unwrap_or(usize::MAX);
    of.sort_by(|a, b| {
        let key = |t: &Transcript| (place(t), t.candidate.room.clone(), t.candidate.seat);
        key(a).cmp(&key(b)).then_with(|| a.candidate.ticket.cmp(&b.candidate.ticket))
    });
    let slips: Vec<ResultSlip> = of.iter().map(|t| slip(exam, t)).collect();
    let file_name = room.map_or_else(
        || "成绩通知单.pdf".to_owned(),
        |room| format!("成绩通知单-{}.pdf", room.to_string().replace(['/', '\\', ':'], "_")),
    );
    Ok((Document { file_name, bytes: pdf::slips(exam, &slips, number)? }, slips.len()))
}

fn slip(exam: &Exam, transcript: &Transcript) -> ResultSlip {
    let candidate = &transcript.candidate;
    let mut results =
        vec![("理论成绩", part_words(transcript.theory)), ("实操成绩", part_words(transcript.practical))];
    results.extend(transcript.review.map(|review| ("综合评审", part_words(review))));
    results.push(("评定结果", transcript.grade.clone()));
    ResultSlip {
        whose: format!("{} {}", candidate.ticket, candidate.name),
        facts: vec![
            ("姓名", candidate.name.clone()),
            ("准考证号", candidate.ticket.to_string()),
            ("证件号码", ending(&candidate.id_number)),
            ("考场座位", format!("{} 考场 {} 号", candidate.room, candidate.seat)),
            ("职业（工种）", candidate.occupation.clone()),
            ("等级", level_title(candidate.level).to_owned()),
            ("鉴定所", exam.institute.clone()),
            ("鉴定日期", exam.date.clone()),
        ],
        results,
        remark: transcript.remarks.join("；"),
        line: line_of(exam, candidate.level),
    }
}

/// `合格线 60.0 分`, or `合格线：理论 60.0 分、实操 70.0 分` where a level's parts have other lines than each other.
fn line_of(exam: &Exam, level: Level) -> String {
    let rules = exam.rules.at(level);
    let mut lines = rules.pass_lines.values();
    let first = lines.next().copied().unwrap_or(exam.rules.pass_line);
    if lines.all(|line| *line == first) {
        return format!("合格线 {first} 分");
    }
    let each = rules.pass_lines.iter().map(|(part, line)| format!("{} {line} 分", part.name()));
    format!("合格线：{}", each.collect::<Vec<_>>().join("、"))
}

/// The last four characters of a number, if as many stay hidden: whoever finds a slip learns no more.
fn ending(number: &str) -> String {
    let length = number.chars().count();
    let hidden = if length >= 8 { length - 4 } else { length };
    number.chars().enumerate().map(|(i, c)| if i < hidden { '*' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::sample;

    #[test]
    fn a_slip_shows_no_more_of_the_identity_number_than_it_must() {
        assert_eq!(ending("11010519491231002X"), "**************002X");
        assert_eq!(ending("E1234567"), "****4567");
        assert_eq!(ending("1234567"), "*******");
        assert_eq!(ending(""), "");
    }

    #[test]
    fn everybody_has_one_slip_of_a_room_or_of_all() {
        let mut exam = sample::exam();
        exam.rooms = ["02", "01", "03"].iter().map(|r| r.parse().unwrap()).collect();
        let results = sample::results(70, 5);
        let (all, count) = result_slips(&exam, &results, 3, None).unwrap();
        assert_eq!((all.file_name.as_str(), count), ("成绩通知单.pdf", 75));
        assert_eq!(all, result_slips(&exam, &results, 3, None).unwrap().0);
        let pages = |document: &Document| pages_of(&document.bytes);
        assert_eq!(pages(&all), 25);
        let mut of_rooms = 0;
        for room in &exam.rooms {
            let (document, count) = result_slips(&exam, &results, 3, Some(room)).unwrap();
            assert_eq!(document.file_name, format!("成绩通知单-{room}.pdf"));
            of_rooms += count;
        }
        assert_eq!(of_rooms, 75);
        let nowhere = "99".parse().unwrap();
        let error = result_slips(&exam, &results, 3, Some(&nowhere)).unwrap_err();
        assert!(matches!(&error, PublishError::NobodyInRoom { room } if room == "99"), "{error}");
        if let Some(folder) = std::env::var_os("LOOK") {
            std::fs::write(std::path::Path::new(&folder).join(all.file_name), all.bytes).unwrap();
        }
    }

    /// How many pages the tree of a PDF file counts.
    fn pages_of(bytes: &[u8]) -> usize {
        let text = String::from_utf8_lossy(bytes);
        let counts = text.split("/Count ").skip(1);
        let number =
            |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
        counts.filter_map(number).max().unwrap_or(0)
    }

    #[test]
    fn a_name_that_cannot_be_printed_is_an_error_with_its_owner() {
        let mut results = sample::results(2, 0);
        sample::alter(&mut results, |all| all[1].candidate.name = "张\u{1f600}".into());
        let whose = results.transcripts.at(1).candidate.ticket.to_string();
        let error = result_slips(&sample::exam(), &results, 1, None).unwrap_err();
        assert!(error.to_string().contains(&whose), "{error}");
    }
}
