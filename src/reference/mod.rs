//! Floor 2: policy bytes in, domain values out. Decides nothing.

pub mod grants;
