//! Four idx files, training images and labels and test images and labels, as one data set.

use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::idx::{self, Idx};
use crate::images::{Images, LabeledImages};

const SIDE: usize = 28;

/// Reads the four files of MNIST or Fashion-MNIST: training images, their labels, test images, their labels.
///
/// # Errors
/// One line naming the file: what the idx reader refuses, images of another size than 28 x 28, labels that do not
/// fit the images or the classes.
pub(crate) fn read(paths: &[PathBuf], class_names: &'static [&'static str]) -> Result<[LabeledImages; 2]> {
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    join(|index| idx::read_file(&paths[index]), &names, class_names)
}

/// The same from memory.
#[cfg(feature = "sample")]
pub(crate) fn parse(files: &[&[u8]; 4], class_names: &'static [&'static str]) -> Result<[LabeledImages; 2]> {
    let names: Vec<String> = (0..4).map(|index| format!("bundled file {index}")).collect();
    join(|index| idx::parse(files[index], &names[index]), &names, class_names)
}

fn join(
    file: impl Fn(usize) -> Result<Idx>,
    names: &[String],
    class_names: &'static [&'static str],
) -> Result<[LabeledImages; 2]> {
    let set = |images: usize, labels: usize| {
        let pixels = to_images(file(images)?, &names[images])?;
        let (shape, classes) = file(labels)?.into_u8(&names[labels])?;
        match shape[..] {
            [_] => LabeledImages::checked(pixels, classes, class_names, &names[labels]),
            _ => Err(Error::corrupt(
                &names[labels],
                "labels of the shape [images]",
                format!("the shape {shape:?}"),
            )),
        }
    };
    Ok([set(0, 1)?, set(2, 3)?])
}

fn to_images(idx: Idx, place: &str) -> Result<Images> {
    let (shape, data) = idx.into_u8(place)?;
    match shape[..] {
        [_, SIDE, SIDE] => Ok(Images { data, shape }),
        _ => Err(Error::corrupt(
            place,
            format!("images of the shape [images, {SIDE}, {SIDE}]"),
            format!("{shape:?}"),
        )),
    }
}
