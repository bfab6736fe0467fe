//! Turns: whose is next, and what is remembered of whom.

use super::*;
use crate::domain::identity::TrustDomain;

/// Of an organisation of their own.
fn who(name: &str) -> Identity {
    of(name, "system")
}

fn of(organisation: &str, name: &str) -> Identity {
    let domain = TrustDomain::parse("pilot.example").unwrap();
    let uri = format!("homeward://pilot.example/provider/{organisation}/provider_submitter/{name}");
    Identity::parse(&uri, &domain).unwrap()
}

/// Polls it once, so that it stands in the queue.
async fn stands<T>(what: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
    tokio::select! {
        biased;
        done = what => Some(done),
        () = std::future::ready(()) => None,
    }
}

fn is_empty(turns: &Turns, seats: [usize; 2]) -> bool {
    let queue = turns.locked();
    queue.free == seats && queue.organisations.is_empty() && queue.lines.are_empty()
}

#[tokio::test]
async fn who_has_nothing_else_under_way_goes_first_and_the_others_one_of_each_in_a_round() {
    let (turns, loud, other, quiet) = (Turns::of(1, 0), who("loud"), who("other"), who("quiet"));
    let sitting = turns.take(&loud).await.unwrap();
    let mut loud: Vec<_> = (0..5).map(|_| Box::pin(turns.take(&loud))).collect();
    let mut other: Vec<_> = (0..2).map(|_| Box::pin(turns.take(&other))).collect();
    for one in loud.iter_mut().chain(&mut other) {
        assert!(stands(one).await.is_none());
    }
    drop(sitting);
    let sitting = stands(&mut other[0]).await.expect("nothing of theirs was under way").unwrap();
    let mut quiet = Box::pin(turns.take(&quiet));
    assert!(stands(&mut quiet).await.is_none());
    drop(sitting);
    let sitting = stands(&mut loud[0]).await.expect("one of the first had the last turn").unwrap();
    drop(sitting);
    let sitting = stands(&mut quiet).await.expect("the second of nobody goes before their first").unwrap();
    drop(sitting);
    let sitting = stands(&mut other[1]).await.expect("it is their turn in the round").unwrap();
    // Those who go away before and after they have a seat keep nobody from it.
    drop(loud.remove(1));
    assert!(stands(&mut loud[1]).await.is_none());
    drop(sitting);
    drop(loud.remove(1));
    drop(loud.remove(1).await.unwrap());
    drop(loud.remove(1).await.unwrap());
    assert!(is_empty(&turns, [1, 0]));
}

#[tokio::test]
async fn seats_are_kept_for_those_who_have_nothing_under_way() {
    let (turns, loud, quiet, other) = (Turns::of(1, 1), who("loud"), who("quiet"), who("other"));
    let anybodys = turns.take(&loud).await.unwrap();
    let mut waits = Box::pin(turns.take(&loud));
    assert!(stands(&mut waits).await.is_none(), "the kept one is not for them");
    let kept = stands(&mut Box::pin(turns.take(&quiet))).await.expect("it is kept for them").unwrap();
    let mut other = Box::pin(turns.take(&other));
    assert!(stands(&mut other).await.is_none());
    drop(kept);
    let kept = stands(&mut other).await.expect("it is kept for them").unwrap();
    drop(kept);
    assert!(stands(&mut waits).await.is_none(), "it is not for those who have one");
    drop(anybodys);
    drop(stands(&mut waits).await.expect("it is anybody's").unwrap());
    assert!(is_empty(&turns, [1, 1]));
}

#[tokio::test]
async fn whoever_gave_up_all_of_its_calls_and_comes_again_is_as_one_who_comes_for_the_first_time() {
    let (turns, loud, other) = (Turns::of(1, 0), who("loud"), who("other"));
    let sitting = turns.take(&other).await.unwrap();
    let mut given_up: Vec<_> = (0..1000).map(|_| Box::pin(turns.take(&loud))).collect();
    for one in &mut given_up {
        assert!(stands(one).await.is_none());
    }
    drop(given_up);
    let mut again: Vec<_> = (0..2).map(|_| Box::pin(turns.take(&loud))).collect();
    let mut others: Vec<_> = (0..2).map(|_| Box::pin(turns.take(&other))).collect();
    for one in again.iter_mut().chain(&mut others) {
        assert!(stands(one).await.is_none());
    }
    drop(sitting);
    for (again, other) in again.iter_mut().zip(&mut others) {
        drop(stands(again).await.expect("the first of theirs, and then one in each round").unwrap());
        drop(stands(other).await.expect("calls that were given up keep nobody waiting").unwrap());
    }
    assert!(is_empty(&turns, [1, 0]));
}

