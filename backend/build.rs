//! Makes the page's folder before the service is compiled. The path of a folder that is not there cannot be resolved,
//! and a service that was compiled before the page was ever built would not find it later.

use std::path::Path;

fn main() -> std::io::Result<()> {
    std::fs::create_dir_all(Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist"))?;
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}
