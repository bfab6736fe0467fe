//! Places, vehicles, telephones, online accounts and other objects.

use crate::domain::{code::PlaceKind, geography::Area, text::Text};

/// A place.
#[derive(Debug, Clone)]
pub struct Place {
    /// Local id.
    pub id: Text,
    /// Name or label.
    pub name: Text,
    /// Kind.
    pub kind: PlaceKind,
    /// Address line.
    pub address: Option<Text>,
    /// Postcode.
    pub postcode: Option<Text>,
    /// Which authority or force it lies in; [`Area::Unknown`] if not known.
    pub area: Area,
    /// Person id whose home or place it is, if any.
    pub owner: Option<Text>,
}

/// A vehicle.
#[derive(Debug, Clone)]
pub struct Vehicle {
    /// Local id.
    pub id: Text,
    /// Registration mark, partial with `?`.
    pub vrm: Option<Text>,
    /// Colour, make, model.
    pub description: Option<Text>,
    /// Person id of owner or user.
    pub owner: Option<Text>,
}

/// A telephone number.
#[derive(Debug, Clone)]
pub struct Phone {
    /// Local id.
    pub id: Text,
    /// Number as said.
    pub number: Text,
    /// Person id of the user.
    pub owner: Option<Text>,
}

/// An online account or e-mail address.
#[derive(Debug, Clone)]
pub struct OnlineAccount {
    /// Local id.
    pub id: Text,
    /// Platform, `email` for e-mail.
    pub platform: Text,
    /// Handle or address.
    pub handle: Text,
    /// Display name.
    pub display_name: Option<Text>,
    /// Profile address.
    pub url: Option<Text>,
    /// Person id of the user.
    pub owner: Option<Text>,
}

/// Money, drugs, weapon or another object.
#[derive(Debug, Clone)]
pub struct OtherObject {
    /// Local id.
    pub id: Text,
    /// Kind in words.
    pub kind: Text,
    /// Description.
    pub description: Option<Text>,
    /// Amount.
    pub amount: Option<Text>,
    /// Person id of holder.
    pub owner: Option<Text>,
}
