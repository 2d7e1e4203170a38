//! The gradient of a fused activation, from the value it gave.

use crate::dtype::{DType, Element};
use crate::elementwise::narrow;
use crate::gemm::Activation;
use crate::split;
use crate::vector::{self, Body};

struct Grad<'a, T> {
    activation: Activation,
    dy: &'a [T],
    y: &'a [T],
    dx: &'a mut [T],
}

impl<T: Element + PartialOrd> Body for Grad<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let Grad { activation, dy, y, dx } = self;
        let n = dx.len();
        let (dy, y) = (&dy[..n], &y[..n]);
        match activation {
            Activation::None => dx.copy_from_slice(dy),
            Activation::Relu => {
                for i in 0..n {
                    dx[i] = if y[i] > T::ZERO { dy[i] } else { T::ZERO };
                }
            }
            Activation::Relu6 => {
                let six = T::from_f64(6.0);
                for i in 0..n {
                    dx[i] = if y[i] > T::ZERO && y[i] < six { dy[i] } else { T::ZERO };
                }
            }
            Activation::LeakyRelu(slope) => {
                for i in 0..n {
                    dx[i] =
                        if y[i] > T::ZERO { dy[i] } else { T::from_f64(f64::from(slope) * dy[i].to_f64()) };
                }
            }
            // alpha e^x is y + alpha.
            Activation::Elu(alpha) => {
                let alpha = f64::from(alpha);
                for i in 0..n {
                    let below = T::from_f64(dy[i].to_f64() * (y[i].to_f64() + alpha));
                    dx[i] = if y[i] > T::ZERO { dy[i] } else { below };
                }
            }
            Activation::Sigmoid => {
                for i in 0..n {
                    let s = y[i].to_f64();
                    dx[i] = T::from_f64(dy[i].to_f64() * s * (1.0 - s));
                }
            }
            Activation::Tanh => {
                for i in 0..n {
                    let t = y[i].to_f64();
                    dx[i] = T::from_f64(dy[i].to_f64() * (1.0 - t * t));
                }
            }
            // The sigmoid of x is 1 - e^-y.
            Activation::Softplus => {
                for i in 0..n {
                    dx[i] = T::from_f64(dy[i].to_f64() * -(-y[i].to_f64()).exp_m1());
                }
            }
        }
    }
}

/// Halves by way of f32, so that the loops over them are not compiled twice more.
fn narrow_grad<T: Element>(activation: Activation, dy: &[T], y: &[T], dx: &mut [T]) {
    const TILE: usize = 512;
    let mut wide = [[0.0f32; TILE]; 3];
    for (i, dx) in dx.chunks_mut(TILE).enumerate() {
        let n = dx.len();
        let at = i * TILE..i * TILE + n;
        let [a, b, c] = &mut wide;
        narrow::widen(&dy[at.clone()], &mut a[..n]);
        narrow::widen(&y[at], &mut b[..n]);
        vector::run(Grad { activation, dy: &a[..n], y: &b[..n], dx: &mut c[..n] });
        narrow::round(&c[..n], dx);
    }
}

/// `dx = dy * activation'(x)`, where the derivative is read off `y = activation(x)`.
///
/// Panics when the slices differ in length.
pub fn activation_grad<T: Element + PartialOrd>(activation: Activation, dy: &[T], y: &[T], dx: &mut [T]) {
    assert!(dy.len() == dx.len() && y.len() == dx.len(), "activation_grad: lengths differ");
    split::chunks(dx, split::piece(0.2), |start, dx| {
        let at = start..start + dx.len();
        let (dy, y) = (&dy[at.clone()], &y[at]);
        match T::DTYPE {
            DType::F16 | DType::BF16 => narrow_grad(activation, dy, y, dx),
            _ => vector::run(Grad { activation, dy, y, dx }),
        }
    });
}
