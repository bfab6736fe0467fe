//! What daemon and command say to each other over the socket in the store's folder: a letter, a length, bytes.

use std::io::{self, Read, Write};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The set that the folder has, or nothing where it has none yet.
pub(super) const SET: u8 = b'S';
/// Names of the parts that are there, a line each.
pub(super) const THERE: u8 = b'T';
/// A part that is there already: its name.
pub(super) const KNOWN: u8 = b'K';
/// A part: its name, then what is sealed.
pub(super) const PART: u8 = b'P';
/// How far it is: done, of about so much.
pub(super) const FAR: u8 = b'F';
/// The signed checkpoint.
pub(super) const CHECKPOINT: u8 = b'C';
/// The manifest: the end.
pub(super) const MANIFEST: u8 = b'M';
/// All of it is kept, says whoever takes it; and the daemon, that this is written down.
pub(super) const KEPT: u8 = b'W';
/// Why there is no more.
pub(super) const FAULT: u8 = b'E';

/// No frame is longer.
const LONGEST: usize = 64 << 20;
/// Letters of a part's name.
pub(super) const NAME: usize = 64;

fn head(kind: u8, length: usize) -> io::Result<[u8; 5]> {
    let length = u32::try_from(length).ok().filter(|length| *length as usize <= LONGEST);
    let length = length.ok_or_else(|| io::Error::other("a frame is too long"))?.to_be_bytes();
    Ok([kind, length[0], length[1], length[2], length[3]])
}

fn length_of(head: [u8; 5]) -> io::Result<usize> {
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
    if length <= LONGEST { Ok(length) } else { Err(io::Error::other("a frame is too long")) }
}

/// The daemon's side.
pub(super) async fn send(to: &mut (impl AsyncWriteExt + Unpin), kind: u8, parts: &[&[u8]]) -> io::Result<()> {
    to.write_all(&head(kind, parts.iter().map(|part| part.len()).sum())?).await?;
    for part in parts {
        to.write_all(part).await?;
    }
    to.flush().await
}

/// The daemon's side.
pub(super) async fn receive(from: &mut (impl AsyncReadExt + Unpin)) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    from.read_exact(&mut head).await?;
    let mut bytes = vec![0; length_of(head)?];
    from.read_exact(&mut bytes).await?;
    Ok((head[0], bytes))
}

/// The command's side.
pub(super) fn say(to: &mut impl Write, kind: u8, bytes: &[u8]) -> io::Result<()> {
    to.write_all(&head(kind, bytes.len())?)?;
    to.write_all(bytes)?;
    to.flush()
}

/// The command's side.
pub(super) fn hear(from: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    from.read_exact(&mut head)?;
    let mut bytes = vec![0; length_of(head)?];
    from.read_exact(&mut bytes)?;
    Ok((head[0], bytes))
}
