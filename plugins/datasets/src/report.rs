//! The report: its sections, and what each tool finds out about rows in the same way.

use ml_intern_sdk::{Failure, Output};
use serde_json::{Value, json};

use crate::chart;
use crate::chats::{self, Chats};
use crate::format::{cell, code, counted, plain, table};
use crate::leaks;
use crate::repeats::{self, Between, Within};
use crate::rows::{self, Keys};
use crate::statistics::{self, Statistics};
use crate::table::{Column, Kind, Row, Split};
use crate::{balance, table};

/// Characters of a cell of the sample.
const CELL: usize = 150;
/// Columns of the sample.
const COLUMNS: usize = 12;
/// Columns of the structured part.
const STRUCTURED: usize = 200;
/// Warnings that are told.
const WARNINGS: usize = 12;

/// Characters of each section; together they fit the report, with its title.
pub(crate) const STATUS: usize = 500;
pub(crate) const STRUCTURE: usize = 900;
const SCHEMA: usize = 2_000;
const SAMPLE: usize = 4_000;
const STATISTICS: usize = 2_600;
const BALANCE: usize = 1_500;
const REPEATS: usize = 1_500;
const CHATS: usize = 1_700;
pub(crate) const FILES: usize = 500;
const WARNED: usize = 500;

/// Sections in their order.
#[derive(Debug, Default)]
pub(crate) struct Report {
    text: String,
    warnings: Vec<String>,
}

impl Report {
    /// One with a title alone.
    pub(crate) fn new(title: &str) -> Self {
        Self {
            text: format!("# {}", cell(title, 120)),
            warnings: Vec::new(),
        }
    }

    /// One more section; none where it has no lines. What is over its bound is left out, and said to be.
    pub(crate) fn section(&mut self, title: &str, lines: &[String], most: usize) {
        if lines.is_empty() {
            return;
        }
        self.text.push_str(&format!("\n\n## {title}"));
        let mut left = most.saturating_sub(title.len() + 60);
        let mut fenced = false;
        for (place, line) in lines.iter().enumerate() {
            let length = line.chars().count() + 1;
            if length > left {
                if fenced {
                    self.text.push_str("\n```");
                }
                self.text.push_str(&format!(
                    "\n[{} left out]",
                    counted((lines.len() - place) as u64, "more line")
                ));
                return;
            }
            fenced ^= line.starts_with("```");
            left -= length;
            self.text.push('\n');
            self.text.push_str(line);
        }
    }

    /// Something to know about the report; told once however often it comes.
    pub(crate) fn warn(&mut self, warning: impl Into<String>) {
        let warning = cell(&warning.into(), 300);
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// The whole text and the warnings.
    pub(crate) fn finish(mut self) -> (String, Vec<String>) {
        let lines: Vec<String> = self
            .warnings
            .iter()
            .take(WARNINGS)
            .map(|warning| format!("- {warning}"))
            .collect();
        self.section("Warnings", &lines, WARNED);
        (self.text, self.warnings)
    }
}

/// What is looked at.
#[derive(Debug)]
pub(crate) struct Data {
    /// What the chart is called.
    pub(crate) title: String,
    pub(crate) columns: Vec<Column>,
    /// The one that is reported on, and what it is compared with.
    pub(crate) splits: Vec<Split>,
    /// Rows to show.
    pub(crate) sample: Vec<Row>,
    /// Of all rows, where somebody has them.
    pub(crate) statistics: Option<Vec<Statistics>>,
    /// What those are about.
    pub(crate) statistics_of: String,
    pub(crate) label: Option<usize>,
    /// The column of text that counts; none is every one.
    pub(crate) text: Option<usize>,
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Found {
    statistics: Vec<Statistics>,
    statistics_of: String,
    within: Vec<Within>,
    between: Vec<Between>,
    leaks: Vec<String>,
    chats: Vec<Chats>,
}

impl Data {
    /// The schema section.
    pub(crate) fn schema(&self, report: &mut Report) {
        let rows = self
            .columns
            .iter()
            .map(|column| vec![code(&column.name), column.shown.clone()]);
        if !self.columns.is_empty() {
            report.section("Schema", &table(&["column", "type"], rows), SCHEMA);
        }
    }

    /// The sample of rows: cells get narrower before columns go.
    pub(crate) fn sample(&self, report: &mut Report) {
        if self.sample.is_empty() {
            return;
        }
        let shown = self.columns.len().min(COLUMNS);
        let lines = |width: usize| {
            let mut head = vec!["row".to_owned()];
            head.extend(
                self.columns
                    .iter()
                    .take(shown)
                    .map(|column| cell(&column.name, 40)),
            );
            let head: Vec<&str> = head.iter().map(String::as_str).collect();
            let rows = self.sample.iter().map(|row| {
                let mut cells = vec![row.index.to_string()];
                cells.extend((0..shown).map(|place| {
                    let value = row.cell(place);
                    let class = match &self.columns.get(place).map(|column| &column.kind) {
                        Some(kind @ Kind::Label(_)) if value.is_u64() => {
                            format!("{value} ({})", table::class_name(kind, value))
                        }
                        _ => plain(value),
                    };
                    cell(&class, width)
                }));
                cells
            });
            let mut lines = table(&head, rows);
            if shown < self.columns.len() {
                let rest = (self.columns.len() - shown) as u64;
                lines.push(format!("[{} not shown]", counted(rest, "more column")));
            }
            lines
        };
        let length = |lines: &[String]| {
            lines
                .iter()
                .map(|line| line.chars().count() + 1)
                .sum::<usize>()
        };
        let fitting = [CELL, 100, 60, 40, 25]
            .into_iter()
            .map(lines)
            .find(|lines| length(lines) + 90 <= SAMPLE)
            .unwrap_or_else(|| lines(12));
        report.section("Sample Rows", &fitting, SAMPLE);
    }

