//! A group of elementwise operations as one.
//!
//! The group is a list of instructions over one domain: inputs are stretched to it, every instruction has a value per
//! element. Large domains run as a tile program of the kernels, so that nothing but inputs and outputs touches memory;
//! small ones run right here, where setting a program up would cost more than the work. Both call the kernels'
//! functions, so no bit differs from the operations one by one.

use gradus_kernels::elementwise::{self, Binary, Compare, Layout, Test, Unary};
use gradus_kernels::expr::{Builder, Closing, Input, Output, Program, Reg};
use gradus_tensor::attr::{Attr, OpDef};
use gradus_tensor::op::Attributes;
use gradus_tensor::view::{View, ViewMut};
use gradus_tensor::{DType, Element, Error, Keep, Op, Result, Shape, Spec, Specs};
use std::cell::Cell;
use std::sync::OnceLock;

/// Elements up to which a domain runs without a tile program.
const SMALL: usize = 64;

/// One value of the group; operands are numbers of earlier values. The first values are the inputs, in order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Code {
    Constant(f64),
    Unary(Unary, u32),
    Binary(Binary, u32, u32),
    Compare(Compare, u32, u32),
    Test(Test, u32),
    Select(u32, u32, u32),
    Not(u32),
}

/// What an output holds: a value at every element, or its reduction.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Out {
    /// The value.
    pub value: u32,
    /// Numbers of the group's dtype, or truth values.
    pub dtype: DType,
    /// The reduction over the last axes and the shape that it leaves. Only large domains have one.
    pub closing: Option<(Closing, Shape)>,
}

impl Out {
    /// Elements that are reduced to one, of a domain of `len`.
    fn row(&self, len: usize) -> Option<(Closing, usize)> {
        self.closing.as_ref().map(|(how, s)| (*how, len / s.num_elements().max(1)))
    }
}

/// The group. Built programs are kept beside it and made again after loading.
#[derive(Debug)]
pub(crate) struct Fused {
    /// f32 or f64.
    pub dtype: DType,
    /// The domain.
    pub shape: Shape,
    /// Dtypes and shapes of the inputs; truth values or numbers of the group's dtype.
    pub inputs: Vec<Spec>,
    pub code: Vec<Code>,
    pub outputs: Vec<Out>,
    pub built: OnceLock<Program>,
    pub layouts: OnceLock<Vec<Layout>>,
}

impl Clone for Fused {
    fn clone(&self) -> Fused {
        Fused {
            dtype: self.dtype,
            shape: self.shape.clone(),
            inputs: self.inputs.clone(),
            code: self.code.clone(),
            outputs: self.outputs.clone(),
            built: OnceLock::new(),
            layouts: OnceLock::new(),
        }
    }
}

impl Fused {
    pub const NAME: &'static str = "fused";

    fn program(&self) -> Result<&Program> {
        if let Some(p) = self.built.get() {
            return Ok(p);
        }
        let mut b = Builder::new();
        let mut values: Vec<Reg> = Vec::with_capacity(self.inputs.len() + self.code.len());
        for (s, layout) in self.inputs.iter().zip(self.layouts()?) {
            values.push(b.input(if s.shape == self.shape { Layout::full() } else { layout.clone() }));
        }
        for c in &self.code {
            let at = |i: u32| values[i as usize];
            values.push(match *c {
                Code::Constant(v) => b.constant(v),
                Code::Unary(op, a) => b.unary(op, at(a)),
                Code::Binary(Binary::LogicalAnd, x, y) => b.and(at(x), at(y)),
                Code::Binary(Binary::LogicalOr, x, y) => b.or(at(x), at(y)),
                Code::Binary(Binary::LogicalXor, x, y) => b.xor(at(x), at(y)),
                Code::Binary(op, x, y) => b.binary(op, at(x), at(y)),
                Code::Compare(op, x, y) => b.compare(op, at(x), at(y)),
                Code::Test(op, a) => b.test(op, at(a)),
                Code::Select(c, x, y) => b.select(at(c), at(x), at(y)),
                Code::Not(a) => b.not(at(a)),
            });
        }
        let len = self.shape.num_elements();
        for o in &self.outputs {
            match o.row(len) {
                None => b.output(values[o.value as usize]),
                Some((how, n)) if n == len => b.reduce_all(how, values[o.value as usize]),
                Some((how, n)) => b.reduce_rows(how, values[o.value as usize], n),
            }
        }
        let program = b.build()?;
        Ok(self.built.get_or_init(|| program))
    }

