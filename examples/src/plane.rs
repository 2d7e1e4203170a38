//! Where a model of two inputs changes its mind: points on a plane, and the region it calls true.

use gradus::Tensor;
use plotters::prelude::*;
use std::error::Error;
use std::path::Path;

/// Cells along each side of the plane.
const CELLS: usize = 80;
/// The plane reaches this far around the unit square.
const AROUND: f64 = 0.5;

/// Draws the points and the region where `model` answers above a half; it is asked for a grid `[n, 2]` at once.
pub fn decision(
    title: &str,
    points: &[([f64; 2], bool)],
    model: impl Fn(&Tensor) -> Result<Vec<f32>, Box<dyn Error>>,
    path: &Path,
) -> Result<(), Box<dyn Error>> {
    let (low, high) = (-AROUND, 1.0 + AROUND);
    let step = (high - low) / CELLS as f64;
    let centre = |i: usize| low + (i as f64 + 0.5) * step;
    let grid: Vec<f32> =
        (0..CELLS * CELLS).flat_map(|k| [centre(k / CELLS) as f32, centre(k % CELLS) as f32]).collect();
    let answers = model(&Tensor::from_vec(grid, [CELLS * CELLS, 2])?)?;
    let root = SVGBackend::new(path, (420, 440)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(28)
        .y_label_area_size(36)
        .build_cartesian_2d(low..high, low..high)?;
    chart.configure_mesh().disable_mesh().x_labels(5).y_labels(5).draw()?;
    let cells = answers.iter().enumerate().filter(|(_, p)| **p > 0.5).map(|(k, _)| {
        let (x, y) = (low + (k / CELLS) as f64 * step, low + (k % CELLS) as f64 * step);
        Rectangle::new([(x, y), (x + step, y + step)], RGBColor(255, 224, 178).filled())
    });
    chart.draw_series(cells)?;
    chart.draw_series(points.iter().map(|(p, yes)| {
        let colour = if *yes { RGBColor(200, 80, 0) } else { RGBColor(31, 119, 180) };
        Circle::new((p[0], p[1]), 7, colour.filled())
    }))?;
    root.present()?;
    Ok(())
}
