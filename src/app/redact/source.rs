//! Where lines come from: files one after another, or stdin. A line is held in memory, a file never is.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use crate::app::failure::Failure;

/// No line is longer. What is longer is passed over and named.
pub(super) const LONGEST_LINE: usize = 64 << 20;

/// One input, being read.
pub(super) struct Source {
    /// How messages call it.
    pub name: String,
    reader: BufReader<Box<dyn Read>>,
    line: Vec<u8>,
}

/// What was read.
pub(super) enum Taken<'s> {
    Line(&'s [u8]),
    /// More bytes than a line may have.
    TooLong(u64),
    End,
}

impl Source {
    /// Opens `file`; `-` is stdin.
    pub fn open(file: &Path) -> Result<Self, Failure> {
        let stdin = file == Path::new("-");
        let name = if stdin { "stdin".to_owned() } else { file.display().to_string() };
        let reader: Box<dyn Read> = if stdin {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(file).map_err(|error| Failure::bad_data(format!("{name}: {error}")))?)
        };
        Ok(Self { name, reader: BufReader::with_capacity(1 << 16, reader), line: Vec::new() })
    }

    /// The next line, without its end.
    pub fn take(&mut self) -> io::Result<Taken<'_>> {
        self.line.clear();
        let most = LONGEST_LINE as u64 + 1;
        self.reader.by_ref().take(most).read_until(b'\n', &mut self.line)?;
        if self.line.len() > LONGEST_LINE && !self.line.ends_with(b"\n") {
            let passed = self.line.len() as u64 + pass_over(&mut self.reader)?;
            self.line = Vec::new();
            return Ok(Taken::TooLong(passed));
        }
        if self.line.is_empty() {
            return Ok(Taken::End);
        }
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        Ok(Taken::Line(line.strip_suffix(b"\r").unwrap_or(line)))
    }

    /// True when reading on may have to wait for whoever writes.
    pub fn would_wait(&self) -> bool {
        self.reader.buffer().is_empty()
    }
}

/// Reads to the end of the line and keeps nothing.
fn pass_over(reader: &mut impl BufRead) -> io::Result<u64> {
    let mut passed = 0;
    loop {
        let here = reader.fill_buf()?;
        let end = here.iter().position(|byte| *byte == b'\n');
        let length = end.map_or(here.len(), |at| at + 1);
        passed += length as u64;
        let last = end.is_some() || length == 0;
        reader.consume(length);
        if last {
            return Ok(passed);
        }
    }
}

/// How many bytes all of `files` have, where that can be known.
pub(super) fn size(files: &[PathBuf]) -> Option<u64> {
    let one = |file: &PathBuf| {
        let file = if file == Path::new("-") { Path::new("/dev/stdin") } else { file };
        let meta = std::fs::metadata(file).ok()?;
        meta.is_file().then_some(meta.len())
    };
    files.iter().map(one).sum()
}
