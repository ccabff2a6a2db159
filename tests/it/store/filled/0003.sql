insert into lesson_reads (person, lesson, opened) values ('0192f0c1-2d3e-7000-8000-000000000001', '1/leakage', 1700000000000000);
