//! Keras's files: `.keras` (a zip archive of a configuration and its weights) and `.weights.h5`.
//!
//! ```text
//! model.keras      metadata.json      Keras's version, the date
//!                  config.json        the model as a tree of class names and settings
//!                  model.weights.h5   an HDF5 file: layers/<group>/vars/<i>, optimizer/vars/<i>
//!                  assets/...         vocabularies and the like
//! ```
//!
//! Reading runs nothing: classes are names in JSON, for the caller to know or to refuse.
//!
//! The group of a layer in the weights is *not* named after the layer. It is its class in snake case, with `_1`, `_2` ... for
//! the second and third of its class in the same container: that is what [`GroupNames`] counts. A layer named
//! `head` may lie in `layers/dense_2`.

use crate::atomic_file::replace_file;
use crate::error::{Error, Result};
use crate::file_system::Disk;
use crate::hdf5::{self, Group};
use crate::input_file::read_file;
use crate::json;
use crate::saved_model::Asset;
use crate::zip_archive::{ZipReader, ZipWriter};
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;

const METADATA: &str = "metadata.json";
const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.weights.h5";
const ASSETS: &str = "assets/";

/// The content of a `.keras` file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KerasModel {
    /// The serialized model: `module`, `class_name`, `config`, `build_config`, `compile_config`.
    pub config: Value,
    /// `keras_version` and `date_saved`.
    pub metadata: Value,
    /// Weights and optimizer state.
    pub weights: Group,
    /// Files under `assets/`, by their names below it.
    pub assets: Vec<Asset>,
}

/// Loads a `.keras` file.
///
/// Errors name the file and its member: not a zip archive, or one that contradicts itself; a missing `config.json` or
/// `model.weights.h5`; an unknown member; JSON or HDF5 that is broken or needs too much memory.
pub fn load(path: impl AsRef<Path>) -> Result<KerasModel> {
    let path = path.as_ref();
    read(&read_file(path)?).map_err(|e| e.in_file(path))
}

/// Reads the bytes of a `.keras` file.
pub fn read(bytes: &[u8]) -> Result<KerasModel> {
    let archive = ZipReader::new(bytes)?;
    let (mut config, mut weights) = (None, None);
    let mut model = KerasModel::default();
    for (i, name) in archive.names().enumerate() {
        let part = || format!("member {name:?}");
        let content = archive.read(i).map_err(|e| e.in_part(part))?;
        match name {
            METADATA => model.metadata = json::parse(&content).map_err(|e| e.in_part(part))?,
            CONFIG => config = Some(json::parse(&content).map_err(|e| e.in_part(part))?),
            WEIGHTS => weights = Some(hdf5::read(&content).map_err(|e| e.in_part(part))?),
            // An entry for the folder itself.
            ASSETS => {}
            _ => match name.strip_prefix(ASSETS) {
                Some(name) => model.assets.push(Asset { name: name.to_owned(), bytes: content.into_owned() }),
                None => return Err(Error::unsupported("a member that no .keras file has").in_part(part)),
            },
        }
    }
    let missing = |name: &str| Error::corrupt(format!("not a .keras file: it has no {name}"));
    model.config = config.ok_or_else(|| missing(CONFIG))?;
    model.weights = weights.ok_or_else(|| missing(WEIGHTS))?;
    Ok(model)
}

/// Saves a `.keras` file, all or nothing. Errors: as [`hdf5::save`]; two assets of one name.
pub fn save(path: impl AsRef<Path>, model: &KerasModel) -> Result<()> {
    let path = path.as_ref();
    let weights = hdf5::write(&model.weights).map_err(|e| e.in_part(|| WEIGHTS.into()).in_file(path))?;
    crate::tensor_data::check_unique("assets", model.assets.iter().map(|a| a.name.as_str()))
        .map_err(|e| e.in_file(path))?;
    replace_file(&Disk, path, None, |out| {
        let mut archive = ZipWriter::new(out);
        archive.member(METADATA, &[json::to_text(&model.metadata)?.as_bytes()], false)?;
        archive.member(CONFIG, &[json::to_text(&model.config)?.as_bytes()], false)?;
        archive.member(WEIGHTS, &[&weights], false)?;
        for asset in &model.assets {
            archive.member(&format!("{ASSETS}{}", asset.name), &[&asset.bytes], false)?;
        }
        archive.finish()
    })
}

