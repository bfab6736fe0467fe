//! The memory of this process holds keys and, for moments, content: it is kept to itself.

use std::io;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// From now on no core is dumped, and no other process of the same user may read the memory of this one or attach to it.
///
/// # Errors
/// The kernel refuses one of the two; the other is done all the same.
pub fn keep_private() -> io::Result<()> {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let limited = setrlimit(Resource::Core, none);
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(limited?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rustix::process::dumpable_behavior;

    use super::*;

    #[test]
    fn no_core_is_dumped_and_nobody_attaches() {
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::Dumpable, "as a process begins");
        keep_private().unwrap();
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        let limits = fs::read_to_string("/proc/self/limits").unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().skip(4).collect::<Vec<_>>(), ["0", "0", "bytes"]);
    }
}
