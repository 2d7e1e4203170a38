//! From which input pixels an output pixel is made, along one axis.
//!
//! Every method of resizing but `nearest` is separable: a row of weights for every output position along the height,
//! and one along the width. TensorFlow has three families, which this file follows to the rounding:
//! - bilinear and bicubic without antialiasing sample at pixel centres and ignore how much the image shrinks;
//! - area averages the input pixels that an output pixel covers, each by the part that is covered;
//! - the others, and all with antialiasing, place a filter kernel at the output's centre, stretched when shrinking,
//!   and divide by the sum of the weights that fall inside the image.

use gradus_tensor::{Error, Result};

gradus_tensor::attr_enum! {
    /// How pixels between pixels are found.
    pub enum Method {
        /// The nearest pixel; keeps the dtype.
        Nearest = "nearest",
        /// Linear between two pixels along each axis; with antialiasing a triangle filter.
        Bilinear = "bilinear",
        /// Keys's cubic (a = -1/2) through four pixels; with antialiasing the same as a filter.
        Bicubic = "bicubic",
        /// The mean of the covered area.
        Area = "area",
        /// Lanczos's filter of radius 3.
        Lanczos3 = "lanczos3",
        /// Lanczos's filter of radius 5.
        Lanczos5 = "lanczos5",
        /// A Gaussian of radius 3 and standard deviation 1/2.
        Gaussian = "gaussian",
        /// Mitchell and Netravali's cubic (B = C = 1/3).
        MitchellCubic = "mitchellcubic",
    }
}

