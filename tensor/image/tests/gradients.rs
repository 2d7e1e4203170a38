//! Gradients of the linear operations are their transposes: `<A x, u> = <x, A' u>` for any x and u; and the gradient of
//! the gradient is the operation again.

use gradus_autograd::GradientTape;
use gradus_image::{
    CropAndResize, Interpolation, Method, Resize, crop_and_resize, resize, rot90, total_variation,
};
use gradus_tensor::{Result, Tensor};

/// Numbers from -1 to 1 that follow from their place.
fn numbers(shape: &[usize], salt: u64) -> Tensor {
    let count: usize = shape.iter().product();
    let value =
        |i: u64| ((i + salt).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f32 / (1u64 << 23) as f32 - 1.0;
    Tensor::from_vec((0..count as u64).map(value).collect(), shape.to_vec()).unwrap()
}

fn inner(a: &Tensor, b: &Tensor) -> f64 {
    let (a, b) = (a.to_f64_vec().unwrap(), b.to_f64_vec().unwrap());
    a.iter().zip(&b).map(|(x, y)| x * y).sum()
}

fn check(name: &str, shape: &[usize], f: impl Fn(&Tensor) -> Result<Tensor>) {
    let x = numbers(shape, 1);
    let outer = GradientTape::watching_nothing();
    let y = f(&x).unwrap();
    let u = numbers(y.shape().dims(), 7);
    outer.watch(&u).unwrap();
    let tape = GradientTape::watching_nothing();
    tape.watch(&x).unwrap();
    let y = f(&x).unwrap();
    let dx = tape.gradient((&y, &u), &x).unwrap();
    let (there, back) = (inner(&y, &u), inner(&x, &dx));
    // Sums of some hundred products of f32 numbers up to one.
    assert!((there - back).abs() < 1e-3, "{name}: <Ax, u> = {there}, <x, A'u> = {back}");
    let v = numbers(shape, 13);
    let again = outer.gradient((&dx, &v), &u).unwrap();
    let wanted = f(&v).unwrap();
    let distance =
        again.sub(&wanted).unwrap().abs().unwrap().reduce_max((), false).unwrap().item::<f32>().unwrap();
    assert!(distance < 1e-4, "{name}: the gradient of the gradient is off by {distance}");
}

#[test]
fn linear_operations() {
    for method in
        ["nearest", "bilinear", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic"]
    {
        let method: Method = method.parse().unwrap();
        for (antialias, size) in [(false, [3, 9]), (true, [3, 4]), (false, [11, 2])] {
            let options = Resize::new(size[0], size[1]).method(method).antialias(antialias);
            check(&format!("resize {method:?} {antialias} {size:?}"), &[2, 6, 5, 3], |x| resize(x, options));
        }
    }
    let boxes = Tensor::new([[0.1f32, 0.2, 0.9, 0.7], [-0.3, 0.0, 1.2, 1.0], [0.9, 0.8, 0.1, 0.2]]).unwrap();
    let of = Tensor::new([1, 0, 1]).unwrap();
    for method in [Interpolation::Bilinear, Interpolation::Nearest] {
        let options = CropAndResize::new(3, 4).method(method);
        check(&format!("crop_and_resize {method:?}"), &[2, 6, 5, 2], |x| {
            crop_and_resize(x, &boxes, &of, options)
        });
    }
    check("rot90", &[4, 5, 2], |x| rot90(x, 1));
}

#[test]
fn total_variation_by_differences() {
    let x = numbers(&[3, 4, 2], 5);
    let tape = GradientTape::watching_nothing();
    tape.watch(&x).unwrap();
    let dx = tape.gradient(total_variation(&x).unwrap(), &x).unwrap().to_f64_vec().unwrap();
    let base = x.to_vec::<f32>().unwrap();
    let step = 1e-3f32;
    let at = |i: usize, d: f32| {
        let mut moved = base.clone();
        moved[i] += d;
        f64::from(
            total_variation(&Tensor::from_vec(moved, [3, 4, 2]).unwrap()).unwrap().item::<f32>().unwrap(),
        )
    };
    for (i, found) in dx.iter().enumerate() {
        let wanted = (at(i, step) - at(i, -step)) / (2.0 * f64::from(step));
        // The sum has some thirty terms up to two: rounding of f32 over a step of a thousandth.
        assert!((found - wanted).abs() < 0.02, "element {i}: {found}, by differences {wanted}");
    }
}
