//! Places for the boxes of a layered drawing.
//!
//! A line that passes layers gets a narrow place in each of them, so that it runs between the boxes and never behind one.
//! Boxes are ordered by the middle of their neighbours, downwards and upwards in turns, and then moved as near to that
//! middle as their order and widths allow.

/// Width of the place of a line that passes a layer.
const LANE: f64 = 6.0;
/// Sweeps over all layers, for the order and for the places.
const SWEEPS: usize = 8;

/// What is to be placed: widths of boxes, the layer of each, and the boxes above that it reads.
pub struct Boxes {
    pub widths: Vec<f64>,
    pub layers: Vec<usize>,
    pub reads: Vec<Vec<usize>>,
}

/// Places along the layers.
pub struct Places {
    /// Left side of every box.
    pub left: Vec<f64>,
    /// Width of the widest layer.
    pub width: f64,
    /// Middle of every box and lane; boxes come first.
    middle: Vec<f64>,
    /// Lanes of a box's value in the layers below it, from top to bottom.
    lanes: Vec<Vec<usize>>,
}

impl Places {
    /// Where the line from box `from` passes the layers between it and a reader `span` layers below.
    pub fn passes(&self, from: usize, span: usize) -> impl Iterator<Item = f64> {
        self.lanes[from].iter().take(span.saturating_sub(1)).map(|&lane| self.middle[lane])
    }
}

/// Boxes and lanes, with those that each is joined to above and below.
struct Joined {
    widths: Vec<f64>,
    above: Vec<Vec<usize>>,
    below: Vec<Vec<usize>>,
    rows: Vec<Vec<usize>>,
    middle: Vec<f64>,
    gap: f64,
}

pub fn arrange(boxes: &Boxes, gap: f64) -> Places {
    let n = boxes.widths.len();
    let count = boxes.layers.iter().map(|l| l + 1).max().unwrap_or(0);
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); count];
    (0..n).for_each(|i| rows[boxes.layers[i]].push(i));
    let mut widths = boxes.widths.clone();
    let mut lanes = vec![Vec::new(); n];
    let mut links = Vec::new();
    for (i, reads) in boxes.reads.iter().enumerate() {
        for &r in reads {
            let span = boxes.layers[i] - boxes.layers[r];
            while lanes[r].len() + 1 < span {
                let lane = widths.len();
                widths.push(LANE);
                rows[boxes.layers[r] + lanes[r].len() + 1].push(lane);
                links.push((lanes[r].last().copied().unwrap_or(r), lane));
                lanes[r].push(lane);
            }
            links.push((span.checked_sub(2).map_or(r, |k| lanes[r][k]), i));
        }
    }
    let none = vec![Vec::new(); widths.len()];
    let middle = vec![0.0; widths.len()];
    let mut joined = Joined { widths, above: none.clone(), below: none, rows, middle, gap };
    for (a, b) in links {
        joined.above[b].push(a);
        joined.below[a].push(b);
    }
    joined.order();
    joined.place();
    let edge = |i: usize, side: f64| joined.middle[i] + side * joined.widths[i] / 2.0;
    let first = (0..joined.widths.len()).map(|i| edge(i, -1.0)).fold(f64::INFINITY, f64::min);
    joined.middle.iter_mut().for_each(|m| *m -= first);
    let edge = |i: usize, side: f64| joined.middle[i] + side * joined.widths[i] / 2.0;
    Places {
        left: (0..n).map(|i| edge(i, -1.0)).collect(),
        width: (0..joined.widths.len()).map(|i| edge(i, 1.0)).fold(0.0, f64::max),
        middle: joined.middle,
        lanes,
    }
}

impl Joined {
    /// The middle of what i is joined to; where it is itself without neighbours.
    fn wish(&self, i: usize, [above, below]: [bool; 2]) -> f64 {
        let up = self.above[i].iter().filter(|_| above);
        let ends = || up.clone().chain(self.below[i].iter().filter(|_| below));
        match ends().count() {
            0 => self.middle[i],
            n => ends().map(|&b| self.middle[b]).sum::<f64>() / n as f64,
        }
    }

