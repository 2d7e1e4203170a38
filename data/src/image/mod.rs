//! Images as elements (feature `image`): folders of image files, augmentation stages, Keras's generator.
//!
//! ```no_run
//! use gradus_data::image::{ImageFolder, augment::{RandomFlip, RandomRotation, Rescaling, Sequence}};
//! use gradus_data::Subset;
//! # fn main() -> Result<(), gradus_data::DataError> {
//! let folder = ImageFolder::new("flower_photos").image_size(180, 180).validation_split(0.2).seed(123);
//! let train = folder.clone().load(Subset::Training)?;
//! let augment = Sequence::new().add(RandomFlip::horizontal()).add(RandomRotation::new(0.1)).add(Rescaling::new(1.0 / 255.0));
//! for batch in &train.dataset.augment(2, 123, augment) {
//!     let (images, labels) = batch?;
//!     println!("{} {}", images.shape(), labels.shape());
//! }
//! # Ok(()) }
//! ```

mod augment_stage;
mod folder;
mod generator;
mod load;
mod standardization;

pub use augment_stage::Images;
pub use folder::{ColorMode, ImageDataset, ImageFolder, LabelMode};
pub use generator::{ClassMode, DataGenerator, Flow, ShiftRange, ZoomRange};
pub use gradus_image::augment;
pub use gradus_image::{Limits, Method};
pub use load::LoadImage;
