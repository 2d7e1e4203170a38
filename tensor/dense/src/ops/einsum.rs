//! Sums of products in Einstein's notation, and products over chosen axes.
//!
//! An equation such as `bij,bjk->bik` names the axes of every operand. The operands are joined from left to right,
//! each pair by one batched matrix product: axes that both have and that are needed later are batches, those that
//! nothing needs later are summed in the product, the rest are rows and columns.

use crate::{Error, Result, Shape, Tensor};

/// The name of an axis: a letter, or a place under the ellipsis counted from the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    Dots(usize),
    Letter(char),
}

struct Operand {
    labels: Vec<Label>,
    value: Tensor,
}

fn bad(equation: &str, why: &str) -> Error {
    Error::value(format!("einsum: {why} in {equation:?}"))
}

/// The labels of one term; `dots` says how many axes the ellipsis stands for.
fn labels(equation: &str, term: &str, dots: usize) -> Result<Vec<Label>> {
    let mut out = Vec::new();
    let mut rest = term;
    let mut seen = false;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("...") {
            if std::mem::replace(&mut seen, true) {
                return Err(bad(equation, "two ellipses stand in one term"));
            }
            out.extend((0..dots).rev().map(Label::Dots));
            rest = after;
        } else if c.is_alphabetic() {
            out.push(Label::Letter(c));
            rest = &rest[c.len_utf8()..];
        } else {
            return Err(bad(equation, &format!("{c:?} is no axis")));
        }
    }
    Ok(out)
}

/// Number of letters of a term beside its ellipsis, and whether it has one.
fn letters(term: &str) -> (usize, bool) {
    let dots = term.contains("...");
    (term.chars().filter(|c| *c != '.').count(), dots)
}

/// Operands, and the labels of the result.
fn parse(equation: &str, x: &[&Tensor]) -> Result<(Vec<Operand>, Vec<Label>)> {
    let text: String = equation.chars().filter(|c| !c.is_whitespace()).collect();
    let (left, right) = match text.split_once("->") {
        Some((l, r)) => (l, Some(r)),
        None => (text.as_str(), None),
    };
    let terms: Vec<&str> = left.split(',').collect();
    if terms.len() != x.len() {
        return Err(bad(equation, &format!("{} terms stand for {} tensors", terms.len(), x.len())));
    }
    let mut operands = Vec::with_capacity(x.len());
    let mut most = 0;
    for (term, t) in terms.iter().zip(x) {
        let (named, dotted) = letters(term);
        let dots =
            t.rank().checked_sub(named).filter(|&d| dotted || d == 0).ok_or_else(|| {
                bad(equation, &format!("the term {term:?} does not fit shape {}", t.shape()))
            })?;
        most = most.max(dots);
        operands.push(Operand { labels: labels(equation, term, dots)?, value: (*t).clone() });
    }
    let output = match right {
        Some(term) => labels(equation, term, most)?,
        None => {
            let all: Vec<Label> = operands.iter().flat_map(|o| o.labels.iter().copied()).collect();
            let mut once: Vec<Label> = all
                .iter()
                .copied()
                .filter(|l| matches!(l, Label::Letter(_)) && all.iter().filter(|m| *m == l).count() == 1)
                .collect();
            once.sort();
            (0..most).rev().map(Label::Dots).chain(once).collect()
        }
    };
    for (i, l) in output.iter().enumerate() {
        if output[..i].contains(l) {
            return Err(bad(equation, "an axis of the result stands twice"));
        }
        if !operands.iter().any(|o| o.labels.contains(l)) {
            return Err(bad(equation, "an axis of the result stands in no operand"));
        }
    }
    Ok((operands, output))
}

