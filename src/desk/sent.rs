//! What a browser sent, read; where it cannot be read, a page says what to do in place of an empty answer.

use axum::{
    extract::{self, FromRequest, FromRequestParts, Request},
    http::{StatusCode, request::Parts},
};
use serde::de::DeserializeOwned;

use super::trouble::Trouble;

/// The fields of a form.
pub(super) struct Form<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = Trouble;

    async fn from_request(request: Request, state: &S) -> Result<Self, Trouble> {
        match extract::Form::<T>::from_request(request, state).await {
            Ok(extract::Form(fields)) => Ok(Self(fields)),
            Err(refused) if refused.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(Trouble::too_large()),
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
