//! A client that costs as little as it can: one connection that is kept, one request after another, no parsing beyond
//! status and length. What is measured is the service.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// A request, whole, and what its answer has to hold.
pub struct Question {
    bytes: Vec<u8>,
    expected: String,
}

impl Question {
    /// `POST` with a JSON body.
    pub fn post(path: &str, headers: &[(&str, &str)], body: &serde_json::Value, expected: impl Into<String>) -> Self {
        let body = body.to_string();
        let length = body.len().to_string();
        let mut all = headers.to_vec();
        all.extend([("content-type", "application/json"), ("content-length", length.as_str())]);
        Self::new("POST", path, &all, &body, expected)
    }

    /// `GET`.
    pub fn get(path: &str, headers: &[(&str, &str)], expected: impl Into<String>) -> Self {
        Self::new("GET", path, headers, "", expected)
    }

    fn new(method: &str, path: &str, headers: &[(&str, &str)], body: &str, expected: impl Into<String>) -> Self {
        let mut bytes = format!("{method} {path} HTTP/1.1\r\nhost: bench\r\n");
        for (name, value) in headers {
            bytes.push_str(&format!("{name}: {value}\r\n"));
        }
        bytes.push_str("\r\n");
        bytes.push_str(body);
        Self { bytes: bytes.into_bytes(), expected: expected.into() }
    }
}

/// A connection that is kept.
pub struct Line {
    stream: BufReader<TcpStream>,
    body: Vec<u8>,
}

impl Line {
    pub fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        Self { stream: BufReader::with_capacity(16 * 1024, stream), body: Vec::new() }
    }

    /// Asks, and reads the answer to its end. An answer that is not what was expected ends the run: a wrong answer has
    /// no speed.
    pub fn ask(&mut self, question: &Question) {
        self.send(question);
        self.read(question);
    }

    fn send(&mut self, question: &Question) {
        self.stream.get_mut().write_all(&question.bytes).unwrap();
    }

    fn read(&mut self, question: &Question) {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        let status = line.clone();
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line).unwrap();
            let header = line.trim_end();
            if header.is_empty() {
                break;
            }
            if let Some((name, value)) = header.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap();
            }
        }
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body).unwrap();
        let body = String::from_utf8_lossy(&self.body);
        assert!(status.starts_with("HTTP/1.1 200"), "{status}{body}");
        assert!(body.contains(&question.expected), "an answer without `{}`", question.expected);
    }
}

/// One after another: how long each took, sorted.
pub fn one_by_one(address: SocketAddr, questions: &[Question], count: usize) -> Vec<Duration> {
    let mut line = Line::open(address);
    questions.iter().cycle().take(500).for_each(|question| line.ask(question));
    let mut took: Vec<_> = questions
        .iter()
        .cycle()
        .take(count)
        .map(|question| {
            let begun = Instant::now();
            line.ask(question);
            begun.elapsed()
        })
        .collect();
    took.sort();
    took
}

/// This many connections at once, for `count` questions in all: how many were answered in a second.
pub fn at_once(address: SocketAddr, questions: &[Question], lines: usize, count: usize) -> f64 {
    let (next, start) = (AtomicUsize::new(0), Barrier::new(lines + 1));
    let begun = std::thread::scope(|scope| {
        for _ in 0..lines {
            scope.spawn(|| {
                let mut line = Line::open(address);
                line.ask(&questions[0]);
                start.wait();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        break;
                    }
                    line.ask(&questions[number % questions.len()]);
                }
            });
        }
        start.wait();
        Instant::now()
    });
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    let per_second = count as f64 / begun.elapsed().as_secs_f64();
    per_second
}

/// All at the same moment, each on a connection of its own that is open already: how long each took, sorted.
pub fn herd(address: SocketAddr, question: &Question, size: usize, lines_per_thread: usize) -> Vec<Duration> {
    let start = Barrier::new(size.div_ceil(lines_per_thread));
    let known = Question::get("/live", &[], "");
    let mut took: Vec<Duration> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..size.div_ceil(lines_per_thread))
            .map(|_| {
                scope.spawn(|| {
                    let mut lines: Vec<_> = (0..lines_per_thread).map(|_| Line::open(address)).collect();
                    // Workers keep their connections: none of them is new to the service.
                    for line in &mut lines {
                        line.ask(&known);
                    }
                    start.wait();
                    let begun = Instant::now();
                    for line in &mut lines {
                        line.send(question);
                    }
                    lines
                        .iter_mut()
                        .map(|line| {
                            line.read(question);
                            begun.elapsed()
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    took.sort();
    took
}

/// The value below which this part of the sorted ones lies.
pub fn quantile(sorted: &[Duration], part: f64) -> Duration {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index within the list"
    )]
    let at = ((sorted.len() as f64 * part) as usize).min(sorted.len() - 1);
    sorted[at]
}