    /// Statistics, classes, repeats, leaks and chats.
    pub(crate) fn look(&self, report: &mut Report) -> Found {
        let first = self.splits.first();
        let looked: &[Row] = first.map_or(&[], |split| split.rows.as_slice());
        let label_name = self
            .label
            .and_then(|label| self.columns.get(label))
            .map(|column| column.name.clone());
        let (all, of) = match &self.statistics {
            Some(all) => (all.clone(), self.statistics_of.clone()),
            None => {
                let of = match first {
                    Some(split) if split.is_sample() => {
                        format!(
                            "{} of {} that were looked at",
                            counted(looked.len() as u64, "row"),
                            split.name
                        )
                    }
                    Some(split) => {
                        format!("{}, {}", split.name, counted(looked.len() as u64, "row"))
                    }
                    None => String::new(),
                };
                (statistics::of_rows(&self.columns, looked, self.label), of)
            }
        };
        if all.iter().any(|column| column.rows > 0) {
            report.section(
                &format!("Statistics ({of})"),
                &statistics::lines(&all),
                STATISTICS,
            );
            report.section(
                "Class balance",
                &balance::lines(&all, label_name.as_deref(), &of),
                BALANCE,
            );
        }

        let ids = rows::ids(&self.columns, looked);
        let keys = Keys::new(&self.columns, looked, &ids, self.label, self.text);
        let within: Vec<Within> = self
            .splits
            .iter()
            .map(|split| repeats::within(split, &keys, self.label))
            .collect();
        let between = repeats::between(&self.splits, &keys);
        let leaks = leaks::lines(&self.columns, looked, self.label, &ids);
        if !looked.is_empty() {
            let mut lines = vec![repeats::looked_at(&self.splits)];
            if keys.compared.is_empty() {
                lines.push("- rows cannot be compared: no column has values here, only addresses or numbers of rows".to_owned());
            } else {
                lines.extend(repeats::lines(&within, &between, !keys.texts.is_empty()));
                let media = self
                    .columns
                    .iter()
                    .filter(|column| column.kind == Kind::Media);
                let media: Vec<String> = media.map(|column| code(&column.name)).collect();
                if !media.is_empty() {
                    lines.push(format!(
                        "- not compared, only its address is known here: {}",
                        media.join(", ")
                    ));
                }
            }
            lines.extend(leaks.iter().cloned());
            report.section("Duplicates and leakage", &lines, REPEATS);
        }

        let chats: Vec<Chats> = chats::columns(&self.columns, looked)
            .into_iter()
            .filter_map(|place| Some(chats::look(&self.columns.get(place)?.name, place, looked)))
            .collect();
        let mut lines = Vec::new();
        for found in &chats {
            if !lines.is_empty() {
                lines.push(String::new());
            }
            lines.extend(found.lines());
        }
        report.section("Messages format", &lines, CHATS);
        Found {
            statistics: all,
            statistics_of: of,
            within,
            between,
            leaks,
            chats,
        }
    }

    /// The result: the text, a chart where there is one to draw, and all of it for programs.
    ///
    /// # Errors
    /// None in practice: JSON that has no JSON form.
    pub(crate) fn output(
        &self,
        report: Report,
        found: &Found,
        mut more: Value,
    ) -> Result<Output, Failure> {
        let (text, warnings) = report.finish();
        let label = self
            .label
            .and_then(|label| self.columns.get(label))
            .map(|column| column.name.as_str());
        let columns: Vec<Value> = self
            .columns
            .iter()
            .take(STRUCTURED)
            .map(|column| json!({"name": column.name, "type": column.shown}))
            .collect();
        let mut statistics: Vec<Statistics> =
            found.statistics.iter().take(STRUCTURED).cloned().collect();
        for column in &mut statistics {
            column.classes.truncate(100);
        }
        let whole = json!({
            "label": label,
            "columns": columns,
            "statistics_of": found.statistics_of,
            "statistics": statistics,
            "within": found.within,
            "between": found.between,
            "leaks": found.leaks,
            "chats": found.chats,
            "warnings": warnings,
        });
        if let (Some(more), Value::Object(whole)) = (more.as_object_mut(), whole) {
            more.extend(whole);
        }
        let mut output = Output::text(text);
        let title = format!("{} · {}", self.title, found.statistics_of);
        if let Some(chart) = chart::draw(&title, &found.statistics, label) {
            output = output.with_image("image/png", chart.png, chart.alt);
        }
        output.with_structured(&more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Characters of the whole report.
    const MOST: usize = 16_000;

    #[test]
    fn the_sections_fit_the_report() {
        let whole = STATUS
            + STRUCTURE
            + SCHEMA
            + SAMPLE
            + STATISTICS
            + BALANCE
            + REPEATS
            + CHATS
            + FILES
            + WARNED;
        assert!(whole + 200 <= MOST, "{whole}");
        let lines: Vec<String> = (0..1_000).map(|n| format!("line {n}")).collect();
        for most in [100, 500, 2_000] {
            let mut report = Report::default();
            report.section("A title", &lines, most);
            let (text, _) = report.finish();
            assert!(
                text.chars().count() <= most && text.chars().count() + 70 > most,
                "{}",
                text.len()
            );
            assert!(text.ends_with("more lines left out]"));
        }
    }

    #[test]
    fn warnings_are_told_once() {
        let mut report = Report::new("a\nb");
        report.warn("x");
        report.warn("x");
        report.section("None", &[], 100);
        assert_eq!(
            report.finish(),
            ("# a b\n\n## Warnings\n- x".to_owned(), vec!["x".to_owned()])
        );
    }
}
