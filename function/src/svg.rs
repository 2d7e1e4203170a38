//! A graph as a drawing: operations in layers from top to bottom, each below everything it reads.

use crate::graph::Graph;
use crate::layers::{Boxes, Places, arrange};
use crate::text;
use std::fmt::Write;

/// Pixels of a box, and between boxes.
const HEIGHT: f64 = 34.0;
const GAP: (f64, f64) = (18.0, 44.0);
/// Width of a letter of the labels.
const LETTER: f64 = 6.6;
/// Letters of a label up to which it is shown whole.
const LONGEST: usize = 46;

/// One box of the drawing.
struct Block {
    label: String,
    detail: String,
    fill: &'static str,
    layer: usize,
    /// Blocks above that this one reads.
    reads: Vec<usize>,
}

impl Block {
    fn width(&self) -> f64 {
        let letters = self.label.chars().count().max(self.detail.chars().count());
        letters as f64 * LETTER + 20.0
    }
}

impl Graph {
    /// The drawing as SVG, under a title.
    pub fn to_svg(&self, title: &str) -> String {
        let blocks = self.blocks();
        let places = places(&blocks);
        let width = places.width.max(title.len() as f64 * 9.0) + 2.0 * GAP.0;
        let top = 46.0;
        let layers = blocks.iter().map(|b| b.layer + 1).max().unwrap_or(0);
        let height = top + layers as f64 * (HEIGHT + GAP.1) + 10.0;
        let mut s = String::new();
        let mut line = |text: std::fmt::Arguments<'_>| {
            // Writing to a string does not fail.
            let _ = s.write_fmt(text);
            s.push('\n');
        };
        line(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"monospace\" font-size=\"11\">"
        ));
        line(format_args!("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"));
        line(format_args!("<text x=\"{}\" y=\"26\" font-size=\"15\">{}</text>", GAP.0, escaped(title)));
        let shift = (width - places.width) / 2.0;
        let row = |layer: usize| top + layer as f64 * (HEIGHT + GAP.1);
        for (i, b) in blocks.iter().enumerate() {
            for (k, &r) in b.reads.iter().enumerate() {
                let from = &blocks[r];
                let mut at = (shift + places.left[r] + from.width() / 2.0, row(from.layer) + HEIGHT);
                let mut path = format!("M{:.1} {:.1}", at.0, at.1);
                for (l, x) in places.passes(r, b.layer - from.layer).enumerate() {
                    at = curve(&mut path, at, (shift + x, row(from.layer + l + 1)));
                    at.1 += HEIGHT;
                    let _ = write!(path, " L{:.1} {:.1}", at.0, at.1);
                }
                let end = b.width() * (k as f64 + 1.0) / (b.reads.len() as f64 + 1.0);
                curve(&mut path, at, (shift + places.left[i] + end, row(b.layer)));
                line(format_args!("<path d=\"{path}\" fill=\"none\" stroke=\"#8a94a6\"/>"));
            }
        }
        for (i, b) in blocks.iter().enumerate() {
            let (x, y, w) = (shift + places.left[i], row(b.layer), b.width());
            line(format_args!(
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{HEIGHT}\" rx=\"6\" fill=\"{}\" stroke=\"#4a5568\"/>",
                b.fill
            ));
            for (text, dy, color) in [(&b.label, 14.0, "#1a202c"), (&b.detail, 27.0, "#5a6472")] {
                line(format_args!(
                    "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"{color}\">{}</text>",
                    x + w / 2.0,
                    y + dy,
                    escaped(text)
                ));
            }
        }
        line(format_args!("</svg>"));
        s
    }

    /// Boxes with their layers.
    fn blocks(&self) -> Vec<Block> {
        let mut maker: Vec<Option<usize>> = vec![None; self.values()];
        let mut blocks: Vec<Block> = Vec::new();
        for (i, &v) in self.inputs().iter().enumerate() {
            maker[v as usize] = Some(blocks.len());
            blocks.push(leaf(format!("input {i}"), self.spec(v).to_string(), "#d6e8ff"));
        }
        for (v, t) in self.constants() {
            maker[*v as usize] = Some(blocks.len());
            blocks.push(leaf("constant".into(), text::constant(t), "#eceff4"));
        }
        for n in self.nodes() {
            let reads: Vec<usize> = n.x.iter().filter_map(|&v| maker[v as usize]).collect();
            let layer = reads.iter().map(|&b| blocks[b].layer + 1).max().unwrap_or(0);
            let specs: Vec<String> = n.y.iter().map(|&v| self.spec(v).to_string()).collect();
            n.y.iter().for_each(|&v| maker[v as usize] = Some(blocks.len()));
            let label = text::label(&*n.op);
            let fill = if label.starts_with("fused") { "#ffe3c2" } else { "#e4f4de" };
            blocks.push(Block { label: cut(&label), detail: cut(&specs.join(", ")), fill, layer, reads });
        }
        for (i, &v) in self.outputs().iter().enumerate() {
            if let Some(b) = maker[v as usize] {
                let layer = blocks[b].layer + 1;
                let mut block = leaf(format!("output {i}"), self.spec(v).to_string(), "#f6d9ef");
                (block.layer, block.reads) = (layer, vec![b]);
                blocks.push(block);
            }
        }
        // A leaf stands right above the first block that reads it.
        for i in 0..blocks.len() {
            if blocks[i].reads.is_empty() {
                let user = blocks.iter().filter(|b| b.reads.contains(&i)).map(|b| b.layer).min();
                blocks[i].layer = user.unwrap_or(1).saturating_sub(1);
            }
        }
        blocks
    }
}

fn places(blocks: &[Block]) -> Places {
    let boxes = Boxes {
        widths: blocks.iter().map(Block::width).collect(),
        layers: blocks.iter().map(|b| b.layer).collect(),
        reads: blocks.iter().map(|b| b.reads.clone()).collect(),
    };
    arrange(&boxes, GAP.0)
}

/// A line that leaves and arrives upright.
fn curve(path: &mut String, (x1, y1): (f64, f64), (x, y): (f64, f64)) -> (f64, f64) {
    let half = (y1 + y) / 2.0;
    // Writing to a string does not fail.
    let _ = write!(path, " C{x1:.1} {half:.1} {x:.1} {half:.1} {x:.1} {y:.1}");
    (x, y)
}

fn leaf(label: String, detail: String, fill: &'static str) -> Block {
    Block { label, detail, fill, layer: 0, reads: Vec::new() }
}

fn cut(s: &str) -> String {
    if s.chars().count() <= LONGEST {
        return s.to_string();
    }
    s.chars().take(LONGEST - 2).chain("..".chars()).collect()
}

fn escaped(s: &str) -> String {
    s.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use crate::passes::check::graph;
    use gradus_tensor::Tensor;

    #[test]
    fn a_box_per_value_and_a_line_per_read() {
        let g = graph(&[Tensor::new([1.0f32, 2.0]).unwrap()], |x| Ok(vec![x[0].mul(&x[0])?.exp()?]));
        let svg = g.to_svg("a < b");
        assert_eq!(svg.matches("<rect").count(), 1 + 4, "{svg}");
        assert_eq!(svg.matches("<path").count(), 2 + 1 + 1);
        assert!(svg.contains("a &lt; b") && svg.ends_with("</svg>\n"));
    }
}
