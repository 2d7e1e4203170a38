//! Folders of classes: which files there are, and what class each is, by Keras's rules.
//!
//! Classes are the sub-folders in alphabetical order, except those whose names begin with a dot; files
//! are looked for in all folders below, sorted by folder and then by name. With a seed the list is shuffled as
//! numpy's `RandomState(seed).shuffle` does it, and the validation part is cut from its end: so the same
//! files fall in the same subset as in Keras 3.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{DataError, ErrorKind, Result};

/// Which part of a split is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subset {
    /// What is not validation: the beginning.
    Training,
    /// The last `validation_split` of the files.
    Validation,
}

/// A folder with a sub-folder for every class.
#[derive(Debug, Clone)]
pub struct ClassFolder {
    root: PathBuf,
    extensions: Vec<String>,
    class_names: Option<Vec<String>>,
    labelled: bool,
    follow_links: bool,
    shuffle: Option<u32>,
    split: Option<(f64, Subset)>,
}

/// The files of a [`ClassFolder`], with their classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassFiles {
    /// The paths, in the order of the dataset.
    pub files: Vec<PathBuf>,
    /// The class of each, as its place in `class_names`.
    pub labels: Vec<i32>,
    /// The names of the classes.
    pub class_names: Vec<String>,
}

impl ClassFolder {
    /// The classes below this folder; files with these extensions (without dot, any case) count.
    pub fn new<S: Into<String>>(root: impl Into<PathBuf>, extensions: impl IntoIterator<Item = S>) -> Self {
        let extensions = extensions.into_iter().map(|e| e.into().to_lowercase()).collect();
        ClassFolder {
            root: root.into(),
            extensions,
            class_names: None,
            labelled: true,
            follow_links: false,
            shuffle: None,
            split: None,
        }
    }

    /// These classes only, numbered in this order. Default: all sub-folders, sorted.
    pub fn class_names<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.class_names = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// All files below the folder, without classes: labels are 0, and there are no class names.
    pub fn unlabelled(mut self) -> Self {
        self.labelled = false;
        self
    }

    /// Whether links to folders inside a class are followed. Default false.
    pub fn follow_links(mut self, follow: bool) -> Self {
        self.follow_links = follow;
        self
    }

    /// Shuffles the list with this seed. Default: sorted.
    pub fn shuffle(mut self, seed: u32) -> Self {
        self.shuffle = Some(seed);
        self
    }

    /// Cuts off this share for validation and gives one of the two parts.
    pub fn validation_split(mut self, share: f64, subset: Subset) -> Self {
        self.split = Some((share, subset));
        self
    }

    /// Reads the folders.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] with the folder that cannot be read, [`ErrorKind::InvalidArgument`] for class
    /// names without folder, a share outside 0 to 1, or a folder without any file.
    pub fn list(&self) -> Result<ClassFiles> {
        let invalid =
            |message: String| Err(DataError::new(ErrorKind::InvalidArgument, message).in_file(&self.root));
        let mut found = Vec::new();
        for (name, path) in entries(&self.root)? {
            let name = name.to_string_lossy().into_owned();
            if !name.starts_with('.') && path.is_dir() {
                found.push(name);
            }
        }
        let class_names = match &self.class_names {
            _ if !self.labelled => Vec::new(),
            Some(names) => match names.iter().find(|n| !found.contains(n)) {
                Some(name) => {
                    return invalid(format!("no class folder is named `{name}`; there are {found:?}"));
                }
                None => names.clone(),
            },
            None => found,
        };
        let (mut files, mut labels) = (Vec::new(), Vec::new());
        for (label, class) in class_names.iter().enumerate() {
            self.walk(&self.root.join(class), 0, &mut files)?;
            labels.resize(files.len(), label as i32);
        }
        if !self.labelled {
            self.walk(&self.root, 0, &mut files)?;
            labels.resize(files.len(), 0);
        }
        if files.is_empty() {
            return invalid(format!(
                "no file with an extension of {:?} in any class folder",
                self.extensions
            ));
        }
        if let Some(seed) = self.shuffle {
            NumpyRandom::new(seed).shuffle(&mut files);
            NumpyRandom::new(seed).shuffle(&mut labels);
        }
        if let Some((share, subset)) = self.split {
            if !(share > 0.0 && share < 1.0) {
                return invalid(format!("validation_split must be between 0 and 1, found {share}"));
            }
            let validation = (share * files.len() as f64) as usize;
            // Keras cuts with `[:-n]` and `[-n:]`, which for n = 0 is nothing and everything; here a share too
            // small for one file leaves all files for training.
            let cut = files.len() - validation;
            match subset {
                Subset::Training => {
                    files.truncate(cut);
                    labels.truncate(cut);
                }
                Subset::Validation => {
                    files.drain(..cut);
                    labels.drain(..cut);
                }
            }
        }
        Ok(ClassFiles { files, labels, class_names })
    }

