//! Every kind of chart, read back from its drawing: where the marks lie is what the table says, by the ticks of the axis.

use super::svg::{drawn, escaped};
use super::*;

fn axis(title: &str, unit: Unit) -> Axis {
    Axis { title: title.to_owned(), unit }
}

/// A specification of a kind, with points that have everything, and one that has no value.
fn specimen(kind: Kind) -> ChartSpec {
    let unit = match kind {
        Kind::Distribution => Unit::Seconds,
        Kind::Concentration => Unit::Number,
        _ => Unit::Share,
    };
    let factor = match unit {
        Unit::Seconds => 20_000.0,
        Unit::Number => 40.0,
        _ => 1.0,
    };
    let point = |place: usize, value: f64| Point {
        label: format!("p-{place}"),
        at: Some(10.0 * place as f64 + 5.0),
        value: Some(value * factor),
        limits: Some([(value - 0.05) * factor, (value + 0.04) * factor]),
        further: matches!(kind, Kind::Gaps | Kind::Distribution | Kind::Concentration)
            .then_some((value + 0.11) * factor),
        n: Some(1_200 + place as u64),
        x: Some(40 + place as u64),
        note: String::new(),
        stands_out: place == 1,
    };
    let series = |name: &str, style, first: f64| Series {
        name: name.to_owned(),
        style,
        is_line: false,
        points: (0..3).map(|place| point(place, first + 0.07 * place as f64)).collect(),
    };
    let mut series = vec![series("alder", 0, 0.31), series("birch", 1, 0.52)];
    series[1].points.push(Point {
        label: "p-3".to_owned(),
        note: "not measured".to_owned(),
        ..Point::default()
    });
    if kind == Kind::Funnel {
        let points = (0..4).map(|place| Point {
            at: Some(8.0 * f64::from(place)),
            value: Some(0.2 + 0.05 * f64::from(place)),
            ..Point::default()
        });
        series.push(Series {
            name: "lower limit".to_owned(),
            style: 4,
            is_line: true,
            points: points.collect(),
        });
    }
    ChartSpec {
        kind,
        name: "specimen".to_owned(),
        title: "A message <of> \"some\" kind".to_owned(),
        subtitle: "Measure, who, where, when".to_owned(),
        across: axis("Place", Unit::Count),
        values: axis("Value", unit),
        series,
        marked: vec![(0.5 * factor, "half".to_owned())],
        further: "Second",
    }
}

/// The number that a cell or a tick tells, in the unit of the specification.
fn number(text: &str) -> f64 {
    let bare = text.replace('\u{2212}', "-").replace(',', "");
    let (bare, factor) = match (bare.strip_suffix(" %"), bare.strip_suffix(" s")) {
        (Some(percent), _) => (percent.to_owned(), 0.01),
        (_, Some(seconds)) => (seconds.to_owned(), 1_000.0),
        _ => (bare.trim_end_matches(" min").to_owned(), 1.0),
    };
    bare.parse::<f64>().unwrap_or_else(|_| panic!("{text:?} is no number")) * factor
}

fn attribute<'a>(tag: &'a str, name: &str) -> &'a str {
    let begin = format!(" {name}=\"");
    tag.split_once(&begin).and_then(|(_, rest)| rest.split_once('"')).map_or("", |(value, _)| value)
}

/// What lies where: how a coordinate is told in values, by the ticks that are drawn.
fn inverse(svg: &str, rows: bool) -> impl Fn(f64) -> f64 + use<> {
    let texts = svg.split("<text").skip(1).filter(|text| attribute(text, "class") == "tick");
    let of_axis = texts.filter(|text| match rows {
        true => attribute(text, "text-anchor") == "middle",
        false => attribute(text, "text-anchor") == "end" && attribute(text, "x") == "48",
    });
    let ticks: Vec<(f64, f64)> = of_axis
        .map(|text| {
            let words = text.split_once('>').unwrap().1.split_once('<').unwrap().0;
            (attribute(text, if rows { "x" } else { "y" }).parse().unwrap(), number(words))
        })
        .collect();
    assert!(ticks.len() >= 2, "{ticks:?}");
    let ((from, low), (to, high)) = (ticks[0], *ticks.last().unwrap());
    // A tick is written some way beside its line.
    let beside = if rows { 0.0 } else { 4.0 };
    move |place| low + (place + beside - from) / (to - from) * (high - low)
}

