//! The stages, one in each file.

mod batch;
mod concatenate;
mod enumerate;
mod filter;
mod flat_map;
mod interleave;
mod map;
mod padded_batch;
mod parallel_map;
mod prefetch;
mod ragged_batch;
mod rebatch;
mod reduce;
mod repeat;
mod scan;
mod shard;
mod shuffle;
mod skip;
mod strided;
mod take;
mod take_while;
mod unbatch;
mod unique;
mod window;
mod zip;

pub use batch::Batch;
pub use interleave::Interleave;
pub use padded_batch::PaddedBatch;
pub use parallel_map::Parallel;
pub use prefetch::Prefetch;
pub use rebatch::Rebatch;
pub use shuffle::Shuffle;
pub use window::Window;
