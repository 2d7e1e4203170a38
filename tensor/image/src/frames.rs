//! How a tensor is read as one image or a batch of images.

use gradus_tensor::{Error, Result, Shape, Tensor};

/// The sizes of `[batch, height, width, channels]`; a single image is a batch of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frames {
    pub batch: usize,
    pub height: usize,
    pub width: usize,
    pub channels: usize,
    /// Whether the tensor has the batch axis.
    pub batched: bool,
}

impl Frames {
    /// The sizes of a shape of rank 3 or 4; anything else is an error in the operation's name.
    pub fn of_shape(op: &str, shape: &Shape) -> Result<Frames> {
        match *shape.dims() {
            [height, width, channels] => Ok(Frames { batch: 1, height, width, channels, batched: false }),
            [batch, height, width, channels] => Ok(Frames { batch, height, width, channels, batched: true }),
            _ => Err(Error::shape(format!(
                "{op}: expected an image [height, width, channels] or a batch of them, found shape {shape}"
            ))),
        }
    }

    /// The sizes of a tensor.
    pub fn of(op: &str, images: &Tensor) -> Result<Frames> {
        Frames::of_shape(op, images.shape())
    }

    /// The axes of height and width.
    pub fn axes(&self) -> [usize; 2] {
        let first = usize::from(self.batched);
        [first, first + 1]
    }

    /// The same frames with another size.
    pub fn shape(&self, height: usize, width: usize, channels: usize) -> Shape {
        if self.batched {
            Shape::from([self.batch, height, width, channels])
        } else {
            Shape::from([height, width, channels])
        }
    }

    /// Elements of one image.
    pub fn size(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// The error for anything but `n` channels.
    pub fn expect_channels(&self, op: &str, n: usize) -> Result<()> {
        if self.channels == n {
            return Ok(());
        }
        Err(Error::shape(format!("{op}: expected {n} channels in the last axis, found {}", self.channels)))
    }
}
