//! A web server on this machine that misbehaves as told.
// Each test program uses its part of this.
#![allow(dead_code)]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    /// The first byte of `Range: bytes=N-`.
    pub start: Option<usize>,
    pub if_range: Option<String>,
    /// How many requests came before this one.
    pub number: usize,
}

/// What is sent back.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// `Content-Length`; `None` sends none and ends the body by closing.
    pub length: Option<usize>,
    /// The connection closes after so many bytes of the body.
    pub cut: Option<usize>,
    /// One byte, then this pause, and so on.
    pub trickle: Option<Duration>,
    /// The pause before anything is sent.
    pub delay: Option<Duration>,
}

impl Reply {
    pub fn new(status: &'static str, body: &[u8]) -> Reply {
        let length = Some(body.len());
        Reply { status, headers: vec![], body: body.to_vec(), length, cut: None, trickle: None, delay: None }
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Reply {
        self.headers.push((name, value.into()));
        self
    }

    /// What a well-behaved server sends for a file with this tag.
    pub fn file(asked: &Asked, bytes: &[u8], tag: &str) -> Reply {
        let same = asked.if_range.as_deref().is_none_or(|wanted| wanted == tag);
        let reply = match asked.start {
            Some(start) if same && start >= bytes.len() => Reply::new("416 Range Not Satisfiable", b"")
                .header("Content-Range", format!("bytes */{}", bytes.len())),
            Some(start) if same => Reply::new("206 Partial Content", &bytes[start..])
                .header("Content-Range", format!("bytes {start}-{}/{}", bytes.len() - 1, bytes.len())),
            _ => Reply::new("200 OK", bytes),
        };
        reply.header("ETag", tag)
    }

    pub fn cut(mut self, bytes: usize) -> Reply {
        self.cut = Some(bytes);
        self
    }
}

pub struct Server {
    address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    sent: Arc<AtomicU64>,
}

impl Server {
    /// Serves until the process ends.
    pub fn start(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (asked, sent) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicU64::new(0)));
        let (log, count, answer) = (asked.clone(), sent.clone(), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, count, answer) = (log.clone(), count.clone(), answer.clone());
                // A client that goes away is part of the tests.
                thread::spawn(move || _ = serve(stream, &log, &count, &*answer));
            }
        });
        Server { address, asked, sent }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Bytes of bodies sent so far.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }
}

fn serve(
    mut stream: TcpStream,
    log: &Mutex<Vec<Asked>>,
    count: &AtomicU64,
    answer: &(dyn Fn(&Asked) -> Reply + Send + Sync),
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or("/").to_string();
    let mut asked = Asked { path, start: None, if_range: None, number: 0 };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "range" => {
                asked.start = value.strip_prefix("bytes=").and_then(|v| v.strip_suffix('-')?.parse().ok())
            }
            "if-range" => asked.if_range = Some(value.to_string()),
            _ => {}
        }
    }
    {
        let mut log = log.lock().unwrap();
        asked.number = log.len();
        log.push(asked.clone());
    }
    let reply = answer(&asked);
    if let Some(delay) = reply.delay {
        thread::sleep(delay);
    }
    write!(stream, "HTTP/1.1 {}\r\nConnection: close\r\n", reply.status)?;
    for (name, value) in &reply.headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    if let Some(length) = reply.length {
        write!(stream, "Content-Length: {length}\r\n")?;
    }
    write!(stream, "\r\n")?;
    let body = &reply.body[..reply.cut.unwrap_or(usize::MAX).min(reply.body.len())];
    let step = if reply.trickle.is_some() { 1 } else { 1 << 16 };
    for piece in body.chunks(step) {
        stream.write_all(piece)?;
        count.fetch_add(piece.len() as u64, Ordering::SeqCst);
        if let Some(pause) = reply.trickle {
            thread::sleep(pause);
        }
    }
    Ok(())
}