    /// Files of a folder and those below, folder by folder in the order of the folders' paths.
    fn walk(&self, root: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<()> {
        if depth > 64 {
            let message = "folders are nested more than 64 deep; does a link lead back into its own folder?";
            return Err(DataError::new(ErrorKind::Limit, message).in_file(root));
        }
        let mut folders = vec![root.to_owned()];
        self.folders_below(root, depth, &mut folders)?;
        folders.sort_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
        for folder in folders {
            for (name, path) in entries(&folder)? {
                let name = name.to_string_lossy().to_lowercase();
                let wanted = self.extensions.iter().any(|e| name.ends_with(&format!(".{e}")));
                if wanted && !path.is_dir() {
                    files.push(path);
                }
            }
        }
        Ok(())
    }

    fn folders_below(&self, folder: &Path, depth: usize, folders: &mut Vec<PathBuf>) -> Result<()> {
        if depth > 64 {
            let message = "folders are nested more than 64 deep; does a link lead back into its own folder?";
            return Err(DataError::new(ErrorKind::Limit, message).in_file(folder));
        }
        for (_, path) in entries(folder)? {
            if path.is_dir() && (self.follow_links || !path.is_symlink()) {
                folders.push(path.clone());
                self.folders_below(&path, depth + 1, folders)?;
            }
        }
        Ok(())
    }
}

fn entries(folder: &Path) -> Result<Vec<(OsString, PathBuf)>> {
    let io = |e| DataError::io(folder, e);
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        entries.push((entry.file_name(), entry.path()));
    }
    entries.sort();
    Ok(entries)
}

/// numpy's `RandomState`: the Mersenne Twister MT19937 (Matsumoto and Nishimura 1998), as far as its
/// `shuffle` needs it.
pub struct NumpyRandom {
    state: [u32; 624],
    next: usize,
}

impl NumpyRandom {
    /// The generator of a seed.
    pub fn new(seed: u32) -> Self {
        let mut state = [seed; 624];
        for i in 1..624 {
            let last = state[i - 1];
            state[i] = 1_812_433_253u32.wrapping_mul(last ^ (last >> 30)).wrapping_add(i as u32);
        }
        NumpyRandom { state, next: 624 }
    }

    fn bits(&mut self) -> u32 {
        if self.next == 624 {
            for i in 0..624 {
                let y = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % 624] & 0x7FFF_FFFF);
                let twist = if y & 1 == 1 { 0x9908_B0DF } else { 0 };
                self.state[i] = self.state[(i + 397) % 624] ^ (y >> 1) ^ twist;
            }
            self.next = 0;
        }
        let mut y = self.state[self.next];
        self.next += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9D2C_5680;
        y ^= (y << 15) & 0xEFC6_0000;
        y ^ (y >> 18)
    }

    /// Shuffles as `numpy.random.RandomState(seed).shuffle` does.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let mask = u32::MAX >> (i as u32).leading_zeros();
            let j = loop {
                let j = self.bits() & mask;
                if j as usize <= i {
                    break j as usize;
                }
            };
            items.swap(i, j);
        }
    }
}
