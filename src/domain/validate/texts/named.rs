//! Texts of items, persons, places and things.

use super::{Kind, MAX_ITEM_TEXT, Walk};
use crate::domain::submission::{Draft, Item, Person};

impl<'a> Walk<'a> {
    pub(super) fn items(&mut self, draft: &'a Draft) {
        for (n, item) in draft.items.iter().enumerate() {
            self.item(&format!("items[{n}]"), item);
        }
    }

    fn item(&mut self, path: &str, item: &'a Item) {
        self.push(format!("{path}.text"), Kind::Free(MAX_ITEM_TEXT), true, &item.text);
        self.free_up_to(MAX_ITEM_TEXT, format!("{path}.exactly"), &item.exactly);
        self.free_up_to(MAX_ITEM_TEXT, format!("{path}.sanitised_text"), &item.sanitised_text);
        self.opt_name(format!("{path}.about"), &item.about);
        self.names(&format!("{path}.at"), &item.at);
        self.names(&format!("{path}.who"), &item.who);
        self.names(&format!("{path}.things"), &item.things);
        self.free(format!("{path}.when"), &item.when);
        let from = &item.provenance;
        let path = format!("{path}.provenance");
        self.opt_name(format!("{path}.source"), &from.source);
        self.free(format!("{path}.told_by"), &from.told_by);
        self.free(format!("{path}.who_else_knows"), &from.who_else_knows);
        self.free(format!("{path}.relationship"), &from.relationship);
        self.free(format!("{path}.doubt_reason"), &from.doubt_reason);
        self.free(format!("{path}.opinion"), &from.opinion);
        for (n, support) in from.corroboration.iter().enumerate() {
            self.needed(format!("{path}.corroboration[{n}].by"), &support.by);
        }
    }

    pub(super) fn persons(&mut self, draft: &'a Draft) {
        for (n, person) in draft.persons.iter().enumerate() {
            self.person(&format!("persons[{n}]"), person);
        }
    }

    fn person(&mut self, path: &str, person: &'a Person) {
        self.needed(format!("{path}.id"), &person.id);
        self.name(format!("{path}.name"), &person.name);
        self.names(&format!("{path}.aliases"), &person.aliases);
        self.free(format!("{path}.relationship"), &person.relationship);
        self.free(format!("{path}.address"), &person.address);
        self.opt_name(format!("{path}.postcode"), &person.postcode);
        self.opt_name(format!("{path}.school"), &person.school);
        self.opt_name(format!("{path}.nhs_number"), &person.nhs_number);
        self.area(&format!("{path}.lives"), &person.lives);
        self.area(&format!("{path}.looked_after_by"), &person.looked_after_by);
        self.opt_name(format!("{path}.works_in_queue"), &person.works_in_queue);
        self.opt_name(format!("{path}.identity"), &person.identity);
        self.opt_name(format!("{path}.organisation"), &person.organisation);
        self.free(format!("{path}.description.age_range"), &person.description.age_range);
        self.free(format!("{path}.description.appearance"), &person.description.appearance);
    }

    pub(super) fn things(&mut self, draft: &'a Draft) {
        for (n, place) in draft.places.iter().enumerate() {
            let path = format!("places[{n}]");
            self.needed(format!("{path}.id"), &place.id);
            self.needed(format!("{path}.name"), &place.name);
            self.free(format!("{path}.address"), &place.address);
            self.opt_name(format!("{path}.postcode"), &place.postcode);
            self.area(&format!("{path}.area"), &place.area);
            self.opt_name(format!("{path}.owner"), &place.owner);
        }
        for (n, vehicle) in draft.vehicles.iter().enumerate() {
            let path = format!("vehicles[{n}]");
            self.needed(format!("{path}.id"), &vehicle.id);
            self.opt_name(format!("{path}.vrm"), &vehicle.vrm);
            self.free(format!("{path}.description"), &vehicle.description);
            self.opt_name(format!("{path}.owner"), &vehicle.owner);
        }
        for (n, phone) in draft.phones.iter().enumerate() {
            let path = format!("phones[{n}]");
            self.needed(format!("{path}.id"), &phone.id);
            self.needed(format!("{path}.number"), &phone.number);
            self.opt_name(format!("{path}.owner"), &phone.owner);
        }
        self.accounts_and_objects(draft);
    }

    fn accounts_and_objects(&mut self, draft: &'a Draft) {
        for (n, account) in draft.accounts.iter().enumerate() {
            let path = format!("accounts[{n}]");
            self.needed(format!("{path}.id"), &account.id);
            self.needed(format!("{path}.platform"), &account.platform);
            self.needed(format!("{path}.handle"), &account.handle);
            self.opt_name(format!("{path}.display_name"), &account.display_name);
            self.free(format!("{path}.url"), &account.url);
            self.opt_name(format!("{path}.owner"), &account.owner);
        }
        for (n, object) in draft.objects.iter().enumerate() {
            let path = format!("objects[{n}]");
            self.needed(format!("{path}.id"), &object.id);
            self.needed(format!("{path}.kind"), &object.kind);
            self.free(format!("{path}.description"), &object.description);
            self.opt_name(format!("{path}.amount"), &object.amount);
            self.opt_name(format!("{path}.owner"), &object.owner);
        }
    }
}
