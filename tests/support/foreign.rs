//! A public key infrastructure that is not ours, made by OpenSSL: a root, an issuing authority below it, their revocation
//! lists, and certificates of every kind, good and bad.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use homeward::platform::{Clock, SystemClock};
use jiff::{SignedDuration, Timestamp};

/// Who its clients say they are.
pub const WHO: &str = "homeward://pilot.example/gss/E09000023/council_submitter/case-system";

const CONFIGURATION: &str = "
[ca]
default_ca = here
[here]
dir = $ENV::DIR
database = $dir/index.txt
serial = $dir/serial
crlnumber = $dir/crlnumber
new_certs_dir = $dir
certificate = $dir/ca.pem
private_key = $dir/ca.key
default_md = sha256
default_days = 30
default_crl_days = 7
policy = any
unique_subject = no
[any]
organizationName = optional
commonName = optional
[req]
distinguished_name = name
[name]
";

/// What a certificate is to be like.
pub struct Wish<'a> {
    /// As `openssl genpkey` takes it.
    pub key: &'a [&'a str],
    /// Extensions, one a line.
    pub extensions: &'a str,
    /// From and until, in hours from now.
    pub hours: (i64, i64),
}

/// Keys as `openssl genpkey` makes them.
pub const P256: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
pub const P384: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"];
pub const ED25519: &[&str] = &["-algorithm", "ED25519"];
pub const RSA_1024: &[&str] = &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"];
pub const RSA_2048: &[&str] = &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];

/// The folder of all of it.
pub struct Foreign(pub PathBuf);

impl Foreign {
    /// A root, `issuing` and `second` below it, each with a revocation list, and `stranger`, a root of somebody else.
    pub fn new(folder: PathBuf) -> Self {
        let made = Self(folder);
        fs::create_dir_all(&made.0).unwrap();
        fs::write(made.at("openssl.cnf"), CONFIGURATION).unwrap();
        made.authority("root", "/O=Borough IT/CN=Borough IT Root", None);
        made.authority("issuing", "/O=Borough IT/CN=Borough IT Issuing 1", Some("root"));
        made.authority("second", "/O=Borough IT/CN=Borough IT Issuing 2", Some("root"));
        made.authority("stranger", "/O=Somebody else/CN=Root", None);
        made
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).unwrap()
    }

    /// Files NAME.pem and NAME.key, signed by an authority.
    pub fn issue(&self, authority: &str, name: &str, wish: &Wish<'_>) {
        self.key(&format!("{name}.key"), wish.key);
        fs::write(self.at("extensions"), wish.extensions).unwrap();
        let request = format!("{name}.csr");
        let key = format!("{name}.key");
        let new = ["req", "-new", "-config", "openssl.cnf", "-key", &key, "-subj", "/CN=client", "-out", &request];
        self.openssl(authority, &new);
        let hours = |hours| moment(SystemClock.now() + SignedDuration::from_hours(hours));
        let (from, until, out) = (hours(wish.hours.0), hours(wish.hours.1), format!("{name}.pem"));
        let dates = ["-startdate", &from, "-enddate", &until];
        let files = ["-extfile", "extensions", "-in", &request, "-out", &out];
        let fixed = ["ca", "-config", "openssl.cnf", "-batch", "-notext", "-create_serial"];
        self.openssl(authority, &[fixed.as_slice(), &dates, &files].concat());
    }

    /// A certificate that signs itself.
    pub fn self_signed(&self, name: &str, extensions: &str) {
        self.key(&format!("{name}.key"), P256);
        let (key, out) = (format!("{name}.key"), format!("{name}.pem"));
        let fixed = ["req", "-x509", "-config", "openssl.cnf", "-key", &key, "-out", &out, "-subj", "/CN=client"];
        let each: Vec<_> = extensions.lines().flat_map(|line| ["-addext", line]).collect();
        self.openssl("root", &[fixed.as_slice(), &each].concat());
    }

    /// Revokes a certificate; the list has to be made anew.
    pub fn revoke(&self, authority: &str, name: &str) {
        self.openssl(authority, &["ca", "-config", "openssl.cnf", "-revoke", &format!("{name}.pem")]);
    }

    /// A revocation list that is to be replaced so many hours from now.
    pub fn list(&self, authority: &str, hours: i64) -> String {
        let until = moment(SystemClock.now() + SignedDuration::from_hours(hours));
        let from = moment(SystemClock.now() - SignedDuration::from_hours(100));
        let out = format!("{authority}.crl");
        let dates = ["-crl_lastupdate", &from, "-crl_nextupdate", &until, "-out", &out];
        self.openssl(authority, &[["ca", "-config", "openssl.cnf", "-gencrl"].as_slice(), &dates].concat());
        self.read(&out)
    }

    fn authority(&self, name: &str, subject: &str, above: Option<&str>) {
        fs::create_dir_all(self.at(name)).unwrap();
        fs::write(self.at(name).join("index.txt"), "").unwrap();
        fs::write(self.at(name).join("crlnumber"), "01\n").unwrap();
        let key = format!("{name}/ca.key");
        self.key(&key, P256);
        let out = format!("{name}/ca.pem");
        let extensions =
            "basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash";
        let Some(above) = above else {
            let fixed = ["req", "-x509", "-config", "openssl.cnf", "-key", &key, "-out", &out, "-subj", subject];
            let each: Vec<_> = extensions.lines().flat_map(|line| ["-addext", line]).collect();
            return self.openssl(name, &[fixed.as_slice(), &each].concat());
        };
        fs::write(self.at("extensions"), extensions).unwrap();
        let request = format!("{name}/ca.csr");
        self.openssl(
            name,
            &["req", "-new", "-config", "openssl.cnf", "-key", &key, "-subj", subject, "-out", &request],
        );
        let fixed = ["ca", "-config", "openssl.cnf", "-batch", "-notext", "-create_serial"];
        let files = ["-extfile", "extensions", "-in", &request, "-out", &out];
        self.openssl(above, &[fixed.as_slice(), &files].concat());
    }

    fn key(&self, out: &str, kind: &[&str]) {
        self.openssl("root", &[["genpkey", "-out", out].as_slice(), kind].concat());
    }

    fn openssl(&self, authority: &str, arguments: &[&str]) {
        let mut command = Command::new("openssl");
        let output = command.args(arguments).env("DIR", authority).current_dir(&self.0).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// As OpenSSL takes it.
fn moment(moment: Timestamp) -> String {
    moment.strftime("%y%m%d%H%M%SZ").to_string()
}

/// What makes a client of this house.
pub fn client(who: &str) -> String {
    format!("subjectAltName=URI:{who}\nextendedKeyUsage=clientAuth\nkeyUsage=digitalSignature")
}

/// Puts `text` there as a deployment does.
pub fn put(path: &Path, text: &str) {
    let beside = path.with_file_name(".new");
    fs::write(&beside, text).unwrap();
    fs::rename(beside, path).unwrap();
}
