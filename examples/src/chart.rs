//! The chart of a training: accuracy and loss by epoch, for training and validation.

use gradus::History;
use plotters::prelude::*;
use std::error::Error;
use std::path::Path;

const COLOURS: [RGBColor; 2] = [RGBColor(31, 119, 180), RGBColor(255, 127, 14)];

/// Writes the loss and one metric of a history as SVG, side by side, each with its validation curve if there is one.
pub fn history(history: &History, metric: &str, path: &Path) -> Result<(), Box<dyn Error>> {
    let root = SVGBackend::new(path, (960, 400)).into_drawing_area();
    root.fill(&WHITE)?;
    let panels = root.split_evenly((1, 2));
    for (panel, name) in panels.iter().zip([metric, "loss"]) {
        let curves: Vec<(String, &[f64])> = [name.to_string(), format!("val_{name}")]
            .into_iter()
            .filter_map(|n| history.get(&n).map(|v| (n, v)))
            .collect();
        let all = || curves.iter().flat_map(|(_, v)| v.iter().copied()).filter(|v| v.is_finite());
        let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
        if low > high {
            continue;
        }
        let margin = ((high - low) * 0.08).max(1e-4);
        let epochs = history.epoch.len().max(2);
        let mut chart = ChartBuilder::on(panel)
            .caption(name, ("sans-serif", 18))
            .margin(12)
            .x_label_area_size(36)
            .y_label_area_size(54)
            .build_cartesian_2d(1f64..epochs as f64, low - margin..high + margin)?;
        chart
            .configure_mesh()
            .x_desc("epoch")
            .x_labels(epochs.min(10))
            .x_label_formatter(&|v| format!("{v:.0}"))
            .y_label_formatter(&|v| format!("{v:.3}"))
            .light_line_style(WHITE)
            .draw()?;
        for ((label, values), colour) in curves.iter().zip(COLOURS) {
            let points: Vec<(f64, f64)> =
                values.iter().enumerate().map(|(i, &v)| (i as f64 + 1.0, v)).collect();
            chart
                .draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)))?
                .label(if label.starts_with("val_") { "validation" } else { "training" })
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
            chart.draw_series(points.iter().map(|&p| Circle::new(p, 3, colour.filled())))?;
        }
        chart
            .configure_series_labels()
            .background_style(WHITE.mix(0.8))
            .border_style(RGBColor(200, 200, 200))
            .draw()?;
    }
    root.present()?;
    Ok(())
}
