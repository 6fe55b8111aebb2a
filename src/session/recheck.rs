//! Re-checks (成绩复核): a candidate's stored card read again, shown, and decided by two people.

use super::heads::{role_title, shown};
use super::import::read_one;
use super::reread::marks;
use super::{Session, SessionError, Standings};
use crate::exam::{Heading, Need, Table, TableError, known, select};
use crate::identity::Identity;
use crate::publish::{self, RecheckItem, RecheckSlip, SlipSigner, Traced};
use crate::read::Reading;
use crate::register;
use crate::settle::{AcceptedSheet, SettledSheet, check, settle};
use crate::sheet::{
    Decision, FieldName, Place, Resolution, Response, ResponseState, Responses, Sha256, SheetId, TicketNumber,
};
use crate::store::{
    CaseFile as _, Decided, ItemChange, ItemValue, Recheck, RecheckCase, RecheckOutcome, RecheckSignature,
    RereadOutcome,
};
use std::collections::BTreeSet;
use std::path::Path;

/// The column with the reason in a list of re-checks.
const REASON: Heading = Heading::required("理由", &["复核理由", "申请理由", "原因", "reason"]);

/// Places of which a slip shows a larger picture; more don't fit on its first page.
const CROPS: usize = 4;

/// A case that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedRecheck {
    /// Its number.
    pub number: u64,
    /// Whose.
    pub ticket: TicketNumber,
    /// The sheet that counts for them.
    pub sheet: SheetId,
    /// What reading it again came to.
    pub reread: RereadOutcome,
}

/// How a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecheckState {
    /// Nobody has signed.
    Open,
    /// One person has signed, or several that don't agree.
    SignedByOne,
    /// Two people signed that nothing changes.
    Unchanged,
    /// Two people signed a change; the next grading makes the score.
    AwaitingRegrade,
    /// Two people signed a change, and the score was made since.
    Regraded,
}

impl RecheckState {
    /// The word for it: `open`, `signed-by-one`, `unchanged`, `changed-awaiting-regrade`, `changed-regraded`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::SignedByOne => "signed-by-one",
            Self::Unchanged => "unchanged",
            Self::AwaitingRegrade => "changed-awaiting-regrade",
            Self::Regraded => "changed-regraded",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Open => "待签署",
            Self::SignedByOne => "尚待第二人签署一致意见",
            Self::Unchanged => "维持原判读",
            Self::AwaitingRegrade => "更正判读，待重新计分",
            Self::Regraded => "更正判读，已重新计分",
        }
    }
}

/// A case and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecheckStatus {
    /// The case.
    pub case: RecheckCase,
    /// How it stands.
    pub state: RecheckState,
}

/// What a person signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Everything stays.
    Unchanged,
    /// These items were marked so.
    Changed(Vec<(u16, ItemValue)>),
}

/// The candidate's sheet with what counts on it.
struct Card<'a> {
    accepted: &'a AcceptedSheet,
    settled: &'a SettledSheet,
    reading: Reading,
}

impl Session {
    /// Opens a case: finds the candidate's sheet, proves its picture by its hash and reads it again. What differs from
    /// the record is part of the case.
    ///
    /// # Errors
    ///
    /// [`SessionError::NotFrozen`] (until then `duka resolve` decides), [`SessionError::NoCard`],
    /// [`SessionError::CaseOpen`], a picture that is gone or is another one, or a failure of the record.
    pub fn recheck(&mut self, ticket: &TicketNumber, reason: &str) -> Result<OpenedRecheck, SessionError> {
        let recheck = self.prepared(ticket, reason)?;
        self.opened(recheck)
    }

    /// Opens a case for every row of a table with the columns 准考证号 and 理由, all of them or none.
    ///
    /// # Errors
    ///
    /// [`SessionError::RecheckRow`] with the first row for which no case can be opened, [`SessionError::RecheckList`]
    /// if it is no such table.
    pub fn recheck_list(
        &mut self,
        file: &Path,
        reason: Option<&str>,
    ) -> Result<Vec<OpenedRecheck>, SessionError> {
        let list = read_one(file)?;
        let headings = [known::TICKET, REASON.with(Need::Optional)];
        let wrong = |source: TableError| SessionError::RecheckList { source: Box::new(source) };
        let tables = Table::read(&list.name, &list.bytes).map_err(wrong)?;
        let mut prepared: Vec<Recheck> = Vec::new();
        let mut seen = BTreeSet::new();
        for (table, columns) in select(&list.name, &tables, &headings).map_err(wrong)? {
            for record in table.records(&columns) {
                let row = record.problem(None, ()).row;
                let at = |source: SessionError| SessionError::RecheckRow {
                    file: list.name.clone(),
                    row,
                    source: Box::new(source),
                };
                let no_number = |_| at(SessionError::NoCard { ticket: String::new() });
                let digits = record.cell(&known::TICKET).digits().map_err(no_number)?;
                let ticket: TicketNumber =
                    digits.parse().map_err(|_| at(SessionError::NoCard { ticket: digits.clone() }))?;
                let own = record.optional(&REASON).unwrap_or_default();
                let why = if own.is_empty() { reason.unwrap_or_default() } else { &own };
                if !seen.insert(ticket.clone()) {
                    return Err(at(SessionError::CaseOpen { case: 0, ticket }));
                }
                prepared.push(self.prepared(&ticket, why).map_err(at)?);
            }
        }
        prepared.into_iter().map(|recheck| self.opened(recheck)).collect()
    }

