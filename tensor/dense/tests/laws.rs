//! Laws of dense tensors over random shapes: parts equal copies, broadcasting is what its definition says, and shape
//! arithmetic agrees with big integers or errs.

use gradus_tensor::ops::{self, Index, PadMode};
use gradus_tensor::{DType, Op, Shape, Spec, Tensor};
use proptest::prelude::*;

/// Distinct numbers of that shape.
fn numbered(shape: &[usize]) -> Tensor {
    let n: usize = shape.iter().product();
    Tensor::from_vec((0..n as i64).collect(), shape).unwrap()
}

fn shapes(max_rank: usize) -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0usize..5, 0..=max_rank)
}

fn full_shapes(max_rank: usize) -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1usize..5, 1..=max_rank)
}

/// Every multi-index of a shape in row-major order.
fn positions(shape: &[usize]) -> Vec<Vec<usize>> {
    let mut all = vec![vec![]];
    for &n in shape {
        all = all.iter().flat_map(|p| (0..n).map(move |i| [&p[..], &[i]].concat())).collect();
    }
    all
}

/// The element at a position, where axes of size 1 stretch and missing ones in front do not count.
fn stretched(t: &Tensor, position: &[usize]) -> i64 {
    let dims = t.shape().dims();
    let own = &position[position.len() - dims.len()..];
    let at = dims.iter().zip(own).fold(0, |at, (&n, &i)| at * n + if n == 1 { 0 } else { i });
    t.to_vec::<i64>().unwrap()[at]
}

/// What Python's `range(n)[begin:end:step]` gives.
fn python_slice(n: usize, begin: Option<isize>, end: Option<isize>, step: isize) -> Vec<usize> {
    let n = n as isize;
    let (low, high) = if step > 0 { (0, n) } else { (-1, n - 1) };
    let fix = |v: isize| (if v < 0 { v + n } else { v }).clamp(low, high);
    let mut at = begin.map_or(if step > 0 { low } else { high }, fix);
    let end = end.map_or(if step > 0 { high } else { low }, fix);
    let mut out = Vec::new();
    while (step > 0 && at < end) || (step < 0 && at > end) {
        out.push(at as usize);
        at += step;
    }
    out
}

