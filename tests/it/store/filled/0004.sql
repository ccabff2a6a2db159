insert into quiz_tries (person, lesson, question, submission, at, hash, answer, correct, place)
values ('0192f0c1-2d3e-7000-8000-000000000001', '1/leakage', 'late-column', 'a1', 1700000000000000, 'abc', '{"kind":"one","answer":"c1"}', 1, '1/leakage');
insert into review_settings (person, enabled, changed) values ('0192f0c1-2d3e-7000-8000-000000000001', 0, 1700000000000000);