/// The coordinates of marks of one class along the axis of values, in order.
fn marks(svg: &str, class: &str, rows: bool) -> Vec<f64> {
    let uses = svg.split("<use").skip(1).filter(|mark| attribute(mark, "class").ends_with(class));
    let place = |mark: &str| attribute(mark, if rows { "x" } else { "y" }).parse().unwrap();
    // Those of a legend stand left of every value.
    let in_legend = |mark: &&str| !rows && attribute(mark, "x") == "10";
    uses.filter(|mark| !in_legend(mark)).map(place).collect()
}

#[test]
fn what_is_drawn_is_what_the_table_says() {
    for kind in Kind::ALL {
        let spec = specimen(kind);
        let svg = drawn(&spec, "what it shows");
        let table = columns(&spec);
        let column = |title: &str| -> Vec<f64> {
            let found = table.iter().find(|column| column.title == title);
            found.map_or_else(Vec::new, |column| {
                column.cells.iter().filter(|cell| !cell.is_empty()).map(|cell| number(cell)).collect()
            })
        };
        let tell = inverse(&svg, kind.has_rows());
        let close = |told: &[f64], said: &[f64], what: &str| {
            assert_eq!(told.len(), said.len(), "{kind:?} {what}");
            let most = said.iter().fold(1e-9_f64, |most, one| most.max(one.abs()));
            for (told, said) in told.iter().zip(said) {
                assert!(
                    (tell(*told) - said).abs() <= most * 0.003,
                    "{kind:?} {what}: {} {said}",
                    tell(*told)
                );
            }
        };
        let lines: usize = spec.series.iter().filter(|one| one.is_line).map(|one| one.points.len()).sum();
        let values = column("Value");
        close(&marks(&svg, " mark", kind.has_rows()), &values[..values.len() - lines], "values");
        close(&marks(&svg, " hollow", kind.has_rows()), &column("Second"), "second values");
        if kind == Kind::Funnel {
            let line = svg.split("<polyline").nth(1).unwrap();
            let points = attribute(line, "points").split(' ');
            let line: Vec<f64> =
                points.map(|point| point.split_once(',').unwrap().1.parse().unwrap()).collect();
            close(&line, &values[values.len() - lines..], "limits");
        }
    }
}

#[test]
fn limits_are_drawn_where_the_table_says() {
    for kind in [Kind::Forest, Kind::Frontier, Kind::Learning, Kind::Control] {
        let spec = specimen(kind);
        let svg = drawn(&spec, "");
        let (rows, tell) = (kind.has_rows(), inverse(&svg, kind.has_rows()));
        let lines = svg.split("<line").skip(1).filter(|line| attribute(line, "class").starts_with("limits"));
        let spans = lines.filter_map(|line| {
            let ends = if rows { ["x1", "x2"] } else { ["y1", "y2"] };
            let [from, to] = ends.map(|end| attribute(line, end).parse::<f64>().unwrap());
            ((from - to).abs() > 1e-9).then(|| [tell(from), tell(to)])
        });
        let drawn: Vec<[f64; 2]> = spans.collect();
        let table = columns(&spec);
        let column = |title: &str| {
            table
                .iter()
                .find(|column| column.title == title)
                .unwrap()
                .cells
                .iter()
                .filter(|cell| !cell.is_empty())
        };
        let told: Vec<[f64; 2]> =
            column("From").zip(column("To")).map(|(lo, hi)| [number(lo), number(hi)]).collect();
        assert_eq!(drawn.len(), told.len(), "{kind:?}");
        for (drawn, told) in drawn.iter().zip(&told) {
            for (drawn, told) in drawn.iter().zip(told) {
                assert!((drawn - told).abs() < 0.002, "{kind:?} {drawn} {told}");
            }
        }
    }
}

#[test]
fn a_drawing_is_an_image_with_words_and_no_text_ends_it() {
    for kind in Kind::ALL {
        let svg = drawn(&specimen(kind), "what <it> shows");
        assert!(svg.contains("role=\"img\"") && svg.contains("<title id=\"specimen-t\">"), "{svg}");
        assert!(svg.contains(&escaped("what <it> shows")) && !svg.contains("<of>"), "{svg}");
        assert!(!svg.contains("style=") && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}

#[test]
fn a_terminal_shows_every_value() {
    for kind in Kind::ALL {
        let text = terminal(&specimen(kind));
        assert!(text.contains('●') && text.contains('■'), "{text}");
        assert!(!kind.has_rows() || text.contains("not measured"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 110), "{text}");
    }
}

#[test]
fn of_nothing_a_drawing_can_be_made() {
    for kind in Kind::ALL {
        let spec = ChartSpec { series: Vec::new(), marked: Vec::new(), ..specimen(kind) };
        assert!(spec.is_empty() && columns(&spec).is_empty());
        assert!(!drawn(&spec, "").contains("NaN") && !terminal(&spec).is_empty());
    }
}
