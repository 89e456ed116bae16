//! A chart as a picture: how many rows each class has, or how a column is spread.
//!
//! Drawn pixel by pixel with bitmap fonts, so that the same data gives the same bytes anywhere.

use std::convert::Infallible;

use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{OriginDimensions, Point, Size};
use embedded_graphics::mono_font::iso_8859_1::{FONT_8X13, FONT_9X18, FONT_9X18_BOLD, FONT_10X20};
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::raw::RawU4;
use embedded_graphics::pixelcolor::{PixelColor, raw::RawData as _};
use embedded_graphics::primitives::{Primitive as _, PrimitiveStyle, Rectangle};
use embedded_graphics::text::{Alignment, Baseline, Text, TextStyle, TextStyleBuilder};
use embedded_graphics::{Drawable as _, Pixel};

use crate::format::{count, cut, percent};
use crate::statistics::{Statistics, measure};

/// Pixels from left to right.
const WIDTH: u32 = 960;
/// Classes with a bar of their own.
const CLASSES: usize = 16;
/// Pixels of a class, its gap included.
const LINE: i32 = 30;
/// Pixels above the bars, for the title.
const TOP: i32 = 76;
/// Pixels of a histogram's bars.
const HEIGHT: i32 = 300;
/// Characters of a class's name.
const NAME: usize = 26;

/// The colours: places in the palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Colour {
    Paper,
    Ink,
    Grey,
    Grid,
    Bar,
    Rest,
}

impl PixelColor for Colour {
    type Raw = RawU4;
}

impl From<Colour> for RawU4 {
    fn from(colour: Colour) -> Self {
        RawU4::new(colour as u8)
    }
}

/// Red, green and blue of each colour, in their order. Dark on white, and a blue that is seen by the colour-blind too.
const PALETTE: [u8; 18] = [
    255, 255, 255, 24, 28, 36, 70, 78, 92, 226, 230, 236, 46, 108, 184, 168, 178, 192,
];

/// What a chart shows, and its picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chart {
    /// A PNG.
    pub(crate) png: Vec<u8>,
    /// What it shows.
    pub(crate) alt: String,
}

struct Canvas {
    height: u32,
    pixels: Vec<u8>,
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        Size::new(WIDTH, self.height)
    }
}

impl DrawTarget for Canvas {
    type Color = Colour;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Colour>>>(
        &mut self,
        pixels: I,
    ) -> Result<(), Infallible> {
        for Pixel(at, colour) in pixels {
            let (Ok(x), Ok(y)) = (u32::try_from(at.x), u32::try_from(at.y)) else {
                continue;
            };
            if x < WIDTH
                && let Some(pixel) = self.pixels.get_mut((y * WIDTH + x) as usize)
            {
                *pixel = RawU4::from(colour).into_inner();
            }
        }
        Ok(())
    }
}

impl Canvas {
    fn new(height: i32) -> Self {
        let height = u32::try_from(height).unwrap_or(1).max(1);
        Self {
            height,
            pixels: vec![Colour::Paper as u8; (WIDTH * height) as usize],
        }
    }

    fn bar(&mut self, x: i32, y: i32, width: i32, height: i32, colour: Colour) {
        let size = Size::new(
            u32::try_from(width).unwrap_or(0),
            u32::try_from(height).unwrap_or(0),
        );
        let bar =
            Rectangle::new(Point::new(x, y), size).into_styled(PrimitiveStyle::with_fill(colour));
        let Ok(()) = bar.draw(self);
    }

    fn text(
        &mut self,
        text: &str,
        x: i32,
        y: i32,
        font: &MonoFont<'_>,
        colour: Colour,
        side: Alignment,
    ) {
        // The fonts have Latin-1; what they lack is a question mark, and the table of the report has it right.
        let plain: String = text
            .chars()
            .map(|c| match c {
                '–' | '—' => '-',
                '“' | '”' => '"',
                '‘' | '’' => '\'',
                c => c,
            })
            .collect();
        let plain = plain.replace('…', "...");
        let style: TextStyle = TextStyleBuilder::new()
            .alignment(side)
            .baseline(Baseline::Middle)
            .build();
        let Ok(_) = Text::with_text_style(
            &plain,
            Point::new(x, y),
            MonoTextStyle::new(font, colour),
            style,
        )
        .draw(self);
    }

