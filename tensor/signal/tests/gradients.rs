//! Every transform's gradient against finite differences.

use gradus_autograd::GradCheck;
use gradus_signal::{
    DctKind, DctOptions, FrameOptions, StftOptions, Window, dct, fft, frame, ifft, inverse_stft, irfft,
    istft, overlap_and_add, rfft, stft,
};
use gradus_tensor::{Result, Tensor};

fn wave(shape: &[usize]) -> Tensor {
    let n: usize = shape.iter().product();
    let values: Vec<f64> = (0..n).map(|i| (1.7 * i as f64 + 0.3).sin() + 0.1 * i as f64).collect();
    Tensor::from_vec(values, shape).unwrap()
}

/// Real and imaginary parts as two outputs.
fn parts(z: &Tensor) -> Result<Vec<Tensor>> {
    Ok(vec![z.real()?, z.imag()?])
}

#[test]
fn transforms() {
    type Function = fn(&[Tensor]) -> Result<Vec<Tensor>>;
    let table: [(&str, Vec<Tensor>, Function); 12] = [
        ("fft", vec![wave(&[2, 5]), wave(&[2, 5])], |x| parts(&fft(&x[0].complex(&x[1])?)?)),
        ("ifft", vec![wave(&[6]), wave(&[6])], |x| parts(&ifft(&x[0].complex(&x[1])?)?)),
        ("rfft", vec![wave(&[2, 6])], |x| parts(&rfft(&x[0], None)?)),
        ("rfft, padded", vec![wave(&[5])], |x| parts(&rfft(&x[0], Some(8))?)),
        ("rfft, cut", vec![wave(&[9])], |x| parts(&rfft(&x[0], Some(4))?)),
        ("irfft", vec![wave(&[2, 4]), wave(&[2, 4])], |x| {
            Ok(vec![irfft(&x[0].complex(&x[1])?, None)?, irfft(&x[0].complex(&x[1])?, Some(7))?])
        }),
        ("frame", vec![wave(&[7])], |x| {
            Ok(vec![frame(&x[0], FrameOptions { pad_end: Some(0.5), ..FrameOptions::new(4, 3) })?])
        }),
        ("overlap_and_add", vec![wave(&[2, 3, 4])], |x| Ok(vec![overlap_and_add(&x[0], 3)?])),
        ("stft", vec![wave(&[20])], |x| {
            parts(&stft(&x[0], &StftOptions::new(6, 2).window(Window::Hamming).pad_end(true))?)
        }),
        ("istft", vec![wave(&[20])], |x| {
            let options = StftOptions::new(8, 4);
            Ok(vec![istft(&stft(&x[0], &options)?, &options.clone().fft_length(8).window(Window::Hamming))?])
        }),
        ("inverse_stft", vec![wave(&[2, 3]), wave(&[2, 3])], |x| {
            Ok(vec![inverse_stft(&x[0].complex(&x[1])?, &StftOptions::new(6, 2).fft_length(4))?])
        }),
        ("dct", vec![wave(&[2, 5])], |x| {
            [DctKind::One, DctKind::Two, DctKind::Three, DctKind::Four]
                .into_iter()
                .map(|kind| dct(&x[0], DctOptions { ortho: kind != DctKind::One, ..DctOptions::new(kind) }))
                .collect()
        }),
    ];
    for (name, x, f) in table {
        if let Err(e) = GradCheck::default().second_order().run(f, &x) {
            panic!("{name}: {e}");
        }
    }
}

#[test]
fn wrong_input_is_an_error() {
    let x = wave(&[4]);
    let scalar = Tensor::scalar(1.0f64);
    let empty = Tensor::zeros([2, 0], gradus_tensor::DType::F64).unwrap();
    let table = [
        ("a scalar", rfft(&scalar, None)),
        ("nothing", rfft(&empty, None)),
        ("no length", rfft(&x, Some(0))),
        ("too long", rfft(&x, Some(usize::MAX))),
        ("real input", fft(&x)),
        ("one value", irfft(&rfft(&Tensor::new([1.0f64]).unwrap(), None).unwrap(), None)),
        ("step 0", overlap_and_add(&wave(&[2, 2]), 0)),
        ("a far step", overlap_and_add(&wave(&[3, 2]), usize::MAX)),
        ("a long frame", stft(&x, &StftOptions::new(usize::MAX, 1))),
        ("dct of a scalar", dct(&scalar, DctOptions::new(DctKind::Two))),
        (
            "dct of too many",
            dct(&x, DctOptions { length: Some(usize::MAX), ..DctOptions::new(DctKind::Four) }),
        ),
        ("spectra of no frames", inverse_stft(&rfft(&x, None).unwrap(), &StftOptions::new(4, 2))),
    ];
    for (name, found) in table {
        assert!(found.is_err(), "{name}: no error");
    }
}
