//! At a glance: questions by platforms, a number, a word and a shape in each cell, and no total score.

use projections::compare::Verdict;

use super::super::chart::Unit;
use super::super::page::{Block, Cell, Table};
use super::seen::{Seen, unit};
use super::{Context, figures};

pub(super) fn glance(context: &Context<'_>) -> Vec<Block> {
    let compared = &context.compared;
    if compared.platforms.is_empty() {
        return vec![Block::Missing("There is no platform to look at yet.".to_owned())];
    }
    let mut questions: Vec<&Seen> = Vec::new();
    for row in compared.rows.iter().filter(|row| !row.one_sided) {
        let known = |one: &&Seen| (one.measure.name, one.role) == (row.measure.name, row.role);
        if !questions.iter().any(known) {
            questions.push(row);
        }
    }
    let of = |question: &Seen, platform: &str| {
        compared.rows.iter().find(|row| {
            (row.measure.name, row.role, row.one_sided) == (question.measure.name, question.role, false)
                && row.platform == platform
        })
    };
    let is_told = |question: &&Seen| {
        compared
            .platforms
            .iter()
            .any(|platform| of(question, platform).is_some_and(|row| row.value.is_some()))
    };
    let rows: Vec<Vec<Cell>> = questions
        .iter()
        .copied()
        .filter(is_told)
        .map(|question| {
            let role = question.role.filter(|_| question.measure.roles.len() > 1);
            let role = role.map(|role| format!(" ({role}s)")).unwrap_or_default();
            let told: Vec<_> = compared.platforms.iter().map(|platform| of(question, platform)).collect();
            let values = told.iter().flatten().filter_map(|row| row.value);
            let unit = unit(question.measure).of_all(values);
            let cells = told.into_iter().map(|row| cell(context, row, unit));
            std::iter::once(Cell::Words(format!("{}{role}", question.measure.title))).chain(cells).collect()
        })
        .collect();
    let reference = compared.reference.clone().unwrap_or_default();
    let head = std::iter::once("Question".to_owned()).chain(compared.platforms.iter().cloned());
    let mut blocks = vec![Block::Words(format!(
        "Each platform is held against {reference}. \u{25b2} is better, \u{25bc} is worse, \u{25cf} means no clear \
         difference, \u{25cb} too little evidence, \u{25c6} the reference itself. There is no total \
         score: what matters most is for you to say."
    ))];
    blocks.push(match rows.is_empty() {
        true => Block::Missing("No measure can be shown of these consultations.".to_owned()),
        false => Block::Table(Table {
            caption: format!("Questions by platforms, {}", context.when()),
            head: head.collect(),
            rows,
        }),
    });
    blocks
}

fn cell(context: &Context<'_>, row: Option<&Seen>, unit: Unit) -> Cell {
    let Some(row) = row else { return Cell::Words("nothing to measure".to_owned()) };
    let Some(value) = row.value else {
        return Cell::Words(match row.status.as_str() {
            "not_measured" => "not measured".to_owned(),
            "suppressed" => "not shown".to_owned(),
            _ => figures::why_none(context, row),
        });
    };
    let value = unit.show(value);
    let (shape, word) = match context.compared.difference(row) {
        None if context.compared.reference.as_deref() == Some(&row.platform) => ('\u{25c6}', "reference"),
        None => return Cell::Words(value),
        Some(one) => match one.verdict {
            Verdict::Better => ('\u{25b2}', "better"),
            Verdict::Worse => ('\u{25bc}', "worse"),
            Verdict::Higher => ('\u{25b3}', "higher"),
            Verdict::Lower => ('\u{25bd}', "lower"),
            Verdict::NoClearDifference => ('\u{25cf}', "no clear difference"),
            Verdict::InsufficientEvidence => ('\u{25cb}', "too little evidence"),
            Verdict::NotComparable => ('\u{2013}', "not comparable"),
        },
    };
    Cell::Marked(value, shape, word.to_owned())
}
