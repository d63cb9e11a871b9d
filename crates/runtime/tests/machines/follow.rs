//! Following a log while it grows.

use shipgate_runtime::log::Position;

use crate::support::{Yard, within};

#[tokio::test]
async fn lines_come_as_they_are_written_and_end_with_the_machine() {
    let yard = Yard::new();
    let spec = yard
        .script("echo one; while ! test -e go; do sleep 0.02; done; echo two >&2; printf three");
    yard.machines.launch(&spec).await.expect("launched");
    let log = yard.machines.log(&spec.id);
    let mut follow = log.follow(Position::default(), yard.machines.changes(&spec.id));
    let mut texts = Vec::new();
    while let Some(line) = within(follow.next()).await.expect("readable") {
        texts.push(line.text().into_owned());
        if texts.len() == 1 {
            yard.file("go", "", 0o644);
        }
    }
    assert_eq!(texts, ["one", "two", "three"]);
}

#[tokio::test]
async fn a_prompt_without_an_end_of_line_is_shown_while_it_waits() {
    let yard = Yard::new();
    let spec = yard.script("printf 'Continue? '; exec sleep 1000");
    yard.machines.launch(&spec).await.expect("launched");
    yard.says(&spec.id, "Continue?").await;
    let lines = yard.machines.log(&spec.id).read_all().expect("readable");
    assert!(lines[0].partial);
    within(yard.machines.stop(&spec.id)).await.expect("stopped");
}

#[tokio::test]
async fn following_goes_on_from_a_position() {
    let yard = Yard::new();
    let spec = yard.script("echo one; echo two; echo three");
    yard.machines.launch(&spec).await.expect("launched");
    within(yard.machines.wait(&spec.id)).await.expect("ended");
    let log = yard.machines.log(&spec.id);
    let (_, after_two) = log.read(Position::default(), 2).expect("readable");
    let mut follow = log.follow(after_two, yard.machines.changes(&spec.id));
    let line = within(follow.next())
        .await
        .expect("readable")
        .expect("a line");
    assert_eq!(line.text(), "three");
    assert_eq!(within(follow.next()).await.expect("readable"), None);
}
