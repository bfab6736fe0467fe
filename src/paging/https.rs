//! A hook that is a service elsewhere: the page is the body of one POST over TLS, delivered when the answer is of the 200s.

use std::{io, sync::Arc};

use async_trait::async_trait;
use http::{Request, Uri, header};
use http_body_util::Full;
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{net::TcpStream, task::JoinSet};
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

use super::{Common, Trust, TrustError, body};
use crate::broker::{Hook, HookFailed, PageMessage};

/// The port of HTTPS.
const PORT: u16 = 443;

/// Where pages are posted to.
#[derive(Debug, Clone)]
pub struct Place {
    uri: Uri,
    host: ServerName<'static>,
}

/// Where pages go, over TLS.
pub struct Https {
    common: Common,
    place: Place,
    tls: Arc<ClientConfig>,
    authorization: Option<Zeroizing<String>>,
}

/// Why no such hook can be.
#[derive(Debug, thiserror::Error)]
pub enum HttpsError {
    /// Not what can stand in a header.
    #[error("`authorization` holds more than one line of signs that a header can carry")]
    Authorization,
    /// Nobody to trust.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

impl Place {
    /// An address that begins with `https://` and names a host, without a user or a fragment.
    pub fn of(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let host = uri.host()?.trim_start_matches('[').trim_end_matches(']').to_owned();
        let plain = !uri.authority()?.as_str().contains('@') && !url.contains('#');
        let host = ServerName::try_from(host).ok()?;
        (plain && uri.scheme_str() == Some("https")).then_some(Self { uri, host })
    }
}

impl Https {
    /// A hook that sends to `place`, with what its `Authorization` header is to hold.
    ///
    /// # Errors
    /// When there is nobody to trust, or the header cannot be sent.
    pub fn new(
        common: Common,
        place: Place,
        trust: &Trust,
        authorization: Option<Zeroizing<String>>,
    ) -> Result<Self, HttpsError> {
        if authorization.as_ref().is_some_and(|words| header::HeaderValue::from_str(words).is_err()) {
            return Err(HttpsError::Authorization);
        }
        Ok(Self { common, place, tls: Arc::new(trust.client()?), authorization })
    }

    /// What is sent. The key is that of the page: who has it already can tell.
    fn request(&self, message: &PageMessage) -> Result<Request<Full<Bytes>>, HookFailed> {
        let path = self.place.uri.path_and_query().map_or("/", |path| path.as_str());
        let host = self.place.uri.authority().map_or("", |authority| authority.as_str());
        let mut request = Request::post(path)
            .header(header::HOST, host)
            .header(header::USER_AGENT, "homeward")
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", message.page.to_string());
        if let Some(words) = &self.authorization {
            let mut value = header::HeaderValue::from_str(words).map_err(|_| failed("the header cannot be sent"))?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        request.body(Full::from(body(message))).map_err(|_| failed("the page cannot be sent so"))
    }

    async fn send(&self, message: &PageMessage) -> Result<(), HookFailed> {
        let request = self.request(message)?;
        let address = (self.place.host.to_str().into_owned(), self.place.uri.port_u16().unwrap_or(PORT));
        let stream = TcpStream::connect(address)
            .await
            .map_err(|error| HookFailed(format!("the service cannot be reached: {}", error.kind())))?;
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let stream =
            connector.connect(self.place.host.clone(), stream).await.map_err(|error| failed(of_tls(&error)))?;
        let broken = |_| failed("the service broke the connection off");
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        // Ends with the attempt, however that ends.
        let mut running = JoinSet::new();
        running.spawn(connection);
        let answer = sender.send_request(request).await.map_err(broken)?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status => Err(HookFailed(format!("the service answered {}", status.as_u16()))),
        }
    }
}

#[async_trait]
impl Hook for Https {
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
        match tokio::time::timeout(self.common.timeout, self.send(message)).await {
            Ok(sent) => sent,
            Err(_) => Err(HookFailed(format!("no answer within {} s", self.common.timeout.as_secs()))),
        }
    }
}

fn failed(words: &str) -> HookFailed {
    HookFailed(words.to_owned())
}

/// Which side of TLS failed; not what the other side says it is called.
fn of_tls(error: &io::Error) -> &'static str {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(_)) => {
            "the service's certificate is not good: it has run out, is for another name, or nobody in `authorities` signed it"
        }
        _ => "the service and we could not agree on TLS",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paging::tests::of_hook;

    #[test]
    fn only_an_address_of_https_is_a_place_and_a_header_is_one_line() {
        for url in
            ["http://a.example/", "https://", "/page", "https://me:you@a.example/", "https://a.example/#x", "ftp://a"]
        {
            assert!(Place::of(url).is_none(), "{url}");
        }
        let place = Place::of("https://[::1]:8443/page?to=duty").unwrap();
        assert_eq!((place.host.to_str().as_ref(), place.uri.port_u16()), ("::1", Some(8443)));
        let two = Some(Zeroizing::new("Bearer one\r\nX-Other: two".to_owned()));
        assert!(matches!(Https::new(of_hook(), place, &Trust::Machine, two).err(), Some(HttpsError::Authorization)));
    }
}