/// The sizes of all labels; 1 stretches under the ellipsis only.
fn sizes(equation: &str, operands: &[Operand]) -> Result<Vec<(Label, usize)>> {
    let mut out: Vec<(Label, usize)> = Vec::new();
    for o in operands {
        for (&l, &n) in o.labels.iter().zip(o.value.shape().iter()) {
            match out.iter_mut().find(|(m, _)| *m == l) {
                None => out.push((l, n)),
                Some((_, m)) if *m == n => {}
                Some((Label::Dots(_), m)) if *m == 1 => *m = n,
                Some((Label::Dots(_), _)) if n == 1 => {}
                Some((_, m)) => {
                    return Err(bad(equation, &format!("an axis has the sizes {m} and {n}")));
                }
            }
        }
    }
    Ok(out)
}

impl Operand {
    /// Axes of one name replaced by their diagonal.
    fn without_repeats(mut self) -> Result<Operand> {
        while let Some((i, j)) = (0..self.labels.len())
            .flat_map(|j| (0..j).map(move |i| (i, j)))
            .find(|&(i, j)| self.labels[i] == self.labels[j])
        {
            let rank = self.labels.len();
            let mut perm: Vec<usize> = (0..rank).filter(|&a| a != i && a != j).collect();
            perm.extend([i, j]);
            let label = self.labels[i];
            self.labels = perm[..rank - 2].iter().map(|&a| self.labels[a]).chain([label]).collect();
            self.value = self.value.transpose(&perm)?.diag_part(0)?;
        }
        Ok(self)
    }

    /// Axes that nobody needs summed away.
    fn summed(mut self, needed: impl Fn(Label) -> bool) -> Result<Operand> {
        let gone: Vec<isize> =
            (0..self.labels.len()).filter(|&a| !needed(self.labels[a])).map(|a| a as isize).collect();
        if !gone.is_empty() {
            self.value = self.value.reduce_sum(&gone[..], false)?;
            self.labels.retain(|&l| needed(l));
        }
        Ok(self)
    }

    /// Axes in the given order.
    fn ordered(&self, order: &[Label]) -> Result<Tensor> {
        let place = |l: &Label| {
            self.labels.iter().position(|m| m == l).ok_or_else(|| Error::value("einsum: an axis is missing"))
        };
        self.value.transpose(&order.iter().map(place).collect::<Result<Vec<_>>>()?)
    }
}

/// The sum of products of two operands, in one batched matrix product.
fn join(
    a: Operand,
    b: Operand,
    needed: impl Fn(Label) -> bool,
    size: impl Fn(Label) -> usize,
) -> Result<Operand> {
    let shared = |l: &&Label| b.labels.contains(l);
    let batch: Vec<Label> = a.labels.iter().filter(shared).filter(|l| needed(**l)).copied().collect();
    let inner: Vec<Label> = a.labels.iter().filter(shared).filter(|l| !needed(**l)).copied().collect();
    let rows: Vec<Label> = a.labels.iter().filter(|l| !b.labels.contains(l)).copied().collect();
    let columns: Vec<Label> = b.labels.iter().filter(|l| !a.labels.contains(l)).copied().collect();
    let product = |l: &[Label]| l.iter().map(|&l| size(l)).product::<usize>();
    // One matrix per element of the batch, and whether the summed axes come first in it: what lies so is not copied.
    let matrix = |o: &Operand, own: &[Label]| -> Result<(Tensor, bool)> {
        let order = |[x, y]: [&[Label]; 2]| [&batch[..], x, y].concat();
        let turned = !own.is_empty() && o.labels == order([&inner, own]);
        let order = if turned { order([&inner, own]) } else { order([own, &inner]) };
        let full: Shape = order.iter().map(|&l| size(l)).collect();
        let (own, inner) = (product(own), product(&inner));
        let sides = if turned { [inner, own] } else { [own, inner] };
        let flat: Shape = (!batch.is_empty()).then(|| product(&batch)).into_iter().chain(sides).collect();
        // Size-1 axes under an ellipsis are stretched here, since batches are merged.
        Ok((o.ordered(&order)?.broadcast_to(full)?.reshape(flat)?, turned))
    };
    let ((a, turned_a), (b, turned_b)) = (matrix(&a, &rows)?, matrix(&b, &columns)?);
    let y = a.matmul_t(&b, turned_a, !turned_b)?;
    let labels: Vec<Label> = batch.iter().chain(&rows).chain(&columns).copied().collect();
    let value = y.reshape(labels.iter().map(|&l| size(l)).collect::<Shape>())?;
    Ok(Operand { labels, value })
}

