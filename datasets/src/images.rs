//! Images and labels as plain arrays of bytes.

use crate::error::{Error, ErrorKind, Result};
use crate::source::Source;

/// Pixels of equally large images, row-major, one byte each.
#[derive(Clone, PartialEq, Eq)]
pub struct Images {
    /// The pixels, as long as the product of `shape`.
    pub data: Vec<u8>,
    /// `[images, height, width]` for grey images, `[images, height, width, 3]` for colour ones (red, green, blue).
    pub shape: Vec<usize>,
}

impl Images {
    /// How many images there are.
    pub fn len(&self) -> usize {
        self.shape.first().copied().unwrap_or(0)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of one image.
    pub fn image_size(&self) -> usize {
        self.shape.iter().skip(1).product()
    }

    /// The pixels of one image, or `None` past the last one.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let size = self.image_size();
        let start = index.checked_mul(size)?;
        (index < self.len()).then(|| &self.data[start..start + size])
    }
}

// A derived Debug would print 47 million numbers.
impl std::fmt::Debug for Images {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Images").field("shape", &self.shape).finish_non_exhaustive()
    }
}

/// Images with one class number each.
#[derive(Clone, PartialEq, Eq)]
pub struct LabeledImages {
    /// The images.
    pub images: Images,
    /// The class of each image, below `class_names.len()`.
    pub labels: Vec<u8>,
    /// What the class numbers mean.
    pub class_names: &'static [&'static str],
}

impl LabeledImages {
    /// How many images there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The first `count` images and labels, or all when there are fewer.
    pub fn take(&self, count: usize) -> LabeledImages {
        let count = count.min(self.len());
        let mut shape = self.images.shape.clone();
        if let Some(first) = shape.first_mut() {
            *first = count;
        }
        LabeledImages {
            images: Images { data: self.images.data[..count * self.images.image_size()].to_vec(), shape },
            labels: self.labels[..count].to_vec(),
            class_names: self.class_names,
        }
    }

    /// Joins images and labels after checking that they belong together; `place` names them in errors.
    pub(crate) fn checked(
        images: Images,
        labels: Vec<u8>,
        class_names: &'static [&'static str],
        place: &str,
    ) -> Result<LabeledImages> {
        if images.len() != labels.len() {
            return Err(Error::corrupt(
                place,
                format!("a label for each of {} images", images.len()),
                labels.len(),
            ));
        }
        if let Some(index) = labels.iter().position(|&label| usize::from(label) >= class_names.len()) {
            let expected = format!("labels below {}", class_names.len());
            return Err(Error::corrupt(place, expected, format!("{} at index {index}", labels[index])));
        }
        if labels.is_empty() {
            return Err(Error::new(ErrorKind::Corrupt, format!("{place}: expected images, found none")));
        }
        Ok(LabeledImages { images, labels, class_names })
    }
}

impl std::fmt::Debug for LabeledImages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LabeledImages").field("images", &self.images).finish_non_exhaustive()
    }
}

/// A training set and a test set of labelled images, with where they came from.
#[derive(Clone, Debug)]
pub struct ImageDataset {
    /// The images to learn from.
    pub train: LabeledImages,
    /// The images to be judged by.
    pub test: LabeledImages,
    /// Where the files were found; print it, so that nobody takes a sample for the whole.
    pub source: Source,
    /// What the class numbers mean.
    pub class_names: &'static [&'static str],
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(count: usize) -> Images {
        Images { data: (0..count as u8 * 4).collect(), shape: vec![count, 2, 2] }
    }

    #[test]
    fn gives_one_image() {
        let three = images(3);
        let cases: [(usize, Option<&[u8]>); 4] =
            [(0, Some(&[0, 1, 2, 3])), (2, Some(&[8, 9, 10, 11])), (3, None), (usize::MAX, None)];
        for (index, expected) in cases {
            assert_eq!(three.get(index), expected, "image {index}");
        }
    }

    #[test]
    fn checks_that_labels_belong_to_images() {
        const NAMES: &[&str] = &["a", "b"];
        let cases: [(usize, &[u8], Option<&str>); 4] = [
            (2, &[0, 1], None),
            (2, &[0], Some("x: expected a label for each of 2 images, found 1")),
            (3, &[0, 1, 2], Some("x: expected labels below 2, found 2 at index 2")),
            (0, &[], Some("x: expected images, found none")),
        ];
        for (count, labels, expected) in cases {
            let found = LabeledImages::checked(images(count), labels.to_vec(), NAMES, "x")
                .err()
                .map(|e| e.to_string());
            assert_eq!(found.as_deref(), expected, "{count} images, labels {labels:?}");
        }
    }

    #[test]
    fn takes_the_first_ones() {
        let all = LabeledImages::checked(images(3), vec![0, 1, 0], &["a", "b"], "x").unwrap();
        assert_eq!(all.take(2).images.shape, [2, 2, 2]);
        assert_eq!(all.take(2).labels, [0, 1]);
        assert_eq!(all.take(9), all);
    }
}