    fn prepared(&self, ticket: &TicketNumber, reason: &str) -> Result<Recheck, SessionError> {
        if self.store.frozen()?.is_none() {
            return Err(SessionError::NotFrozen);
        }
        if reason.trim().is_empty() {
            return Err(SessionError::NoReason);
        }
        let still = |s: &RecheckStatus| {
            s.case.opened.ticket == *ticket
                && matches!(s.state, RecheckState::Open | RecheckState::SignedByOne)
        };
        if let Some(open) = self.rechecks()?.into_iter().find(still) {
            return Err(SessionError::CaseOpen { case: open.case.number, ticket: ticket.clone() });
        }
        let standings = self.standings()?;
        let reading = self.card(&standings, ticket)?.reading;
        Ok(Recheck {
            ticket: ticket.clone(),
            sheet: reading.sheet,
            reason: reason.trim().to_owned(),
            recorded_by: reading.engine.clone(),
            recorded: hash_of(&reading),
            reread: self.reread(&reading)?,
        })
    }

    fn opened(&mut self, recheck: Recheck) -> Result<OpenedRecheck, SessionError> {
        let at = self.now();
        let number = self.store.open_recheck(&recheck, &at)?;
        let Recheck { ticket, sheet, reread, .. } = recheck;
        Ok(OpenedRecheck { number, ticket, sheet, reread: reread.outcome })
    }