    fn png(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, WIDTH, self.height);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::Four);
        encoder.set_palette(PALETTE.as_slice());
        encoder.set_compression(png::Compression::High);
        let packed: Vec<u8> = self
            .pixels
            .chunks(2)
            .map(|pair| match pair {
                [a, b] => a << 4 | b,
                [a] => a << 4,
                _ => 0,
            })
            .collect();
        let mut writer = encoder.write_header().ok()?;
        writer.write_image_data(&packed).ok()?;
        writer.finish().ok()?;
        Some(bytes)
    }
}

/// The chart of a data set: the label's classes; where it has none, the longest text, a list or a number.
pub(crate) fn draw(title: &str, all: &[Statistics], label: Option<&str>) -> Option<Chart> {
    let is_label = |column: &&Statistics| Some(column.column.as_str()) == label;
    if let Some(column) = all
        .iter()
        .find(is_label)
        .filter(|column| column.classes.len() > 1)
    {
        return classes(title, column);
    }
    let spread = |of: &str| {
        let of_kind = all.iter().filter(|column| {
            column.spread.as_ref().is_some_and(|spread| {
                spread.of == of && spread.histogram.iter().filter(|n| **n > 0).count() > 1
            })
        });
        let mean = |column: &&Statistics| {
            column
                .spread
                .as_ref()
                .and_then(|spread| spread.mean.as_f64())
                .unwrap_or(0.0)
        };
        // The first of the largest.
        of_kind.fold(None, |best: Option<&Statistics>, column| match best {
            Some(best) if mean(&best) >= mean(&column) => Some(best),
            _ => Some(column),
        })
    };
    if let Some(column) = all
        .iter()
        .find(is_label)
        .filter(|column| column.spread.is_some())
    {
        return histogram(title, column);
    }
    if let Some(column) = spread("characters").or_else(|| spread("items")) {
        return histogram(title, column);
    }
    if let Some(column) = all.iter().find(|column| column.classes.len() > 1) {
        return classes(title, column);
    }
    let measured = ["value", "seconds", "pixels wide"]
        .into_iter()
        .find_map(spread)?;
    histogram(title, measured)
}

fn head(canvas: &mut Canvas, title: &str, subtitle: &str) {
    canvas.text(
        &cut(title, 88),
        24,
        24,
        &FONT_10X20,
        Colour::Ink,
        Alignment::Left,
    );
    canvas.text(
        &cut(subtitle, 100),
        24,
        50,
        &FONT_9X18,
        Colour::Grey,
        Alignment::Left,
    );
}

fn classes(title: &str, column: &Statistics) -> Option<Chart> {
    let shown = if column.classes.len() > CLASSES {
        CLASSES - 1
    } else {
        CLASSES
    };
    let whole: u64 = column.classes.iter().map(|(_, n)| n).sum();
    let mut bars: Vec<(String, u64, Colour)> = column
        .classes
        .iter()
        .take(shown)
        .map(|(name, n)| (one_line(name), *n, Colour::Bar))
        .collect();
    let rest = column.classes.len().saturating_sub(shown);
    if rest > 0 {
        let sum = column.classes.iter().skip(shown).map(|(_, n)| n).sum();
        bars.push((format!("{rest} more together"), sum, Colour::Rest));
    }
    let most = bars.iter().map(|(_, n, _)| *n).max().unwrap_or(1).max(1);
    let mut canvas = Canvas::new(TOP + LINE * i32::try_from(bars.len()).ok()? + 16);
    head(
        &mut canvas,
        title,
        &format!("rows of each class of \"{}\"", column.column),
    );
    let longest = bars
        .iter()
        .map(|(name, _, _)| name.chars().count().clamp(4, NAME + 2))
        .max()?;
    let left = 24 + i32::try_from(longest).ok()? * 9 + 14;
    let room = WIDTH as i32 - left - 190;
    for (place, (name, n, colour)) in bars.iter().enumerate() {
        let y = TOP + LINE * i32::try_from(place).ok()?;
        let long =
            i32::try_from(u128::from(*n) * room.unsigned_abs() as u128 / u128::from(most)).ok()?;
        let middle = y + LINE / 2;
        canvas.text(
            &cut(name, NAME),
            left - 12,
            middle,
            &FONT_9X18,
            Colour::Ink,
            Alignment::Right,
        );
        canvas.bar(left, y + 4, long.max(i32::from(*n > 0)), LINE - 8, *colour);
        let told = format!("{} ({})", count(*n), percent(*n, whole));
        canvas.text(
            &told,
            left + long + 10,
            middle,
            &FONT_9X18,
            Colour::Grey,
            Alignment::Left,
        );
    }
    canvas.bar(
        left - 1,
        TOP,
        1,
        LINE * i32::try_from(bars.len()).ok()?,
        Colour::Grey,
    );
    let listed: Vec<String> = bars
        .iter()
        .take(6)
        .map(|(name, n, _)| format!("{} {}", cut(name, NAME), count(*n)))
        .collect();
    let dots = if bars.len() > 6 { ", …" } else { "" };
    Some(Chart {
        png: canvas.png()?,
        alt: format!(
            "Bar chart: rows of each class of {}: {}{dots}",
            column.column,
            listed.join(", ")
        ),
    })
}