    fn layouts(&self) -> Result<&[Layout]> {
        if let Some(l) = self.layouts.get() {
            return Ok(l);
        }
        let layouts =
            self.inputs.iter().map(|s| Ok(Layout::new(&s.shape, &self.shape)?)).collect::<Result<_>>()?;
        Ok(self.layouts.get_or_init(|| layouts))
    }

    fn run<T: Number>(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let n = self.shape.num_elements();
        if n <= SMALL && self.outputs.iter().all(|o| o.closing.is_none()) {
            return T::with_scratch((self.inputs.len() + self.code.len()) * n, |values| {
                if n == 1 { self.single(values, x, y) } else { self.small(values, n, x, y) }
            });
        }
        let inputs: smallvec::SmallVec<[Input<'_, T>; 8]> = x
            .iter()
            .map(|v| match v.dtype() {
                DType::Bool => Input::Mask(v.as_slice::<bool>()),
                _ => Input::Values(v.as_slice::<T>()),
            })
            .collect();
        let mut outputs: smallvec::SmallVec<[Output<'_, T>; 4]> = y
            .iter_mut()
            .map(|v| match v.dtype() {
                DType::Bool => Output::Mask(v.as_mut::<bool>()),
                _ => Output::Values(v.as_mut::<T>()),
            })
            .collect();
        T::run(self.program()?, n, &inputs, &mut outputs)
    }

    /// One element: instruction by instruction on numbers.
    fn single<T: Number>(&self, values: &mut [T], x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        for (v, x) in values.iter_mut().zip(x) {
            *v = match x.dtype() {
                DType::Bool => truth(x.as_slice::<bool>()[0]),
                _ => x.as_slice::<T>()[0],
            };
        }
        for (k, c) in (self.inputs.len()..).zip(&self.code) {
            let at = |i: u32| values[i as usize];
            values[k] = match *c {
                Code::Constant(v) => T::from_f64(v),
                Code::Unary(op, a) => match op {
                    Unary::Neg => -at(a),
                    Unary::Square => at(a) * at(a),
                    _ => {
                        let mut y = [T::ZERO];
                        elementwise::unary(op, &[at(a)], &mut y)?;
                        y[0]
                    }
                },
                Code::Binary(op, a, b) => match op {
                    Binary::Add => at(a) + at(b),
                    Binary::Sub => at(a) - at(b),
                    Binary::Mul => at(a) * at(b),
                    Binary::Div => at(a) / at(b),
                    Binary::LogicalAnd | Binary::LogicalOr | Binary::LogicalXor => logic(op, at(a), at(b)),
                    _ => {
                        let mut y = [T::ZERO];
                        elementwise::binary_flat(op, &[at(a)], &[at(b)], &mut y)?;
                        y[0]
                    }
                },
                other => plain(other, at),
            };
        }
        for (o, y) in self.outputs.iter().zip(y) {
            let v = values[o.value as usize];
            match o.dtype {
                DType::Bool => y.as_mut::<bool>()[0] = v != T::ZERO,
                _ => y.as_mut::<T>()[0] = v,
            }
        }
        Ok(())
    }

    /// A few elements: instruction by instruction on short slices.
    fn small<T: Number>(
        &self,
        values: &mut [T],
        n: usize,
        x: &[View<'_>],
        y: &mut [ViewMut<'_>],
    ) -> Result<()> {
        let layouts = self.layouts()?;
        let mut bits = [false; SMALL];
        for ((v, x), layout) in values.chunks_exact_mut(n.max(1)).zip(x).zip(layouts) {
            match x.dtype() {
                DType::Bool => {
                    layout.read(x.as_slice::<bool>(), 0, &mut bits[..n]);
                    v.iter_mut().zip(&bits).for_each(|(v, &b)| *v = truth(b));
                }
                _ => layout.read(x.as_slice::<T>(), 0, v),
            }
        }
        for (k, c) in self.code.iter().enumerate() {
            let (before, after) = values.split_at_mut((self.inputs.len() + k) * n);
            let out = &mut after[..n];
            let at = |i: u32| &before[i as usize * n..(i as usize + 1) * n];
            match *c {
                Code::Unary(op, a) => elementwise::unary(op, at(a), out)?,
                Code::Binary(op @ (Binary::LogicalAnd | Binary::LogicalOr | Binary::LogicalXor), a, b) => {
                    let pairs = at(a).iter().zip(at(b));
                    out.iter_mut().zip(pairs).for_each(|(y, (&a, &b))| *y = logic(op, a, b));
                }
                Code::Binary(op, a, b) => elementwise::binary_flat(op, at(a), at(b), out)?,
                other => {
                    for (i, y) in out.iter_mut().enumerate() {
                        *y = plain(other, |v| at(v)[i]);
                    }
                }
            }
        }
        for (o, y) in self.outputs.iter().zip(y) {
            let v = &values[o.value as usize * n..(o.value as usize + 1) * n];
            match o.dtype {
                DType::Bool => y.as_mut::<bool>().iter_mut().zip(v).for_each(|(y, v)| *y = *v != T::ZERO),
                _ => y.as_mut::<T>().copy_from_slice(v),
            }
        }
        Ok(())
    }
}

/// The instructions whose result is one of their operands, or a truth value.
#[inline]
fn plain<T: Number>(c: Code, at: impl Fn(u32) -> T) -> T {
    match c {
        Code::Constant(v) => T::from_f64(v),
        Code::Compare(op, a, b) => {
            let (a, b) = (at(a), at(b));
            truth(match op {
                Compare::Equal => a == b,
                Compare::NotEqual => a != b,
                Compare::Less => a < b,
                Compare::LessEqual => a <= b,
                Compare::Greater => a > b,
                Compare::GreaterEqual => a >= b,
            })
        }
        Code::Test(op, a) => {
            let v = at(a).to_f64();
            truth(match op {
                Test::IsNan => v.is_nan(),
                Test::IsInf => v.is_infinite(),
                Test::IsFinite => v.is_finite(),
            })
        }
        Code::Select(c, a, b) => {
            if at(c) != T::ZERO {
                at(a)
            } else {
                at(b)
            }
        }
        Code::Not(a) => truth(at(a) == T::ZERO),
        Code::Unary(..) | Code::Binary(..) => unreachable!("carried out by kernels"),
    }
}

fn logic<T: Number>(op: Binary, a: T, b: T) -> T {
    let (a, b) = (a != T::ZERO, b != T::ZERO);
    truth(match op {
        Binary::LogicalAnd => a && b,
        Binary::LogicalOr => a || b,
        _ => a != b,
    })
}

fn truth<T: Number>(yes: bool) -> T {
    if yes { T::ONE } else { T::ZERO }
}

/// f32 and f64, with scratch memory that stays from call to call.
pub(crate) trait Number:
    Element
    + std::ops::Neg<Output = Self>
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Mul<Output = Self>
    + std::ops::Div<Output = Self>
    + PartialOrd
{
    fn with_scratch<R>(len: usize, f: impl FnOnce(&mut [Self]) -> R) -> R;
    fn run(p: &Program, len: usize, x: &[Input<'_, Self>], y: &mut [Output<'_, Self>]) -> Result<()>;
}

macro_rules! number {
    ($($t:ty)*) => {$(
        impl Number for $t {
            #[inline]
            fn with_scratch<R>(len: usize, f: impl FnOnce(&mut [$t]) -> R) -> R {
                thread_local! {
                    static SCRATCH: Cell<Vec<$t>> = const { Cell::new(Vec::new()) };
                }
                if len <= 32 {
                    return f(&mut [0.0; 32][..len]);
                }
                // Taken out while in use, so that a nested call gets its own.
                let mut scratch = SCRATCH.take();
                if scratch.len() < len {
                    scratch.resize(len, 0.0);
                }
                let r = f(&mut scratch[..len]);
                SCRATCH.set(scratch);
                r
            }
            fn run(p: &Program, len: usize, x: &[Input<'_, $t>], y: &mut [Output<'_, $t>]) -> Result<()> {
                Ok(p.run(len, x, y)?)
            }
        }
    )*};
}
number!(f32 f64);

impl Op for Fused {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        if x.len() != self.inputs.len() || x.iter().zip(&self.inputs).any(|(a, b)| *a != b) {
            return Err(Error::shape(format!("fused: expected inputs {:?}, found {x:?}", self.inputs)));
        }
        let shape = |o: &Out| o.closing.as_ref().map_or(&self.shape, |(_, s)| s).clone();
        Ok(self.outputs.iter().map(|o| Spec::new(o.dtype, shape(o))).collect())
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        match self.dtype {
            DType::F32 => self.run::<f32>(x, y),
            _ => self.run::<f64>(x, y),
        }
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn differentiable(&self) -> bool {
        false
    }
}

impl Attributes for Fused {
    fn attrs(&self) -> Option<Vec<Attr>> {
        Some(crate::fused_attrs::write(self))
    }
    fn boxed(&self) -> Box<dyn Op> {
        Box::new(self.clone())
    }
}

impl Fused {
    /// The registry entry.
    pub const DEF: OpDef = OpDef {
        name: Fused::NAME,
        load: |attrs| {
            let op = crate::fused_attrs::read(attrs).ok_or_else(|| OpDef::misfit(Fused::NAME, attrs))?;
            Ok(Box::new(op))
        },
    };
}