    fn card<'a>(&self, standings: &'a Standings, ticket: &TicketNumber) -> Result<Card<'a>, SessionError> {
        let none = || SessionError::NoCard { ticket: ticket.to_string() };
        let accepted = standings.findings.by_ticket.get(ticket).ok_or_else(none)?;
        let settled = standings.sheets.get(&accepted.sheet).ok_or_else(none)?;
        let reading = self.store.readings_of(&accepted.sheet)?.pop().ok_or_else(none)?;
        Ok(Card { accepted, settled, reading })
    }

    /// Every case with how it stands.
    ///
    /// # Errors
    ///
    /// A failure of the record.
    pub fn rechecks(&self) -> Result<Vec<RecheckStatus>, SessionError> {
        let cases = self.store.rechecks()?;
        cases.into_iter().map(|case| Ok(RecheckStatus { state: self.state(&case)?, case })).collect()
    }

    fn state(&self, case: &RecheckCase) -> Result<RecheckState, SessionError> {
        Ok(match self.decided(case) {
            None if case.signatures.is_empty() => RecheckState::Open,
            None => RecheckState::SignedByOne,
            Some(decided) => match decided.first.outcome {
                RecheckOutcome::Unchanged => RecheckState::Unchanged,
                RecheckOutcome::Changed(_)
                    if self.store.scored_since(&case.opened.ticket, decided.entry)? =>
                {
                    RecheckState::Regraded
                }
                RecheckOutcome::Changed(_) => RecheckState::AwaitingRegrade,
            },
        })
    }

    fn case(&self, number: u64) -> Result<RecheckStatus, SessionError> {
        let mut all = self.rechecks()?.into_iter();
        all.find(|s| s.case.number == number)
            .ok_or(SessionError::NoCase { what: Recheck::KIND.name, case: number })
    }

    /// Signs what a case comes to. It is decided once two people, with two names and two keys, have signed the same;
    /// who leaves `why` empty takes over what was signed last.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoCase`], [`SessionError::CaseClosed`]; [`SessionError::Custody`] for who is neither reviewer nor
    /// supervisor in the exam's manifest; [`SessionError::CaseDiffers`] for "unchanged" where the
    /// picture was read otherwise than it is recorded; [`SessionError::NothingChanged`], [`SessionError::CaseItem`] for a
    /// value that the item can't have; [`SessionError::SamePerson`] if they signed it already;
    /// [`SessionError::NoReason`]; or a failure of the record.
    pub fn sign_recheck(
        &mut self,
        number: u64,
        identity: &Identity,
        verdict: &Verdict,
        why: &str,
    ) -> Result<RecheckStatus, SessionError> {
        let status = self.case(number)?;
        if !matches!(status.state, RecheckState::Open | RecheckState::SignedByOne) {
            return Err(SessionError::CaseClosed { what: Recheck::KIND.name, case: number });
        }
        let outcome = self.outcome(&status.case, verdict)?;
        let signature = self.signed(&status.case, identity, outcome, why)?;
        let at = signature.at.clone();
        self.store.sign_recheck(&signature, &at)?;
        self.case(number)
    }

    /// A verdict with what counted until then, if it fits the card.
    fn outcome(&self, case: &RecheckCase, verdict: &Verdict) -> Result<RecheckOutcome, SessionError> {
        let number = case.number;
        let changes = match verdict {
            Verdict::Unchanged => {
                if let RereadOutcome::Differs(places) = &case.opened.reread.outcome {
                    let places = places.iter().map(|d| d.place.clone()).collect();
                    return Err(SessionError::CaseDiffers { case: number, places });
                }
                return Ok(RecheckOutcome::Unchanged);
            }
            Verdict::Changed(changes) => changes,
        };
        let sheet = case.opened.sheet;
        let what = Recheck::KIND.name;
        let reading =
            self.store.readings_of(&sheet)?.pop().ok_or(SessionError::NoCase { what, case: number })?;
        let mut decisions = self.decisions(sheet)?;
        let counted = |decisions: &[Resolution]| settle(&reading, decisions, &self.exam.rules).responses;
        let before = counted(&decisions);
        let mut out: Vec<ItemChange> = Vec::new();
        let nothing = |item| SessionError::NothingChanged { case: number, item };
        for (item, to) in changes {
            let from = before.items.get(item).map(|r| r.value.clone()).unwrap_or_default();
            let change = ItemChange { item: *item, from, to: to.clone() };
            let resolution = as_resolution(&change, sheet, "", "").ok_or_else(|| nothing(*item))?;
            check(&resolution, &reading, &[]).map_err(|source| SessionError::CaseItem {
                what,
                case: number,
                source: Box::new(source),
            })?;
            decisions.push(resolution);
            let after = counted(&decisions);
            if after.items.get(item) == before.items.get(item) || out.iter().any(|c| c.item == *item) {
                return Err(nothing(*item));
            }
            out.push(change);
        }
        if out.is_empty() {
            return Err(nothing(0));
        }
        // One text for one verdict, in whatever order it was given.
        out.sort();
        Ok(RecheckOutcome::Changed(out))
    }

    /// Every decision about a sheet: those before the freeze, then what was decided in re-checks.
    fn decisions(&self, sheet: SheetId) -> Result<Vec<Resolution>, SessionError> {
        let of_sheet = |r: &Resolution| matches!(&r.place, Place::Sheet { sheet: s } | Place::Field { sheet: s, .. } if *s == sheet);
        let mut out: Vec<Resolution> = self.decisions_in_force()?.into_iter().filter(of_sheet).collect();
        let cases = self.store.rechecks()?;
        let mut decided: Vec<_> = cases
            .iter()
            .filter(|case| case.opened.sheet == sheet)
            .filter_map(|case| self.decided(case))
            .collect();
        decided.sort_by_key(|decided| decided.entry);
        for Decided { first, second, .. } in decided {
            let RecheckOutcome::Changed(changes) = &first.outcome else { continue };
            let both = format!("{}, {}", first.person.name(), second.person.name());
            out.extend(changes.iter().filter_map(|c| as_resolution(c, sheet, &both, &first.why)));
        }
        Ok(out)
    }

    /// Lays what was decided in re-checks over the sheets.
    pub(super) fn apply_rechecks(&self, standings: &mut Standings) -> Result<(), SessionError> {
        let sheets: BTreeSet<SheetId> = self
            .store
            .rechecks()?
            .iter()
            .filter(|case| self.decided(case).is_some())
            .map(|case| case.opened.sheet)
            .collect();
        for sheet in sheets {
            let reading = self.store.readings_of(&sheet)?.pop();
            if let (Some(reading), Some(settled)) = (reading, standings.sheets.get_mut(&sheet)) {
                settled.settled = settle(&reading, &self.decisions(sheet)?, &self.exam.rules);
            }
        }
        Ok(())
    }

    /// The evidence slip of a case as a PDF file.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoCase`], a picture that is gone or is another one, a sheet that can no longer be
    /// registered, or a failure of the record.
    pub fn recheck_slip(&self, number: u64) -> Result<Vec<u8>, SessionError> {
        let RecheckStatus { case, state } = self.case(number)?;
        let recheck = &case.opened;
        let before = self.standings()?;
        let mut after = self.standings()?;
        self.apply_rechecks(&mut after)?;
        let card = self.card(&before, &recheck.ticket)?;
        let counted = &self.card(&after, &recheck.ticket)?.settled.settled.responses;
        let layout = self.layout(card.reading.layout.as_str()).ok_or_else(|| SessionError::NoLayout {
            name: card.reading.layout.clone(),
            looked: self.folder.join("layouts"),
        })?;
        let (source, page) = self.picture(recheck.sheet)?;
        let registration = register::register_as(&page, layout)
            .map_err(|cause| SessionError::NotRegistered { sheet: recheck.sheet, cause: Box::new(cause) })?;
        let name = format!("{source} page {}", recheck.sheet.page);
        let traced = Traced {
            name: &name,
            page: &page,
            registration: &registration,
            layout,
            reading: &card.reading,
            responses: &card.settled.settled.responses,
            held: &[],
        };
        let changes = match self.decided(&case) {
            Some(decided) => match &decided.first.outcome {
                RecheckOutcome::Changed(changes) => changes.clone(),
                RecheckOutcome::Unchanged => Vec::new(),
            },
            None => Vec::new(),
        };
        let mut crops = Vec::new();
        let items = FieldName::ITEMS.parse().ok();
        for change in changes.iter().take(CROPS) {
            let place =
                items.as_ref().and_then(|f| publish::place_around(layout, f, change.label().as_ref()));
            if let Some(place) = place {
                let crop = publish::crop(&page, &registration.mapping, &place);
                crops.push((format!("第 {} 题", change.item), crop));
            }
        }
        if let Some(head) = publish::place_of(layout, None, None) {
            crops.push(("卡首".to_owned(), publish::crop(&page, &registration.mapping, &head)));
        }
        let changed: BTreeSet<u16> = changes.iter().map(|c| c.item).collect();
        let slip = RecheckSlip {
            facts: self.slip_facts(&case, state, &card, &source)?,
            outcome: state.title().to_owned(),
            decision: decision_of(self.decided(&case).as_ref(), &changes),
            signatures: case.signatures.iter().map(|(s, _)| signer(s)).collect(),
            hashes: self.slip_hashes(&case, &card)?,
            crops,
            picture: publish::trace(&traced),
            items: slip_items(&card.reading, counted, &changed),
            notes: vec![
                "机读：图像上已涂的选项；带“?”者存疑，“–”为未涂。计分：计分所依据的作答，含异常裁定与本次复核；红色为本次复核所更正。".into(),
                "本凭证不含标准答案与各题得分：数据记录中不保存标准答案。".into(),
            ],
        };
        Ok(publish::recheck_slip(&slip)?)
    }

    fn slip_facts(
        &self,
        case: &RecheckCase,
        state: RecheckState,
        card: &Card<'_>,
        source: &str,
    ) -> Result<Vec<(&'static str, String)>, SessionError> {
        let recheck = &case.opened;
        let roster = self.store.roster()?.unwrap_or_default();
        let opened = self.store.journal()?.into_iter().find(|e| e.sequence == case.entry);
        let score = self.store.scores()?.into_iter().find(|s| s.ticket == recheck.ticket);
        let opened = opened.map_or_else(String::new, |entry| {
            let who = if entry.who.is_empty() { String::new() } else { format!("　{}", entry.who) };
            format!("　{} 立案{who}", shown(&entry.at).0)
        });
        let candidate = roster.candidates.get(&recheck.ticket).map_or_else(String::new, |candidate| {
            format!("　{}　{} 考场 {} 号", candidate.name, candidate.room, candidate.seat)
        });
        let form = card.accepted.form.as_ref().map(|(form, _)| format!("　试卷类型 {form}"));
        let mut facts = vec![
            ("批次", self.exam.batch.clone()),
            ("复核编号", format!("{}（日志第 {} 条）{opened}", case.number, case.entry)),
            ("考生", format!("{}{candidate}", recheck.ticket)),
            ("试卷", format!("{}{}", card.accepted.paper, form.unwrap_or_default())),
        ];
        if let Some(score) = score {
            let waits = if state == RecheckState::AwaitingRegrade { "，更正前" } else { "" };
            facts.push(("理论成绩", format!("{}（满分 {}{waits}）", score.score.points, score.score.out_of)));
        }
        facts.push(("复核理由", recheck.reason.clone()));
        facts.push(("图像文件", format!("{source} 第 {} 页", recheck.sheet.page)));
        facts.push(("重新判读", reread_words(case)));
        Ok(facts)
    }

    fn slip_hashes(
        &self,
        case: &RecheckCase,
        card: &Card<'_>,
    ) -> Result<Vec<(&'static str, String)>, SessionError> {
        let recheck = &case.opened;
        let head = self.head(None)?;
        Ok(vec![
            ("图像文件", recheck.sheet.image.to_string()),
            ("机读记录", recheck.recorded.to_string()),
            ("答题卡版式", format!("{} {}", card.reading.layout, card.reading.layout_hash)),
            ("判读程序", recheck.recorded_by.to_string()),
            ("复核程序", recheck.reread.engine.to_string()),
            ("复核案卷", case.hash.to_string()),
            ("日志校验码", head.code.to_string()),
        ])
    }
}

