//! Pictures of the statistics, as SVG within a page.

use super::html::number;
use crate::grade::stats::{ItemStatistic, ItemStatistics};
use std::fmt::Write as _;

/// Most columns of the histogram: with more, a room of 30 shows nothing but single sheets.
const COLUMNS: f64 = 25.0;

/// A width of 1, 2 or 5 times a power of ten that makes at most [`COLUMNS`] columns of `range`.
fn column_width(range: f64) -> f64 {
    let least = (range / COLUMNS).max(0.01);
    let power = 10f64.powf(least.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().find(|step| step * power >= least * 0.999_999);
    step.unwrap_or(10.0) * power
}

const W: f64 = 520.0;
const H: f64 = 240.0;
const LEFT: f64 = 40.0;
const BOTTOM: f64 = 34.0;
const TOP: f64 = 12.0;

fn frame(label: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 {W} {H}\" width=\"{W}\" height=\"{H}\" role=\"img\" aria-label=\"{label}\">\n"
    )
}

/// Sheets by their sum.
pub(super) fn histogram(statistics: &ItemStatistics) -> String {
    let least = statistics.sums.first().copied().unwrap_or(0.0).min(0.0);
    let width = column_width((statistics.out_of - least).max(1e-6));
    let start = (least / width).floor();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // some tens of columns
    let columns = ((statistics.out_of / width).ceil() - start).clamp(1.0, 200.0) as usize;
    let mut counts = vec![0usize; columns];
    for sum in &statistics.sums {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // within the columns
        let column = ((sum / width + 1e-9).floor() - start).clamp(0.0, (columns - 1) as f64) as usize;
        counts[column] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let (wide, high) = ((W - LEFT - 8.0) / columns as f64, H - TOP - BOTTOM);
    let mut out = frame("得分分布");
    let _ = writeln!(
        out,
        "<line x1=\"{LEFT}\" y1=\"{0}\" x2=\"{W}\" y2=\"{0}\" stroke=\"#1c2430\"/>",
        H - BOTTOM
    );
    for (column, &count) in counts.iter().enumerate() {
        let x = LEFT + wide * column as f64;
        let tall = high * count as f64 / most as f64;
        let from = (start + column as f64) * width;
        let _ = writeln!(
            out,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{tall:.1}\" fill=\"#1f5fa8\"><title>{} 至 {} 分：{count} 份</title></rect>",
            x + 0.5,
            H - BOTTOM - tall,
            (wide - 1.0).max(1.0),
            short(from),
            short(from + width),
        );
        let every = (columns / 10).max(1);
        if column % every == 0 {
            let _ = writeln!(
                out,
                "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                H - BOTTOM + 14.0,
                short(from)
            );
        }
    }
    let _ = write!(
        out,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{most}</text>\n<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">0</text>\n\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">得分（每柱 {} 分）</text>\n</svg>\n",
        LEFT - 4.0,
        TOP + 8.0,
        LEFT - 4.0,
        H - BOTTOM,
        f64::midpoint(LEFT, W),
        H - 4.0,
        short(width),
    );
    out
}

/// A number with as many decimals as it has, at most two.
fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.replace('-', "−") }
}

