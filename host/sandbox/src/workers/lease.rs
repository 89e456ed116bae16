//! The host's side of one worker: commands go in, output and requests come out.

use std::io;
use std::sync::Arc;

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use super::frame::{self, Ended, HEAD, Ready, Run, Setup, json, record};
use super::spawn::{Process, Spawner, Usage};
use super::{Key, Wall};

/// A worker that this side holds. Dropping it ends the process.
#[derive(Debug)]
pub(crate) struct Lease {
    key: Arc<Key>,
    process: Process,
    /// What is in force; none until it is ready.
    walls: Option<Vec<Wall>>,
    interrupts: bool,
}

/// What a worker says.
#[derive(Debug)]
pub(crate) enum Message {
    Out(Vec<u8>),
    Err(Vec<u8>),
    Door(Vec<u8>),
    /// What it tells without waiting for an answer.
    Notice(Vec<u8>),
    Ended(Ended),
}

impl Lease {
    /// Starts a worker, and sends what it needs; it prepares itself meanwhile.
    pub(super) fn start(spawner: &Spawner, key: Arc<Key>, setup: &Setup) -> io::Result<Lease> {
        let process = spawner.start()?;
        if let Some(mut socket) = process.socket.as_ref() {
            frame::put(&mut socket, b'S', &json(setup))?;
            socket.set_nonblocking(true)?;
        }
        Ok(Lease {
            key,
            process,
            walls: None,
            interrupts: false,
        })
    }

    pub(crate) fn key(&self) -> &Arc<Key> {
        &self.key
    }

    /// The walls that it is behind.
    pub(crate) fn walls(&self) -> &[Wall] {
        self.walls.as_deref().unwrap_or_default()
    }

    /// Interrupts what it runs, which goes on from there; false where that is not possible.
    pub(crate) fn interrupt(&self) -> bool {
        if self.interrupts {
            self.process.interrupt();
        }
        self.interrupts
    }

    /// Ends it, whatever it does.
    pub(crate) fn kill(&self) {
        self.process.kill();
    }

    /// Begins the conversation with it. There is one; whoever holds the lease keeps it.
    pub(crate) fn talk(&mut self) -> io::Result<Talk> {
        let socket = self.process.socket.take();
        let socket = socket.ok_or_else(|| io::Error::other("it is spoken to already"))?;
        Ok(Talk {
            socket: UnixStream::from_std(socket)?,
            come: BytesMut::new(),
        })
    }

    /// Waits until it is behind its walls.
    pub(crate) async fn ready(&mut self, talk: &mut Talk) -> io::Result<()> {
        if self.walls.is_some() {
            return Ok(());
        }
        let (tag, payload) = talk.get().await?;
        let ready: Ready = record(b's', (tag, &payload))?;
        if let Some(error) = ready.error {
            return Err(io::Error::other(error));
        }
        self.walls = Some(ready.walls);
        self.interrupts = ready.interrupts;
        Ok(())
    }

    /// Waits until the process is gone, and says what it used.
    pub(crate) async fn gone(self, talk: Talk) -> Option<Usage> {
        let Process { ended, .. } = self.process;
        drop(talk);
        // The zygote tells within milliseconds; where it is gone itself, nobody does.
        tokio::time::timeout(std::time::Duration::from_secs(2), ended)
            .await
            .ok()?
            .ok()
    }
}

/// The conversation with a worker.
#[derive(Debug)]
pub(crate) struct Talk {
    socket: UnixStream,
    /// What has come of the next frames.
    come: BytesMut,
}

impl Talk {
    async fn put(&mut self, tag: u8, payload: &[u8]) -> io::Result<()> {
        let head = frame::head(tag, payload.len())?;
        let bytes = [head.as_slice(), payload].concat();
        self.socket.write_all(&bytes).await
    }

    async fn get(&mut self) -> io::Result<(u8, Vec<u8>)> {
        loop {
            if let Some(head) = self.come.first_chunk::<HEAD>() {
                let (tag, length) = frame::parse(*head)?;
                if self.come.len() >= HEAD + length {
                    self.come.advance(HEAD);
                    return Ok((tag, self.come.split_to(length).into()));
                }
                self.come.reserve(HEAD + length - self.come.len());
            }
            if self.socket.read_buf(&mut self.come).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Sends one command line, with its standard input.
    pub(crate) async fn run(&mut self, run: &Run, stdin: &[u8]) -> io::Result<()> {
        if !stdin.is_empty() {
            self.put(b'I', stdin).await?;
        }
        self.put(b'R', &json(run)).await
    }

    /// Answers a request at the door.
    pub(crate) async fn answer(&mut self, answer: &[u8]) -> io::Result<()> {
        self.put(b'd', answer).await
    }

    /// What the worker says next. May be dropped while it waits: what has come of a frame is kept.
    pub(crate) async fn next(&mut self) -> io::Result<Message> {
        let (tag, payload) = self.get().await?;
        Ok(match tag {
            b'o' => Message::Out(payload),
            b'e' => Message::Err(payload),
            b'D' => Message::Door(payload),
            b'N' => Message::Notice(payload),
            _ => Message::Ended(record(b'X', (tag, &payload))?),
        })
    }
}