proptest! {
    #[test]
    fn a_part_that_shares_storage_behaves_as_its_copy(shape in full_shapes(4), row in 0usize..5) {
        let t = numbered(&shape);
        let row = row % shape[0];
        let shared = t.slice([Index::At(row as isize)]).unwrap();
        let flat = shared.flatten().unwrap();
        let copy = flat.deep_copy();
        prop_assert!(!copy.shares_storage(&flat));
        let n = flat.len();
        let want: Vec<i64> = (row * n..(row + 1) * n).map(|i| i as i64).collect();
        prop_assert_eq!(&copy.to_vec::<i64>().unwrap(), &want);
        let functions: [(&str, fn(&Tensor) -> gradus_tensor::Result<Tensor>); 9] = [
            ("itself", |t| Ok(t.clone())),
            ("neg", |t| t.neg()),
            ("cast", |t| t.cast(DType::F32)),
            ("sum", |t| t.reduce_sum((), false)),
            ("add", |t| t.add(t)),
            ("cumsum", |t| t.cumsum(0, false, false)),
            ("concat", |t| Tensor::concat(&[t, t], 0)),
            ("reverse", |t| t.reverse(&[0])),
            ("bytes", |t| Tensor::from_bytes(t.dtype(), t.shape().clone(), &t.to_bytes()?)),
        ];
        for (name, f) in functions {
            prop_assert_eq!(f(&flat).unwrap().to_bytes().unwrap(), f(&copy).unwrap().to_bytes().unwrap(), "{}", name);
        }
    }

    #[test]
    fn slices_are_pythons(
        shape in full_shapes(3),
        items in prop::collection::vec((prop::option::of(-6isize..7), prop::option::of(-6isize..7), 1isize..4, any::<bool>()), 3),
    ) {
        let t = numbered(&shape);
        let parts: Vec<_> = items.iter().map(|&(b, e, s, back)| (b, e, if back { -s } else { s })).collect();
        let index: Vec<Index> =
            shape.iter().zip(&parts).map(|(_, &(begin, end, step))| Index::Range { begin, end, step }).collect();
        let picked: Vec<Vec<usize>> =
            shape.iter().zip(&parts).map(|(&n, &(b, e, s))| python_slice(n, b, e, s)).collect();
        let y = t.slice(&index).unwrap();
        let sizes: Vec<usize> = picked.iter().map(Vec::len).collect();
        prop_assert_eq!(y.shape().dims(), &sizes[..]);
        let want: Vec<i64> = positions(&sizes)
            .iter()
            .map(|p| stretched(&t, &p.iter().zip(&picked).map(|(&i, picked)| picked[i]).collect::<Vec<_>>()))
            .collect();
        // A size of 1 stretches in `stretched`, where index 0 is the only one.
        prop_assert_eq!(y.to_vec::<i64>().unwrap(), want);
    }

    #[test]
    fn reshapes_and_transposes_come_back(shape in shapes(4), turn in 0usize..24) {
        let t = numbered(&shape);
        prop_assert_eq!(t.flatten().unwrap().reshape(&shape).unwrap().to_vec::<i64>().unwrap(), t.to_vec::<i64>().unwrap());
        // The `turn`-th order of the axes.
        let (mut rest, mut perm, mut k) = ((0..shape.len()).collect::<Vec<_>>(), Vec::new(), turn);
        while !rest.is_empty() {
            perm.push(rest.remove(k % rest.len()));
            k /= rest.len() + 1;
        }
        let y = t.transpose(&perm).unwrap();
        let mut back = vec![0; perm.len()];
        perm.iter().enumerate().for_each(|(i, &p)| back[p] = i);
        for (p, found) in positions(y.shape().dims()).iter().zip(y.to_vec::<i64>().unwrap()) {
            let from: Vec<usize> = back.iter().map(|&b| p[b]).collect();
            prop_assert_eq!(found, stretched(&t, &from));
        }
        prop_assert_eq!(y.transpose(&back).unwrap().to_vec::<i64>().unwrap(), t.to_vec::<i64>().unwrap());
    }

    #[test]
    fn parts_make_up_the_whole(shape in full_shapes(3), axis in 0usize..3, cut in 0usize..5) {
        let t = numbered(&shape);
        let axis = axis % shape.len();
        let cut = cut.min(shape[axis]);
        let parts = t.split_sizes(&[cut, shape[axis] - cut], axis as isize).unwrap();
        let joined = Tensor::concat(&[&parts[0], &parts[1]], axis as isize).unwrap();
        prop_assert_eq!(joined.to_vec::<i64>().unwrap(), t.to_vec::<i64>().unwrap());
        let unstacked = t.unstack(axis as isize).unwrap();
        let stacked = Tensor::stack(&unstacked.iter().collect::<Vec<_>>(), axis as isize).unwrap();
        prop_assert_eq!(stacked.to_vec::<i64>().unwrap(), t.to_vec::<i64>().unwrap());
        let mut paddings = vec![(0, 0); shape.len()];
        paddings[axis] = (cut, 1);
        let padded = t.pad(&paddings, PadMode::Constant(-1.0)).unwrap();
        let mut index = vec![Index::Range { begin: None, end: None, step: 1 }; shape.len()];
        index[axis] = Index::Range { begin: Some(cut as isize), end: Some(-1), step: 1 };
        prop_assert_eq!(padded.slice(&index).unwrap().to_vec::<i64>().unwrap(), t.to_vec::<i64>().unwrap());
    }

    #[test]
    fn broadcasting_is_stretching(whole in shapes(4), ones in any::<[u8; 2]>(), cut in any::<[u8; 2]>()) {
        // Two shapes that stretch to (at most) `whole`: some sizes 1, some leading axes gone.
        let pick = |k: usize| -> Vec<usize> {
            let dims = whole.iter().enumerate().map(|(i, &n)| if ones[k] >> i & 1 == 1 { 1 } else { n });
            dims.skip(usize::from(cut[k]) % (whole.len() + 1)).collect()
        };
        let (a, b) = (numbered(&pick(0)), numbered(&pick(1)).add(&Tensor::scalar(1000i64)).unwrap());
        let shape = a.shape().broadcast(b.shape()).unwrap();
        let y = a.sub(&b).unwrap();
        prop_assert_eq!(y.shape(), &shape);
        let want: Vec<i64> =
            positions(shape.dims()).iter().map(|p| stretched(&a, p) - stretched(&b, p)).collect();
        prop_assert_eq!(&y.to_vec::<i64>().unwrap(), &want);
        let (wide_a, wide_b) = (a.broadcast_to(shape.clone()).unwrap(), b.broadcast_to(shape.clone()).unwrap());
        prop_assert_eq!(&wide_a.sub(&wide_b).unwrap().to_vec::<i64>().unwrap(), &want);
        prop_assert_eq!(a.add(&b).unwrap().to_vec::<i64>().unwrap(), b.add(&a).unwrap().to_vec::<i64>().unwrap());
        let larger = a.less(&b).unwrap().select(&b, &a).unwrap();
        prop_assert_eq!(larger.to_vec::<i64>().unwrap(), a.maximum(&b).unwrap().to_vec::<i64>().unwrap());
    }

    #[test]
    fn broadcasting_of_shapes_is_symmetric_and_associative(a in shapes(3), b in shapes(3), c in shapes(3)) {
        let (a, b, c) = (Shape::from(a), Shape::from(b), Shape::from(c));
        prop_assert_eq!(a.broadcast(&b).ok(), b.broadcast(&a).ok());
        prop_assert_eq!(a.broadcast(&Shape::scalar()).ok(), Some(a.clone()));
        let left = a.broadcast(&b).and_then(|s| s.broadcast(&c)).ok();
        prop_assert_eq!(left, b.broadcast(&c).and_then(|s| a.broadcast(&s)).ok());
    }
}

