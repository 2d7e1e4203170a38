//! Optimizers by name and by configuration.

use crate::{
    Adadelta, Adafactor, Adagrad, Adam, AdamW, Adamax, Ftrl, Lamb, Lion, Nadam, Optimizer, RMSprop, SGD,
    names,
};
use gradus_tensor::Result;
use serde_json::Value;

/// The names that [`get`] knows.
pub const NAMES: [&str; 12] = [
    "sgd",
    "rmsprop",
    "adam",
    "adamw",
    "adadelta",
    "adagrad",
    "adamax",
    "adafactor",
    "nadam",
    "ftrl",
    "lion",
    "lamb",
];

type Make = fn(Option<&Value>) -> Result<Box<dyn Optimizer>>;

macro_rules! make {
    ($t:ident) => {
        |config| {
            Ok(match config {
                Some(c) => Box::new($t::from_config(c)?),
                None => Box::new($t::default()),
            })
        }
    };
}

fn find(name: &str) -> Result<Make> {
    let table: [Make; NAMES.len()] = [
        make!(SGD),
        make!(RMSprop),
        make!(Adam),
        make!(AdamW),
        make!(Adadelta),
        make!(Adagrad),
        make!(Adamax),
        make!(Adafactor),
        make!(Nadam),
        make!(Ftrl),
        make!(Lion),
        make!(Lamb),
    ];
    match NAMES.iter().position(|n| names::same(n, name)) {
        Some(i) => Ok(table[i]),
        None => Err(names::unknown("optimizer", name, &NAMES)),
    }
}

/// The optimizer of that name with Keras's defaults; case does not count.
///
/// ```
/// let optimizer = gradus_optim::get("adam")?;
/// assert_eq!(optimizer.learning_rate()?, 0.001);
/// let e = gradus_optim::get("adamm").unwrap_err();
/// assert!(e.to_string().contains("did you mean 'adam'?"));
/// # Ok::<(), gradus_tensor::Error>(())
/// ```
/// Errors for an unknown name, with the nearest and all known ones.
pub fn get(name: &str) -> Result<Box<dyn Optimizer>> {
    find(name)?(None)
}

/// The optimizer of a class name and a configuration as Keras writes it.
pub fn from_config(class_name: &str, config: &Value) -> Result<Box<dyn Optimizer>> {
    find(class_name)?(Some(config))
}
