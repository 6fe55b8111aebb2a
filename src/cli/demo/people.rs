//! Made-up candidates.

use duka::exam::{Attempt, Candidate, Level, Roster};
use duka::sheet::{Form, RoomId, TicketNumber};
use rand::{Rng, RngExt};
use std::collections::BTreeMap;

const SURNAMES: [&str; 24] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何",
    "郭", "马", "罗", "梁", "宋", "郑", "欧阳",
];

const GIVEN: [&str; 30] = [
    "伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超",
    "秀英", "霞", "平", "建国", "桂兰", "志强", "海燕", "晓东", "玉梅", "文博", "思远", "雨桐", "喆",
];

const SCHOOLING: [&str; 4] = ["初中", "高中", "中专", "大专"];

/// What a group of candidates is examined in.
pub struct Group {
    /// Occupation (职业).
    pub occupation: &'static str,
    /// Level.
    pub level: Level,
    /// Digits of the ticket number that stand for it.
    pub subject: &'static str,
    /// Forms of its paper.
    pub forms: &'static [&'static str],
}

/// The two groups of the demo.
pub const GROUPS: [Group; 2] = [
    Group { occupation: "电工", level: Level::Four, subject: "104", forms: &["A", "B"] },
    Group { occupation: "焊工", level: Level::Five, subject: "205", forms: &["A"] },
];

/// `count` candidates, half of them in each group and room, seated in order.
pub fn roster(count: usize, rooms: &[RoomId], rng: &mut impl Rng) -> Result<Roster, duka::sheet::IdError> {
    let mut candidates: BTreeMap<TicketNumber, Candidate> = BTreeMap::new();
    let each = count.div_ceil(rooms.len());
    for index in 0..count {
        let (place, group) = (index / each, &GROUPS[(index / each) % GROUPS.len()]);
        let seat = index % each + 1;
        let ticket: TicketNumber = format!("2614{}{:02}{seat:03}", group.subject, place + 1).parse()?;
        let form: Form = group.forms[seat % group.forms.len()].parse()?;
        let female = rng.random_bool(0.4);
        let candidate = Candidate {
            ticket: ticket.clone(),
            name: format!("{}{}", pick(&SURNAMES, rng), pick(&GIVEN, rng)),
            sex: if female { "女" } else { "男" }.into(),
            id_number: id_number(index, female, rng),
            education: pick(&SCHOOLING, rng).into(),
            occupation: group.occupation.into(),
            level: group.level,
            attempt: if rng.random_bool(0.12) { Attempt::Repeat } else { Attempt::First },
            room: rooms[place].clone(),
            seat: u16::try_from(seat).unwrap_or(u16::MAX),
            form: (group.forms.len() > 1).then_some(form),
            remark: String::new(),
        };
        candidates.insert(ticket, candidate);
    }
    Ok(Roster { candidates })
}

fn pick<'a>(words: &[&'a str], rng: &mut impl Rng) -> &'a str {
    words[rng.random_range(0..words.len())]
}

/// A made-up identity number with a right check digit (GB 11643), no two alike. The region 990000 does
/// not exist, so that the number is nobody's.
fn id_number(index: usize, female: bool, rng: &mut impl Rng) -> String {
    let (year, month, day) =
        (rng.random_range(1970..2006), rng.random_range(1..=12), rng.random_range(1..=28));
    let order = (index % 499) * 2 + usize::from(!female);
    let body = format!("990000{year:04}{month:02}{day:02}{order:03}");
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: usize = body.bytes().zip(weights).map(|(b, w)| usize::from(b - b'0') * w).sum();
    format!("{body}{}", char::from(b"10X98765432"[sum % 11]))
}
