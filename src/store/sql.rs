//! Every statement, each once. Placeholders are `$1`, which both engines take.

macro_rules! statements {
    ($($name:ident = $text:literal;)*) => {
        $(pub(super) const $name: &str = $text;)*

        /// Name and text of each.
        pub const ALL: &[(&str, &str)] = &[$((stringify!($name), $text)),*];
    };
}

statements! {
    INSERT_PERSON = "insert into people (id, name, role, created) values ($1, $2, $3, $4) on conflict (id) do nothing";
    PERSON = "select id, name, role, created from people where id = $1";
    FIRST_OF_ROLE = "select id, name, role, created from people where role = $1 order by created, id limit 1";
    RENAME_PERSON = "update people set name = $2 where id = $1";

    INSERT_SESSION = "insert into lab_sessions
        (id, person, workshop, lab, lab_hash, state, reason, seed, parameters, driver, created, ready, ended, deadline, time_left, extensions, from_export, revision)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
        on conflict do nothing";
    SAVE_SESSION = "update lab_sessions set lab_hash = $3, state = $4, reason = $5, driver = $6, ready = $7, ended = $8,
        deadline = $9, time_left = $10, extensions = $11, from_export = $12, revision = revision + 1
        where id = $1 and revision = $2";
    SESSION = "select * from lab_sessions where id = $1";
    LIVE_SESSION = "select * from lab_sessions where person = $1 and lab = $2 and state <> 'ended'";
    LIVE_SESSIONS = "select * from lab_sessions where state <> 'ended' order by created, id";
    SESSIONS_OF = "select * from lab_sessions where person = $1 order by created desc, id desc limit $2";
    USUAL_WAIT = "select ready - created as wait from lab_sessions where lab = $1 and ready is not null order by created desc limit 20";

    DELETE_STEPS = "delete from session_steps where session = $1";
    SAVE_STEP = "insert into session_steps (session, number, title, state, started, finished, output)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (session, number) do update set title = excluded.title, state = excluded.state,
        started = excluded.started, finished = excluded.finished, output = excluded.output";
    STEPS = "select number, title, state, started, finished, output from session_steps where session = $1 order by number";

    SAVE_INTENT = "insert into intents (session, kind, payload, created) values ($1, $2, $3, $4)
        on conflict (session, kind) do update set payload = excluded.payload, created = excluded.created";
    DELETE_INTENT = "delete from intents where session = $1 and kind = $2";
    INTENTS = "select session, kind, payload, created from intents order by created, session, kind";
    INTENTS_OF = "select session, kind, payload, created from intents where session = $1 order by created, kind";

    INSERT_EXPORT = "insert into exports (name, person, session, lab, created, bytes) values ($1, $2, $3, $4, $5, $6)
        on conflict (name) do update set bytes = excluded.bytes, created = excluded.created";
    EXPORT = "select name, person, session, lab, created, bytes from exports where name = $1 and person = $2";
    EXPORT_OWNER = "select person from exports where name = $1";
    EXPORTS_OF = "select name, person, session, lab, created, bytes from exports where person = $1 order by created desc, name";
    ALL_EXPORTS = "select name, person, session, lab, created, bytes from exports order by name";
    DELETE_EXPORT = "delete from exports where name = $1 and person = $2";

    SAVE_LEVEL = "insert into task_levels (session, task, verdict, since, findings, waits_for) values ($1, $2, $3, $4, $5, $6)
        on conflict (session, task) do update set verdict = excluded.verdict, since = excluded.since,
        findings = excluded.findings, waits_for = excluded.waits_for";
    LEVELS = "select task, verdict, since, findings, waits_for from task_levels where session = $1 order by task";
    DELETE_LEVELS = "delete from task_levels where session = $1";
    INSERT_AWARD = "insert into awards (session, task, at, points, evidence) values ($1, $2, $3, $4, $5)
        on conflict (session, task) do nothing";
    AWARDS = "select task, at, points, evidence from awards where session = $1 order by at, task";
    AWARDED_TASKS = "select lab_sessions.lab as lab, awards.task as task, min(awards.at) as at
        from awards join lab_sessions on lab_sessions.id = awards.session
        where lab_sessions.person = $1 group by lab_sessions.lab, awards.task order by lab_sessions.lab, awards.task";
    SAVE_MEMORY = "insert into grading_memory (session, memory) values ($1, $2)
        on conflict (session) do update set memory = excluded.memory";
    MEMORY = "select memory from grading_memory where session = $1";
    DELETE_MEMORY = "delete from grading_memory where session = $1";

    TAKE_HINT = "insert into hints_taken (session, task, number, at) values ($1, $2, $3, $4) on conflict do nothing";
    HINTS = "select task, number, at from hints_taken where session = $1 order by task, number";

    INSERT_TRIAL = "insert into trial_runs (id, session, task, started) values ($1, $2, $3, $4)";
    FINISH_TRIAL = "update trial_runs set finished = $2, outcome = $3 where id = $1 and finished is null";
    TRIALS = "select id, session, task, started, finished, outcome from trial_runs where session = $1 order by started, id";
    OPEN_TRIALS = "select id, session, task, started, finished, outcome from trial_runs where finished is null order by started, id";

    OPEN_LESSON = "insert into lesson_reads (person, lesson, opened) values ($1, $2, $3) on conflict (person, lesson) do nothing";
    FINISH_LESSON = "insert into lesson_reads (person, lesson, opened, finished) values ($1, $2, $3, $3)
        on conflict (person, lesson) do update set finished = coalesce(lesson_reads.finished, excluded.finished)";
    LESSONS_OF = "select lesson, opened, finished from lesson_reads where person = $1 order by opened, lesson";

    INSERT_QUIZ_TRY = "insert into quiz_tries (person, lesson, question, submission, at, hash, answer, correct, place)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (person, lesson, question, submission) do nothing";
    QUIZ_TRIES = "select lesson, question, at, hash, answer, correct, place from quiz_tries
        where person = $1 order by at, submission, lesson, question";
    REVIEW_ENABLED = "select enabled from review_settings where person = $1";
    ENABLE_REVIEW = "insert into review_settings (person, enabled, changed) values ($1, $2, $3)
        on conflict (person) do update set enabled = excluded.enabled, changed = excluded.changed";
    PORTABLE_SESSIONS = "select * from lab_sessions where person = $1 order by id";
    PORTABLE_LEVELS = "select task_levels.* from task_levels join lab_sessions on lab_sessions.id = task_levels.session
        where lab_sessions.person = $1 order by session, task";
    PORTABLE_AWARDS = "select awards.* from awards join lab_sessions on lab_sessions.id = awards.session
        where lab_sessions.person = $1 order by session, task";
    PORTABLE_HINTS = "select hints_taken.* from hints_taken join lab_sessions on lab_sessions.id = hints_taken.session
        where lab_sessions.person = $1 order by session, task, number";
    PORTABLE_TRIALS = "select trial_runs.* from trial_runs join lab_sessions on lab_sessions.id = trial_runs.session
        where lab_sessions.person = $1 and finished is not null order by trial_runs.id";
    PORTABLE_EXPORTS = "select * from exports where person = $1 order by name";
    PORTABLE_LESSONS = "select * from lesson_reads where person = $1 order by lesson";
    PORTABLE_QUIZ_TRIES = "select * from quiz_tries where person = $1 order by at, submission, lesson, question";
    PORTABLE_REVIEW_SETTINGS = "select * from review_settings where person = $1";
    INSERT_REVIEW_SETTING = "insert into review_settings (person, enabled, changed) values ($1, $2, $3) on conflict do nothing";
    DELETE_QUIZ_TRIES_OF = "delete from quiz_tries where person = $1";
    DELETE_REVIEW_SETTINGS_OF = "delete from review_settings where person = $1";
    INSERT_WHOLE_TRIAL = "insert into trial_runs (id, session, task, started, finished, outcome)
        values ($1, $2, $3, $4, $5, $6) on conflict do nothing";
    INSERT_WHOLE_LESSON = "insert into lesson_reads (person, lesson, opened, finished) values ($1, $2, $3, $4)
        on conflict do nothing";
    LIVE_SESSIONS_OF = "select id from lab_sessions where person = $1 and state <> 'ended' limit 1";
    DELETE_SESSIONS_OF = "delete from lab_sessions where person = $1";
    DELETE_EXPORTS_OF = "delete from exports where person = $1";
    DELETE_LESSONS_OF = "delete from lesson_reads where person = $1";
}
