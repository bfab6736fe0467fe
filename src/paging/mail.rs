//! A hook that is a mailbox: the page is one short mail, delivered when the server has taken it.

use std::time::Duration;

use async_trait::async_trait;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::{
        self,
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
    },
};
use zeroize::Zeroizing;

use super::{Common, Trust, TrustError, to};
use crate::broker::{Hook, HookFailed, PageMessage};

/// A mailbox, and the server that takes mail for it.
pub struct Mail {
    common: Common,
    from: Mailbox,
    to: Mailbox,
    server: AsyncSmtpTransport<Tokio1Executor>,
}

/// An address, with or without a name in front of it: `Duty <duty@council.example>`.
#[derive(Debug, Clone)]
pub struct MailAddress(Mailbox);

impl MailAddress {
    /// The address that the words are.
    pub fn of(words: &str) -> Option<Self> {
        words.parse().ok().map(Self)
    }
}

/// How the way to the server is kept from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// TLS from the first byte.
    Implicit,
    /// TLS before anything is said, or nothing is.
    StartTls,
    /// None: for a server on this machine.
    None,
}

/// How to reach a mail server.
pub struct Server {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way there is kept from others.
    pub tls: MailTls,
    /// Who vouches for it.
    pub trust: Trust,
    /// Who we are there, and the password.
    pub login: Option<(String, Zeroizing<String>)>,
}

/// Why no such hook can be.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// TLS cannot be set up towards it.
    #[error("TLS to `server` cannot be set up: is its name right?")]
    Server,
    /// Nobody to trust.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

impl Mail {
    /// A hook by which `from` writes to `to`.
    ///
    /// # Errors
    /// When TLS to the server cannot be.
    pub fn new(common: Common, (from, to): (MailAddress, MailAddress), server: &Server) -> Result<Self, MailError> {
        let tls = match server.tls {
            MailTls::None => Tls::None,
            MailTls::Implicit => Tls::Wrapper(parameters(server)?),
            MailTls::StartTls => Tls::Required(parameters(server)?),
        };
        let mut built = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
            .port(server.port)
            .tls(tls)
            // The attempt as a whole has its own bound.
            .timeout(Some(common.timeout + Duration::from_secs(1)));
        if let Some((user, password)) = &server.login {
            built = built.credentials(Credentials::new(user.clone(), password.to_string()));
        }
        Ok(Self { common, from: from.0, to: to.0, server: built.build() })
    }

    /// The mail. Its id is that of the page, so that a mailbox that has it already can tell.
    fn letter(&self, message: &PageMessage) -> Result<Message, HookFailed> {
        let (class, queue) = (message.class.code(), message.queue.as_str());
        Message::builder()
            .from(self.from.clone())
            .to(self.to.clone())
            .subject(format!("Homeward: {class} waits in {queue}"))
            .message_id(Some(format!("<{}@{}>", message.page, self.from.email.domain())))
            .header(ContentType::TEXT_PLAIN)
            .body(words(message))
            .map_err(|_| HookFailed("the mail cannot be written so".to_owned()))
    }
}

/// What the mail says.
fn words(message: &PageMessage) -> String {
    format!(
        "Something of class {} waits in queue {}.\nFor: {}, {}\nDelivery: {}\n\nOpen the queue to read it: a page never says what it is \
         about.\n",
        message.class.code(),
        message.queue,
        to(message),
        message.contact,
        message.page.delivery
    )
}

fn parameters(server: &Server) -> Result<TlsParameters, MailError> {
    // Whoever is not trusted by anybody is not asked.
    server.trust.client()?;
    let mut parameters = TlsParameters::builder(server.host.clone());
    if let Trust::Own(certificates) = &server.trust {
        parameters = parameters.certificate_store(CertificateStore::None);
        for certificate in certificates {
            let certificate = Certificate::from_der(certificate.to_vec()).map_err(|_| TrustError::NotCertificates)?;
            parameters = parameters.add_root_certificate(certificate);
        }
    }
    parameters.build_rustls().map_err(|_| MailError::Server)
}

#[async_trait]
impl Hook for Mail {
    fn name(&self) -> &str {
        &self.common.name
    }

    fn reaches(&self, message: &PageMessage) -> bool {
        self.common.reaches(message)
    }

    fn is_fallback(&self) -> bool {
        self.common.fallback
    }

    async fn deliver(&self, message: &PageMessage) -> Result<(), HookFailed> {
        let letter = self.letter(message)?;
        match tokio::time::timeout(self.common.timeout, self.server.send(letter)).await {
            Ok(sent) => sent.map(|_| ()).map_err(|error| HookFailed(told(&error))),
            Err(_) => Err(HookFailed(format!("the mail was not taken within {} s", self.common.timeout.as_secs()))),
        }
    }
}

/// What failed, in our own words.
fn told(error: &smtp::Error) -> String {
    match error.status() {
        Some(code) => format!("the mail server answered {code}"),
        None if error.is_tls() => {
            "TLS with the mail server failed: is its certificate good, and of `authorities`?".into()
        }
        None if error.is_timeout() => "the mail server did not answer in time".into(),
        None if error.is_client() => "the mail server does not offer what is needed: TLS, or a way to log in".into(),
        None => "the mail server cannot be reached".into(),
    }
}
