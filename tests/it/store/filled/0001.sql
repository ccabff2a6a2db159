insert into people (id, name, role, created) values ('0192f0c1-2d3e-7000-8000-000000000001', 'Ana', 'operator', 1700000000000000);
insert into lab_sessions (id, person, lab, lab_hash, state, seed, parameters, driver, created, extensions, revision)
values ('0192f0c1-2d3e-7000-8000-000000000002', '0192f0c1-2d3e-7000-8000-000000000001', 'ten-minutes', 'abc', 'ready', '7', '{"seed":7}', 'process', 1700000000000000, 0, 3);
insert into session_steps (session, number, title, state, output) values ('0192f0c1-2d3e-7000-8000-000000000002', 0, 'Copy the workspace', 'done', '');
insert into intents (session, kind, payload, created) values ('0192f0c1-2d3e-7000-8000-000000000002', 'export', '{}', 1700000000000000);
insert into exports (name, person, session, lab, created, bytes) values ('a.tar.gz', '0192f0c1-2d3e-7000-8000-000000000001', '0192f0c1-2d3e-7000-8000-000000000002', 'ten-minutes', 1700000000000000, 12);
