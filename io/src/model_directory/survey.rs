//! What lies in a model directory before a save: the current generation, and what dead saves left.

use super::{ASSETS, LOCK, MAIN, NEW, Part, VARIABLES};
use crate::error::{Error, ErrorKind, Result};
use crate::file_system::FileSystem;
use crate::sealed::{HEADER, Kind, read_header};
use std::path::Path;

/// What a save finds in the directory.
pub(super) struct Survey {
    /// The generation that `saved_model` names.
    pub(super) current: Option<u64>,
    /// A generation that no file has.
    pub(super) next: u64,
    found: Vec<(Part, u64)>,
    leftover: bool,
}

impl Survey {
    /// Best effort: what stays behind is removed by the next save.
    pub(super) fn remove_all_but<F: FileSystem>(&self, fs: &F, dir: &Path, keep: Option<u64>) {
        if self.leftover && keep == self.current {
            let _ = fs.remove_file(&dir.join(NEW));
        }
        for &(part, generation) in &self.found {
            if Some(generation) != keep {
                let _ = fs.remove_file(&part.path(dir, generation));
            }
        }
    }
}

/// Looks at the directory. Errors when it holds anything that a save did not write.
pub(super) fn survey<F: FileSystem>(fs: &F, dir: &Path) -> Result<Survey> {
    let foreign = |name: &str| {
        let message = format!("not replaced: it holds {name:?}, which no save of a Gradus model has written");
        Err(Error::new(ErrorKind::Foreign, message).in_file(dir))
    };
    let list = |dir: &Path| fs.list(dir).map_err(|e| Error::io("cannot read the folder", dir, e));
    let (mut found, mut leftover, mut has_main) = (Vec::new(), false, false);
    for name in list(dir)? {
        match name.to_str() {
            Some(LOCK) => {}
            Some(MAIN) => has_main = true,
            Some(NEW) => leftover = true,
            Some(VARIABLES | ASSETS) => {
                let part = if name == VARIABLES { Part::Variables } else { Part::Assets };
                for name in list(&dir.join(part.folder()))? {
                    match name.to_str().and_then(|n| part.generation(n)) {
                        Some(generation) => found.push((part, generation)),
                        None => return foreign(&format!("{}/{}", part.folder(), name.to_string_lossy())),
                    }
                }
            }
            _ => return foreign(&name.to_string_lossy()),
        }
    }
    let mut current = None;
    if has_main {
        let main = dir.join(MAIN);
        let header = fs.read_start(&main, HEADER).map_err(|e| Error::io("cannot read", &main, e))?;
        match read_header(&header) {
            Ok((kind, generation)) if kind == Kind::SavedModel as u16 => current = Some(generation),
            Err(e) if e.kind() == ErrorKind::Foreign => return Err(e.in_file(&main)),
            // A model that cannot be loaded may be replaced; its parts go when the new one is in place.
            _ => {}
        }
    }
    let last = found.iter().map(|&(_, generation)| generation).chain(current).max().unwrap_or(0);
    let next = last
        .checked_add(1)
        .ok_or_else(|| Error::corrupt("its generation number is exhausted").in_file(dir))?;
    // With an unreadable `saved_model` nobody knows which parts matter: keep all until the new model is in place.
    let keep_all = has_main && current.is_none();
    let survey = Survey { current, next, found, leftover };
    if keep_all { Ok(Survey { found: Vec::new(), ..survey }) } else { Ok(survey) }
}
