insert into task_levels (session, task, verdict, since, findings, waits_for) values ('0192f0c1-2d3e-7000-8000-000000000002', 'greet', 'pass', 1700000000000000, '[]', '[]');
insert into awards (session, task, at, points, evidence) values ('0192f0c1-2d3e-7000-8000-000000000002', 'greet', 1700000000000000, 10, '["hello"]');
insert into grading_memory (session, memory) values ('0192f0c1-2d3e-7000-8000-000000000002', '{}');
insert into hints_taken (session, task, number, at) values ('0192f0c1-2d3e-7000-8000-000000000002', 'greet', 0, 1700000000000000);
insert into trial_runs (id, session, task, started) values ('0192f0c1-2d3e-7000-8000-000000000003', '0192f0c1-2d3e-7000-8000-000000000002', 'greet', 1700000000000000);
