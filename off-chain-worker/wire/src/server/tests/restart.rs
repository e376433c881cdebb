//! A receiver after a restart, with a mark of the process before.

use crate::{
    server::seconds,
    testing::{is_signed, limits, question, send, server, status, text, Echo, Folder},
    Mark, Running, Server,
};
use std::{fs, sync::Arc};

/// Starts a server with the mark in a folder, as a new process does.
async fn started(folder: &Folder) -> Running {
    let mark = Mark::open(&folder.path().join("created")).unwrap();
    let server = Server {
        mark: Some(Arc::new(mark)),
        ..server(limits())
    };
    server.start(Echo).await.unwrap()
}

fn stored(folder: &Folder) -> u64 {
    let text = fs::read_to_string(folder.path().join("created")).unwrap();
    text.trim().parse().unwrap()
}

#[tokio::test]
async fn a_question_of_a_process_that_was_killed_is_not_answered_again() {
    let folder = Folder::new("restart-killed");
    let question = question(b"body");
    let text = text(&question, "body");
    let running = started(&folder).await;
    assert_eq!(status(&send(running.address(), &text).await), 200);
    drop(running);
    assert!(stored(&folder) >= question.created);
    let running = started(&folder).await;
    let answer = send(running.address(), &text).await;
    assert_eq!(status(&answer), 425, "{answer}");
    assert!(!is_signed(&answer), "{answer}");
}

#[tokio::test]
async fn a_question_is_refused_up_to_the_mark_of_a_clock_that_was_ahead() {
    let folder = Folder::new("restart-ahead");
    fs::write(
        folder.path().join("created"),
        format!("{}\n", seconds() + 1000),
    )
    .unwrap();
    let running = started(&folder).await;
    let answer = send(running.address(), &text(&question(b"body"), "body")).await;
    assert_eq!(status(&answer), 425, "{answer}");
    let after = answer
        .lines()
        .find_map(|line| line.strip_prefix("retry-after: "))
        .unwrap();
    assert!(
        (900..=1001).contains(&after.parse::<u64>().unwrap()),
        "{after}"
    );
}

#[tokio::test]
async fn a_stop_in_order_leaves_the_exact_mark() {
    let folder = Folder::new("restart-stop");
    let question = question(b"body");
    let running = started(&folder).await;
    let answer = send(running.address(), &text(&question, "body")).await;
    assert_eq!(status(&answer), 200, "{answer}");
    running.stop().await;
    assert_eq!(stored(&folder), question.created);
}

#[tokio::test]
async fn a_question_is_refused_unused_while_the_mark_cannot_be_stored() {
    let folder = Folder::new("restart-unwritable");
    let text = text(&question(b"body"), "body");
    let running = started(&folder).await;
    fs::remove_dir_all(folder.path()).unwrap();
    let answer = send(running.address(), &text).await;
    assert_eq!(status(&answer), 503, "{answer}");
    assert!(is_signed(&answer), "{answer}");
    fs::create_dir_all(folder.path()).unwrap();
    assert_eq!(status(&send(running.address(), &text).await), 200);
}
