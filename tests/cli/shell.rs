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
fn the_debian_package_has_what_it_names_and_is_built_and_installed() {
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
    if let Some(maker) = maker() {
        let folder = tempfile::tempdir().unwrap();
        let package = folder.path().join("homeward.deb");
        built(&maker, &package);
        looked_into(&package, folder.path());
        installed(&package);
    }
}

/// `cargo-deb`, as tests/run installs it or as it is on the machine. Without it no package is made, which CI does not let pass.
fn maker() -> Option<PathBuf> {
    let answers =
        |program: &Path| Command::new(program).arg("--version").output().is_ok_and(|told| told.status.success());
    let own = root().join("target/tools/cargo/bin/cargo-deb");
    let found = [own, "cargo-deb".into()].into_iter().find(|program| answers(program));
    if found.is_none() || !answers("dpkg-deb".as_ref()) {
        let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!ci, "cargo-deb or dpkg-deb is not there: run tests/run, which installs it");
        let said = b"\n*** SKIPPED: cargo-deb or dpkg-deb is not there; the Debian package was NOT built. ***\n";
        std::io::stderr().write_all(said).unwrap();
        return None;
    }
    found
}

/// Makes the package of the program under test: nothing is compiled for it.
fn built(maker: &Path, package: &Path) {
    let program = Path::new(env!("CARGO_BIN_EXE_homeward"));
    let profile = if program.parent().unwrap().ends_with("debug") { "dev" } else { "release" };
    let mut build = Command::new(maker);
    build.args(["--locked", "--no-build", "--strip", "--fast", "--profile", profile, "--output"]).arg(package);
    said(build.current_dir(root()));
}

