//! How a command fails: words that say what to do, and an exit code a script can read.

use crate::{
    app::print,
    domain::violation::Violations,
    wire::{
        caller::{CallError, Kind},
        json::JsonError,
        offline::OfflineError,
        profile::ProfileError,
    },
};

/// Bad usage.
pub(super) const USAGE: u8 = 64;
const BAD_DATA: u8 = 65;
const UNAVAILABLE: u8 = 69;
const NOT_PERMITTED: u8 = 77;
const OTHER: u8 = 1;

const UNREACHED: &str = "the connection was refused or lost. Is the daemon running? If others reach it, it may refuse your certificate: \
revoked, expired, or of an authority that it does not trust. The administrator of the broker sees which (`homeward pki list`); \
after a revocation only a new profile helps";

/// A failed command.
#[derive(Debug)]
pub(super) struct Failure {
    code: u8,
    lines: Vec<String>,
}

impl Failure {
    pub(super) fn other(line: impl Into<String>) -> Self {
        Self { code: OTHER, lines: vec![line.into()] }
    }

    pub(super) fn usage(line: impl Into<String>) -> Self {
        Self { code: USAGE, lines: vec![line.into()] }
    }

    pub(super) fn bad_data(line: impl Into<String>) -> Self {
        Self { code: BAD_DATA, lines: vec![line.into()] }
    }

    pub(super) fn unavailable(line: impl Into<String>) -> Self {
        Self { code: UNAVAILABLE, lines: vec![line.into()] }
    }

    /// Ends with the code of another failure, which was told already.
    pub(super) fn with_code(code: u8, line: impl Into<String>) -> Self {
        Self { code, lines: vec![line.into()] }
    }

    /// Every fault of a file that is not the JSON form of a submission.
    fn of_json(JsonError(faults): JsonError) -> Self {
        let what = "not the JSON form of a submission";
        match faults.as_slice() {
            [fault] => Self::bad_data(format!("{what}: {fault}")),
            _ => {
                let mut failure = Self::bad_data(format!("{what}: {} faults", faults.len()));
                failure.lines.extend(faults.iter().map(ToString::to_string));
                failure
            }
        }
    }

    /// Says first which input it is about.
    pub(super) fn about(mut self, what: &str) -> Self {
        if let Some(first) = self.lines.first_mut() {
            *first = format!("{what}: {first}");
        }
        self
    }

    /// Adds advice.
    pub(super) fn advise(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// All of it on one line, for a log.
    pub(super) fn words(&self) -> String {
        self.lines.join("; ")
    }

    pub(super) fn code(&self) -> u8 {
        self.code
    }

    pub(super) fn is_unavailable(&self) -> bool {
        self.code == UNAVAILABLE
    }

    pub(super) fn tell(&self) {
        for (number, line) in self.lines.iter().enumerate() {
            print::problem(&if number == 0 { format!("homeward: {line}") } else { format!("  {line}") });
        }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Json(faults) => Self::of_json(faults),
            CallError::Answer(error) => Self::other(error.to_string()),
            CallError::Refused { code, kind, reason, message, fields } => {
                let exit = match kind {
                    Kind::BadData => BAD_DATA,
                    Kind::Unavailable => UNAVAILABLE,
                    Kind::NotPermitted => NOT_PERMITTED,
                    Kind::Other => OTHER,
                };
                // The server gives every refusal of its own a reason.
                let unreached = code == "UNAVAILABLE" && reason.is_empty();
                let word = if reason.is_empty() { code.to_owned() } else { format!("{code} {reason}") };
                let mut lines = vec![format!("{word}: {message}")];
                lines.extend(fields.into_iter().map(|(field, advice)| format!("{field}: {advice}")));
                if unreached {
                    lines.push(UNREACHED.to_owned());
                }
                Self { code: exit, lines }
            }
        }
    }
}

impl From<OfflineError> for Failure {
    fn from(error: OfflineError) -> Self {
        let (mut failure, violations) = match error {
            OfflineError::Json(faults, rest) => (Self::of_json(faults), rest),
            OfflineError::TooLarge => (Self::bad_data(error.to_string()), Violations::default()),
            OfflineError::Invalid(violations) => (Self::bad_data(violations.summary()), violations),
        };
        failure.lines.extend(violations.0.into_iter().map(|one| format!("{}: {}", one.field, one.advice)));
        failure
    }
}

impl From<ProfileError> for Failure {
    fn from(error: ProfileError) -> Self {
        match error {
            ProfileError::Connect { .. } => Self::unavailable(error.to_string())
                .advise("is the daemon running, and is the endpoint in the profile right?"),
            ProfileError::File(_) | ProfileError::Tls(_) | ProfileError::Endpoint { .. } => {
                Self::bad_data(error.to_string()).advise("make a profile with `homeward pki issue`")
            }
        }
    }
}
