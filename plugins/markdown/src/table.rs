//! Tables. A cell that spans several places stands in each of them, so that each row can be read alone; one that spans
//! a whole row stands once. Rows of headings become one.

use crate::block::Place;
use crate::inline::Style;
use crate::line::Line;
use crate::skip::skip;
use crate::{Converter, Html, NodeId};

/// Columns at most.
const MOST_COLUMNS: usize = 64;
/// Rows at most; how many more there are is said.
const MOST_ROWS: usize = 1_000;
/// Rows of headings at most.
const MOST_HEADINGS: usize = 4;

pub(crate) fn is_one(html: &Html, node: NodeId) -> bool {
    html.name(node) == "table" || html.has_class(node, "ltx_tabular")
}

struct Cell {
    node: NodeId,
    columns: usize,
    rows: usize,
    heading: bool,
}

/// A place of the grid.
#[derive(Debug, Clone, Default)]
struct Square {
    text: String,
    heading: bool,
}

impl Converter<'_> {
    pub(crate) fn table(&self, table: NodeId, place: Place, blocks: &mut Vec<String>) {
        let html = self.html;
        for caption in html.children(table) {
            if html.name(*caption) == "caption" {
                blocks.extend(self.flow(html.children(*caption), place));
            }
        }
        let (rows, in_head, more) = rows(html, table);
        let latexml = html.has_class(table, "ltx_tabular");
        let is_layout = !latexml
            && (rows.iter().all(|row| row.len() <= 1)
                || rows
                    .iter()
                    .flatten()
                    .any(|cell| holds_layout(html, cell.node)));
        if is_layout {
            for cell in rows.iter().flatten() {
                blocks.extend(self.flow(html.children(cell.node), place));
            }
            return;
        }
        let (grid, headings) = self.grid(&rows, in_head, place);
        if let Some(text) = written(&grid, headings) {
            blocks.push(text);
        }
        if more > 0 {
            blocks.push(format!("({more} more rows)"));
        }
    }

    fn grid(&self, rows: &[Vec<Cell>], in_head: usize, place: Place) -> (Vec<Vec<Square>>, usize) {
        let mut grid: Vec<Vec<Option<Square>>> = vec![Vec::new(); rows.len()];
        let width = |row: &Vec<Cell>| row.iter().map(|cell| cell.columns).sum::<usize>();
        let widest = rows.iter().map(width).max().unwrap_or(0).min(MOST_COLUMNS);
        for (at, row) in rows.iter().enumerate() {
            let mut column = 0;
            for cell in row {
                while occupied(&grid, at, column) {
                    column += 1;
                }
                let square = Square {
                    text: self.cell(cell, place),
                    heading: cell.heading,
                };
                let whole_row = cell.columns > 1 && cell.columns >= widest;
                for row in at..(at + cell.rows).min(rows.len()) {
                    for place in column..(column + cell.columns).min(MOST_COLUMNS) {
                        let shown = match whole_row && place > column {
                            true => Square {
                                text: String::new(),
                                ..square.clone()
                            },
                            false => square.clone(),
                        };
                        put(&mut grid, row, place, shown);
                    }
                }
                column += cell.columns;
            }
        }
        let grid: Vec<Vec<Square>> = grid
            .into_iter()
            .map(|row| row.into_iter().map(Option::unwrap_or_default).collect())
            .collect();
        let all_headings = |row: &Vec<Square>| {
            row.iter().any(|square| !square.text.is_empty())
                && row
                    .iter()
                    .all(|square| square.heading || square.text.is_empty())
        };
        let headings = match in_head {
            0 => grid.iter().take_while(|row| all_headings(row)).count(),
            rows => rows,
        };
        // A table of headings alone is a table.
        let headings = match headings {
            rows if rows >= grid.len() => 1,
            rows => rows.clamp(1, MOST_HEADINGS),
        };
        (grid, headings)
    }

    fn cell(&self, cell: &Cell, place: Place) -> String {
        let mut line = Line::default();
        let style = Style {
            cell: true,
            one_line: true,
            plain: cell.heading,
            ..Style::default()
        };
        let place = Place { style, ..place };
        for child in self.html.children(cell.node) {
            self.inline(*child, place, &mut line);
        }
        line.done().replace('\n', " ")
    }
}

