//! Gradient rules against finite differences.

use crate::{GradientTape, Source};
use gradus_tensor::{Element, Error, ErrorKind, Result, Tensor};

/// How [`GradCheck::run`] compares.
///
/// The outputs are weighted by fixed numbers of mixed size, so that errors which cancel in a plain sum show, and the
/// weighted sum is differentiated twice: by the rule, and by central differences `(f(x + h) - f(x - h)) / 2h` for every
/// element of every float input. In f64 the differences are right to about `h^2` and `1e-16 / h`, so that the default
/// step of 1e-5 leaves nine digits.
///
/// ```
/// use gradus_autograd::GradCheck;
/// use gradus_tensor::Tensor;
/// let x = Tensor::new([0.3f64, -1.2, 2.0])?;
/// GradCheck::default().second_order().run(|x| Ok(vec![x[0].tanh()?]), &[x])?;
/// # Ok::<(), gradus_tensor::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct GradCheck {
    step: f64,
    rtol: f64,
    atol: f64,
    second: bool,
}

impl Default for GradCheck {
    /// Step 1e-5, relative tolerance 1e-6, absolute tolerance 1e-7, first derivatives.
    fn default() -> GradCheck {
        GradCheck { step: 1e-5, rtol: 1e-6, atol: 1e-7, second: false }
    }
}

/// Weights between 0.5 and 1.5 that repeat with no small period.
fn weights(like: &Tensor) -> Result<Tensor> {
    let golden = 0.618_033_988_749_895;
    let w: Vec<f64> = (0..like.len()).map(|i| 0.5 + (golden * (i + 1) as f64).fract()).collect();
    Tensor::from_vec(w, like.shape().clone())?.cast(like.dtype())
}

/// The weighted sum of all float outputs.
fn objective(f: &dyn Fn(&[Tensor]) -> Result<Vec<Tensor>>, x: &[Tensor]) -> Result<Tensor> {
    let mut sum: Option<Tensor> = None;
    for y in f(x)?.iter().filter(|y| y.dtype().is_float()) {
        let term = y.mul(&weights(y)?)?.reduce_sum((), false)?;
        sum = Some(match sum {
            None => term,
            Some(s) => s.add(&term)?,
        });
    }
    sum.ok_or_else(|| Error::value("gradcheck: the function has no float output"))
}

/// The gradients of the objective by the rules, zeros where nothing is connected.
fn by_rule(f: &dyn Fn(&[Tensor]) -> Result<Vec<Tensor>>, x: &[Tensor]) -> Result<Vec<Tensor>> {
    // Fresh identities: a tensor given twice is two inputs here.
    by_rule_within(f, &x.iter().map(Tensor::fresh).collect::<Vec<_>>())
}

impl GradCheck {
    /// Another distance between the points of the differences.
    #[must_use]
    pub fn step(self, step: f64) -> GradCheck {
        GradCheck { step, ..self }
    }

    /// Other tolerances: a gradient passes when it is off by at most `atol + rtol * |difference|`.
    #[must_use]
    pub fn tolerance(self, rtol: f64, atol: f64) -> GradCheck {
        GradCheck { rtol, atol, ..self }
    }

    /// Checks the gradients of the gradients too.
    #[must_use]
    pub fn second_order(self) -> GradCheck {
        GradCheck { second: true, ..self }
    }

    /// Compares the rules of `f` with finite differences at the given inputs. Inputs of integer dtypes are held fixed.
    ///
    /// Errors, with the input, the element and both numbers, at the first gradient that is off; also when `f` errs, or
    /// when a float input is not f64, where differences mean little.
    pub fn run(&self, f: impl Fn(&[Tensor]) -> Result<Vec<Tensor>>, x: &[Tensor]) -> Result<()> {
        if let Some(t) = x.iter().find(|t| t.dtype().is_float() && t.dtype() != f64::DTYPE) {
            return Err(Error::dtype(format!("gradcheck: an input is {}, expected float64", t.dtype())));
        }
        self.compare(&f, x, "gradient")?;
        if self.second {
            let slope = |x: &[Tensor]| by_rule_within(&f, x);
            self.compare(&slope, x, "second gradient")?;
        }
        Ok(())
    }

    fn compare(&self, f: &dyn Fn(&[Tensor]) -> Result<Vec<Tensor>>, x: &[Tensor], what: &str) -> Result<()> {
        let found = by_rule(f, x)?;
        let inputs = (0..x.len()).filter(|&i| x[i].dtype().is_float());
        for (i, found) in inputs.zip(found) {
            let base = x[i].to_vec::<f64>()?;
            let found = found.to_vec::<f64>()?;
            for (k, &found) in found.iter().enumerate() {
                let at = |d: f64| -> Result<f64> {
                    let mut moved = base.clone();
                    moved[k] += d;
                    let mut x = x.to_vec();
                    x[i] = Tensor::from_vec(moved, x[i].shape().clone())?;
                    objective(f, &x)?.item::<f64>()
                };
                let want = (at(self.step)? - at(-self.step)?) / (2.0 * self.step);
                let close = (found - want).abs() <= self.atol + self.rtol * want.abs();
                if !close && !(found.is_nan() && want.is_nan()) {
                    return Err(Error::new(
                        ErrorKind::Gradient,
                        format!(
                            "{what} of input {i} at element {k}: the rule gives {found}, differences {want}"
                        ),
                    ));
                }
            }
        }
        Ok(())
    }
}

/// The gradients by rule as a function that outer tapes can follow.
fn by_rule_within(f: &dyn Fn(&[Tensor]) -> Result<Vec<Tensor>>, x: &[Tensor]) -> Result<Vec<Tensor>> {
    let floats: Vec<Source> =
        x.iter().filter(|t| t.dtype().is_float()).map(|t| Source::Tensor(t.clone())).collect();
    let tape = GradientTape::watching_nothing();
    for t in x.iter().filter(|t| t.dtype().is_float()) {
        tape.watch(t)?;
    }
    let y = objective(f, x)?;
    tape.gradient_or_zeros(&y, &floats)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_rule_is_found() {
        let x = Tensor::new([0.5f64, 2.0]).unwrap();
        let wrong = |x: &[Tensor]| {
            // The gradient of the second factor is cut off.
            Ok(vec![x[0].mul(&x[0].stop_gradient()?)?])
        };
        let e = GradCheck::default().run(wrong, &[x]).unwrap_err();
        assert!(e.to_string().contains("input 0 at element 0"), "{e}");
    }
}