/// The names that [`Method::from_str`](std::str::FromStr) knows.
const NAMES: [&str; 8] =
    ["nearest", "bilinear", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic"];

impl std::str::FromStr for Method {
    type Err = Error;
    fn from_str(name: &str) -> Result<Method> {
        Method::from_name(&name.to_lowercase())
            .ok_or_else(|| Error::value(format!("resize: unknown method {name:?}; there are {NAMES:?}")))
    }
}
#[cfg(feature = "serde")]
crate::names::serde_by_name!(Method);

/// The weights of one axis: output `i` is the sum of `weights[i]` times the inputs from `start[i]` on.
#[derive(Clone, Debug)]
pub(crate) struct Taps {
    pub start: Vec<u32>,
    /// `count` weights for every output; the last ones may be zero and then stand for no input.
    pub weights: Vec<f32>,
    /// Weights of each output.
    pub count: usize,
}

impl Taps {
    /// The weights of a method between two sizes, neither of which is 0.
    pub fn new(method: Method, antialias: bool, from: usize, to: usize) -> Taps {
        match (method, antialias) {
            (Method::Nearest, _) => nearest(from, to),
            (Method::Bilinear, false) => bilinear(from, to),
            (Method::Bicubic, false) => bicubic(from, to),
            (Method::Area, _) => area(from, to),
            _ => filtered(method, antialias, from, to),
        }
    }

    /// First input and weights of output `i`. No weight reaches past the input.
    pub fn of(&self, i: usize) -> (usize, &[f32]) {
        (self.start[i] as usize, &self.weights[i * self.count..(i + 1) * self.count])
    }

    /// Puts together rows of (first input, weights), cut or filled to the longest that fits into `from`.
    fn gather(rows: Vec<(usize, Vec<f32>)>, from: usize) -> Taps {
        let count = rows.iter().map(|(_, w)| w.len()).max().unwrap_or(1).clamp(1, from);
        let mut taps = Taps { start: Vec::new(), weights: Vec::new(), count };
        for (start, row) in rows {
            // A row that ends at the border moves its start, so that all have `count` weights inside.
            let begin = start.min(from - count);
            let at = taps.weights.len();
            taps.weights.resize(at + count, 0.0);
            for (i, w) in row.into_iter().enumerate() {
                taps.weights[at + start + i - begin] += w;
            }
            taps.start.push(begin as u32);
        }
        taps
    }
}

/// `from / to`, in the precision that TensorFlow computes positions in.
fn scale(from: usize, to: usize) -> f32 {
    from as f32 / to as f32
}

fn nearest(from: usize, to: usize) -> Taps {
    let at = |i: usize| (((i as f32 + 0.5) * scale(from, to)).floor() as usize).min(from - 1);
    Taps::gather((0..to).map(|i| (at(i), vec![1.0])).collect(), from)
}

fn bilinear(from: usize, to: usize) -> Taps {
    let row = |i: usize| {
        let at = (i as f32 + 0.5) * scale(from, to) - 0.5;
        let floor = at.floor();
        let lower = floor.max(0.0) as usize;
        let upper = (at.ceil().max(0.0) as usize).min(from - 1);
        let lerp = at - floor;
        if upper == lower { (lower, vec![1.0]) } else { (lower, vec![1.0 - lerp, lerp]) }
    };
    Taps::gather((0..to).map(row).collect(), from)
}

/// TensorFlow reads the cubic from a table of this many steps between two pixels.
const CUBIC_STEPS: f32 = 1024.0;

fn bicubic(from: usize, to: usize) -> Taps {
    let row = |i: usize| {
        let at = (i as f32 + 0.5) * scale(from, to) - 0.5;
        let floor = at.floor();
        let step = ((at - floor) * CUBIC_STEPS).round_ties_even() / CUBIC_STEPS;
        let weights = [keys(1.0 + step), keys(step), keys(1.0 - step), keys(2.0 - step)];
        let first = floor as i64 - 1;
        let inside: Vec<(usize, f32)> = (first..first + 4)
            .zip(weights)
            .filter(|(place, _)| (0..from as i64).contains(place))
            .map(|(place, w)| (place as usize, w))
            .collect();
        let sum: f32 = inside.iter().map(|(_, w)| w).sum();
        let start = inside.first().map_or(0, |(place, _)| *place);
        (start, inside.into_iter().map(|(_, w)| normalized(w, sum)).collect())
    };
    Taps::gather((0..to).map(row).collect(), from)
}

fn area(from: usize, to: usize) -> Taps {
    let scale = scale(from, to);
    let row = |i: usize| {
        let (begin, end) = (i as f32 * scale, (i + 1) as f32 * scale);
        let (first, last) = (begin.floor() as usize, end.ceil() as usize);
        let mut weights = vec![0.0f32; last.min(from).saturating_sub(first.min(from - 1)).max(1)];
        for place in first..last {
            let covered = (end.min((place + 1) as f32) - begin.max(place as f32)).max(0.0);
            // Rounding may reach past the last pixel, which then counts again.
            weights[place.min(from - 1) - first.min(from - 1)] += covered / scale;
        }
        (first.min(from - 1), weights)
    };
    Taps::gather((0..to).map(row).collect(), from)
}

fn filtered(method: Method, antialias: bool, from: usize, to: usize) -> Taps {
    let inverse = 1.0 / (to as f32 / from as f32);
    let stretch = if antialias { inverse.max(1.0) } else { 1.0 };
    let (radius, kernel) = kernel(method);
    let row = |i: usize| {
        let at = (i as f32 + 0.5) * inverse;
        if at < 0.0 || at > from as f32 {
            return (0, vec![0.0]);
        }
        let last = from as i64 - 1;
        let begin = ((at - radius * stretch - 0.5).ceil() as i64).clamp(0, last);
        let end = ((at + radius * stretch - 0.5).floor() as i64).clamp(0, last);
        let weights: Vec<f32> =
            (begin..=end).map(|place| kernel(((place as f32 + 0.5 - at) / stretch).abs())).collect();
        let sum: f32 = weights.iter().sum();
        (begin as usize, weights.into_iter().map(|w| normalized(w, sum)).collect())
    };
    Taps::gather((0..to).map(row).collect(), from)
}

/// `w / sum`; a sum that is nothing but rounding leaves the weights as they are.
fn normalized(w: f32, sum: f32) -> f32 {
    if sum.abs() >= 1000.0 * f32::MIN_POSITIVE { w * (1.0 / sum) } else { w }
}

/// Radius and kernel; kernels take the distance, which is not negative.
fn kernel(method: Method) -> (f32, fn(f32) -> f32) {
    match method {
        Method::Lanczos3 => (3.0, |x| lanczos(x, 3.0)),
        Method::Lanczos5 => (5.0, |x| lanczos(x, 5.0)),
        Method::Gaussian => (1.5, gaussian),
        Method::MitchellCubic => (2.0, mitchell),
        Method::Bicubic => (2.0, keys),
        Method::Nearest | Method::Bilinear | Method::Area => (1.0, |x| (1.0 - x).max(0.0)),
    }
}

fn lanczos(x: f32, radius: f32) -> f32 {
    if x > radius {
        return 0.0;
    }
    if x <= 1e-3 {
        return 1.0;
    }
    let pi = std::f32::consts::PI;
    radius * (pi * x).sin() * (pi * x / radius).sin() / (pi * pi * x * x)
}

fn gaussian(x: f32) -> f32 {
    const RADIUS: f32 = 1.5;
    const SIGMA: f32 = RADIUS / 3.0;
    if x >= RADIUS { 0.0 } else { (-x * x / (2.0 * SIGMA * SIGMA)).exp() }
}

fn keys(x: f32) -> f32 {
    if x >= 2.0 {
        0.0
    } else if x >= 1.0 {
        ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    } else {
        ((1.5 * x - 2.5) * x) * x + 1.0
    }
}

fn mitchell(x: f32) -> f32 {
    if x >= 2.0 {
        0.0
    } else if x >= 1.0 {
        (((-7.0 / 18.0) * x + 2.0) * x - 10.0 / 3.0) * x + 16.0 / 9.0
    } else {
        (((7.0 / 6.0) * x - 2.0) * x) * x + 8.0 / 9.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_sum_to_one_and_stay_inside() {
        for method in NAMES.map(|n| n.parse::<Method>().unwrap()) {
            for antialias in [false, true] {
                for (from, to) in
                    [(1, 1), (1, 7), (7, 1), (5, 8), (8, 5), (180, 240), (240, 180), (3, 100), (100, 3)]
                {
                    let taps = Taps::new(method, antialias, from, to);
                    for i in 0..to {
                        let (start, weights) = taps.of(i);
                        let sum: f32 = weights.iter().sum();
                        // Area divides by a scale that is itself rounded.
                        assert!(
                            (sum - 1.0).abs() < 2e-5,
                            "{method:?} {antialias} {from}->{to} at {i}: {sum}"
                        );
                        assert!(start + weights.len() <= from, "{method:?} {from}->{to} at {i}");
                    }
                }
            }
        }
    }
}
