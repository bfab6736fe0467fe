//! The binary `homeward`.

use std::process::ExitCode;

fn main() -> ExitCode {
    homeward::app::run(std::env::args_os())
}
