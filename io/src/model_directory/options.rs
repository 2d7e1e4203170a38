//! Choices of saving and limits of loading.

/// Choices of a save.
#[derive(Clone, Copy, Debug, Default)]
pub struct SaveOptions {
    compress: bool,
}

impl SaveOptions {
    /// The defaults: nothing is compressed, because trained floats hardly shrink.
    pub fn new() -> SaveOptions {
        SaveOptions::default()
    }

    /// Deflates each tensor and asset that shrinks by at least a fifth; the others stay as they are. Default off.
    pub fn compress(mut self, compress: bool) -> SaveOptions {
        self.compress = compress;
        self
    }

    pub(crate) fn compresses(self) -> bool {
        self.compress
    }
}

/// Limits of a load.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoadOptions {
    memory: u64,
}

impl LoadOptions {
    /// The defaults: memory for twice the bytes of a file and 64 MiB.
    pub fn new() -> LoadOptions {
        LoadOptions::default()
    }

    /// Lets the content of one file unpack to that many bytes, when that is more than the default.
    pub fn memory_limit(mut self, bytes: u64) -> LoadOptions {
        self.memory = bytes;
        self
    }

    pub(crate) fn memory(self) -> u64 {
        self.memory
    }
}
