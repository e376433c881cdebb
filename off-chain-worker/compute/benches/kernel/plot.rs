//! The plot of docs/performance.md: how an epoch's time grows with entries, neurons and validators.

use crate::report::{time, ONE_CORE, TRANSCRIPTION, WASMTIME};
use std::fmt::Write;

/// A metagraph: neurons, validators, share of entries that are filled in per cent.
pub type Point = (u16, u16, u64);

/// One part of the plot: metagraphs that differ in one number.
pub struct Panel {
    title: &'static str,
    /// The metagraphs, in ascending order.
    pub points: &'static [Point],
    /// The number in which they differ.
    x: fn(&Point) -> u64,
    unit: &'static str,
}

/// The parts of the plot.
pub const PANELS: [Panel; 3] = [
    Panel {
        title: "entries: 1024 neurons, 64 validators",
        points: &[
            (1024, 64, 1),
            (1024, 64, 3),
            (1024, 64, 10),
            (1024, 64, 30),
            (1024, 64, 100),
        ],
        x: |(.., density)| *density,
        unit: " %",
    },
    Panel {
        title: "neurons: 64 validators, dense",
        points: &[
            (256, 64, 100),
            (512, 64, 100),
            (1024, 64, 100),
            (2048, 64, 100),
            (4096, 64, 100),
        ],
        x: |(neurons, ..)| *neurons as u64,
        unit: "",
    },
    Panel {
        title: "validators: 4096 neurons, dense",
        points: &[
            (4096, 16, 100),
            (4096, 32, 100),
            (4096, 64, 100),
            (4096, 128, 100),
            (4096, 256, 100),
        ],
        x: |(_, validators, _)| *validators as u64,
        unit: "",
    },
];

/// The curves, each with its color on white.
const CURVES: [(&str, &str); 3] = [
    (WASMTIME, "#1f78b4"),
    (ONE_CORE, "#2f9e44"),
    (TRANSCRIPTION, "#d9480f"),
];

const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 260.0;
/// Room around a panel's axes: left, above, right, below.
const ROOM: (f64, f64, f64, f64) = (56.0, 34.0, 12.0, 34.0);
/// Height of the legend.
const LEGEND: f64 = 28.0;

/// Returns the plot as SVG. `measured` has the milliseconds of a metagraph by function.
pub fn svg(measured: impl Fn(Point, &str) -> Option<f64>) -> String {
    let width = WIDTH * PANELS.len() as f64;
    let height = HEIGHT + LEGEND;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"{width}\" \
         height=\"{height}\" fill=\"white\"/>\n"
    );
    for (number, panel) in PANELS.iter().enumerate() {
        draw(&mut svg, panel, WIDTH * number as f64, &measured);
    }
    for (number, (name, color)) in CURVES.iter().enumerate() {
        let (x, y) = (ROOM.0 + 180.0 * number as f64, HEIGHT + 12.0);
        line(&mut svg, (x, y - 4.0), (x + 24.0, y - 4.0), color);
        text(&mut svg, (x + 30.0, y), "start", name);
    }
    svg.push_str("</svg>\n");
    svg
}

fn draw(
    svg: &mut String,
    panel: &Panel,
    left: f64,
    measured: &impl Fn(Point, &str) -> Option<f64>,
) {
    let curves = CURVES.map(|(function, color)| {
        let at = |point: &Point| Some(((panel.x)(point) as f64, measured(*point, function)?));
        (
            color,
            panel.points.iter().filter_map(at).collect::<Vec<_>>(),
        )
    });
    let all = || curves.iter().flat_map(|(_, points)| points.iter());
    let range = |values: &mut dyn Iterator<Item = f64>| {
        values.fold((f64::MAX, f64::MIN), |(least, most), value| {
            (least.min(value), most.max(value))
        })
    };
    let xs = range(&mut all().map(|(x, _)| *x));
    let (least, most) = range(&mut all().map(|(_, y)| *y));
    if xs.0 >= xs.1 || least <= 0.0 {
        return; // Fewer than two points were measured.
    }
    // Whole decades.
    let ys = (
        10f64.powf(least.log10().floor()),
        10f64.powf(most.log10().ceil()),
    );
    let place = |(x, y): (f64, f64)| {
        let part = |value: f64, (from, to): (f64, f64)| (value / from).ln() / (to / from).ln();
        (
            left + ROOM.0 + part(x, xs) * (WIDTH - ROOM.0 - ROOM.2),
            HEIGHT - ROOM.3 - part(y, ys) * (HEIGHT - ROOM.1 - ROOM.3),
        )
    };
    text(svg, (left + ROOM.0, 20.0), "start", panel.title);
    let mut decade = ys.0;
    while decade <= ys.1 * 1.001 {
        let (from, to) = (place((xs.0, decade)), place((xs.1, decade)));
        line(svg, from, to, "#dddddd");
        text(svg, (from.0 - 6.0, from.1 + 4.0), "end", &time(decade));
        decade *= 10.0;
    }
    for point in panel.points {
        let x = (panel.x)(point);
        let (at, below) = place((x as f64, ys.0));
        text(
            svg,
            (at, below + 16.0),
            "middle",
            &format!("{x}{}", panel.unit),
        );
    }
    for (color, points) in &curves {
        let mut path = String::new();
        for point in points {
            let (x, y) = place(*point);
            let _ = write!(path, "{x:.1},{y:.1} ");
            let _ = writeln!(
                svg,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\" fill=\"{color}\"/>"
            );
        }
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"1.5\"/>",
            path.trim_end()
        );
    }
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64), color: &str) {
    let _ = writeln!(
        svg,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{color}\"/>",
        from.0, from.1, to.0, to.1
    );
}

fn text(svg: &mut String, (x, y): (f64, f64), anchor: &str, text: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"#222222\">{text}</text>"
    );
}
