//! The native model directory.
//!
//! ```text
//! model.gradus/
//!   saved_model                          architecture, compile settings, metadata, and which parts belong to it
//!   variables/variables-00000007.data    weights and optimizer state
//!   assets/assets-00000007.data          assets, if there are any
//! ```
//!
//! Each is a [sealed file](crate::sealed). A save is a *generation*: it writes its parts under new names that nothing
//! refers to yet, syncs them and their folders, and then replaces `saved_model` by one atomic rename. Before the
//! rename the directory holds the previous model, after it the new one, and at no moment neither. Only then are the
//! parts of the previous generation removed. `std` has no call that exchanges two directories, so this one pointer
//! file is what makes replacing a directory all-or-nothing.
//!
//! The steps of a save, each of which may be the last one that happens:
//!
//! 1. take the lock `.lock` (a kernel lock, gone when its process dies; a second saver gets [`ErrorKind::Locked`]);
//! 2. sync the directory, so that a rename of an earlier save whose sync was cut off is durable before its
//!    predecessor goes, and remove whatever belongs to no saved generation;
//! 3. write and sync the parts, sync `variables/` and `assets/`;
//! 4. write and sync `saved_model.new`, rename it to `saved_model`, sync the directory;
//! 5. remove the previous generation and the lock.
//!
//! A reader needs no lock: if the parts disappear between its reading of `saved_model` and its opening of them, a newer
//! generation is in place and it starts again. It opens `saved_model` and the parts, whose names it makes from a
//! number, and nothing else; what a file contains never becomes a path.

mod load;
mod options;
mod save;
mod survey;

pub use load::{load_model, load_model_with};
pub use options::{LoadOptions, SaveOptions};
#[cfg(test)]
pub(crate) use save::save_into;
pub use save::{save_model, save_model_with};

use crate::sealed::{Kind, Seal};
use bincode::{Decode, Encode};
use std::path::{Path, PathBuf};

const MAIN: &str = "saved_model";
const NEW: &str = "saved_model.new";
const LOCK: &str = ".lock";
const VARIABLES: &str = "variables";
const ASSETS: &str = "assets";

/// The parts that a `saved_model` file belongs together with.
#[derive(Debug, Encode, Decode)]
struct Manifest {
    variables: Seal,
    assets: Option<Seal>,
}

/// A file beside `saved_model`, one per generation.
#[derive(Clone, Copy)]
enum Part {
    Variables,
    Assets,
}

impl Part {
    fn folder(self) -> &'static str {
        match self {
            Part::Variables => VARIABLES,
            Part::Assets => ASSETS,
        }
    }

    fn kind(self) -> Kind {
        match self {
            Part::Variables => Kind::Variables,
            Part::Assets => Kind::Assets,
        }
    }

    fn file_name(self, generation: u64) -> String {
        format!("{}-{generation:08}.data", self.folder())
    }

    fn path(self, dir: &Path, generation: u64) -> PathBuf {
        dir.join(self.folder()).join(self.file_name(generation))
    }

    /// The generation in a file name of this part.
    fn generation(self, name: &str) -> Option<u64> {
        let number = name.strip_prefix(self.folder())?.strip_prefix('-')?.strip_suffix(".data")?;
        number.parse().ok().filter(|&g| self.file_name(g) == name)
    }
}
