//! Messages of which nobody thought: narratives with bytes changed, fields moved, values taken from elsewhere. Whatever
//! they are, they are accepted or refused, and what is refused is not there.

use homeward::wire::pb;
use prost::Message;
use prost_reflect::{DynamicMessage, Kind, ReflectMessage, Value};
use tonic::Code;

use crate::{
    every,
    house::{House, PROVIDER, narrative},
    person::{bytes, referral, request, submission},
};

/// A small generator with a seed: a failure can be had again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides.max(1) as u64) as usize
    }
}

const STRANGE: [&str; 10] = [
    "",
    " ",
    "\0",
    "\u{202e}x",
    "E09000023",
    "E99999999",
    "p1",
    "2026-02-30",
    "data:image/png;base64,",
    "\u{10ffff}\u{feff}",
];

/// Changes one field somewhere in the message.
fn change(message: &mut DynamicMessage, dice: &mut Dice) {
    let fields: Vec<_> = message.descriptor().fields().collect();
    if fields.is_empty() {
        return;
    }
    let field = fields[dice.roll(fields.len())].clone();
    match dice.roll(12) {
        0 => return message.clear_field(&field),
        1 if field.is_list() => {
            let mut list = message.get_field(&field).as_list().unwrap().to_vec();
            if let Some(first) = list.first().cloned() {
                let more = dice.roll(300);
                list.extend(std::iter::repeat_n(first, more));
            }
            return message.set_field(&field, Value::List(list));
        }
        _ => {}
    }
    let mut value = message.get_field(&field).into_owned();
    match &mut value {
        Value::List(list) => {
            let at = dice.roll(list.len());
            if let Some(entry) = list.get_mut(at) {
                alter(entry, dice);
            }
        }
        single => alter(single, dice),
    }
    if field.kind().as_message().is_none() || message.has_field(&field) || matches!(field.kind(), Kind::Message(_)) {
        message.set_field(&field, value);
    }
}

fn alter(value: &mut Value, dice: &mut Dice) {
    match value {
        Value::Message(inner) => change(inner, dice),
        Value::String(text) => match dice.roll(5) {
            0 => *text = STRANGE[dice.roll(STRANGE.len())].to_owned(),
            1 => text.push_str(STRANGE[dice.roll(STRANGE.len())]),
            2 => *text = text.chars().rev().collect(),
            3 => *text = text.repeat(1 + dice.roll(60)),
            _ => *text = text.chars().filter(|_| dice.roll(4) > 0).collect(),
        },
        Value::EnumNumber(number) => *number = dice.roll(24) as i32 - 2,
        Value::I64(number) => *number = [0, -1, i64::MIN, i64::MAX, 1_763_000_000, 1_900_000_000][dice.roll(6)],
        Value::I32(number) => *number = [0, -1, i32::MIN, i32::MAX][dice.roll(4)],
        Value::U32(number) => *number = [0, 1, 26, u32::MAX][dice.roll(4)],
        Value::Bool(flag) => *flag = !*flag,
        _ => {}
    }
}

/// A narrative, changed by fields or by bytes.
fn mutant(dice: &mut Dice, narratives: &[pb::Submission]) -> Vec<u8> {
    let base = narratives[dice.roll(narratives.len())].clone();
    let mut asked = request(base.clone());
    if dice.roll(4) > 0 {
        let mut dynamic = DynamicMessage::new(every::submission());
        dynamic.transcode_from(&base).unwrap();
        for _ in 0..=dice.roll(3) {
            change(&mut dynamic, dice);
        }
        asked.submission = Some(pb::Submission::decode(dynamic.encode_to_vec().as_slice()).unwrap());
        return bytes(&asked);
    }
    let mut body = bytes(&asked);
    for _ in 0..=dice.roll(4) {
        let at = dice.roll(body.len());
        match dice.roll(4) {
            0 => body[at] ^= 1 << dice.roll(8),
            1 => body.truncate(at.max(1)),
            2 => body.insert(at, dice.roll(256) as u8),
            _ => drop(body.remove(at)),
        }
    }
    body
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mutated_narratives_are_accepted_or_refused_and_nothing_else() {
    let house = House::open().await;
    let provider = house.person(PROVIDER).await;
    let narratives: Vec<_> = (1..=8).map(|number| submission(&narrative(number))).collect();
    let seed = std::env::var("HOMEWARD_FUZZ_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0x5eed_0001);
    let rounds = std::env::var("HOMEWARD_FUZZ_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(2_000);
    let (mut dice, mut accepted, mut refused) = (Dice(seed), 0_u64, 0_u64);
    for round in 0..rounds {
        let body = mutant(&mut dice, &narratives);
        let before = house.ledger_size().await;
        match provider.call(&referral("SubmitReferral"), body).await {
            Ok(_) => accepted += 1,
            Err(status) => {
                refused += 1;
                let expected = [Code::InvalidArgument, Code::PermissionDenied, Code::ResourceExhausted];
                assert!(expected.contains(&status.code()), "seed {seed}, round {round}: {status:?}");
                assert!(!status.details().is_empty(), "seed {seed}, round {round}: {status:?}");
                // A marking changed to SECRET leaves its alert, and nothing else does.
                let left = house.ledger_size().await - before;
                let marking = String::from_utf8_lossy(status.details()).contains("envelope.marking.level");
                assert!(left == 0 || (left == 1 && marking), "seed {seed}, round {round}: {status:?}");
            }
        }
    }
    assert!(
        accepted > rounds / 20 && refused > rounds / 20,
        "{accepted} accepted, {refused} refused: it proves little"
    );
}
