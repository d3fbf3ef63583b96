-- DDL on distributed tables.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS barks;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE TABLE t (a int, b text DEFAULT 'dflt', c int) USING barks;
SELECT barks.distribute_table('t', by => 'a', partitions => 3);
INSERT INTO t SELECT i, 'x' || i, i FROM generate_series(1, 100) i;

-- columns
ALTER TABLE t ADD COLUMN d int DEFAULT 7, ADD COLUMN e text;
SELECT count(d), min(d), max(d), count(e) FROM t;
INSERT INTO t VALUES (101, 'y', 101, 8, 'e');
ALTER TABLE t ADD COLUMN f timestamptz DEFAULT '2020-01-01 00:00+00' NOT NULL;
ALTER TABLE t ADD COLUMN "G g" int[] DEFAULT '{1,2}', ADD COLUMN h numeric GENERATED ALWAYS AS (a * 1.5) STORED;
SELECT count(*), min(f) = '2020-01-01 00:00+00', max("G g"), sum(h) FROM t;
ALTER TABLE t ADD COLUMN i int GENERATED ALWAYS AS IDENTITY;
SELECT count(DISTINCT i), min(i), max(i) FROM t;
ALTER TABLE t RENAME COLUMN a TO aa;
ALTER TABLE t RENAME COLUMN "G g" TO g;
SELECT key FROM barks.tables WHERE name = 't'::regclass;
SELECT aa, b, c, d, e, g, h FROM t WHERE aa IN (1, 101) ORDER BY aa;
ALTER TABLE t DROP COLUMN aa;
ALTER TABLE t DROP COLUMN h;
ALTER TABLE t DROP COLUMN b, DROP COLUMN i;
SELECT * FROM t WHERE aa IN (1, 101) ORDER BY aa;
INSERT INTO t (aa, c) VALUES (102, 102) RETURNING *;
ALTER TABLE t ALTER COLUMN c TYPE text USING 'c' || c;
ALTER TABLE t ALTER COLUMN c TYPE varchar(10);
ALTER TABLE t ALTER COLUMN c TYPE varchar(20);
ALTER TABLE t ALTER COLUMN c TYPE text COLLATE "C";
ALTER TABLE t ALTER COLUMN aa TYPE bigint;
SELECT count(*), count(DISTINCT aa), min(c), max(c) FROM t;
SELECT * FROM t WHERE aa = 102;
ALTER TABLE t ALTER COLUMN e SET STORAGE external, ALTER COLUMN e SET STATISTICS 10;
ALTER TABLE t SET (fillfactor = 70);
ALTER TABLE t RESET (fillfactor);

-- constraints
ALTER TABLE t ALTER COLUMN e SET NOT NULL;
UPDATE t SET e = '';
ALTER TABLE t ALTER COLUMN c SET NOT NULL;
INSERT INTO t (aa) VALUES (103);
ALTER TABLE t ALTER COLUMN c DROP NOT NULL;
ALTER TABLE t ADD CONSTRAINT small CHECK (aa < 100);
ALTER TABLE t ADD CONSTRAINT small CHECK (aa < 1000), ADD COLUMN k int DEFAULT 5 CHECK (k > 2);
INSERT INTO t (aa) VALUES (1000);
SELECT sum(k) FROM t;
ALTER TABLE t DROP CONSTRAINT small;

-- indexes
CREATE INDEX ON t (c);
CREATE UNIQUE INDEX t_c ON t (c);
CREATE UNIQUE INDEX t_half ON t (aa) WHERE aa % 2 = 0;
ALTER TABLE t ADD PRIMARY KEY (aa);
ALTER TABLE t ADD CONSTRAINT other PRIMARY KEY (aa, c);
ALTER TABLE t ALTER COLUMN aa DROP NOT NULL;
ALTER TABLE t ADD CONSTRAINT u UNIQUE (aa, c);
CREATE INDEX t_expr ON t ((lower(c)), aa DESC) INCLUDE (d) WITH (fillfactor = 50);
\d t
INSERT INTO t (aa, c) VALUES (1, 'again');
INSERT INTO t (aa, c) SELECT 200 + i % 3, i FROM generate_series(1, 10) i;
SELECT count(*) FROM t WHERE aa >= 200;
COPY t (aa, c) FROM stdin;
300	a
301	b
300	c
\.
SELECT count(*) FROM t WHERE aa >= 200;
INSERT INTO t (aa, c) VALUES (300, 'a');
ALTER INDEX t_half RENAME TO "t Half";
BEGIN;
ALTER TABLE t DROP CONSTRAINT t_pkey;
INSERT INTO t (aa, c) VALUES (300, 'aa');
ROLLBACK;
DROP INDEX "t Half";
REINDEX TABLE t;
REINDEX INDEX t_pkey;
INSERT INTO t (aa, c) VALUES (300, 'aa');
VACUUM FULL t;
INSERT INTO t (aa, c) VALUES (300, 'aa');
TRUNCATE t;
INSERT INTO t (aa, c) VALUES (300, 'aa'), (301, 'b'), (300, 'c');
INSERT INTO t (aa, c) VALUES (300, 'aa'), (301, 'b'), (302, 'c');
SELECT barks.distribute_table('t');
SELECT barks.distribute_table('t', by => 'c');
SELECT barks.distribute_table('t', by => 'aa', partitions => 5);
INSERT INTO t (aa, c) VALUES (300, 'aa');
SELECT barks.broadcast_table('t');
INSERT INTO t (aa, c) VALUES (300, 'aa');
SELECT barks.undistribute_table('t');
INSERT INTO t (aa, c) VALUES (300, 'aa');
SET enable_seqscan = off;
EXPLAIN (COSTS off) SELECT * FROM t WHERE aa = 300;
RESET enable_seqscan;
CREATE TABLE big (a int PRIMARY KEY, b int, UNIQUE (a, b)) USING barks;
CREATE TABLE big (a int PRIMARY KEY, b int, UNIQUE (a, b));
INSERT INTO big SELECT i, i FROM generate_series(1, 3000) i;
SELECT barks.distribute_table('big', by => 'a', colocate_with => 't');
SELECT barks.distribute_table('t', by => 'aa', partitions => 3);
SELECT barks.distribute_table('big', by => 'a', colocate_with => 't');
SELECT barks.distribute_table('big', by => 'a', partitions => 3);
INSERT INTO big VALUES (2999, 1);
CREATE TABLE likeness (LIKE big INCLUDING ALL);
\d likeness
DROP TABLE likeness;

