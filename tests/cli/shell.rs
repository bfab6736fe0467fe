//! What a shell, `man` and Debian's packager are given: made from the command tree, and naming nothing that is not there.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};

use super::{help::TREE, homeward};

#[test]
fn completions_know_every_command_and_a_shell_takes_them() {
    let folder = tempfile::tempdir().unwrap();
    assert!(!homeward(folder.path(), &["--help"]).with(0).contains("\n  completions"), "hidden among the commands");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let text = homeward(folder.path(), &["completions", shell]).with(0);
        for (command, below) in TREE {
            assert!(text.contains(command) && below.iter().all(|below| text.contains(below)), "{shell}: {command}");
        }
    }
    let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn().unwrap();
    let text = homeward(folder.path(), &["completions", "bash"]).with(0);
    bash.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(bash.wait().unwrap().success(), "no script for bash");
    homeward(folder.path(), &["completions", "csh"]).refused(64, &["csh", "bash"]);
}

#[test]
fn every_command_has_a_page_for_man() {
    let folder = tempfile::tempdir().unwrap();
    homeward(folder.path(), &["man", "pages"]).with(0);
    let page = |name: &str| fs::read_to_string(folder.path().join("pages").join(format!("{name}.1"))).unwrap();
    assert!(page("homeward").contains("secure broker") && page("homeward").starts_with(".ie"));
    for (command, below) in TREE {
        let own = page(&format!("homeward-{command}"));
        assert!(own.contains(".SH NAME") && own.contains(".SH SYNOPSIS"), "{command}: {own}");
        below.iter().for_each(|below| assert!(page(&format!("homeward-{command}-{below}")).contains(".SH NAME")));
    }
    assert!(!folder.path().join("pages/homeward-completions.1").exists());
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files of the tree and of what `deploy/package` prepares that a pattern with one star in its name means.
fn meant(pattern: &str) -> Vec<PathBuf> {
    let path = root().join(pattern);
    let Some((before, after)) = path.file_name().unwrap().to_str().unwrap().split_once('*') else {
        return path.is_file().then_some(path).into_iter().collect();
    };
    let all = fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
    let named = |path: &PathBuf| {
        path.file_name().unwrap().to_str().is_some_and(|name| name.starts_with(before) && name.ends_with(after))
    };
    all.filter(named).collect()
}

/// What goes into the package, made by the program under test.
fn prepared() -> ExitStatus {
    let mut prepare = Command::new("deploy/package");
    prepare.arg("--prepare").current_dir(root()).env("HOMEWARD_PROGRAM", env!("CARGO_BIN_EXE_homeward"));
    prepare.status().unwrap()
}

#[test]
fn the_debian_package_has_what_it_names_and_is_built_where_cargo_deb_is() {
    assert!(prepared().success());
    let manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let deb = &manifest["package"]["metadata"]["deb"];
    let assets = deb["assets"].as_array().unwrap();
    assert!(assets.len() > 8);
    for asset in assets {
        let from = asset[0].as_str().unwrap();
        let built = from == "target/release/homeward";
        assert!(built || !meant(from).is_empty(), "{from} is not there");
        assert!(asset[1].as_str().unwrap().starts_with("usr/"), "{from}");
    }
    let unit = fs::read_to_string(root().join("target/package/homeward.service")).unwrap();
    assert!(unit.contains("ExecStart=/usr/bin/homeward serve") && !unit.contains("/usr/local"), "{unit}");
    for script in ["postinst", "postrm"] {
        let path = root().join(deb["maintainer-scripts"].as_str().unwrap()).join(script);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("#DEBHELPER#") && text.contains("set -e"), "{script}");
        assert!(Command::new("sh").arg("-n").arg(path).status().unwrap().success(), "{script}");
    }
    built();
}

/// The package itself, where there is what makes it.
fn built() {
    let there = |program: &str, word: &str| Command::new(program).args(word.split(' ')).output();
    let has = |program, word| there(program, word).is_ok_and(|output| output.status.success());
    if !has("cargo", "deb --version")
        || !has("dpkg-deb", "--version")
        || !root().join("target/release/homeward").exists()
    {
        let said = b"\n*** SKIPPED: cargo-deb, dpkg-deb or a release build is not there; the Debian package was NOT built. ***\n";
        std::io::stderr().write_all(said).unwrap();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let package = folder.path().join("homeward.deb");
    let mut build = Command::new("cargo");
    build.args(["deb", "--locked", "--no-build", "--no-strip", "--output"]).arg(&package).current_dir(root());
    let built = build.output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let listed = Command::new("dpkg-deb").arg("--contents").arg(&package).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    for file in [
        "/usr/bin/homeward",
        "/homeward.service",
        "/man1/homeward-queue-pull.1",
        "/completions/homeward",
        "/RUNBOOK.md",
    ] {
        assert!(listed.contains(file), "{file} in {listed}");
    }
}
