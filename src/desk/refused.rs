//! A form that was refused: it stands there again, open, with what was written in it and what is not right yet. A browser that is told to keep
//! nothing keeps no form for the back button either.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::response::{Html, IntoResponse, Response};
use maud::{Markup, html};
use tonic::Status;

use super::{calls::Visit, trouble::Trouble};

/// Names of a form's fields with what was given.
pub(super) type Written = Vec<(&'static str, String)>;

/// A form as it came, and why it was not taken.
pub(super) struct Refused {
    act: String,
    request_id: String,
    written: Written,
    trouble: Trouble,
    /// Its form stands on the page.
    stands: AtomicBool,
}

/// What stood in a form before; nothing, unless it was this one that was refused.
pub(super) struct Given<'a> {
    visit: &'a Visit,
    act: &'a str,
    refused: Option<&'a Refused>,
}

impl Refused {
    /// The form that was sent to `act`.
    pub(super) fn new(act: &str, request_id: &str, written: Written, status: Status) -> Self {
        let (act, request_id) = (act.to_owned(), request_id.to_owned());
        Self { act, request_id, written, trouble: status.into(), stands: AtomicBool::new(false) }
    }

    fn value(&self, name: &str) -> &str {
        self.written.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    /// Where the page with the form is no more: what went wrong, with what people wrote, to be copied.
    pub(super) fn told(self) -> Trouble {
        let words = self.written.into_iter().filter(|(name, _)| matches!(*name, "text" | "request"));
        self.trouble.keeping(words.map(|(_, value)| value).collect())
    }
}

impl Visit {
    /// What stood in the form to `act`. Where several forms go there, `which` are the fields that tell them apart.
    pub(super) fn given<'a>(&'a self, act: &'a str, which: &[(&str, &str)]) -> Given<'a> {
        let is_it =
            |refused: &&Refused| refused.act == act && which.iter().all(|(name, value)| refused.value(name) == *value);
        Given { visit: self, act, refused: self.refused.as_deref().filter(is_it) }
    }

    /// Whose page is shown once more, with this form as it was filled in.
    pub(super) fn refusing(self, refused: Refused) -> Self {
        Self { refused: Some(Arc::new(refused)), ..self }
    }

    /// The answer to a form that was refused: its page; where that is no more, or has the form no longer, what went wrong.
    pub(super) fn once_more(mut self, page: Result<Html<String>, Trouble>) -> Response {
        let refused = self.refused.take().and_then(Arc::into_inner);
        match (page, refused) {
            (Ok(page), Some(refused)) if refused.stands.load(Ordering::Relaxed) => {
                (refused.trouble.code(), page).into_response()
            }
            (Ok(page), None) => page.into_response(),
            (_, Some(refused)) => refused.told().into_response(),
            (Err(trouble), None) => trouble.into_response(),
        }
    }
}

impl Given<'_> {
    /// What was written under a name.
    pub(super) fn text(&self, name: &str) -> &str {
        self.refused.map_or("", |refused| refused.value(name))
    }

    /// Whether that was chosen.
    pub(super) fn is(&self, name: &str, value: &str) -> bool {
        self.refused.is_some_and(|refused| refused.value(name) == value)
    }

    /// Whether it is this form that was refused.
    pub(super) fn again(&self) -> bool {
        self.refused.is_some()
    }

    /// The form: of one that was refused, what is not right first, and the request that it was.
    pub(super) fn form(&self, inside: &Markup) -> Result<Markup, Trouble> {
        let Some(refused) = self.refused else { return self.visit.form(self.act, inside) };
        refused.stands.store(true, Ordering::Relaxed);
        let inside = html! { (refused.trouble.at_the_form()) (inside) };
        Ok(self.visit.form_under(self.act, &refused.request_id, &inside))
    }
}
