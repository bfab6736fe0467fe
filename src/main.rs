//! The binary `homeward`.
fn main() {}
