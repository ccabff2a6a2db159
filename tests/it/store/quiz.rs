//! Answers to questions: all are kept, none twice, and none is lost to a question that was changed.

use halfway::base::{Clock, PersonId, Random, Timestamp};
use halfway::model::{Answer, Person, PersonRole};
use halfway::store::{QuizTry, Store, StoreError};

use super::on_both;

on_both! {
    answers_come_back_in_their_order
    a_form_that_is_sent_again_adds_nothing
    two_tabs_at_once_are_both_kept
    answers_are_kept_whole_or_not_at_all
    an_answer_of_another_version_is_still_counted
    coming_back_can_be_switched_off
}

async fn person(store: &Store) -> PersonId {
    let clock = Clock::manual(Timestamp(1_700_000_000_000_000));
    let person = Person {
        id: PersonId::fresh(&clock, &Random::system()),
        name: "Ana".to_owned(),
        role: PersonRole::Learner,
        created: clock.now(),
    };
    store.add_person(&person).await.unwrap();
    person.id
}

fn tried(question: &str, at: i64, answer: Answer) -> QuizTry {
    QuizTry {
        lesson: "1/leakage".into(),
        question: question.into(),
        at: Timestamp(at),
        hash: "abc".into(),
        right: matches!(answer, Answer::One(_)),
        answer: Some(answer),
        place: "1/leakage".into(),
    }
}

async fn answers_come_back_in_their_order(store: Store) {
    let (ana, ben) = (person(&store).await, person(&store).await);
    let first = tried("a", 5, Answer::Several(["x".to_owned(), "y".to_owned()].into()));
    let second = tried("b", 5, Answer::Words("<b>\0'; drop table people --".into()));
    let later = tried("a", 9, Answer::One("y".into()));
    store
        .add_quiz_tries(ana, "s2", std::slice::from_ref(&later))
        .await
        .unwrap();
    let added = store
        .add_quiz_tries(ana, "s1", &[first.clone(), second.clone()])
        .await
        .unwrap();
    assert_eq!(added, 2);
    assert_eq!(store.quiz_tries(ana).await.unwrap(), [first, second, later]);
    assert_eq!(store.quiz_tries(ben).await.unwrap(), []);
}

async fn a_form_that_is_sent_again_adds_nothing(store: Store) {
    let ana = person(&store).await;
    let one = tried("a", 5, Answer::One("x".into()));
    assert_eq!(
        store
            .add_quiz_tries(ana, "s1", std::slice::from_ref(&one))
            .await
            .unwrap(),
        1
    );
    let again = QuizTry {
        at: Timestamp(6),
        ..one.clone()
    };
    assert_eq!(store.add_quiz_tries(ana, "s1", &[again]).await.unwrap(), 0);
    assert_eq!(store.quiz_tries(ana).await.unwrap(), [one]);
}

async fn two_tabs_at_once_are_both_kept(store: Store) {
    let ana = person(&store).await;
    let (left, right) = (
        tried("a", 5, Answer::One("x".into())),
        tried("a", 5, Answer::One("y".into())),
    );
    let (one, other) = tokio::join!(
        store.add_quiz_tries(ana, "s1", std::slice::from_ref(&left)),
        store.add_quiz_tries(ana, "s2", std::slice::from_ref(&right)),
    );
    assert_eq!((one.unwrap(), other.unwrap()), (1, 1));
    assert_eq!(store.quiz_tries(ana).await.unwrap(), [left, right]);
}

async fn answers_are_kept_whole_or_not_at_all(store: Store) {
    let clock = Clock::manual(Timestamp(1));
    let nobody = PersonId::fresh(&clock, &Random::system());
    let answers = [
        tried("a", 5, Answer::One("x".into())),
        tried("b", 5, Answer::One("x".into())),
    ];
    let refused = store.add_quiz_tries(nobody, "s1", &answers).await.unwrap_err();
    assert!(matches!(refused, StoreError::Broken { .. }), "{refused}");
    assert_eq!(store.quiz_tries(nobody).await.unwrap(), []);
}

async fn an_answer_of_another_version_is_still_counted(store: Store) {
    let ana = person(&store).await;
    store
        .add_quiz_tries(ana, "s1", &[tried("a", 5, Answer::One("x".into()))])
        .await
        .unwrap();
    store
        .execute_script("update quiz_tries set answer = '{\"kind\":\"drawn\",\"answer\":[1,2]}', hash = 'old'")
        .await
        .unwrap();
    let tries = store.quiz_tries(ana).await.unwrap();
    assert_eq!((tries.len(), &tries[0].answer, tries[0].right), (1, &None, true));
}

async fn coming_back_can_be_switched_off(store: Store) {
    let (ana, ben) = (person(&store).await, person(&store).await);
    assert!(store.review_enabled(ana).await.unwrap());
    store.enable_review(ana, false, Timestamp(5)).await.unwrap();
    assert!(!store.review_enabled(ana).await.unwrap());
    assert!(store.review_enabled(ben).await.unwrap());
    store.enable_review(ana, true, Timestamp(6)).await.unwrap();
    assert!(store.review_enabled(ana).await.unwrap());
}
