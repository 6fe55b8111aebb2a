//! The page of the item statistics.

use super::html::{head, number, percent, text};
use super::{DEFINITIONS, ItemReport, kind, plot, right_options, words};
use crate::grade::stats::{ItemStatistic, ItemStatistics};
use std::fmt::Write as _;

/// Below this many sheets the figures move by tenths from one session to the next: the standard error of a correlation of
/// 0.3 is 0.09 with 100 sheets.
const FEW: usize = 100;

pub(super) fn page(report: &ItemReport<'_>, statistics: &ItemStatistics) -> String {
    let mut out = head("试题分析", report, &format!("答卷 {} 份", statistics.sheets));
    if statistics.sheets < FEW {
        let _ = writeln!(out, "<p class=\"warn\">答卷不足 {FEW} 份，以下各项的误差较大，只供参考。</p>");
    }
    summary(&mut out, statistics);
    out.push_str("<div class=\"plots\">\n<figure>\n");
    out.push_str(&plot::histogram(statistics));
    out.push_str("<figcaption>得分分布（不含作废题与人工阅卷部分）</figcaption></figure>\n<figure>\n");
    out.push_str(&plot::scatter(statistics));
    out.push_str("<figcaption>每点一题，红色为可疑题</figcaption></figure>\n</div>\n");
    suspicious(&mut out, statistics);
    table(&mut out, statistics);
    out.push_str("<h2>说明</h2>\n<dl>\n");
    for (name, meaning) in DEFINITIONS {
        let _ = writeln!(out, "<dt>{}</dt><dd>{}</dd>", text(name), text(meaning));
    }
    out.push_str("</dl>\n</body></html>\n");
    out
}

fn summary(out: &mut String, statistics: &ItemStatistics) {
    let sum = |value: Option<&f64>| number(value.copied());
    let tiles = [
        ("平均分", number(Some(statistics.mean))),
        ("满分", number(Some(statistics.out_of))),
        ("标准差", number(Some(statistics.deviation))),
        ("最低分", sum(statistics.sums.first())),
        ("最高分", sum(statistics.sums.last())),
        ("KR-20", number(statistics.kr20)),
        ("α", number(statistics.alpha)),
        ("标准误", number(statistics.standard_error())),
    ];
    out.push_str("<div class=\"tiles\">\n");
    for (name, value) in tiles {
        let _ = writeln!(out, "<div class=\"tile\"><b>{value}</b><span>{name}</span></div>");
    }
    out.push_str("</div>\n");
    match statistics.groups {
        Some(groups) => {
            let _ = writeln!(
                out,
                "<p class=\"soft\">高分组 {} 份（{} 分及以上），低分组 {} 份（{} 分及以下）</p>",
                groups.high,
                number(Some(groups.high_limit)),
                groups.low,
                number(Some(groups.low_limit))
            );
        }
        None => out.push_str("<p class=\"soft\">得分过于集中，分不出高分组与低分组。</p>\n"),
    }
}

fn suspicious(out: &mut String, statistics: &ItemStatistics) {
    let _ = writeln!(out, "<h2>可疑题（{} 题）</h2>", statistics.suspicious().count());
    if statistics.suspicious().next().is_none() {
        out.push_str("<p>没有区分度为负的题，也没有高分组多选错项的题。</p>\n");
        return;
    }
    out.push_str("<p class=\"soft\">请核对这些题的题面与标准答案；可疑不等于有错。</p>\n<table><thead><tr><th>题号</th><th class=\"l\">缘由</th><th>难度 p</th><th>区分度 r</th><th class=\"l\">各选项</th></tr></thead><tbody>\n");
    for item in statistics.suspicious() {
        let reasons: Vec<_> = item.suspicions.iter().map(|&s| text(&words(s))).collect();
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td class=\"l\">{}</td><td>{}</td><td>{}</td><td class=\"l\">{}</td></tr>",
            item.number,
            reasons.join("；"),
            number(Some(item.p)),
            number(item.point_biserial),
            plot::options(item)
        );
    }
    out.push_str("</tbody></table>\n");
}

fn table(out: &mut String, statistics: &ItemStatistics) {
    out.push_str(
        "<h2>各题</h2>\n<p class=\"soft\">选项图：<span class=\"key\" style=\"background:#1f5fa8\"></span>高分组\
         <span class=\"key\" style=\"background:#9fb4cc\"></span>低分组，方框为正确选项。</p>\n\
         <table><thead><tr><th>题号</th><th class=\"l\">题型</th><th class=\"l\">答案</th><th>分值</th><th>难度 p</th><th>得分率</th>\
         <th>区分度 r</th><th>D</th><th>删后 α</th><th>空白</th><th>多填</th><th class=\"l\">各选项</th></tr></thead><tbody>\n",
    );
    for item in &statistics.items {
        row(out, item, statistics.sheets);
    }
    out.push_str("</tbody></table>\n");
}

fn row(out: &mut String, item: &ItemStatistic, sheets: usize) {
    let share =
        |count: usize| if sheets == 0 { "—".to_owned() } else { percent(count as f64 / sheets as f64) };
    let class = match (item.void, item.suspicions.is_empty()) {
        (true, _) => " class=\"void\"",
        (false, false) => " class=\"look\"",
        (false, true) => "",
    };
    let figure = |value: Option<f64>| if item.void { "—".to_owned() } else { number(value) };
    let right = if item.void { "作废".to_owned() } else { text(&right_options(item)) };
    let _ = writeln!(
        out,
        "<tr{class}><td>{}</td><td class=\"l\">{}</td><td class=\"l\">{right}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"l\">{}</td></tr>",
        item.number,
        kind(item),
        figure(Some(item.worth)),
        figure(Some(item.p)),
        figure(Some(item.mean_share)),
        number(item.point_biserial),
        number(item.discrimination),
        number(item.alpha_without),
        share(item.blank),
        share(item.multiple),
        plot::options(item)
    );
}
