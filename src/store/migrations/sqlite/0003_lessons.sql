create table lesson_reads (
    person text not null references people (id),
    lesson text not null,
    opened bigint not null,
    finished bigint,
    primary key (person, lesson)
);
