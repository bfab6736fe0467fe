//! Alarms: what somebody must look at, kept until it is mended. Each has a stable name, so that a log can be searched for
//! it; operators see the names in `WhoAmI`.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

/// An alarm that is still on is said again this often.
const AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// The alarms that are on.
#[derive(Debug, Default)]
pub struct Alarms(Mutex<BTreeMap<String, Alarm>>);

#[derive(Debug)]
struct Alarm {
    words: String,
    said: Timestamp,
}

impl Alarms {
    /// Sets an alarm: `NAME` or `NAME subject`. Said when it is new or has other words, and again once a day. The words
    /// name files, certificates and what to do, never content.
    pub fn raise(&self, name: &str, words: &str, now: Timestamp) {
        self.begins(name, words, now);
    }

    /// The same; answers whether it was off before: of those who set it at once, to one.
    pub fn begins(&self, name: &str, words: &str, now: Timestamp) -> bool {
        let mut on = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if on.get(name).is_some_and(|alarm| alarm.words == words && now.duration_since(alarm.said) < AGAIN) {
            return false;
        }
        tracing::error!(alarm = name, words, "ALARM");
        on.insert(name.to_owned(), Alarm { words: words.to_owned(), said: now }).is_none()
    }

    /// Whatever it was, it is mended.
    pub fn clear(&self, name: &str) {
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name).is_some() {
            tracing::info!(alarm = name, "alarm over");
        }
    }

    /// The names of those that are on.
    pub fn names(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_is_on_until_it_is_mended_and_is_said_again_when_it_changes_or_a_day_has_passed() {
        let alarms = Alarms::default();
        let noon: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let said = |alarms: &Alarms| alarms.0.lock().unwrap()["RELOAD_REFUSED grants"].said;
        alarms.raise("RELOAD_REFUSED grants", "line 3", noon);
        let hour = noon + SignedDuration::from_hours(1);
        alarms.raise("RELOAD_REFUSED grants", "line 3", hour);
        assert_eq!(said(&alarms), noon, "said once");
        alarms.raise("RELOAD_REFUSED grants", "line 4", hour);
        assert_eq!(said(&alarms), hour, "other words");
        alarms.raise("RELOAD_REFUSED grants", "line 4", hour + AGAIN);
        assert_eq!(said(&alarms), hour + AGAIN, "a day later");
        assert_eq!(alarms.names(), ["RELOAD_REFUSED grants"]);
        alarms.clear("RELOAD_REFUSED grants");
        assert!(alarms.names().is_empty());
    }
}
