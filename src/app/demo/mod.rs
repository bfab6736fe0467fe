//! x
use super::{cli::DemoArgs, failure::Failure};
pub(super) async fn run(_: &DemoArgs) -> Result<(), Failure> {
    Ok(())
}
