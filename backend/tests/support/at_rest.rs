//! What somebody finds who has a database's files, or reads every column of every table.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use aiq_connect_test_postgres::Database;

/// Every text that was found, in the clear or as hexadecimal digits: which, and in which file.
pub fn found(places: &[PathBuf], texts: &[String]) -> Vec<String> {
    let mut wanted = tempfile::NamedTempFile::new().unwrap();
    for text in texts {
        assert!(text.len() >= 8, "short texts are found anywhere");
        writeln!(wanted, "{text}\n{}", aiq_connect::domain::hex(text.as_bytes())).unwrap();
    }
    let mut grep = Command::new("grep");
    grep.args(["--recursive", "--text", "--only-matching", "--fixed-strings", "--file"]).arg(wanted.path());
    let output = grep.args(places).output().unwrap();
    // 1: nothing was found.
    assert!(output.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// The files of an embedded database: itself, its log, and what else begins with its name but the keys.
pub fn of_a_file(folder: &Path) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    paths.filter(|path| name(path).starts_with("aiq-connect.db") && name(path) != "aiq-connect.db.key").collect()
}

/// Everything of a server's database: its files and the server's log of changes, and in `folder` what each row reads as.
pub fn of_a_server(database: &Database<'_>, folder: &Path) -> Vec<PathBuf> {
    let tables = database.superuser("SELECT tablename FROM pg_tables WHERE schemaname = 'aiq_connect'");
    let rows = tables.lines().map(|table| database.superuser(&format!("SELECT t::text FROM aiq_connect.{table} t")));
    let rows: Vec<_> = rows.collect();
    assert!(rows.len() >= 10, "{tables}");
    let dump = folder.join("every-row");
    std::fs::write(&dump, rows.join("\n")).unwrap();
    database.superuser("CHECKPOINT");
    let number = database.superuser("SELECT oid FROM pg_database WHERE datname = current_database()");
    let data = database.server().socket_folder().join("data");
    vec![dump, data.join("base").join(number), data.join("pg_wal")]
}
