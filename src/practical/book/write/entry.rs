//! The cells that an assessor writes in: what is in them already, and what they take.

use super::super::MINUTES;
use super::Styles;
use crate::exam::{AssessedItem, Column};
use crate::practical::{RowStatus, ScoreRow};
use crate::sheet::Points;
use rust_xlsxwriter::{DataValidation, DataValidationRule, Formula, Worksheet, XlsxError};

/// A row and a column from 0.
pub(super) type Place = (u32, u16);

/// A sheet whose cells are written.
pub(super) struct Entry<'s> {
    pub(super) sheet: &'s mut Worksheet,
    pub(super) styles: &'s Styles,
    /// What is entered already, if anything is.
    pub(super) row: Option<&'s ScoreRow>,
}

impl Entry<'_> {
    fn scored(&self) -> Option<&ScoreRow> {
        self.row.filter(|row| row.status == RowStatus::Scored)
    }

    pub(super) fn item(&mut self, (row, at): Place, item: &AssessedItem) -> Result<(), XlsxError> {
        let input = &self.styles.input;
        match self.scored().and_then(|entered| entered.items.get(&item.name)).copied() {
            Some(points) => self.sheet.write_number_with_format(row, at, points.to_f64(), input)?,
            None => self.sheet.write_blank(row, at, input)?,
        };
        Ok(())
    }

    /// The sum of the cells between two places.
    pub(super) fn sum(&mut self, (row, at): Place, (first, last): (Place, Place)) -> Result<(), XlsxError> {
        let name = |(row, at): Place| format!("{}{}", Column::letter(usize::from(at)), row + 1);
        let range = format!("{}:{}", name(first), name(last));
        let sum = self.scored().map(|entered| entered.items.values().copied().sum::<Points>());
        // An empty result would be written as 0; a space is read back as nothing.
        let shown = sum.map_or_else(|| " ".to_owned(), |sum| sum.to_f64().to_string());
        let formula = Formula::new(format!("=IF(COUNT({range})=0,\"\",SUM({range}))")).set_result(shown);
        self.sheet.write_formula_with_format(row, at, formula, &self.styles.locked)?;
        Ok(())
    }

    pub(super) fn overtime(&mut self, (row, at): Place) -> Result<(), XlsxError> {
        let input = &self.styles.input;
        match self.row.map(|entered| entered.overtime).filter(|minutes| *minutes > 0) {
            Some(minutes) => self.sheet.write_number_with_format(row, at, minutes, input)?,
            None => self.sheet.write_blank(row, at, input)?,
        };
        Ok(())
    }

    pub(super) fn veto(&mut self, (row, at): Place) -> Result<(), XlsxError> {
        let words = &self.styles.words;
        match self.row.and_then(|entered| entered.veto.as_ref()) {
            Some(veto) => self.sheet.write_string_with_format(row, at, veto, words)?,
            None => self.sheet.write_blank(row, at, words)?,
        };
        Ok(())
    }

    pub(super) fn status(&mut self, (row, at): Place) -> Result<(), XlsxError> {
        let words = &self.styles.words;
        match self.row.map(|entered| entered.status).filter(|status| *status != RowStatus::Scored) {
            Some(status) => self.sheet.write_string_with_format(row, at, status.word(), words)?,
            None => self.sheet.write_blank(row, at, words)?,
        };
        Ok(())
    }
}

/// What the cells of an item take.
pub(super) fn points_rule(item: &AssessedItem) -> Result<DataValidation, XlsxError> {
    DataValidation::new()
        .allow_decimal_number(DataValidationRule::Between(0.0, item.points.to_f64()))
        .set_error_title("分数超出范围")?
        .set_error_message(format!("请填写 0 至 {} 之间的分数。", item.points))
}

pub(super) fn overtime_rule() -> Result<DataValidation, XlsxError> {
    DataValidation::new()
        .allow_whole_number(DataValidationRule::Between(0, i32::from(MINUTES)))
        .set_error_title("超时分钟")?
        .set_error_message(format!("请填写 0 至 {MINUTES} 之间的整数分钟。"))
}

/// `list` is where the words of the drop-down stand.
pub(super) fn veto_rule(list: &str) -> Result<DataValidation, XlsxError> {
    DataValidation::new()
        .allow_list_formula(Formula::new(list))
        .set_error_title("否定项")?
        .set_error_message("请从下拉列表中选择。")
}

pub(super) fn status_rule() -> Result<DataValidation, XlsxError> {
    DataValidation::new()
        .allow_list_strings(&RowStatus::ALL.map(RowStatus::word))?
        .set_error_title("状态")?
        .set_error_message("请从下拉列表中选择正常、缺考或无效。")
}