    /// Puts a layer's boxes side by side in their order.
    fn pack(&mut self, layer: usize) {
        let mut x = 0.0;
        let whole: f64 = self.rows[layer].iter().map(|&i| self.widths[i] + self.gap).sum();
        for &i in &self.rows[layer] {
            self.middle[i] = x + self.widths[i] / 2.0 - whole / 2.0;
            x += self.widths[i] + self.gap;
        }
    }

    fn order(&mut self) {
        (0..self.rows.len()).for_each(|layer| self.pack(layer));
        for sweep in 0..SWEEPS {
            let down = sweep % 2 == 0;
            for k in 0..self.rows.len() {
                let layer = if down { k } else { self.rows.len() - 1 - k };
                let mut row = std::mem::take(&mut self.rows[layer]);
                row.sort_by(|&a, &b| self.wish(a, [down, !down]).total_cmp(&self.wish(b, [down, !down])));
                self.rows[layer] = row;
                self.pack(layer);
            }
        }
    }

    fn place(&mut self) {
        for sweep in 0..SWEEPS {
            for k in 0..self.rows.len() {
                let layer = if sweep % 2 == 0 { k } else { self.rows.len() - 1 - k };
                self.settle(layer);
            }
        }
    }

    /// Moves a layer's boxes to the places of the least squared distance from their wishes that keep order and gaps:
    /// neighbours that would overlap move as one block around the mean of what they wish.
    fn settle(&mut self, layer: usize) {
        let row = &self.rows[layer];
        let mut offsets = Vec::with_capacity(row.len());
        let mut x = 0.0;
        for &i in row {
            offsets.push(x + self.widths[i] / 2.0);
            x += self.widths[i] + self.gap;
        }
        // Mean wish of the first box's place, and boxes, of every block.
        let mut blocks: Vec<(f64, usize)> = Vec::new();
        for (&i, offset) in row.iter().zip(&offsets) {
            let mut block = (self.wish(i, [true, true]) - offset, 1);
            while let Some(&(mean, n)) = blocks.last().filter(|b| b.0 >= block.0) {
                blocks.pop();
                let sum = mean * n as f64 + block.0 * block.1 as f64;
                block = (sum / (n + block.1) as f64, n + block.1);
            }
            blocks.push(block);
        }
        let starts = blocks.iter().flat_map(|&(mean, n)| std::iter::repeat_n(mean, n));
        for ((&i, offset), start) in row.iter().zip(&offsets).zip(starts) {
            self.middle[i] = start + offset;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Boxes, arrange};

    /// Box 0 is read in the next layer and three layers below it, past two layers of boxes.
    fn past() -> Boxes {
        Boxes {
            widths: vec![60.0, 80.0, 40.0, 100.0, 70.0],
            layers: vec![0, 1, 1, 2, 3],
            reads: vec![vec![], vec![0], vec![0], vec![1, 2], vec![3, 0]],
        }
    }

    #[test]
    fn boxes_of_a_layer_keep_their_distance() {
        let boxes = past();
        let places = arrange(&boxes, 10.0);
        for i in 0..5 {
            for j in (0..5).filter(|&j| j != i && boxes.layers[j] == boxes.layers[i]) {
                let (a, b) = if places.left[i] < places.left[j] { (i, j) } else { (j, i) };
                assert!(places.left[b] - places.left[a] - boxes.widths[a] >= 10.0 - 1e-9, "{i}, {j}");
            }
            assert!(places.left[i] >= 0.0 && places.left[i] + boxes.widths[i] <= places.width, "{i}");
        }
    }

    #[test]
    fn lines_pass_beside_boxes() {
        let boxes = past();
        let places = arrange(&boxes, 10.0);
        let passes: Vec<f64> = places.passes(0, 3).collect();
        assert_eq!(passes.len(), 2);
        for (k, x) in passes.into_iter().enumerate() {
            for i in (0..5).filter(|&i| boxes.layers[i] == k + 1) {
                let inside = places.left[i]..places.left[i] + boxes.widths[i];
                assert!(!inside.contains(&x), "layer {}: {x} lies in {inside:?}", k + 1);
            }
        }
    }

    #[test]
    fn a_chain_is_drawn_straight() {
        let boxes = Boxes {
            widths: vec![30.0, 90.0, 50.0],
            layers: vec![0, 1, 2],
            reads: vec![vec![], vec![0], vec![1]],
        };
        assert_eq!(arrange(&boxes, 10.0).left, [30.0, 0.0, 20.0]);
    }
}
