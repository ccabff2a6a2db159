create table people (
    id text primary key,
    name text not null,
    role text not null,
    created bigint not null
);

create table lab_sessions (
    id text primary key,
    person text not null references people (id),
    workshop text,
    lab text not null,
    lab_hash text not null,
    state text not null,
    reason text,
    seed text not null,
    parameters text not null,
    driver text not null,
    created bigint not null,
    ready bigint,
    ended bigint,
    deadline bigint,
    time_left bigint,
    extensions bigint not null default 0,
    from_export text,
    revision bigint not null default 0
);

-- At most one attempt of a person at a lab is under way: a second Start finds the first.
create unique index one_live_session on lab_sessions (person, lab) where state <> 'ended';
create index sessions_by_person on lab_sessions (person, created);
create index sessions_by_state on lab_sessions (state) where state <> 'ended';

create table session_steps (
    session text not null references lab_sessions (id) on delete cascade,
    number bigint not null,
    title text not null,
    state text not null,
    started bigint,
    finished bigint,
    output text not null default '',
    primary key (session, number)
);

-- Written before a side effect begins, removed when it is done: what is left after a crash is taken up again.
create table intents (
    session text not null references lab_sessions (id) on delete cascade,
    kind text not null,
    payload text not null,
    created bigint not null,
    primary key (session, kind)
);

create table exports (
    name text primary key,
    person text not null references people (id),
    session text not null,
    lab text not null,
    created bigint not null,
    bytes bigint not null
);
create index exports_by_person on exports (person, created);
