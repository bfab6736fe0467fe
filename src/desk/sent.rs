//! What a browser sent, read; where it cannot be read, a page says what to do in place of an empty answer.

use axum::{
    body::{Body, Bytes},
    extract::{self, FromRequest, FromRequestParts, Request},
    http::{StatusCode, request::Parts},
};
use serde::de::DeserializeOwned;

use super::trouble::Trouble;

/// No form of ours has so many fields: whoever sends more is not answered field by field.
const MOST_FIELDS: usize = 20_000;

/// The fields of a form.
pub(super) struct Form<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = Trouble;

    async fn from_request(request: Request, state: &S) -> Result<Self, Trouble> {
        let (head, body) = request.into_parts();
        let whole = Bytes::from_request(Request::from_parts(head.clone(), body), state).await;
        let whole = whole.map_err(|refused| match refused.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Trouble::too_large(),
            _ => Trouble::garbled(),
        })?;
        if whole.iter().filter(|byte| **byte == b'&').count() >= MOST_FIELDS {
            return Err(Trouble::too_large());
        }
        let request = Request::from_parts(head, Body::from(whole));
        match extract::Form::<T>::from_request(request, state).await {
            Ok(extract::Form(fields)) => Ok(Self(fields)),
            Err(_) => Err(Trouble::garbled()),
        }
    }
}

/// What stands behind the question mark of an address.
pub(super) struct Query<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Trouble> {
        let read = extract::Query::<T>::from_request_parts(parts, state).await;
        read.map(|extract::Query(asked)| Self(asked)).map_err(|_| Trouble::garbled())
    }
}

/// The pieces of an address.
pub(super) struct Path<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Trouble> {
        let read = extract::Path::<T>::from_request_parts(parts, state).await;
        read.map(|extract::Path(pieces)| Self(pieces)).map_err(|_| Trouble::nowhere())
    }
}
