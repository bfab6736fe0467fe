//! Texts of items, persons, places and things.

use super::{Kind, MAX_ITEM_TEXT, Walk};
use crate::domain::submission::{Draft, Item, Person};

impl<'a> Walk<'a, '_> {
    pub(super) fn items(&mut self, draft: &'a Draft) {
        for (n, item) in draft.items.iter().enumerate() {
            self.item(&format!("items[{n}]"), item);
        }
    }

    fn item(&mut self, path: &str, item: &'a Item) {
        self.push(format_args!("{path}.text"), Kind::Free(MAX_ITEM_TEXT), true, &item.text);
        self.free_up_to(MAX_ITEM_TEXT, format_args!("{path}.exactly"), &item.exactly);
        self.free_up_to(MAX_ITEM_TEXT, format_args!("{path}.sanitised_text"), &item.sanitised_text);
        self.opt_name(format_args!("{path}.about"), &item.about);
        self.names(format_args!("{path}.at"), &item.at);
        self.names(format_args!("{path}.who"), &item.who);
        self.names(format_args!("{path}.things"), &item.things);
        self.free(format_args!("{path}.when"), &item.when);
        let from = &item.provenance;
        let path = format!("{path}.provenance");
        self.opt_name(format_args!("{path}.source"), &from.source);
        self.free(format_args!("{path}.told_by"), &from.told_by);
        self.free(format_args!("{path}.who_else_knows"), &from.who_else_knows);
        self.free(format_args!("{path}.relationship"), &from.relationship);
        self.free(format_args!("{path}.doubt_reason"), &from.doubt_reason);
        self.free(format_args!("{path}.opinion"), &from.opinion);
        for (n, support) in from.corroboration.iter().enumerate() {
            self.needed(format_args!("{path}.corroboration[{n}].by"), &support.by);
        }
    }

    pub(super) fn persons(&mut self, draft: &'a Draft) {
        for (n, person) in draft.persons.iter().enumerate() {
            self.person(&format!("persons[{n}]"), person);
        }
    }

    fn person(&mut self, path: &str, person: &'a Person) {
        self.needed(format_args!("{path}.id"), &person.id);
        self.name(format_args!("{path}.name"), &person.name);
        self.names(format_args!("{path}.aliases"), &person.aliases);
        self.free(format_args!("{path}.relationship"), &person.relationship);
        self.free(format_args!("{path}.address"), &person.address);
        self.opt_name(format_args!("{path}.postcode"), &person.postcode);
        self.opt_name(format_args!("{path}.school"), &person.school);
        self.opt_name(format_args!("{path}.nhs_number"), &person.nhs_number);
        self.area(format_args!("{path}.lives"), &person.lives);
        self.area(format_args!("{path}.looked_after_by"), &person.looked_after_by);
        self.opt_name(format_args!("{path}.works_in_queue"), &person.works_in_queue);
        self.opt_name(format_args!("{path}.identity"), &person.identity);
        self.opt_name(format_args!("{path}.organisation"), &person.organisation);
        self.free(format_args!("{path}.description.age_range"), &person.description.age_range);
        self.free(format_args!("{path}.description.appearance"), &person.description.appearance);
    }

    pub(super) fn things(&mut self, draft: &'a Draft) {
        for (n, place) in draft.places.iter().enumerate() {
            let path = format!("places[{n}]");
            self.needed(format_args!("{path}.id"), &place.id);
            self.needed(format_args!("{path}.name"), &place.name);
            self.free(format_args!("{path}.address"), &place.address);
            self.opt_name(format_args!("{path}.postcode"), &place.postcode);
            self.area(format_args!("{path}.area"), &place.area);
            self.opt_name(format_args!("{path}.owner"), &place.owner);
        }
        for (n, vehicle) in draft.vehicles.iter().enumerate() {
            let path = format!("vehicles[{n}]");
            self.needed(format_args!("{path}.id"), &vehicle.id);
            self.opt_name(format_args!("{path}.vrm"), &vehicle.vrm);
            self.free(format_args!("{path}.description"), &vehicle.description);
            self.opt_name(format_args!("{path}.owner"), &vehicle.owner);
        }
        for (n, phone) in draft.phones.iter().enumerate() {
            let path = format!("phones[{n}]");
            self.needed(format_args!("{path}.id"), &phone.id);
            self.needed(format_args!("{path}.number"), &phone.number);
            self.opt_name(format_args!("{path}.owner"), &phone.owner);
        }
        self.accounts_and_objects(draft);
    }

    fn accounts_and_objects(&mut self, draft: &'a Draft) {
        for (n, account) in draft.accounts.iter().enumerate() {
            let path = format!("accounts[{n}]");
            self.needed(format_args!("{path}.id"), &account.id);
            self.needed(format_args!("{path}.platform"), &account.platform);
            self.needed(format_args!("{path}.handle"), &account.handle);
            self.opt_name(format_args!("{path}.display_name"), &account.display_name);
            self.free(format_args!("{path}.url"), &account.url);
            self.opt_name(format_args!("{path}.owner"), &account.owner);
        }
        for (n, object) in draft.objects.iter().enumerate() {
            let path = format!("objects[{n}]");
            self.needed(format_args!("{path}.id"), &object.id);
            self.needed(format_args!("{path}.kind"), &object.kind);
            self.free(format_args!("{path}.description"), &object.description);
            self.opt_name(format_args!("{path}.amount"), &object.amount);
            self.opt_name(format_args!("{path}.owner"), &object.owner);
        }
    }
}
