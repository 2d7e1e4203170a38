//! What every layer has: a name, whether it is trained, and the shape it was built for.

use crate::Dims;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::OnceLock;
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, Ordering};

thread_local! {
    static COUNTS: RefCell<HashMap<String, usize>> = RefCell::new(HashMap::new());
}

/// The next automatic name on this thread: `dense`, `dense_1`, `dense_2`, ... as Keras counts.
pub fn unique_name(prefix: &str) -> String {
    COUNTS.with_borrow_mut(|c| {
        let n = c.entry(prefix.to_string()).or_insert(0);
        *n += 1;
        if *n == 1 { prefix.to_string() } else { format!("{prefix}_{}", *n - 1) }
    })
}

/// Starts the automatic names of this thread anew, as Keras's `clear_session` does.
pub fn clear_session() {
    COUNTS.with_borrow_mut(HashMap::clear);
}

/// `Conv2D` to `conv2d`, `BatchNormalization` to `batch_normalization`: Keras's snake case.
pub fn snake_case(class: &str) -> String {
    let chars: Vec<char> = class.chars().filter(|c| c.is_alphanumeric() || *c == '_').collect();
    let mut out = String::new();
    for (i, &c) in chars.iter().enumerate() {
        let next_lower = chars.get(i + 1).is_some_and(|n| n.is_lowercase());
        let previous_lower = i > 0 && chars[i - 1].is_lowercase();
        if i > 0 && c.is_uppercase() && (next_lower || previous_lower) {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// Name, trainability and input shape of a layer.
#[derive(Debug)]
pub struct Meta {
    name: RwLock<String>,
    trainable: AtomicBool,
    input: OnceLock<Dims>,
}

impl Meta {
    /// The metadata of a new layer of that class, with an automatic name.
    pub fn new(class: &str) -> Meta {
        Meta::named(unique_name(&snake_case(class)))
    }

    /// The metadata of a new layer with that name.
    pub fn named(name: impl Into<String>) -> Meta {
        Meta { name: RwLock::new(name.into()), trainable: AtomicBool::new(true), input: OnceLock::new() }
    }

    /// The layer's name.
    pub fn name(&self) -> String {
        self.name.read().unwrap_or_else(|e| e.into_inner()).clone()
    }

    /// Gives another name.
    pub fn set_name(&self, name: impl Into<String>) {
        *self.name.write().unwrap_or_else(|e| e.into_inner()) = name.into();
    }

    /// False when the layer is frozen: its weights are then not trained, whatever they say themselves.
    pub fn trainable(&self) -> bool {
        self.trainable.load(Ordering::Relaxed)
    }

    /// Freezes or thaws the layer.
    pub fn set_trainable(&self, yes: bool) {
        self.trainable.store(yes, Ordering::Relaxed);
    }

    /// The input shape the layer was built for, once it has been.
    pub fn input(&self) -> Option<&Dims> {
        self.input.get()
    }

    pub(crate) fn set_input(&self, dims: &Dims) {
        let _ = self.input.set(dims.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keras_names() {
        for (class, want) in [
            ("Dense", "dense"),
            ("Conv2D", "conv2d"),
            ("BatchNormalization", "batch_normalization"),
            ("MaxPooling2D", "max_pooling2d"),
            ("GlobalAveragePooling2D", "global_average_pooling2d"),
            ("DepthwiseConv2D", "depthwise_conv2d"),
            ("LSTM", "lstm"),
            ("ReLU", "re_lu"),
        ] {
            assert_eq!(snake_case(class), want, "{class}");
        }
        clear_session();
        assert_eq!(
            [unique_name("dense"), unique_name("dense"), unique_name("dense")],
            ["dense", "dense_1", "dense_2"]
        );
    }
}