/// The sum of products that an equation such as `bij,bjk->bik` describes.
///
/// Every term names the axes of a tensor by letters; `...` stands for further leading axes, which broadcast. Axes
/// missing from the result are summed; without `->` the result has the letters that stand once, in alphabetical
/// order. A letter that repeats in a term takes the diagonal. Errors when the terms do not fit the shapes.
///
/// ```
/// use gradus_tensor::{Tensor, ops::einsum};
/// let m = Tensor::new([[1.0f32, 2.0], [3.0, 4.0]])?;
/// assert_eq!(einsum("ii", &[&m])?.item::<f32>()?, 5.0);
/// assert_eq!(einsum("ij,ij->j", &[&m, &m])?.to_vec::<f32>()?, [10.0, 20.0]);
/// # Ok::<(), gradus_tensor::Error>(())
/// ```
pub fn einsum(equation: &str, tensors: &[&Tensor]) -> Result<Tensor> {
    let (operands, output) = parse(equation, tensors)?;
    let sizes = sizes(equation, &operands)?;
    let size = |l: Label| sizes.iter().find(|(m, _)| *m == l).map_or(1, |(_, n)| *n);
    let mut left: Vec<Operand> = operands.into_iter().map(Operand::without_repeats).collect::<Result<_>>()?;
    left.reverse();
    let mut done = left.pop().ok_or_else(|| Error::value("einsum: no tensors"))?;
    while let Some(next) = left.pop() {
        let later = |l: Label| output.contains(&l) || left.iter().any(|o| o.labels.contains(&l));
        let (in_done, in_next) = (done.labels.clone(), next.labels.clone());
        let a = done.summed(|l| later(l) || in_next.contains(&l))?;
        let b = next.summed(|l| later(l) || in_done.contains(&l))?;
        done = join(a, b, later, size)?;
    }
    let done = done.summed(|l| output.contains(&l))?;
    done.ordered(&output)
}

impl Tensor {
    /// The sum of products over pairs of axes: `axes_a[i]` of this tensor goes with `axes_b[i]` of the other. The
    /// result has the remaining axes of this tensor, then those of the other.
    pub fn tensordot(&self, other: &Tensor, axes_a: &[isize], axes_b: &[isize]) -> Result<Tensor> {
        let resolve = |t: &Tensor, axes: &[isize]| -> Result<(Vec<usize>, Vec<usize>)> {
            let axes = axes.iter().map(|&a| t.shape().axis(a)).collect::<Result<Vec<_>>>()?;
            let free = (0..t.rank()).filter(|a| !axes.contains(a)).collect();
            Ok((axes, free))
        };
        let ((a, free_a), (b, free_b)) = (resolve(self, axes_a)?, resolve(other, axes_b)?);
        let pick =
            |t: &Tensor, axes: &[usize]| -> Vec<usize> { axes.iter().map(|&i| t.shape()[i]).collect() };
        if pick(self, &a) != pick(other, &b) {
            return Err(Error::shape(format!(
                "tensordot: axes {axes_a:?} of shape {} and {axes_b:?} of shape {} differ",
                self.shape(),
                other.shape()
            )));
        }
        let matrix = |t: &Tensor, free: &[usize], axes: &[usize]| -> Result<Tensor> {
            let perm: Vec<usize> = free.iter().chain(axes).copied().collect();
            let (rows, inner) = (pick(t, free).iter().product::<usize>(), pick(t, axes).iter().product());
            t.transpose(&perm)?.reshape([rows, inner])
        };
        let y = matrix(self, &free_a, &a)?.matmul_t(&matrix(other, &free_b, &b)?, false, true)?;
        let shape: Shape = pick(self, &free_a).into_iter().chain(pick(other, &free_b)).collect();
        y.reshape(shape)
    }
}
