//! What a gradient rule sees: saved values in, gradients of the outputs in, gradients of the inputs out.

use crate::{Error, Result, Rows, Shape, Spec, Tensor, dispatch, recorder};
use smallvec::SmallVec;

/// What a tape keeps of an input or output.
#[derive(Clone, Debug)]
pub enum Saved {
    /// The value.
    Value(Tensor),
    /// Dtype and shape alone, since the rule does not read the value.
    Spec(Spec),
}

impl Saved {
    /// Dtype and shape.
    pub fn spec(&self) -> &Spec {
        match self {
            Saved::Value(t) => t.spec(),
            Saved::Spec(s) => s,
        }
    }
}

/// The context of one call of a gradient rule.
pub struct Backward<'a> {
    name: &'static str,
    x: &'a [Saved],
    y: &'a [Saved],
    dy: &'a [Option<Tensor>],
    needs: &'a [bool],
    dx: SmallVec<[Option<Tensor>; 4]>,
}

impl<'a> Backward<'a> {
    /// A context for the named operation. `dy` has an entry per output, `needs` one per input.
    pub fn new(
        name: &'static str,
        x: &'a [Saved],
        y: &'a [Saved],
        dy: &'a [Option<Tensor>],
        needs: &'a [bool],
    ) -> Backward<'a> {
        // Written at once: filling it one by one costs more than a scalar's rule.
        let dx = match x.len() {
            n @ ..=4 => SmallVec::from_buf_and_len([None, None, None, None], n),
            n => SmallVec::from_elem(None, n),
        };
        Backward { name, x, y, dy, needs, dx }
    }

    /// The gradients that the rule gave, one entry per input.
    pub fn finish(self) -> SmallVec<[Option<Tensor>; 4]> {
        self.dx
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.x.len()
    }

    /// Value of input `i`. Panics when the operation's `keep` leaves it out, which is a bug of the operation.
    pub fn x(&self, i: usize) -> &'a Tensor {
        match &self.x[i] {
            Saved::Value(t) => t,
            Saved::Spec(_) => panic!("{}: input {i} was not kept for the gradient", self.name),
        }
    }

    /// Value of output `i`. Panics when the operation's `keep` leaves it out, which is a bug of the operation.
    pub fn y(&self, i: usize) -> &'a Tensor {
        match &self.y[i] {
            Saved::Value(t) => t,
            Saved::Spec(_) => panic!("{}: output {i} was not kept for the gradient", self.name),
        }
    }

    /// Dtype and shape of input `i`.
    pub fn x_spec(&self, i: usize) -> &'a Spec {
        self.x[i].spec()
    }

    /// Dtype and shape of output `i`.
    pub fn y_spec(&self, i: usize) -> &'a Spec {
        self.y[i].spec()
    }

    /// Gradient with respect to output `k`; zeros when none arrived.
    pub fn dy(&self, k: usize) -> Result<Tensor> {
        match &self.dy[k] {
            Some(g) => Ok(g.clone()),
            None => Tensor::zeros(self.y_spec(k).shape.clone(), self.y_spec(k).dtype),
        }
    }

    /// Gradient with respect to output `k`, if any arrived.
    pub fn dy_opt(&self, k: usize) -> Option<&'a Tensor> {
        self.dy[k].as_ref()
    }

    /// True when a gradient with respect to input `i` is wanted; rules skip work for the others.
    pub fn needs(&self, i: usize) -> bool {
        self.needs[i]
    }

    /// Adds a gradient for input `i`. Broadcasting is undone here: axes that were stretched are summed.
    pub fn give(&mut self, i: usize, g: Tensor) -> Result<()> {
        if !self.needs[i] {
            return Ok(());
        }
        let spec = self.x[i].spec();
        if g.dtype() != spec.dtype {
            return Err(Error::dtype(format!(
                "{}: the gradient of input {i} is {}, the input {}",
                self.name,
                g.dtype(),
                spec.dtype
            )));
        }
        let g = sum_to(g, &spec.shape)?;
        self.dx[i] = Some(match self.dx[i].take() {
            None => g,
            Some(have) => accumulate(have, &g)?,
        });
        Ok(())
    }
}

/// Sums over the axes along which `shape` was broadcast to the shape of `g`.
pub fn sum_to(g: Tensor, shape: &Shape) -> Result<Tensor> {
    if g.shape() == shape {
        return Ok(g);
    }
    let extra = g.rank().checked_sub(shape.rank()).ok_or_else(|| {
        Error::shape(format!("a gradient of shape {} does not sum to shape {shape}", g.shape()))
    })?;
    let axes: SmallVec<[isize; 4]> = (0..g.rank())
        .filter(|&a| a < extra || (shape[a - extra] == 1 && g.shape()[a] != 1))
        .map(|a| a as isize)
        .collect();
    let summed = g.reduce_sum(&axes[..], true)?;
    summed.reshape(shape.clone())
}

/// The sum of two gradients of one value.
///
/// Sums of rows stay rows. Where nobody listens and nobody else holds the first, it is added to in place.
pub fn accumulate(mut have: Tensor, g: &Tensor) -> Result<Tensor> {
    if let (Some(a), Some(b)) = (Rows::of(&have), Rows::of(g)) {
        return a.join(b)?.dense(have.shape().clone());
    }
    let in_place = have.len() <= IN_PLACE && !recorder::active() && have.spec() == g.spec();
    if in_place && have.is_unique() {
        dispatch!(have.dtype(), T: wide_float => {
            have.update(|y| {
                for (y, &g) in y.as_mut::<T>().iter_mut().zip(g.view().as_slice::<T>()) {
                    *y += g;
                }
                Ok(())
            })?;
            return Ok(have);
        } else {});
    }
    have.add(g)
}

/// The largest size for which one thread without a new buffer is faster than several with one: it stays in its caches.
const IN_PLACE: usize = 1 << 17;
