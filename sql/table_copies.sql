-- Partitions with copies on other nodes: whatever is done to a table is done to them, too.
SET search_path = barks, public;
CREATE TABLE c (id int NOT NULL, v text);
SELECT distribute_table('c', by => 'id', partitions => 6);
SECURITY LABEL FOR barks ON TABLE c IS '{"layout": "hash", "key": ["id"], "partitions": 6, "copies": 3}';
CREATE FUNCTION copies() RETURNS TABLE (partitions bigint, as_many boolean) LANGUAGE sql AS $$
	SELECT count(*), bool_and(n = greatest(1, least(3, (SELECT count(*) FROM barks.nodes))))
	FROM (SELECT count(DISTINCT node) AS n FROM barks.partitions WHERE name = 'c'::regclass GROUP BY partition) s
$$;
SELECT * FROM copies();
-- rows of the driver's, and rows that the nodes store by themselves
INSERT INTO c SELECT i, i::text FROM generate_series(1, 100) i;
SET barks.insert_rows = 0;
INSERT INTO c SELECT id + 1000, v FROM c;
RESET barks.insert_rows;
SELECT count(*), sum(id) FROM c;
SELECT count(*), sum(rows) FROM (SELECT DISTINCT partition, rows FROM barks.partitions WHERE name = 'c'::regclass) p;
SELECT rows FROM tables WHERE name = 'c'::regclass;
CREATE UNIQUE INDEX c_id ON c (id);
\set VERBOSITY terse
INSERT INTO c VALUES (1, 'again');
ALTER TABLE c ADD w int DEFAULT 7, ALTER v TYPE varchar(9);
ANALYZE c;
SELECT count(*), sum(w) FROM c;
SELECT * FROM copies();
DROP INDEX c_id;
TRUNCATE c;
INSERT INTO c VALUES (1, 'again'), (1, 'and again');
SELECT * FROM copies();
-- the label as it is dumped, and what is none
SELECT label FROM pg_seclabels WHERE objname = 'public.c' OR objname = 'c';
SECURITY LABEL FOR barks ON TABLE c IS '{"layout": "hash", "key": ["id"], "copies": 0}';
SECURITY LABEL FOR barks ON TABLE c IS '{"layout": "broadcast", "copies": 2}';
SECURITY LABEL FOR barks ON TABLE c IS '{"layout": "hash", "key": ["id"], "nodes": "dead"}';
DROP TABLE c;
DROP FUNCTION copies;
SELECT count(*) FROM placement;
