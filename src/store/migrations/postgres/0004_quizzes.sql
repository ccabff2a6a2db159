-- Every answer to a question of a lesson. Those that one form brought have its submission: sent again, it adds nothing.
create table quiz_tries (
    person text not null references people (id),
    lesson text not null,
    question text not null,
    submission text not null,
    at bigint not null,
    hash text not null,
    answer text not null,
    correct bigint not null,
    place text not null,
    primary key (person, lesson, question, submission)
);
create index tries_by_person on quiz_tries (person, at);

-- Whether questions come back; a person without a row has not said, and they do.
create table review_settings (
    person text primary key references people (id),
    enabled bigint not null,
    changed bigint not null
);