/// What a command says, which must succeed.
fn said(command: &mut Command) -> String {
    let ended = command.output().unwrap();
    assert!(ended.status.success(), "{command:?}: {}{}", text(&ended.stdout), text(&ended.stderr));
    text(&ended.stdout)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Debian's own tool sees every file with its mode, nobody's key, no configuration that is ours to change, and scripts that a shell takes.
fn looked_into(package: &Path, folder: &Path) {
    let deb = |word: &str, to: &str| {
        said(Command::new("dpkg-deb").arg(word).arg(package).args((!to.is_empty()).then(|| folder.join(to))))
    };
    let listed = deb("--contents", "");
    for line in listed.lines().filter(|line| !line.starts_with('d')) {
        let mode = if line.ends_with(" ./usr/bin/homeward") { "-rwxr-xr-x 0/0" } else { "-rw-r--r-- 0/0" };
        assert!(line.starts_with(mode), "{line}");
        assert!(![".pem", ".key", ".p12", "keyring"].iter().any(|never| line.contains(never)), "{line}");
    }
    assert!(listed.lines().all(|line| !line.contains(" ./etc/") && !line.contains(" ./var/")), "{listed}");
    deb("--extract", "files");
    deb("--control", "control");
    let (files, control) = (folder.join("files"), folder.join("control"));
    let seek = ["-rl", "--binary-files=without-match", "-e", "PRIVATE KEY"];
    let keys = Command::new("grep").args(seek).args([&files, &control]).output().unwrap();
    assert_eq!(text(&keys.stdout), "", "a private key");
    for file in [
        "usr/bin/homeward",
        "usr/lib/systemd/system/homeward.service",
        "usr/share/man/man1/homeward.1.gz",
        "usr/share/man/man1/homeward-queue-pull.1.gz",
        "usr/share/bash-completion/completions/homeward",
        "usr/share/zsh/vendor-completions/_homeward",
        "usr/share/fish/vendor_completions.d/homeward.fish",
        "usr/share/doc/homeward/RUNBOOK.md",
        "usr/share/doc/homeward/examples/homeward.example.toml",
    ] {
        assert!(files.join(file).exists(), "{file} in {listed}");
    }
    let field = |name: &str| said(Command::new("dpkg-deb").arg("--field").arg(package).arg(name)).trim().to_owned();
    assert!(field("Version").starts_with(env!("CARGO_PKG_VERSION")));
    assert!(field("Depends").contains("libc6") && field("Depends").contains("passwd"), "{}", field("Depends"));
    let conffiles = fs::read_to_string(control.join("conffiles")).unwrap_or_default();
    assert_eq!(conffiles.trim(), "", "nothing of /etc is the package's");
    for script in ["postinst", "postrm"] {
        let script = fs::read_to_string(control.join(script)).unwrap();
        assert!(!script.contains("#DEBHELPER#") && script.contains("deb-systemd-helper"), "{script}");
    }
    said(Command::new("sh").arg("-n").arg(control.join("postinst")).arg(control.join("postrm")));
    let version = said(Command::new(files.join("usr/bin/homeward")).arg("--version"));
    assert!(version.contains(env!("CARGO_PKG_VERSION")), "{version}");
}

/// Installs the package with its scripts, uses it, and purges it; on a copy of this machine that goes with its last process.
const INSTALLS: &str = r#"
set -eu
mount -t tmpfs tmpfs "$2"
mkdir "$2/upper" "$2/work" "$2/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$2/upper,workdir=$2/work" "$2/root"
cp "$1" "$2/root/root/homeward.deb"
mount -t tmpfs tmpfs "$2/root/tmp"
exec chroot "$2/root" sh -euc '
    dpkg --path-include="/usr/share/*" --install /root/homeward.deb >&2
    echo "verified:$(dpkg --verify homeward)"
    getent passwd homeward
    stat -c "%U:%G %a" /etc/homeward
    systemctl is-enabled homeward 2>&1 || true
    bash -c ". /usr/share/bash-completion/completions/homeward && complete -p homeward"
    runuser -u homeward -- homeward --version
    cp /usr/share/doc/homeward/examples/homeward.example.toml /etc/homeward/homeward.toml
    runuser -u homeward -- homeward serve --config /etc/homeward/homeward.toml || echo "ended:$?"
    dpkg --purge homeward >&2
    test ! -e /usr/bin/homeward && test -f /etc/homeward/homeward.toml && echo "purged"
' 2>&1
"#;

fn installed(package: &Path) {
    let place = tempfile::tempdir().unwrap();
    let mut install = Command::new("unshare");
    install.args(["--mount", "--propagation", "private", "sh", "-c", INSTALLS, "sh"]).arg(package).arg(place.path());
    let ended = install.output().unwrap();
    let told = text(&ended.stdout) + &text(&ended.stderr);
    assert!(ended.status.success(), "as root, where a disk may be laid over another: {told}");
    for word in [
        "verified:\n",
        "homeward:x:",
        "root:homeward 750",
        "disabled",
        "-F _homeward",
        "homeward 0.",
        "ended:65",
        "purged",
    ] {
        assert!(told.contains(word), "{word} in {told}");
    }
}

/// What takes hours is not run here: that each round names tests that there are, and that a slip is told.
#[test]
fn the_long_rounds_name_tests_that_there_are_and_a_slip_is_told() {
    let script = fs::read_to_string(root().join("tests/long")).unwrap();
    let words: Vec<&str> = script.split_whitespace().collect();
    let named: Vec<&str> = words.windows(2).filter(|pair| pair[0] == "--test").map(|pair| pair[1]).collect();
    assert!(named.len() >= 8, "{named:?}");
    for name in named {
        assert!(root().join("tests").join(name).join("main.rs").exists(), "{name}");
    }
    let settings = words.iter().filter_map(|word| word.split_once('=')).map(|(name, _)| name);
    let read = |name: &str| {
        let mut grep = Command::new("grep");
        grep.args(["-rqF", &format!("\"{name}\""), "--include=*.rs"])
            .arg(root().join("tests"))
            .status()
            .unwrap()
            .success()
    };
    for name in settings.filter(|name| name.starts_with("HOMEWARD_")) {
        assert!(read(name), "no test reads {name}");
    }
    let slip = Command::new(root().join("tests/long")).arg("nonsense").output().unwrap();
    assert_eq!(slip.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&slip.stdout).contains("no such round: nonsense"));
}
