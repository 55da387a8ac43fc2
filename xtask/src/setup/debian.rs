//! Packages of Debian: installed by root, or only downloaded, by anybody, through a private configuration of apt.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::project::Project;
use crate::run;

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Whether this machine has Debian's package tools.
pub fn is_here() -> bool {
    super::which("apt-get").is_some() && super::which("dpkg-deb").is_some()
}

/// Installs packages for the whole machine, which only root can.
pub fn install(project: &Project, packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    if !is_here() || !nix::unistd::geteuid().is_root() {
        bail!("{list} is missing, and only root can install it: `apt-get install --no-install-recommends {list}`");
    }
    let apt = || {
        let mut command = project.command("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    let install = |name| {
        let mut command = apt();
        run::quietly(project, name, command.args(["install", "-y", "--no-install-recommends"]).args(packages))
    };
    // The machine's package lists may be absent or old; fetching them first would cost every other machine seconds.
    if install("apt-install").is_err() {
        project.go_on()?;
        run::quietly(project, "apt-update", apt().arg("update"))?;
        install("apt-install-again")?;
    }
    Ok(())
}

/// Downloads the package whose version starts with `release` from one suite; `None` when that suite has no such version.
pub fn download(project: &Project, suite: &str, package: &str, release: &str, into: &Path) -> Result<Option<PathBuf>> {
    let config = private_configuration(project, suite, into)?;
    run::quietly(project, "apt-lists", project.command("apt-get").env("APT_CONFIG", &config).arg("update"))?;
    let listed =
        run::answer(project, project.command("apt-cache").env("APT_CONFIG", &config).args(["madison", package]))?;
    let Some(version) = version_of(&listed.unwrap_or_default(), release) else { return Ok(None) };
    let mut download = project.command("apt-get");
    download.env("APT_CONFIG", &config).current_dir(into).args(["download", &format!("{package}={version}")]);
    run::quietly(project, "apt-download", &mut download)?;
    let file = fs::read_dir(into)?
        .filter_map(std::result::Result::ok)
        .map(|file| file.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"));
    Ok(Some(file.with_context(|| format!("apt-get left no package in {}", into.display()))?))
}

/// Lists, state and cache of its own, so that no root is needed and nothing of the machine's changes. Signatures are checked.
fn private_configuration(project: &Project, suite: &str, folder: &Path) -> Result<PathBuf> {
    for part in ["state/lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(folder.join(part))?;
    }
    let signed = if Path::new(KEYRING).is_file() { format!("[signed-by={KEYRING}] ") } else { String::new() };
    fs::write(folder.join("sources.list"), format!("deb {signed}{} {suite} main\n", mirror(project)?))?;
    let at = folder.display();
    let config = folder.join("apt.conf");
    fs::write(
        &config,
        format!(
            "Dir::State \"{at}/state\";\nDir::State::status \"/var/lib/dpkg/status\";\nDir::Cache \"{at}/cache\";\n\
             Dir::Etc::sourcelist \"{at}/sources.list\";\nDir::Etc::sourceparts \"/dev/null\";\n\
             APT::Sandbox::User \"root\";\nAcquire::Languages \"none\";\n\
             Acquire::IndexTargets::deb::DEP-11::DefaultEnabled \"false\";\n"
        ),
    )?;
    Ok(config)
}

/// The mirror that this machine already uses for Debian itself.
fn mirror(project: &Project) -> Result<String> {
    let targets = ["indextargets", "--format", "$(SITE)", "Created-By: Packages"];
    let sites = run::answer(project, project.command("apt-get").args(targets))?.unwrap_or_default();
    let site = sites.lines().find(|site| site.ends_with("/debian") || site.ends_with("/debian/"));
    site.map(str::to_owned).context("apt knows no mirror of Debian on this machine")
}

/// The newest listed version of exactly this release, from `apt-cache madison`.
fn version_of(madison: &str, release: &str) -> Option<String> {
    madison
        .lines()
        .filter_map(|line| line.split('|').nth(1).map(str::trim))
        .find(|version| version.strip_prefix(release).is_some_and(|rest| rest.starts_with(['+', '-', '~'])))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::version_of;

    const MADISON: &str = "  rust-src | 1.95.10+dfsg1-2 | mirror forky/main amd64 Packages\n  \
                           rust-src | 1.95.1+dfsg1-2~bpo13+1 | mirror trixie-backports/main amd64 Packages\n";

    #[test]
    fn a_release_is_not_taken_for_one_that_begins_like_it() {
        assert_eq!(version_of(MADISON, "1.95.1").as_deref(), Some("1.95.1+dfsg1-2~bpo13+1"));
        assert_eq!(version_of(MADISON, "1.95"), None);
    }
}
