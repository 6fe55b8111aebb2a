//! What the pages have in common: escaping, head and style.

use super::{ItemReport, SECRET};
use std::fmt::Write as _;

/// Text for a page: nothing in it is markup.
pub(in crate::publish) fn text(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for c in raw.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() && c != '\n' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A proportion as a percentage without decimals.
pub(super) fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

/// A number with two decimals and a true minus; a dash for nothing.
pub(super) fn number(value: Option<f64>) -> String {
    match value {
        Some(value) if value.is_finite() => {
            let text = format!("{value:.2}");
            let text = if text == "-0.00" { "0.00".to_owned() } else { text };
            text.replace('-', "−")
        }
        _ => "—".to_owned(),
    }
}

const STYLE: &str = r#"
:root { --ink: #1c2430; --soft: #5b6675; --line: #d8dee6; --high: #1f5fa8; --low: #b9c9dc; --warn: #b3261e; --ground: #f6f8fa; }
* { box-sizing: border-box; }
body { font: 14px/1.5 "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", sans-serif; color: var(--ink); margin: 0 auto; padding: 24px 28px 48px; max-width: 1120px; background: #fff; }
h1 { font-size: 22px; margin: 0 0 2px; } h2 { font-size: 16px; margin: 28px 0 8px; }
p { margin: 4px 0; } .soft { color: var(--soft); } .warn { color: var(--warn); }
.secret { border: 1px solid var(--warn); color: var(--warn); padding: 6px 10px; margin: 12px 0; border-radius: 4px; }
.tiles { display: flex; flex-wrap: wrap; gap: 10px; margin: 14px 0; }
.tile { background: var(--ground); border: 1px solid var(--line); border-radius: 6px; padding: 8px 14px; min-width: 104px; }
.tile b { display: block; font-size: 20px; font-variant-numeric: tabular-nums; } .tile span { color: var(--soft); font-size: 12px; }
.plots { display: flex; flex-wrap: wrap; gap: 20px; } figure { margin: 0; } figcaption { color: var(--soft); font-size: 12px; }
svg text { font-family: inherit; fill: var(--soft); font-size: 11px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: right; font-weight: 600; border-bottom: 2px solid var(--ink); padding: 4px 8px; white-space: nowrap; vertical-align: bottom; }
td { text-align: right; border-bottom: 1px solid var(--line); padding: 3px 8px; vertical-align: middle; }
th.l, td.l { text-align: left; } tr.look td { background: #fdf3f2; } tr.void td { color: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 14px; font-size: 12.5px; color: var(--soft); } dt { font-weight: 600; color: var(--ink); } dd { margin: 0; }
.key { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin: 0 3px 0 10px; }
@media print { body { padding: 0; max-width: none; font-size: 11px; } tr { break-inside: avoid; } thead { display: table-header-group; } h2 { break-after: avoid; } @page { size: A4 landscape; margin: 12mm; } }
"#;

/// The page's beginning, up to its facts.
pub(super) fn head(kind: &str, report: &ItemReport<'_>, facts: &str) -> String {
    let title = text(report.title);
    let mut out = String::with_capacity(64 << 10);
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{kind} {title}</title>\n<style>{STYLE}</style></head>\n<body>\n<h1>{kind}：{title}</h1>\n\
         <p class=\"soft\">{batch} · 试卷 {paper} · 试卷类型 {form} · 标准答案第 {revision} 版 · {facts}</p>\n\
         <p class=\"secret\">{SECRET}</p>\n",
        batch = text(report.batch),
        paper = text(report.paper.as_str()),
        form = text(report.form.as_str()),
        revision = report.key_revision,
    );
    out
}