/// The rows of a table, how many of them are in its head, and how many are left out.
fn rows(html: &Html, table: NodeId) -> (Vec<Vec<Cell>>, usize, usize) {
    let is_cell = |node: NodeId| {
        matches!(html.name(node), "td" | "th")
            || html.has_class(node, "ltx_td")
            || html.has_class(node, "ltx_th")
    };
    let is_row = |node: NodeId| html.name(node) == "tr" || html.has_class(node, "ltx_tr");
    let in_head = |node: NodeId| {
        html.parent(node)
            .is_some_and(|part| html.name(part) == "thead" || html.has_class(part, "ltx_thead"))
    };
    let mut rows = Vec::new();
    let mut head = 0;
    let mut more = 0;
    for row in html
        .within(table, |node| !is_row(node) && !is_one(html, node))
        .filter(|node| is_row(*node))
    {
        let cells: Vec<Cell> = html
            .children(row)
            .iter()
            .copied()
            .filter(|node| is_cell(*node) && !skip(html, *node))
            .map(|node| Cell {
                node,
                columns: span(html, node, "colspan").min(MOST_COLUMNS),
                rows: span(html, node, "rowspan"),
                heading: html.name(node) == "th" || html.has_class(node, "ltx_th"),
            })
            .collect();
        if cells
            .iter()
            .all(|cell| html.text(cell.node).is_empty() && !has_picture(html, cell.node))
        {
            continue;
        }
        if rows.len() == MOST_ROWS {
            more += 1;
            continue;
        }
        if in_head(row) && head == rows.len() {
            head += 1;
        }
        rows.push(cells);
    }
    (rows, head, more)
}

fn has_picture(html: &Html, node: NodeId) -> bool {
    html.find(node, |inside| matches!(html.name(inside), "img" | "math"))
        .is_some()
}

/// How many places a cell takes. None means all that are left in HTML, which LaTeXML never writes.
fn span(html: &Html, cell: NodeId, attribute: &str) -> usize {
    html.attribute(cell, attribute)
        .and_then(|span| span.trim().parse().ok())
        .unwrap_or(1)
        .clamp(1, MOST_ROWS)
}

/// Whether a cell holds a part of a page rather than a value.
fn holds_layout(html: &Html, cell: NodeId) -> bool {
    html.find(cell, |node| {
        matches!(
            html.name(node),
            "table" | "h1" | "h2" | "h3" | "pre" | "form"
        )
    })
    .is_some()
}

fn occupied(grid: &[Vec<Option<Square>>], row: usize, column: usize) -> bool {
    grid.get(row)
        .and_then(|row| row.get(column))
        .is_some_and(Option::is_some)
}

fn put(grid: &mut [Vec<Option<Square>>], row: usize, column: usize, square: Square) {
    if let Some(row) = grid.get_mut(row) {
        if row.len() <= column {
            row.resize(column + 1, None);
        }
        if let Some(place) = row.get_mut(column)
            && place.is_none()
        {
            *place = Some(square);
        }
    }
}

fn written(grid: &[Vec<Square>], headings: usize) -> Option<String> {
    let columns = grid
        .iter()
        .map(Vec::len)
        .max()
        .filter(|columns| *columns > 0)?;
    let (head, body) = grid.split_at(headings.min(grid.len()));
    let text = |row: &[Square], column: usize| {
        row.get(column)
            .map(|square| square.text.clone())
            .unwrap_or_default()
    };
    let mut lines = Vec::new();
    let heading: Vec<String> = (0..columns)
        .map(|column| {
            let mut parts: Vec<String> = Vec::new();
            for row in head {
                let part = text(row, column);
                if !part.is_empty() && parts.last() != Some(&part) {
                    parts.push(part);
                }
            }
            parts.join(" / ")
        })
        .collect();
    lines.push(format!("| {} |", heading.join(" | ")));
    lines.push(format!("|{}", " --- |".repeat(columns)));
    for row in body {
        let cells: Vec<String> = (0..columns).map(|column| text(row, column)).collect();
        lines.push(format!("| {} |", cells.join(" | ")));
    }
    Some(lines.join("\n"))
}
