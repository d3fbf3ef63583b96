-- A cursor sees what was there when it was opened, whatever its own transaction
-- writes later, and however late it asks for it.
CREATE TABLE cur (k int, t text);
SELECT barks.distribute_table('cur', by => 'k', partitions => 300);
INSERT INTO cur SELECT i, repeat('x', 500) FROM generate_series(1, 3000) i;
CREATE FUNCTION rest(c refcursor) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
	MOVE FORWARD ALL IN c;
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END $$;
BEGIN;
DECLARE a CURSOR FOR SELECT * FROM cur;
MOVE 1 IN a;
INSERT INTO cur SELECT i, 'new' FROM generate_series(1, 300) i;
DECLARE b CURSOR FOR SELECT * FROM cur;
MOVE 1 IN b;
INSERT INTO cur SELECT i, 'newer' FROM generate_series(1, 300) i;
DECLARE c CURSOR FOR SELECT * FROM cur;
MOVE 700 IN b;
SAVEPOINT s;
INSERT INTO cur SELECT i, 'gone' FROM generate_series(1, 300) i;
DECLARE d CURSOR FOR SELECT * FROM cur;
SELECT rest('d');
ROLLBACK TO s;
INSERT INTO cur SELECT i, 'newest' FROM generate_series(1, 300) i;
SELECT rest('a') + 1 AS a, rest('b') + 701 AS b, rest('c') AS c, count(*) FROM cur;
COMMIT;
-- nor does a statement see what it writes itself
BEGIN;
INSERT INTO cur VALUES (0, 'first');
INSERT INTO cur SELECT k, repeat('y', 3000) FROM cur;
SELECT count(*) FROM cur;
ROLLBACK;
-- an open cursor keeps its table from being changed
BEGIN;
DECLARE a CURSOR FOR SELECT * FROM cur;
MOVE 1 IN a;
TRUNCATE cur;
ROLLBACK;
BEGIN;
DECLARE a CURSOR FOR SELECT count(*) FROM cur;
ALTER TABLE cur ADD COLUMN x int;
ROLLBACK;
BEGIN;
DECLARE a CURSOR FOR SELECT * FROM cur;
SELECT barks.distribute_table('cur', by => 't');
ROLLBACK;
DROP TABLE cur;
DROP FUNCTION rest;
