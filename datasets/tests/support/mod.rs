//! Where real data may lie on the machine that runs the tests.

use std::path::{Path, PathBuf};

/// The folder of a real data set, or `None` with a printed line when it is not on this machine.
///
/// Looked for in `GRADUS_DATA` and in `../shared/data` beside the repository.
pub fn real_data(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let places = [std::env::var_os("GRADUS_DATA").map(PathBuf::from), Some(beside)];
    let found = places.into_iter().flatten().map(|place| place.join(name)).find(|place| place.is_dir());
    if found.is_none() {
        println!("skipped: no folder {name} in GRADUS_DATA or ../shared/data");
    }
    found
}