-- what hangs on the table stays when it is distributed
CREATE TABLE h (id int GENERATED ALWAYS AS IDENTITY, a int NOT NULL, drop_me int, twice int GENERATED ALWAYS AS (a * 2) STORED, CHECK (a > 0));
COMMENT ON TABLE h IS 'a comment';
COMMENT ON COLUMN h.a IS 'column comment';
CREATE VIEW hv AS SELECT a, twice FROM h;
CREATE ROLE table_ddl_reader;
GRANT SELECT ON h TO table_ddl_reader;
INSERT INTO h (a, drop_me) SELECT i, i FROM generate_series(1, 10) i;
ALTER TABLE h DROP COLUMN drop_me;
SELECT barks.distribute_table('h', by => 'a', partitions => 2);
INSERT INTO h (a) VALUES (11);
SELECT * FROM hv WHERE a > 9 ORDER BY a;
SELECT id, a FROM h WHERE a > 9 ORDER BY a;
INSERT INTO h (a) VALUES (-1);
SELECT obj_description('h'::regclass), col_description('h'::regclass, 2), has_table_privilege('table_ddl_reader', 'h', 'SELECT');
SET ROLE table_ddl_reader;
SELECT count(*) FROM h;
INSERT INTO h (a) VALUES (1);
SELECT barks.distribute_table('h');
RESET ROLE;
DROP VIEW hv;
DROP TABLE h;
DROP ROLE table_ddl_reader;

-- what cannot be
DELETE FROM t WHERE false;
UPDATE t SET c = 1;
MERGE INTO t USING big ON t.aa = big.a WHEN MATCHED THEN DELETE;
INSERT INTO t (aa) VALUES (1) ON CONFLICT DO NOTHING;
INSERT INTO t (aa) VALUES (1) ON CONFLICT (aa) DO UPDATE SET c = 1;
SELECT * FROM t FOR UPDATE;
SELECT ctid FROM t;
SELECT xmin FROM t;
SELECT count(*) FROM t WHERE tableoid = 't'::regclass;
WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x;
ALTER TABLE t SET UNLOGGED;
ALTER TABLE t SET TABLESPACE pg_global;
CREATE UNLOGGED TABLE un (a int) USING barks;
CREATE TEMP TABLE te (a int) USING barks;
CREATE INDEX CONCURRENTLY ON t (c);
REINDEX TABLE CONCURRENTLY t;
DROP INDEX CONCURRENTLY t_pkey;
CLUSTER t USING t_pkey;
ALTER TABLE t ADD CONSTRAINT excl EXCLUDE USING btree (aa WITH =);
ALTER TABLE t ADD CONSTRAINT defer UNIQUE (aa) DEFERRABLE;
CREATE TABLE plain (a int PRIMARY KEY);
ALTER TABLE t ADD FOREIGN KEY (aa) REFERENCES plain;
ALTER TABLE plain ADD FOREIGN KEY (a) REFERENCES big;
CREATE TABLE refs (a int REFERENCES big);
CREATE FUNCTION trig() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '% % %', tg_op, tg_when, (SELECT count(*) FROM big); RETURN new; END $$;
CREATE TRIGGER trig AFTER INSERT ON big FOR EACH ROW EXECUTE FUNCTION trig();
CREATE TRIGGER trig BEFORE UPDATE ON big FOR EACH ROW EXECUTE FUNCTION trig();
CREATE TRIGGER trig_row BEFORE INSERT ON big FOR EACH ROW EXECUTE FUNCTION trig();
CREATE TRIGGER trig_after AFTER INSERT ON big EXECUTE FUNCTION trig();
INSERT INTO big VALUES (5001, 1), (5002, 1);
DROP TRIGGER trig_row ON big;
CREATE PUBLICATION pub FOR TABLE big;
COPY big FROM '/dev/null' (FREEZE);
ALTER TABLE big SET ACCESS METHOD heap;
SECURITY LABEL FOR barks ON TABLE big IS '{"layout": "broadcast"}';
SECURITY LABEL FOR barks ON TABLE big IS '{"layout": "hush"}';
SECURITY LABEL FOR barks ON TABLE plain IS '{"layout": "broadcast"}';
SECURITY LABEL FOR barks ON COLUMN big.a IS '{"layout": "broadcast"}';
CREATE TABLE fk (a int REFERENCES plain);
SELECT barks.distribute_table('fk');
SELECT barks.distribute_table('plain', by => 'a');
DROP TABLE fk, plain;