/// Items by p-value and point-biserial; those that look wrong in red with their number.
pub(super) fn scatter(statistics: &ItemStatistics) -> String {
    let points: Vec<(&ItemStatistic, f64)> =
        statistics.items.iter().filter_map(|item| Some((item, item.point_biserial?))).collect();
    let least = points.iter().map(|(_, r)| *r).fold(-0.2, f64::min);
    let most = points.iter().map(|(_, r)| *r).fold(0.6, f64::max);
    let (low, high) = ((least * 5.0).floor() / 5.0, (most * 5.0).ceil() / 5.0);
    let x = |p: f64| LEFT + (W - LEFT - 12.0) * p;
    let y = |r: f64| TOP + (H - TOP - BOTTOM) * (high - r) / (high - low);
    let mut out = frame("难度与区分度");
    let mut mark = low;
    while mark <= high + 1e-9 {
        let zero = mark.abs() < 1e-9;
        let colour = if zero { "#1c2430" } else { "#d8dee6" };
        let _ = writeln!(
            out,
            "<line x1=\"{LEFT}\" y1=\"{0:.1}\" x2=\"{1:.1}\" y2=\"{0:.1}\" stroke=\"{colour}\"/><text x=\"{2:.1}\" y=\"{3:.1}\" text-anchor=\"end\">{4}</text>",
            y(mark),
            x(1.0),
            LEFT - 4.0,
            y(mark) + 4.0,
            short(mark)
        );
        mark += 0.2;
    }
    for p in [0.0, 0.2, 0.4, 0.6, 0.8, 1.0] {
        let _ = writeln!(
            out,
            "<line x1=\"{0:.1}\" y1=\"{TOP}\" x2=\"{0:.1}\" y2=\"{1:.1}\" stroke=\"#eef1f5\"/><text x=\"{0:.1}\" y=\"{2:.1}\" text-anchor=\"middle\">{3}</text>",
            x(p),
            H - BOTTOM,
            H - BOTTOM + 14.0,
            short(p)
        );
    }
    for (item, r) in &points {
        let look = !item.suspicions.is_empty();
        let (colour, size) = if look { ("#b3261e", 4.5) } else { ("#1f5fa8", 3.0) };
        let _ = writeln!(
            out,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{size}\" fill=\"{colour}\" fill-opacity=\"0.75\"><title>第 {} 题：p {}，r {}</title></circle>",
            x(item.p),
            y(*r),
            item.number,
            number(Some(item.p)),
            number(Some(*r))
        );
        if look {
            let _ = writeln!(
                out,
                "<text x=\"{:.1}\" y=\"{:.1}\" style=\"fill:#b3261e\">{}</text>",
                x(item.p) + 6.0,
                y(*r) + 4.0,
                item.number
            );
        }
    }
    let _ = write!(
        out,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">难度 p（纵轴为区分度 r）</text>\n</svg>\n",
        f64::midpoint(LEFT, W),
        H - 4.0
    );
    out
}

/// The options of an item: how many of the high and of the low group mark each; the right ones are framed.
pub(super) fn options(item: &ItemStatistic) -> String {
    const WIDE: f64 = 34.0;
    const TALL: f64 = 26.0;
    let width = WIDE * item.options.len() as f64;
    let mut out = format!(
        "<svg viewBox=\"0 0 {width} 42\" width=\"{width}\" height=\"42\" role=\"img\" aria-label=\"各选项\">"
    );
    for (place, option) in item.options.iter().enumerate() {
        let x = WIDE * place as f64;
        if option.right {
            let _ = write!(
                out,
                "<rect x=\"{:.1}\" y=\"0.5\" width=\"{:.1}\" height=\"41\" fill=\"#eaf2fb\" stroke=\"#1f5fa8\" rx=\"3\"/>",
                x + 1.0,
                WIDE - 2.0
            );
        }
        for (share, left, colour) in [(option.high, 6.0, "#1f5fa8"), (option.low, 17.0, "#9fb4cc")] {
            let tall = TALL * share.clamp(0.0, 1.0);
            let _ = write!(
                out,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"10\" height=\"{tall:.1}\" fill=\"{colour}\"/>",
                x + left,
                TALL + 2.0 - tall
            );
        }
        let weight = if option.right { " font-weight=\"700\" style=\"fill:#1c2430\"" } else { "" };
        let _ = write!(
            out,
            "<text x=\"{:.1}\" y=\"39\" text-anchor=\"middle\"{weight}>{}</text><title>各选项：深色高分组，浅色低分组</title>",
            x + WIDE / 2.0,
            super::html::text(&option.letter.to_string())
        );
    }
    out.push_str("</svg>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_round_and_few() {
        for (range, width) in
            [(100.0, 5.0), (25.0, 1.0), (200.0, 10.0), (7.5, 0.5), (10.0, 0.5), (1000.0, 50.0)]
        {
            let found = column_width(range);
            assert!((found - width).abs() < 1e-9, "{range}: {found}");
            assert!(range / found <= COLUMNS + 1e-9);
        }
    }

    #[test]
    fn numbers_are_as_short_as_they_are() {
        for (value, text) in
            [(5.0, "5"), (0.5, "0.5"), (-0.2, "−0.2"), (-0.0001, "0"), (0.25, "0.25"), (100.0, "100")]
        {
            assert_eq!(short(value), text);
        }
    }
}
