//! CIFAR-100: 60,000 colour images of 32 x 32 pixels in 100 classes of 20 groups.
//!
//! ```no_run
//! use gradus_datasets::cifar100::{LabelMode, Loader};
//!
//! let data = Loader::new().label_mode(LabelMode::Coarse).load()?;
//! assert_eq!(data.class_names.len(), 20);
//! # Ok::<(), gradus_datasets::Error>(())
//! ```
//!
//! Alex Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.

use crate::catalog::CIFAR100;
use crate::cifar::{self, Layout};
use crate::error::Result;
use crate::images::ImageDataset;
use crate::lookup::{Lookup, lookup_options};

/// What the fine labels 0 to 99 mean.
pub const FINE_NAMES: &[&str; 100] = &[
    "apple",
    "aquarium_fish",
    "baby",
    "bear",
    "beaver",
    "bed",
    "bee",
    "beetle",
    "bicycle",
    "bottle",
    "bowl",
    "boy",
    "bridge",
    "bus",
    "butterfly",
    "camel",
    "can",
    "castle",
    "caterpillar",
    "cattle",
    "chair",
    "chimpanzee",
    "clock",
    "cloud",
    "cockroach",
    "couch",
    "crab",
    "crocodile",
    "cup",
    "dinosaur",
    "dolphin",
    "elephant",
    "flatfish",
    "forest",
    "fox",
    "girl",
    "hamster",
    "house",
    "kangaroo",
    "keyboard",
    "lamp",
    "lawn_mower",
    "leopard",
    "lion",
    "lizard",
    "lobster",
    "man",
    "maple_tree",
    "motorcycle",
    "mountain",
    "mouse",
    "mushroom",
    "oak_tree",
    "orange",
    "orchid",
    "otter",
    "palm_tree",
    "pear",
    "pickup_truck",
    "pine_tree",
    "plain",
    "plate",
    "poppy",
    "porcupine",
    "possum",
    "rabbit",
    "raccoon",
    "ray",
    "road",
    "rocket",
    "rose",
    "sea",
    "seal",
    "shark",
    "shrew",
    "skunk",
    "skyscraper",
    "snail",
    "snake",
    "spider",
    "squirrel",
    "streetcar",
    "sunflower",
    "sweet_pepper",
    "table",
    "tank",
    "telephone",
    "television",
    "tiger",
    "tractor",
    "train",
    "trout",
    "tulip",
    "turtle",
    "wardrobe",
    "whale",
    "willow_tree",
    "wolf",
    "woman",
    "worm",
];

/// What the coarse labels 0 to 19 mean.
pub const COARSE_NAMES: &[&str; 20] = &[
    "aquatic_mammals",
    "fish",
    "flowers",
    "food_containers",
    "fruit_and_vegetables",
    "household_electrical_devices",
    "household_furniture",
    "insects",
    "large_carnivores",
    "large_man-made_outdoor_things",
    "large_natural_outdoor_scenes",
    "large_omnivores_and_herbivores",
    "medium_mammals",
    "non-insect_invertebrates",
    "people",
    "reptiles",
    "small_mammals",
    "trees",
    "vehicles_1",
    "vehicles_2",
];

/// Which of its two labels an image gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LabelMode {
    /// One of 100 classes.
    #[default]
    Fine,
    /// One of 20 groups.
    Coarse,
}

/// Loads CIFAR-100 with fine labels from the first place that has it; see [`Lookup`].
///
/// # Errors
/// As [`Loader::load`].
pub fn load() -> Result<ImageDataset> {
    Loader::new().load()
}

/// Options of loading CIFAR-100.
#[derive(Clone, Debug, Default)]
pub struct Loader {
    lookup: Lookup,
    label_mode: LabelMode,
}

lookup_options!(Loader);

impl Loader {
    /// The default options.
    pub fn new() -> Loader {
        Loader::default()
    }

    /// Which labels to load. Default: [`LabelMode::Fine`].
    pub fn label_mode(mut self, label_mode: LabelMode) -> Loader {
        self.label_mode = label_mode;
        self
    }

    /// Loads the images: training `[50000, 32, 32, 3]`, test `[10000, 32, 32, 3]`. The archive is unpacked into the
    /// cache once.
    ///
    /// # Errors
    /// One line with file, expected and found: an archive that is nowhere, damaged, or another; files of another
    /// size; a cache that cannot be written.
    pub fn load(&self) -> Result<ImageDataset> {
        let (folder, source) =
            cifar::folder(&self.lookup, &CIFAR100, "cifar-100-binary", &["train.bin", "test.bin"])?;
        let (layout, class_names): (_, &'static [&'static str]) = match self.label_mode {
            LabelMode::Coarse => (Layout { labels: 2, label: 0 }, COARSE_NAMES),
            LabelMode::Fine => (Layout { labels: 2, label: 1 }, FINE_NAMES),
        };
        let train = cifar::read(&[folder.join("train.bin")], layout, class_names)?;
        let test = cifar::read(&[folder.join("test.bin")], layout, class_names)?;
        Ok(ImageDataset { train, test, source, class_names })
    }
}
