//! 考场核对表: who sits where, for the door and the desk, with a place to sign.

use super::cells::{Cell, Column};
use super::paper::Row;
use super::plain::{PlainSection, documents};
use super::{Document, PublishError};
use crate::exam::{Candidate, Exam, Roster};

/// 考场核对表 as xlsx and pdf: each room a worksheet or pages of its own, by seat. Rooms nobody sits in are left out.
///
/// # Errors
///
/// [`PublishError::NoCandidates`], or what can't be printed.
pub fn room_check(exam: &Exam, roster: &Roster) -> Result<Vec<Document>, PublishError> {
    if roster.candidates.is_empty() {
        return Err(PublishError::NoCandidates);
    }
    let columns = vec![
        Column::Seat,
        Column::Ticket,
        Column::Name,
        Column::Sex,
        Column::IdNumber,
        Column::Occupation,
        Column::Level,
        Column::Signed,
    ];
    let mut sections = Vec::new();
    for room in &exam.rooms {
        let mut seated: Vec<&Candidate> = roster.candidates.values().filter(|c| c.room == *room).collect();
        seated.sort_by(|a, b| (a.seat, &a.ticket).cmp(&(b.seat, &b.ticket)));
        let (Some(first), Some(last)) =
            (seated.iter().map(|c| c.ticket.as_str()).min(), seated.iter().map(|c| c.ticket.as_str()).max())
        else {
            continue;
        };
        sections.push(PlainSection {
            tab: room.to_string(),
            facts: vec![
                vec![("鉴定所", exam.institute.clone(), 66), ("批次", exam.batch.clone(), 34)],
                vec![
                    ("考场", room.to_string(), 33),
                    ("应到", format!("{} 人", seated.len()), 33),
                    ("鉴定日期", exam.date.clone(), 34),
                ],
                vec![
                    ("准考证号", format!("{first} 至 {last}"), 66),
                    ("监考员", "＿＿＿＿＿＿＿＿".to_owned(), 34),
                ],
                vec![
                    ("实到", "＿＿＿＿ 人".to_owned(), 33),
                    ("缺考", "＿＿＿＿ 人".to_owned(), 33),
                    ("违纪", "＿＿＿＿ 人".to_owned(), 34),
                ],
            ],
            rows: seated.iter().map(|c| row(c)).collect::<Vec<_>>().into(),
            columns: columns.clone(),
            nothing: "",
        });
    }
    documents("考场核对表", "职业技能鉴定考场核对表", exam, sections)
}

fn row(candidate: &Candidate) -> Row {
    let text = |text: &str| if text.is_empty() { Cell::Empty } else { Cell::Text(text.to_owned()) };
    Row {
        whose: format!("{} {}", candidate.ticket, candidate.name),
        cells: vec![
            Cell::Whole(u32::from(candidate.seat)),
            text(candidate.ticket.as_str()),
            text(&candidate.name),
            text(&candidate.sex),
            text(&candidate.id_number),
            text(&candidate.occupation),
            text(candidate.level.word()),
            Cell::Empty,
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::sample;

    fn roster() -> Roster {
        let candidates = sample::results(70, 0);
        let candidates = candidates.transcripts.iter().map(|t| t.candidate);
        Roster { candidates: candidates.map(|c| (c.ticket.clone(), c)).collect() }
    }

    #[test]
    fn everybody_of_a_room_stands_by_seat() {
        use calamine::Reader as _;
        let mut exam = sample::exam();
        exam.rooms = ["01", "02", "03", "99"].iter().map(|r| r.parse().unwrap()).collect();
        let made = room_check(&exam, &roster()).unwrap();
        let mut book = calamine::Xlsx::new(std::io::Cursor::new(made[0].bytes.clone())).unwrap();
        assert_eq!(book.sheet_names(), ["01", "02", "03"]);
        let mut seen = 0;
        for name in book.sheet_names() {
            let range = book.worksheet_range(&name).unwrap();
            let seats: Vec<u32> = range.rows().filter_map(|r| r[0].to_string().parse().ok()).collect();
            assert!(seats.is_sorted(), "{seats:?}");
            seen += seats.len();
        }
        assert_eq!(seen, 70);
        assert!(matches!(room_check(&exam, &Roster::default()), Err(PublishError::NoCandidates)));
        if let Some(folder) = std::env::var_os("LOOK") {
            for document in made {
                std::fs::write(std::path::Path::new(&folder).join(document.file_name), document.bytes)
                    .unwrap();
            }
        }
    }
}
