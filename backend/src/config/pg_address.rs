//! Where a PostgreSQL is, and as whom we come.

use std::{fmt, path::PathBuf};

use crate::vault::Secret;

/// One PostgreSQL database, or a pooler before one. `Debug` and `Display` show no password.
#[derive(Clone, Debug)]
pub struct PgAddress {
    /// `None`: this machine's own, over its Unix socket if it has one.
    pub host: Option<PgHost>,
    /// The port, which also is in the name of a socket.
    pub port: u16,
    /// `None`: called like the account that this process runs as.
    pub user: Option<String>,
    /// `None`: the server asks for none, or `~/.pgpass` has it.
    pub password: Option<Secret>,
    /// `None`: called like the user.
    pub database: Option<String>,
    /// Whether the way is encrypted.
    pub tls: PgTls,
    /// The certificate authorities that are believed (PEM).
    pub root_certificate: Option<PathBuf>,
    /// Our own certificate (PEM).
    pub certificate: Option<PathBuf>,
    /// Its key (PEM).
    pub certificate_key: Option<PathBuf>,
    /// How sessions are called in `pg_stat_activity`.
    pub application_name: String,
    /// Options of the URL that mean nothing here.
    pub ignored: Vec<String>,
}

/// A host by name or address, or the folder of a Unix socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PgHost {
    /// Over TCP.
    Name(String),
    /// On this machine.
    Socket(PathBuf),
}

/// libpq's `sslmode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PgTls {
    /// Never.
    Disable,
    /// Only if the server insists.
    Allow,
    /// If the server can.
    #[default]
    Prefer,
    /// Always, whoever the server is.
    Require,
    /// Always, with a certificate of an authority that is believed.
    VerifyCa,
    /// The same, made out for this host.
    VerifyFull,
}

impl PgTls {
    /// Every mode, by libpq's word for it.
    pub const WORDS: [(&str, Self); 6] = [
        ("disable", Self::Disable),
        ("allow", Self::Allow),
        ("prefer", Self::Prefer),
        ("require", Self::Require),
        ("verify-ca", Self::VerifyCa),
        ("verify-full", Self::VerifyFull),
    ];

    /// libpq's word.
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, mode)| *mode == self).map_or("prefer", |(word, _)| word)
    }
}

/// `aiq at db.internal:5432 as aiq_connect`: for logs and messages.
impl fmt::Display for PgAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.database.as_deref().or(self.user.as_deref()).unwrap_or("(called like the user)"))?;
        match &self.host {
            None => write!(f, " on this machine, port {}", self.port)?,
            Some(PgHost::Name(name)) if name.contains(':') => write!(f, " at [{name}]:{}", self.port)?,
            Some(PgHost::Name(name)) => write!(f, " at {name}:{}", self.port)?,
            Some(PgHost::Socket(folder)) => write!(f, " at the socket in {}, port {}", folder.display(), self.port)?,
        }
        self.user.as_deref().map_or(Ok(()), |user| write!(f, " as {user}"))
    }
}
