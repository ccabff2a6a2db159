create table task_levels (
    session text not null references lab_sessions (id) on delete cascade,
    task text not null,
    verdict text not null,
    since bigint not null,
    findings text not null,
    waits_for text not null,
    primary key (session, task)
);

create table awards (
    session text not null references lab_sessions (id) on delete cascade,
    task text not null,
    at bigint not null,
    points bigint not null,
    evidence text not null,
    primary key (session, task)
);

-- What the grading engine must remember besides levels, such as since when a check has held.
create table grading_memory (
    session text primary key references lab_sessions (id) on delete cascade,
    memory text not null
);

create table hints_taken (
    session text not null references lab_sessions (id) on delete cascade,
    task text not null,
    number bigint not null,
    at bigint not null,
    primary key (session, task, number)
);

create table trial_runs (
    id text primary key,
    session text not null references lab_sessions (id) on delete cascade,
    task text not null,
    started bigint not null,
    finished bigint,
    outcome text
);
create index trials_by_session on trial_runs (session, started);
