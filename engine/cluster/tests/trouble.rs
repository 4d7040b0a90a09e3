//! Workers that die, hang, are slow or are not there: the right answer, or a refusal in time.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::stage::{Lake, Worker, asked};

/// What happens to a connection.
#[derive(Clone)]
enum Fate {
    /// It is passed on.
    Pass,
    /// It is passed on, and every piece takes so long.
    Slowly(Duration),
    /// Nothing ever comes back.
    Silence,
    /// The worker dies when the first piece of an answer would come back.
    Dies(Worker),
}

/// A way to a worker on which connection `n` has the fate that is told for it.
fn way(to: SocketAddr, fate: impl Fn(usize) -> Fate + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    thread::spawn(move || {
        for (number, from) in listener.incoming().enumerate() {
            let (Ok(from), fate) = (from, fate(number + 1)) else { return };
            thread::spawn(move || pass(from, to, &fate));
        }
    });
    at
}

fn pass(client: TcpStream, to: SocketAddr, fate: &Fate) {
    let Ok(worker) = TcpStream::connect(to) else { return };
    let (mut from, mut into) = (client.try_clone().unwrap(), worker.try_clone().unwrap());
    thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut into);
        let _ = into.shutdown(Shutdown::Write);
    });
    let (mut from, mut into, mut piece) = (worker, client, [0; 4_096]);
    let mut passed = 0;
    while let Ok(count) = from.read(&mut piece) {
        // What is said at first belongs to the connection itself.
        let is_answer = passed > 100;
        match fate {
            _ if count == 0 => break,
            Fate::Slowly(pause) => thread::sleep(*pause),
            Fate::Silence => thread::sleep(Duration::from_secs(600)),
            Fate::Dies(worker) if is_answer => {
                worker.kill();
                break;
            }
            Fate::Dies(_) | Fate::Pass => {}
        }
        if into.write_all(&piece[..count]).is_err() {
            break;
        }
        passed += count;
    }
    let _ = into.shutdown(Shutdown::Both);
}

/// The first question of a client is who is there; what it asks then are folds. Both come twice: for sources, and for rows.
const FOLDS: [usize; 2] = [2, 4];

#[test]
fn a_worker_that_dies_in_the_middle_does_not_change_the_answer() {
    let lake = Lake::of_plan("national", 3_000, 6);
    let here = lake.local(&["compare", "--json", "-q"]).ok();
    for fold in FOLDS {
        let (one, other) = (Worker::of(&lake.set()), Worker::of(&lake.set()));
        let dies = other.clone();
        let way =
            way(other.at, move |number| if number == fold { Fate::Dies(dies.clone()) } else { Fate::Pass });
        let ran = asked(&lake.set(), &[one.at, way], &["--silence", "2"], &["compare", "--json", "-q"]);
        assert!(ran.err.contains("attempt 1 failed"), "connection {fold}: {}", ran.err);
        assert_eq!(ran.ok(), here, "connection {fold}");
    }
}

#[test]
fn a_worker_that_falls_silent_is_left_out() {
    let lake = Lake::of_plan("national", 3_000, 6);
    let here = lake.local(&["compare", "--json", "-q"]).ok();
    let (one, other) = (Worker::of(&lake.set()), Worker::of(&lake.set()));
    let way = way(other.at, |number| if number < 2 { Fate::Pass } else { Fate::Silence });
    let begun = Instant::now();
    let ran = asked(&lake.set(), &[one.at, way], &["--silence", "1"], &["compare", "--json", "-q"]);
    assert!(ran.err.contains("does not answer any more"), "{}", ran.err);
    assert_eq!(ran.ok(), here);
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn a_slow_worker_is_waited_for() {
    let lake = Lake::of_scenario("range-by-service", 4);
    let here = lake.local(&["compare", "--json", "-q"]).ok();
    let (one, other) = (Worker::of(&lake.set()), Worker::of(&lake.set()));
    let way = way(other.at, |_| Fate::Slowly(Duration::from_millis(150)));
    let ran = asked(&lake.set(), &[one.at, way], &["--silence", "1"], &["compare", "--json", "-q"]);
    assert!(!ran.err.contains("attempt"), "{}", ran.err);
    assert_eq!(ran.ok(), here);
}

#[test]
fn nobody_waits_longer_than_they_said() {
    let lake = Lake::of_scenario("range-by-service", 4);
    let worker = Worker::of(&lake.set());
    let asked_twice = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked_twice);
    // It says that it is there whenever it is asked, and never folds.
    let way = way(worker.at, move |number| {
        count.fetch_max(number, Ordering::Relaxed);
        if number == 2 { Fate::Silence } else { Fate::Pass }
    });
    let begun = Instant::now();
    let options = ["--silence", "1", "--timeout", "4"];
    let said = asked(&lake.set(), &[way], &options, &["compare", "--json", "-q"]).refused();
    assert!(said.contains("not done after 4 s"), "{said}");
    assert!((4..20).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    assert!(asked_twice.load(Ordering::Relaxed) > 2, "nobody asked whether it was still there");
}

#[test]
fn who_is_not_there_is_told_and_left_out() {
    let lake = Lake::of_scenario("range-by-service", 2);
    let here = lake.local(&["compare", "--json", "-q"]).ok();
    let worker = Worker::of(&lake.set());
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ran = asked(&lake.set(), &[worker.at, nobody], &[], &["compare", "--json", "-q"]);
    assert!(ran.err.contains(&format!("{nobody}")) && ran.err.contains("does not take part"), "{}", ran.err);
    assert_eq!(ran.ok(), here);
    let said = asked(&lake.set(), &[nobody], &[], &["compare", "--json", "-q"]).refused();
    assert!(said.contains("no worker is there"), "{said}");
}
