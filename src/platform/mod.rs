//! Floor 1: the doors a test must be able to hold shut: time, chance, files that hold secrets, what may be opened as a file, the room on a disk, the memory
//! of the process and its end; and what is counted of its work.

pub mod clock;
pub mod current;
pub mod disk;
pub mod entropy;
pub mod flow;
pub mod memory;
pub mod meters;
pub mod regular_file;
pub mod secret_file;
pub mod shutdown;

pub use clock::{Clock, ManualClock, SystemClock};
pub use current::Current;
pub use entropy::{Entropy, EntropyError, SystemEntropy};
