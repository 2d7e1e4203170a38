//! Measures of likeness, and differences between pixels.

use gradus_image as image;
use gradus_image::{MultiScale, Ssim};

use super::color::plain;
use crate::area::bind::take;
use crate::golden::Attrs;
use crate::registry::{ConformanceError, Registry};

pub fn register(r: &mut Registry) {
    plain!(r:
        "tf.image.total_variation" => image::total_variation,
        "tf.image.sobel_edges" => image::sobel_edges,
    );
    r.op("tf.image.image_gradients", |x, _| {
        let [x] = take(x)?;
        let (dy, dx) = image::image_gradients(x)?;
        Ok(vec![dy, dx])
    });
    r.op("tf.image.psnr", |x, a| {
        let [x, y] = take(x)?;
        Ok(vec![image::psnr(x, y, a.f64("max_val")?)?])
    });
    r.op("tf.image.ssim", |x, a| {
        let [x, y] = take(x)?;
        Ok(vec![image::ssim(x, y, a.f64("max_val")?, window(a)?)?])
    });
    r.op("tf.image.ssim_multiscale", |x, a| {
        let [x, y] = take(x)?;
        let mut options = MultiScale { window: window(a)?, ..MultiScale::default() };
        if a.has("power_factors") {
            options.power_factors = a.f64s("power_factors")?;
        }
        Ok(vec![image::ssim_multiscale(x, y, a.f64("max_val")?, &options)?])
    });
}

fn window(a: &Attrs<'_>) -> Result<Ssim, ConformanceError> {
    let d = Ssim::default();
    Ok(Ssim {
        filter_size: a.usize_or("filter_size", d.filter_size)?,
        filter_sigma: a.f64_or("filter_sigma", d.filter_sigma)?,
        k1: a.f64_or("k1", d.k1)?,
        k2: a.f64_or("k2", d.k2)?,
    })
}