/// The hash of a reading as it is recorded.
pub(super) fn hash_of(reading: &Reading) -> Sha256 {
    // What was read from JSON can be written as JSON.
    Sha256::of(serde_json::to_string(reading).unwrap_or_default().as_bytes())
}

fn as_resolution(change: &ItemChange, sheet: SheetId, reviewer: &str, reason: &str) -> Option<Resolution> {
    let place = Place::Field { sheet, field: FieldName::ITEMS.parse().ok()?, item: change.label() };
    let decision: Decision = change.to.decision();
    Some(Resolution { place, decision, reviewer: reviewer.to_owned(), reason: reason.to_owned() })
}

/// What reading again came to, for the slip.
fn reread_words(case: &RecheckCase) -> String {
    match &case.opened.reread.outcome {
        RereadOutcome::Equal => "图像散列值相符；同一程序重新判读，与记录完全一致".into(),
        RereadOutcome::SameResponses => "图像散列值相符；现行程序重新判读，各题结果一致".into(),
        RereadOutcome::Differs(places) => {
            let named: Vec<String> =
                places.iter().take(5).map(|d| format!("{}：{} → {}", d.place, d.recorded, d.found)).collect();
            format!("图像散列值相符；重新判读与记录有 {} 处不同：{}", places.len(), named.join("；"))
        }
    }
}