-- labels on empty tables, as pg_dump restores them
CREATE TABLE lab (a int, b int) USING barks;
SECURITY LABEL FOR barks ON TABLE lab IS '{"layout": "hash", "key": ["b"], "partitions": 6}';
SELECT name, layout, key, partitions FROM barks.tables WHERE name = 'lab'::regclass;
ALTER TABLE lab ADD PRIMARY KEY (a);
ALTER TABLE lab ADD PRIMARY KEY (b);
INSERT INTO lab SELECT i, i FROM generate_series(1, 100) i;
SELECT count(*) FROM lab;
SECURITY LABEL FOR barks ON TABLE lab IS '{"layout": "round_robin"}';
DROP TABLE lab;

-- partitioned tables
CREATE TABLE p (a int, b text) PARTITION BY RANGE (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (100) TO (200) PARTITION BY LIST (b);
CREATE TABLE p2x PARTITION OF p2 FOR VALUES IN ('x');
INSERT INTO p SELECT i, 'x' FROM generate_series(0, 199) i;
SELECT barks.distribute_table('p', by => 'a', partitions => 2);
CREATE TABLE p3 PARTITION OF p FOR VALUES FROM (200) TO (300);
INSERT INTO p SELECT i, 'x' FROM generate_series(50, 299, 10) i;
SELECT name, layout, key, partitions, rows FROM barks.tables WHERE name::text LIKE 'p%' ORDER BY name::text;
SELECT tableoid::regclass, count(*), sum(a) FROM p GROUP BY 1 ORDER BY min(a);
-- whichever node finds a duplicate first
\set VERBOSITY terse
ALTER TABLE p ADD PRIMARY KEY (a, b);
\set VERBOSITY default
CREATE INDEX ON p (b);
CREATE TABLE p4 (a int, b text, PRIMARY KEY (a, b)) USING heap;
SELECT barks.distribute_table('p4', by => 'a', partitions => 2);
ALTER TABLE p ATTACH PARTITION p4 FOR VALUES FROM (300) TO (400);
\d p4
INSERT INTO p VALUES (300, 'z'), (301, 'z'), (301, 'y');
INSERT INTO p VALUES (300, 'z');
UPDATE p SET b = 'q';
ALTER TABLE p RENAME COLUMN a TO aa;
ALTER TABLE p ADD COLUMN c int DEFAULT 3;
SELECT count(*), sum(aa), sum(c) FROM p;
ALTER TABLE p DETACH PARTITION p4;
SELECT count(*) FROM p4;
TRUNCATE p;
SELECT count(*) FROM p;
SELECT barks.undistribute_table('p');
SELECT name FROM barks.tables WHERE name::text LIKE 'p%';
DROP TABLE p, p4;

-- rewrites of a table whose rows are all over the place
CREATE TABLE par (a int) USING barks;
CREATE TABLE chi (b int) INHERITS (par) USING barks;
INSERT INTO par SELECT generate_series(1, 5);
INSERT INTO chi SELECT i, i FROM generate_series(1, 5) i;
ALTER TABLE par ALTER a TYPE text;
ALTER TABLE par ADD COLUMN c float DEFAULT random();
SELECT a, b IS NULL, c BETWEEN 0 AND 1 FROM chi ORDER BY 1;
SELECT count(*), max(a), count(DISTINCT c) > 5 FROM par;
DROP TABLE par CASCADE;

-- schemas, roles, extension
CREATE SCHEMA table_ddl;
ALTER TABLE t SET SCHEMA table_ddl;
ALTER TABLE table_ddl.t RENAME TO tt;
SELECT count(*) FROM table_ddl.tt;
INSERT INTO table_ddl.tt (aa, c) VALUES (300, 'aa');
DROP SCHEMA table_ddl CASCADE;
DROP TABLE big;
DROP FUNCTION trig;
SELECT count(*) FROM barks.placement;
