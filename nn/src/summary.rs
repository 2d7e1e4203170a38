//! The table that `model.summary()` prints: Keras's, to the character.

use crate::layer::{count, trainable_weights, weights};
use crate::{Dims, Layer};
use gradus_autograd::Variable;
use std::collections::HashSet;
use std::fmt::Write;

/// Options of the table.
#[derive(Clone, Copy, Debug, Default)]
pub struct SummaryOptions {
    /// Shows the layers of nested models, indented.
    pub expand_nested: bool,
    /// Shows a column that says which layers are trained.
    pub show_trainable: bool,
}

/// A cell's place in its column.
#[derive(Clone, Copy)]
enum Align {
    Left,
    Right,
    Centre,
}

struct Column {
    title: &'static str,
    /// Characters between the padding.
    width: usize,
    align: Align,
}

/// 1234567 as `1,234,567`.
pub fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// A size in B, KB, MB, .. in steps of 1024 with two decimals.
pub fn memory(bytes: usize) -> String {
    let mut size = bytes as f64;
    for unit in ["B", "KB", "MB", "GB", "TB"] {
        if size < 1024.0 {
            return format!("{size:.2} {unit}");
        }
        size /= 1024.0;
    }
    format!("{size:.2} PB")
}

/// Breaks text between words, and words that are too long, into lines of at most `width` characters.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let indent: String = text.chars().take_while(|c| *c == ' ').collect();
    let mut lines = vec![indent];
    for (i, word) in text.split_whitespace().enumerate() {
        let mut word: Vec<char> = word.chars().collect();
        let line = lines.last_mut().expect("there is always a line");
        let gap = usize::from(i > 0 && !line.trim().is_empty());
        if line.chars().count() + gap + word.len() <= width {
            line.push_str(&" ".repeat(gap));
            line.extend(word);
            continue;
        }
        if line.trim().is_empty() {
            lines.pop();
        }
        while word.len() > width {
            lines.push(word.drain(..width).collect());
        }
        lines.push(word.into_iter().collect());
    }
    lines
}

fn fit(text: &str, width: usize, align: Align) -> String {
    let space = width.saturating_sub(text.chars().count());
    let left = match align {
        Align::Left => 0,
        Align::Right => space,
        Align::Centre => space / 2,
    };
    format!("{}{text}{}", " ".repeat(left), " ".repeat(space - left))
}

fn rule(columns: &[Column], [left, line, cross, right]: [&str; 4]) -> String {
    let parts: Vec<String> = columns.iter().map(|c| line.repeat(c.width + 2)).collect();
    format!("{left}{}{right}\n", parts.join(cross))
}

fn row(columns: &[Column], cells: &[String], bar: &str) -> String {
    let lines: Vec<Vec<String>> = cells.iter().zip(columns).map(|(t, c)| wrap(t, c.width)).collect();
    let height = lines.iter().map(Vec::len).max().unwrap_or(1);
    let mut out = String::new();
    for i in 0..height {
        out.push_str(bar);
        for (c, cell) in columns.iter().zip(&lines) {
            let text = cell.get(i).map_or("", String::as_str);
            let _ = write!(out, " {} {bar}", fit(text, c.width, c.align));
        }
        out.push('\n');
    }
    out
}

fn own_and_inner(layer: &dyn Layer) -> usize {
    count(&weights(layer))
}

fn rows(layer: &dyn Layer, depth: usize, options: SummaryOptions, out: &mut Vec<Vec<String>>) {
    let prefix = if depth > 0 { format!("{}└ ", "   ".repeat(depth)) } else { String::new() };
    let name = format!("{prefix}{} ({})", layer.meta().name(), layer.class_name());
    let built = layer.meta().input();
    let shape = built.and_then(|d| layer.output_dims(d).ok()).map_or("?".to_string(), |d| d.to_string());
    let params = own_and_inner(layer);
    let params = if built.is_none() { "0 (unbuilt)".to_string() } else { thousands(params) };
    let mut cells = vec![name, shape, params];
    if options.show_trainable {
        let all = weights(layer);
        cells.push(match (all.is_empty(), layer.meta().trainable()) {
            (true, _) => "-".into(),
            (false, true) => "Y".into(),
            (false, false) => "N".into(),
        });
    }
    out.push(cells);
    if options.expand_nested {
        for l in layer.sublayers() {
            rows(&*l, depth + 1, options, out);
        }
    }
}

fn total(variables: &[Variable]) -> (usize, usize) {
    let bytes = variables.iter().map(|v| v.spec().len() * v.dtype().size()).sum();
    (count(variables), bytes)
}

/// The table of a model; with an optimizer's variables once it has been trained.
pub fn table(model: &dyn Layer, optimizer: Option<&[Variable]>, options: SummaryOptions) -> String {
    let widths: &[usize] = if options.show_trainable { &[29, 22, 11, 5] } else { &[33, 24, 13] };
    let titles = ["Layer (type)", "Output Shape", "Param #", "Trai…"];
    let aligns = [Align::Left, Align::Left, Align::Right, Align::Centre];
    let columns: Vec<Column> = widths
        .iter()
        .zip(titles)
        .zip(aligns)
        .map(|((&width, title), align)| Column { title, width, align })
        .collect();
    let mut lines = Vec::new();
    for l in model.sublayers() {
        rows(&*l, 0, options, &mut lines);
    }
    let mut out = format!("Model: \"{}\"\n", model.meta().name());
    out += &rule(&columns, ["┏", "━", "┳", "┓"]);
    out += &row(&columns, &columns.iter().map(|c| c.title.to_string()).collect::<Vec<_>>(), "┃");
    out += &rule(&columns, ["┡", "━", "╇", "┩"]);
    for (i, cells) in lines.iter().enumerate() {
        if i > 0 {
            out += &rule(&columns, ["├", "─", "┼", "┤"]);
        }
        out += &row(&columns, cells, "│");
    }
    out += &rule(&columns, ["└", "─", "┴", "┘"]);
    let all = weights(model);
    let trainable = trainable_weights(model);
    let ids: HashSet<u64> = trainable.iter().map(Variable::id).collect();
    let frozen: Vec<Variable> = all.iter().filter(|v| !ids.contains(&v.id())).cloned().collect();
    let (all, trainable, frozen) = (total(&all), total(&trainable), total(&frozen));
    let optimizer = optimizer.map(total);
    let sum = optimizer.map_or(all, |o| (all.0 + o.0, all.1 + o.1));
    let mut line = |what: &str, (n, bytes): (usize, usize)| {
        let _ = writeln!(out, " {what}: {} ({})", thousands(n), memory(bytes));
    };
    line("Total params", sum);
    line("Trainable params", trainable);
    line("Non-trainable params", frozen);
    if let Some(o) = optimizer {
        line("Optimizer params", o);
    }
    out
}

/// The shape a model gives for its input shape, when it is built.
pub fn output_of(model: &dyn Layer) -> Option<Dims> {
    model.meta().input().and_then(|d| model.output_dims(d).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!([thousands(0), thousands(999), thousands(207_702)], ["0", "999", "207,702"]);
        assert_eq!([memory(0), memory(830_808), memory(1 << 20)], ["0.00 B", "811.34 KB", "1.00 MB"]);
    }

    #[test]
    fn words_wrap() {
        assert_eq!(
            wrap("batch_normalization (BatchNormalization)", 33),
            ["batch_normalization", "(BatchNormalization)"]
        );
        assert_eq!(wrap("   └ max_pooling2d (MaxPooling2D)", 29), ["   └ max_pooling2d", "(MaxPooling2D)"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
    }
}