/// Sizes at which arithmetic goes wrong.
fn edges() -> impl Strategy<Value = usize> {
    prop::sample::select(vec![
        0,
        1,
        2,
        3,
        (1 << 31) - 1,
        1 << 31,
        (1 << 32) + 1,
        (1 << 63) - 1,
        1 << 63,
        usize::MAX - 1,
        usize::MAX,
    ])
}

fn edge_shapes() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(edges(), 0..4)
}

/// The product in 512 bits: eight factors of 64 bits fit.
fn elements(dims: &[usize]) -> Vec<u64> {
    let mut limbs = vec![0u64; 8];
    limbs[0] = 1;
    for &d in dims {
        let mut carry = 0u128;
        for l in &mut limbs {
            carry += u128::from(*l) * d as u128;
            *l = carry as u64;
            carry >>= 64;
        }
    }
    limbs
}

fn as_limbs(n: usize) -> Vec<u64> {
    let mut limbs = vec![0u64; 8];
    limbs[0] = n as u64;
    limbs
}

/// A spec that a tensor can have, without the tensor.
fn possible(dims: &[usize]) -> Option<Spec> {
    let spec = Spec::new(DType::F32, dims);
    spec.shape.checked_len().is_ok().then_some(spec)
}

/// An inferred shape must be one that a tensor can have, and the given one.
fn check(op: &dyn Op, x: &[&Spec], want: impl FnOnce() -> Vec<u128>) -> Result<(), TestCaseError> {
    if let Ok(found) = op.infer(x) {
        for spec in &found {
            let len = spec.shape.checked_len();
            prop_assert!(len.is_ok(), "{:?} of {:?} infers {}", op, x, spec);
            prop_assert_eq!(spec.len(), len.unwrap());
        }
        let dims: Vec<u128> = found[0].shape.iter().map(|&d| d as u128).collect();
        prop_assert_eq!(dims, want(), "{:?} of {:?}", op, x);
    }
    Ok(())
}

fn wide(dims: &[usize]) -> Vec<u128> {
    dims.iter().map(|&d| d as u128).collect()
}

