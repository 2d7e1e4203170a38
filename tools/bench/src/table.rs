//! The table of our rows against the best peer.

use crate::row::Row;

/// A markdown table: every workload of ours, the best peer on it, and how many times as fast we are.
///
/// Modes compete: ours is our best mode, the peer's its best. `at best` compares the fastest samples, which other
/// programs on the machine disturb less than medians.
pub fn compare(rows: &[Row]) -> String {
    let mut table = String::from(
        "| workload | threads | unit | gradus | best peer | times | at best |\n|---|---|---|---|---|---|---|\n",
    );
    let mut seen = Vec::new();
    for row in rows.iter().filter(|r| r.peer != "machine") {
        let key = (row.workload.as_str(), row.threads);
        if seen.contains(&key) {
            continue;
        }
        seen.push(key);
        let of = |ours: bool| {
            let same = rows.iter().filter(|r| (r.workload.as_str(), r.threads) == key);
            same.filter(|r| r.peer != "machine" && (r.peer == "gradus") == ours).reduce(better)
        };
        let (ours, peer) = (of(true), of(false));
        let cell = |row: Option<&Row>, who: &dyn Fn(&Row) -> String| {
            row.map_or("-".to_string(), |r| format!("{} {}", number(r.value), who(r)))
        };
        let ratio = |by: fn(&Row) -> f64| match (ours, peer) {
            (Some(ours), Some(peer)) => format!("{:.2}", ours.ratio(peer, by)),
            _ => "-".to_string(),
        };
        table += &format!(
            "| {} | {} | {} | {} | {} | {} | {} |\n",
            row.workload,
            row.threads,
            row.unit,
            cell(ours, &|r| r.variant.clone()),
            cell(peer, &|r| format!("{} {}", r.peer, r.variant)),
            ratio(|r| r.value),
            ratio(Row::best_or_median),
        );
    }
    table
}

fn better<'a>(a: &'a Row, b: &'a Row) -> &'a Row {
    if b.ratio(a, |r| r.value) > 1.0 { b } else { a }
}

/// Three significant digits, or all digits of the integer part.
pub fn number(value: f64) -> String {
    let digits = if value <= 0.0 { 0 } else { (2 - value.log10().floor() as i32).clamp(0, 6) as usize };
    format!("{value:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(peer: &str, variant: &str, metric: &str, value: f64) -> Row {
        Row {
            peer: peer.into(),
            variant: variant.into(),
            threads: 2,
            workload: "w".into(),
            metric: metric.into(),
            value,
            unit: "u".into(),
            reps: 7,
            spread: 0.0,
            contention: 0.0,
            best: None,
        }
    }

    #[test]
    fn the_best_mode_of_each_side_counts() {
        for (metric, ours, times) in [("rate", 60.0, "2.00"), ("latency", 10.0, "2.00")] {
            let rows = [
                row("gradus", "eager", metric, ours),
                row("tensorflow", "xla", metric, 20.0),
                row("torch", "eager", metric, 30.0),
            ];
            let table = compare(&rows);
            assert!(table.lines().last().unwrap().contains(times), "{table}");
        }
    }

    #[test]
    fn numbers() {
        let cases = [(12345.6, "12346"), (123.45, "123"), (1.2345, "1.23"), (0.012345, "0.0123"), (0.0, "0")];
        for (value, want) in cases {
            assert_eq!(number(value), want);
        }
    }
}