/// Names the groups of layers in one container: `dense`, `dense_1`, `conv2d`, ...
#[derive(Clone, Debug, Default)]
pub struct GroupNames(HashMap<String, usize>);

impl GroupNames {
    /// Starts counting for a container.
    pub fn new() -> GroupNames {
        GroupNames::default()
    }

    /// The group of the next layer of this class, in the order of the container's layers.
    pub fn next(&mut self, class_name: &str) -> String {
        let name = snake_case(class_name);
        let count = self.0.entry(name.clone()).or_insert(0);
        *count += 1;
        match *count {
            1 => name,
            n => format!("{name}_{}", n - 1),
        }
    }
}

/// Keras's snake case: `BatchNormalization` is `batch_normalization`, `Conv2DTranspose` is `conv2d_transpose`, `LSTM` is
/// `lstm`.
pub fn snake_case(class_name: &str) -> String {
    let word: Vec<char> = class_name.chars().filter(|c| c.is_alphanumeric() || *c == '_').collect();
    // First `(.)([A-Z][a-z]+)`, which eats the lower-case letters that it matched, then `([a-z])([A-Z])`.
    let mut first = Vec::new();
    let mut i = 0;
    while i < word.len() {
        let starts_word = |i: usize| {
            word.get(i).is_some_and(char::is_ascii_uppercase)
                && word.get(i + 1).is_some_and(char::is_ascii_lowercase)
        };
        first.push(word[i]);
        i += 1;
        if starts_word(i) {
            first.extend(['_', word[i]]);
            i += 1;
            while word.get(i).is_some_and(char::is_ascii_lowercase) {
                first.push(word[i]);
                i += 1;
            }
        }
    }
    let mut second = String::new();
    for (i, c) in first.iter().enumerate() {
        if c.is_ascii_uppercase() && i > 0 && first[i - 1].is_ascii_lowercase() {
            second.push('_');
        }
        second.extend(c.to_lowercase());
    }
    second
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `keras.src.utils.naming.to_snake_case` gives.
    #[test]
    fn snake_cases() {
        for (class, expected) in [
            ("Dense", "dense"),
            ("Conv2D", "conv2d"),
            ("Conv2DTranspose", "conv2d_transpose"),
            ("DepthwiseConv2D", "depthwise_conv2d"),
            ("BatchNormalization", "batch_normalization"),
            ("GlobalAveragePooling2D", "global_average_pooling2d"),
            ("MaxPooling2D", "max_pooling2d"),
            ("LSTM", "lstm"),
            ("GRUCell", "gru_cell"),
            ("ReLU", "re_lu"),
            ("PReLU", "p_re_lu"),
            ("ELU", "elu"),
            ("InputLayer", "input_layer"),
            ("MultiHeadAttention", "multi_head_attention"),
            ("RMSNormalization", "rms_normalization"),
            ("MyLayer_2", "my_layer_2"),
            ("TFSMLayer", "tfsm_layer"),
            ("ConvLSTM2D", "conv_lstm2d"),
        ] {
            assert_eq!(snake_case(class), expected);
        }
    }

    #[test]
    fn groups_are_counted_per_class() {
        let mut names = GroupNames::new();
        let groups = ["Dense", "Dropout", "Dense", "Dense", "Dropout"].map(|class| names.next(class));
        assert_eq!(groups, ["dense", "dropout", "dense_1", "dense_2", "dropout_1"]);
    }
}