proptest! {
    #[test]
    fn lengths_agree_with_big_integers(dims in edge_shapes()) {
        let shape = Shape::from(dims.clone());
        if let Ok(n) = shape.checked_len() {
            prop_assert_eq!(as_limbs(n), elements(&dims));
            prop_assert_eq!(shape.num_elements(), n);
            prop_assert_eq!(shape.strides().len(), dims.len());
            for axis in 0..dims.len() {
                let (before, at, after) = shape.around(axis);
                prop_assert_eq!((elements(&[before, at, after]), at), (elements(&dims), dims[axis]));
            }
        } else {
            prop_assert!(elements(&dims)[0] > 1 << 42 || elements(&dims)[1..].iter().any(|&l| l > 0) || dims.contains(&0));
        }
    }

    #[test]
    fn inferred_shapes_agree_with_big_integers(
        a in edge_shapes(), b in edge_shapes(), axis in 0usize..3, n in edges(), before in edges(), after in edges(),
    ) {
        let (Some(x), Some(y)) = (possible(&a), possible(&b)) else { return Ok(()) };
        check(&ops::Add {}, &[&x, &y], || wide(x.shape.broadcast(&y.shape).unwrap().dims()))?;
        check(&ops::BroadcastTo { shape: y.shape.clone() }, &[&x], || wide(&b))?;
        check(&ops::Reshape { shape: y.shape.clone() }, &[&x], || wide(&b))?;
        check(&ops::Fill { shape: Shape::from(a.clone()), dtype: DType::F32, value: 0.0 }, &[], || wide(&a))?;
        check(&ops::Concat { axis }, &[&x, &x, &y], || {
            let mut d = wide(&a);
            d[axis] = 2 * d[axis] + b[axis] as u128;
            d
        })?;
        check(&ops::MatMul { transpose_a: false, transpose_b: false }, &[&x, &y], || {
            let batch = Shape::new(&a[..a.len() - 2]).broadcast(&Shape::new(&b[..b.len() - 2])).unwrap();
            [wide(&batch), vec![a[a.len() - 2] as u128, b[b.len() - 1] as u128]].concat()
        })?;
        let index = Spec::new(DType::I64, b.clone());
        check(&ops::Gather { axis, batch_dims: 0 }, &[&x, &index], || {
            [wide(&a[..axis]), wide(&b), wide(&a[axis + 1..])].concat()
        })?;
        let at = axis.min(b.len());
        check(&ops::OneHot { depth: n, axis: at, dtype: DType::F32, on: 1.0, off: 0.0 }, &[&index], || {
            let mut d = wide(&b);
            d.insert(at, n as u128);
            d
        })?;
        let paddings = vec![(before, after); a.len()];
        let padded: Vec<usize> =
            a.iter().map(|&d| d.wrapping_add(before).wrapping_add(after)).collect();
        let fits = a.iter().all(|&d| d as u128 + before as u128 + after as u128 <= usize::MAX as u128);
        let unslice = ops::Unslice {
            shape: Shape::from(padded),
            begin: paddings.iter().map(|p| p.0).collect(),
            step: vec![1; a.len()],
            fill: 0.0,
        };
        if fits {
            check(&unslice, &[&x], || a.iter().map(|&d| d as u128 + before as u128 + after as u128).collect())?;
        }
        // Too large for any memory, so that nothing is allocated.
        let too_many = |dims: &[usize]| elements(dims)[1..].iter().any(|&l| l > 0) || elements(dims)[0] > 1 << 42;
        let one = Tensor::ones(vec![1; a.len()], DType::U8).unwrap();
        if too_many(&a) {
            prop_assert!(Tensor::zeros(a.clone(), DType::Bool).is_err());
            prop_assert!(one.broadcast_to(a.clone()).is_err());
            prop_assert!(one.tile(&a).is_err());
            prop_assert!(Tensor::from_vec(vec![0u8], a.clone()).is_err());
            prop_assert!(Tensor::from_bytes(DType::U8, a.clone(), &[0]).is_err());
        }
        for (before, after) in [(before, after), (after, before)] {
            if before as u128 + after as u128 > 1 << 42 {
                let pads = [(before, after)];
                for mode in [PadMode::Constant(1.0), PadMode::Reflect, PadMode::Symmetric] {
                    prop_assert!(Tensor::ones([1], DType::U8).unwrap().pad(&pads, mode).is_err());
                }
            }
        }
        if n > 1 << 42 {
            let v = Tensor::ones([2], DType::U8).unwrap();
            prop_assert!(v.repeat(n, 0).is_err());
            prop_assert!(v.repeat_each(&[n, 1], 0).is_err());
            prop_assert!(v.diag(n as isize).is_err() || (n as isize).unsigned_abs() < 1 << 21);
            prop_assert!(Tensor::eye(n, 2, DType::U8).is_err());
            prop_assert!(v.cast(DType::I64).unwrap().one_hot(n).is_err());
            let _ = v.roll(n as isize, 0).unwrap();
            let _ = v.reshape_infer(&[n as isize, -1]).is_err();
            prop_assert!(v.reshape([n, 2]).is_err());
            prop_assert!(v.slice([Index::At(n as isize)]).is_err() || (n as isize) >= -2);
        }
    }
}

#[test]
fn what_memory_cannot_hold_is_an_error() {
    // Within the bounds of shape arithmetic, above what a machine has; where the system promises it, nothing is touched.
    for shape in [[1usize << 21, 1 << 21], [1, 1 << 42]] {
        if let Err(e) = Tensor::build(Spec::new(DType::C128, shape), |_| Ok(())) {
            assert!(e.to_string().contains("memory"), "{e}");
        }
    }
}