#[tokio::test]
async fn an_organisation_under_thirty_names_has_one_share_and_its_names_share_that() {
    let (turns, quiet) = (Turns::of(1, 0), who("quiet"));
    let names: Vec<_> = (0..30).map(|number| of("loud", &number.to_string())).collect();
    let sitting = [turns.take(&quiet).await.unwrap()];
    let mut loud: Vec<_> = names.iter().flat_map(|name| [name; 3]).map(|name| Box::pin(turns.take(name))).collect();
    let mut quiet: Vec<_> = (0..3).map(|_| Box::pin(turns.take(&quiet))).collect();
    for one in loud.iter_mut().chain(&mut quiet) {
        assert!(stands(one).await.is_none());
    }
    drop(sitting);
    let mut had = [0; 30];
    let mut names: Vec<_> = (0..90).map(|place| place / 3).collect();
    for turn in 0..90 {
        // Whose turn it is, of the thirty.
        let mut place = 0;
        let seat = loop {
            match stands(&mut loud[place]).await {
                Some(seat) => break seat.unwrap(),
                None => place += 1,
            }
        };
        had[names.remove(place)] += 1;
        drop(loud.remove(place));
        drop(seat);
        // Then the quiet one again, for as long as anything of it waits.
        if let Some(one) = quiet.get_mut(turn) {
            drop(stands(one).await.expect("a share as large as that of all the thirty").unwrap());
        }
        // Of the thirty, those who have had none and those who have are taken by turns.
        assert!(turn != 59 || had.iter().all(|turns| *turns > 0), "{had:?}");
    }
    assert_eq!(had, [3; 30]);
    drop(quiet);
    assert!(is_empty(&turns, [1, 0]));
}

#[tokio::test]
async fn a_seat_is_kept_for_an_organisation_that_has_nothing_under_way_and_not_for_each_of_its_names() {
    let turns = Turns::of(1, 2);
    let (first, second, quiet) = (of("loud", "1"), of("loud", "2"), who("quiet"));
    let sitting = turns.take(&first).await.unwrap();
    let mut waits = Box::pin(turns.take(&second));
    assert!(stands(&mut waits).await.is_none(), "their organisation has one");
    drop(stands(&mut Box::pin(turns.take(&quiet))).await.expect("it is kept for them").unwrap());
    drop(sitting);
    drop(stands(&mut waits).await.expect("it is anybody's").unwrap());
    assert!(is_empty(&turns, [1, 2]));
}

#[tokio::test]
async fn of_calls_that_were_given_up_nothing_is_remembered_a_moment_later() {
    let (turns, sitting) = (Turns::of(1, 0), who("sitting"));
    let seat = turns.take(&sitting).await.unwrap();
    let (loud, other) = (of("loud", "1"), of("loud", "2"));
    let mut stays = Box::pin(turns.take(&loud));
    assert!(stands(&mut stays).await.is_none());
    let waiting = || {
        let queue = turns.locked();
        let callers = queue.organisations.values().flat_map(|house| house.callers.values());
        callers.map(|caller| caller.waiting.len()).sum::<usize>()
    };
    for _ in 0..100 {
        let mut given_up: Vec<_> = [&loud, &other, &loud].into_iter().map(|who| Box::pin(turns.take(who))).collect();
        for one in &mut given_up {
            assert!(stands(one).await.is_none());
        }
        assert_eq!(waiting(), 4);
        // From the middle, the end, and the last of its name.
        for place in [0, 1, 0] {
            drop(given_up.remove(place));
        }
        assert_eq!(waiting(), 1);
    }
    assert_eq!(turns.locked().organisations[loud.organisation()].callers.len(), 1, "the other name is forgotten");
    let mut last = Box::pin(turns.take(&other));
    assert!(stands(&mut last).await.is_none());
    drop((stays, last));
    assert_eq!(turns.locked().organisations.len(), 1, "who has a seat is all that is left");
    drop(seat);
    assert!(is_empty(&turns, [1, 0]));
}