fn value_words(value: &ItemValue) -> &str {
    match value {
        ItemValue::Blank => "未涂",
        ItemValue::Value(value) => value,
    }
}

fn decision_of(
    decided: Option<&Decided<'_, RecheckOutcome>>,
    changes: &[ItemChange],
) -> Vec<(&'static str, String)> {
    let mut out = Vec::new();
    if !changes.is_empty() {
        let each = changes.iter().map(|c| {
            let from = if c.from.is_empty() { "未涂" } else { &c.from };
            format!("第 {} 题 {from} → {}", c.item, value_words(&c.to))
        });
        out.push(("更正", each.collect::<Vec<_>>().join("；")));
    }
    if let Some(Decided { first, second, .. }) = decided {
        out.push(("理由", first.why.clone()));
        if second.why != first.why {
            out.push(("另一理由", second.why.clone()));
        }
    }
    out
}

fn signer(signature: &RecheckSignature) -> SlipSigner {
    SlipSigner {
        role: role_title("reviewer").to_owned(),
        name: signature.person.name().to_owned(),
        fingerprint: signature.person.fingerprint().to_string(),
        at: shown(&signature.at).0,
    }
}

/// Every item of the layout with what was read and what counts.
fn slip_items(reading: &Reading, counted: &Responses, changed: &BTreeSet<u16>) -> Vec<RecheckItem> {
    let read = reading.fields.iter().filter(|f| f.name.as_str() == FieldName::ITEMS);
    let read: Vec<_> = read.flat_map(|f| &f.positions).collect();
    let mut out = Vec::new();
    for (item, response) in &counted.items {
        let label = item.to_string();
        let seen = read.iter().find(|p| p.label.as_str() == label);
        out.push(RecheckItem {
            item: *item,
            read: seen.map_or_else(|| "–".to_owned(), |p| marks(p)),
            counted: counted_words(response),
            changed: changed.contains(item),
        });
    }
    out
}

fn counted_words(response: &Response) -> String {
    match response.state {
        ResponseState::Blank => "–".to_owned(),
        ResponseState::Resolved => response.value.clone(),
        ResponseState::Multiple => format!("{}（多涂）", response.value),
        ResponseState::Marginal | ResponseState::Unreadable => format!("{}?", response.value),
    }
}