fn one_line(name: &str) -> String {
    let name: String = name
        .chars()
        .take(NAME * 2)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if name.trim().is_empty() {
        "(empty)".to_owned()
    } else {
        name
    }
}

fn histogram(title: &str, column: &Statistics) -> Option<Chart> {
    let spread = column.spread.as_ref()?;
    let bars = i32::try_from(spread.histogram.len())
        .ok()
        .filter(|bars| (2..=100).contains(bars))?;
    let most = spread
        .histogram
        .iter()
        .copied()
        .max()
        .filter(|most| *most > 0)?;
    let what = if spread.of == "value" {
        column.column.clone()
    } else {
        format!("{} in \"{}\"", spread.of, column.column)
    };
    let mut canvas = Canvas::new(TOP + HEIGHT + 84);
    head(
        &mut canvas,
        title,
        &format!(
            "rows by {what} (min {}, median {}, max {})",
            measure(&spread.min),
            measure(&spread.median),
            measure(&spread.max)
        ),
    );
    let (left, right, base) = (96, WIDTH as i32 - 40, TOP + 24 + HEIGHT);
    let width = (right - left) / bars;
    let right = left + width * bars;
    for quarter in 0..=4 {
        let y = base - HEIGHT * quarter / 4;
        canvas.bar(left, y, right - left, 1, Colour::Grid);
        if quarter == 0 || quarter == 4 || most >= 8 {
            let n = u128::from(most) * u128::from(quarter.unsigned_abs()) / 4;
            canvas.text(
                &count(u64::try_from(n).ok()?),
                left - 10,
                y,
                &FONT_9X18,
                Colour::Grey,
                Alignment::Right,
            );
        }
    }
    for (place, n) in (0..bars).zip(&spread.histogram) {
        let high = i32::try_from(u128::from(*n) * HEIGHT.unsigned_abs() as u128 / u128::from(most))
            .ok()?;
        let high = high.max(2 * i32::from(*n > 0));
        let x = left + place * width;
        canvas.bar(x + 3, base - high, (width - 6).max(1), high, Colour::Bar);
        if *n > 0 && width >= 56 {
            canvas.text(
                &count(*n),
                x + width / 2,
                base - high - 9,
                &FONT_8X13,
                Colour::Ink,
                Alignment::Center,
            );
        }
    }
    canvas.bar(left, base, right - left, 1, Colour::Grey);
    // Where each bar begins, as many as have room.
    let step = (1..=bars).find(|step| step * width >= 80).unwrap_or(bars);
    for (place, edge) in (0..).zip(&spread.edges) {
        if place % step == 0 || place == bars {
            let near_end = place != bars && bars - place < step && bars % step != 0;
            if !near_end {
                canvas.text(
                    &measure(edge),
                    left + place * width,
                    base + 16,
                    &FONT_9X18,
                    Colour::Grey,
                    Alignment::Center,
                );
            }
        }
    }
    canvas.text(
        &what,
        (left + right) / 2,
        base + 42,
        &FONT_9X18_BOLD,
        Colour::Ink,
        Alignment::Center,
    );
    Some(Chart {
        png: canvas.png()?,
        alt: format!(
            "Histogram: rows by {what}, from {} to {}, median {}; {} rows in the highest bar",
            measure(&spread.min),
            measure(&spread.max),
            measure(&spread.median),
            count(most)
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Spread;

    fn classed(counts: &[(&str, u64)]) -> Statistics {
        Statistics {
            column: "label".into(),
            kind: "class_label".into(),
            rows: 1,
            nulls: 0,
            distinct: None,
            spread: None,
            classes: counts
                .iter()
                .map(|(name, n)| ((*name).to_owned(), *n))
                .collect(),
        }
    }

    fn measured(of: &'static str, histogram: &[u64], edges: &[f64]) -> Statistics {
        let edge = |edge: Option<&f64>| edge.copied().unwrap_or(0.0).into();
        Statistics {
            column: "text".into(),
            classes: Vec::new(),
            spread: Some(Spread {
                of,
                min: edge(edges.first()),
                max: edge(edges.last()),
                mean: 979.5.into(),
                median: 979.into(),
                std: 1.into(),
                histogram: histogram.to_vec(),
                edges: edges.iter().map(|edge| (*edge).into()).collect(),
            }),
            ..classed(&[])
        }
    }

    fn show(name: &str, chart: &Chart) {
        if let Ok(folder) = std::env::var("REVIEW_CHARTS") {
            std::fs::write(format!("{folder}/{name}.png"), &chart.png).unwrap();
        }
        assert!(chart.png.len() < 100_000, "{} bytes", chart.png.len());
        let image = png::Decoder::new(std::io::Cursor::new(&chart.png))
            .read_info()
            .unwrap();
        assert_eq!(image.info().width, WIDTH);
    }

    #[test]
    fn classes_have_bars() {
        let column = classed(&[
            ("positive", 12_500),
            ("neutral", 4_200),
            ("négative | très long nom de classe", 37),
            ("", 0),
        ]);
        let chart = draw(
            "stanfordnlp/imdb · plain_text · train",
            std::slice::from_ref(&column),
            Some("label"),
        )
        .unwrap();
        show("classes", &chart);
        assert_eq!(
            chart.alt,
            "Bar chart: rows of each class of label: positive 12,500, neutral 4,200, négative | très long nom … 37, (empty) 0"
        );
        assert_eq!(
            draw(
                "stanfordnlp/imdb · plain_text · train",
                &[column],
                Some("label")
            )
            .unwrap(),
            chart
        );
        let names: Vec<String> = (0..40).map(|n| format!("class {n}")).collect();
        let many: Vec<(&str, u64)> = names
            .iter()
            .zip(1..)
            .map(|(name, n)| (name.as_str(), 1_000 / n))
            .collect();
        let chart = draw("many", &[classed(&many)], Some("label")).unwrap();
        show("many", &chart);
        assert!(
            chart.alt.ends_with(", class 4 200, class 5 166, …"),
            "{}",
            chart.alt
        );
    }

    #[test]
    fn spreads_have_histograms() {
        let edges: Vec<f64> = (0..=10).map(|n| 52.0 + 1_366.0 * f64::from(n)).collect();
        let lengths = measured(
            "characters",
            &[17_426, 5_384, 1_490, 443, 187, 62, 5, 2, 0, 1],
            &edges,
        );
        let numbers = measured("value", &[3, 4], &[0.0, 0.5, 1.0]);
        let chart = draw(
            "stanfordnlp/imdb · plain_text · train",
            &[numbers.clone(), lengths],
            None,
        )
        .unwrap();
        show("lengths", &chart);
        assert_eq!(
            chart.alt,
            "Histogram: rows by characters in \"text\", from 52 to 13712, median 979; 17,426 rows in the highest bar"
        );
        show("numbers", &draw("few.csv", &[numbers], None).unwrap());
        let many = measured(
            "value",
            &[5; 40],
            &(0..=40).map(f64::from).collect::<Vec<_>>(),
        );
        show("bars", &draw("bars", &[many], None).unwrap());
    }

    #[test]
    fn what_has_no_shape_has_no_chart() {
        let table = [
            vec![],
            vec![classed(&[])],
            vec![classed(&[("one", 5)])],
            vec![measured("value", &[7], &[1.0, 1.0])],
            vec![measured("value", &[0, 0], &[1.0, 2.0, 3.0])],
            vec![measured("characters", &[9, 0, 0], &[9.0, 9.0, 9.0, 9.0])],
            vec![measured("value", &[1; 101], &[])],
        ];
        for all in table {
            assert_eq!(draw("t", &all, Some("label")), None, "{all:?}");
        }
    }
}
