//! The gradient of a fused activation, from the value it gave.

use crate::dtype::Element;
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

/// `dx = dy * activation'(x)`, where the derivative is read off `y = activation(x)`.
///
/// Panics when the slices differ in length.
pub fn activation_grad<T: Element + PartialOrd>(activation: Activation, dy: &[T], y: &[T], dx: &mut [T]) {
    assert!(dy.len() == dx.len() && y.len() == dx.len(), "activation_grad: lengths differ");
    split::chunks(dx, split::piece(0.2), |start, dx| {
        let at = start..start + dx.len();
        vector::run(Grad { activation, dy: &dy[at.clone()], y: &y[at], dx });
    });
}
