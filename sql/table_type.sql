-- Columns of types that nodes do not have.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS barks;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA "Table types";
SET search_path = "Table types", public;
CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'happy');
CREATE DOMAIN positive AS int CHECK (value > 0) NOT NULL;
CREATE DOMAIN name_c AS text COLLATE "C" CONSTRAINT short CHECK (length(value) < 10);
CREATE TYPE pair AS ("left x" positive, r mood[]);
CREATE TYPE text_range AS RANGE (subtype = text, collation = "C");
CREATE TABLE row_type (a int, b mood);
CREATE COLLATION coll (provider = icu, locale = 'und');
CREATE TABLE t (id int, m mood, ms mood[], p positive, n name_c, pr pair, r text_range, rm int4multirange, w row_type,
	c text COLLATE coll, d date, ts timestamptz, iv interval, j jsonb, bits varbit(5), reg regclass, i inet, num numeric(10, 3), f float4)
	USING barks;
INSERT INTO t VALUES (1, 'sad', '{sad,happy}', 5, 'abc', '(3,"{happy}")', '[a,b)', '{[1,3),[5,6)}', '(1,sad)', 'é', '2020-01-01', '2020-01-01 12:00+02', '1 month 2 days', '{"a": [1, null]}', '101', 'pg_class', '10.0.0.0/8', 1.5, 0.1);
INSERT INTO t (id, p) VALUES (2, 1);
INSERT INTO t (id, p) VALUES (3, -1);
INSERT INTO t (id, p, n) VALUES (4, 1, 'much too long for this');
SET TimeZone = 'America/New_York';
SET DateStyle = 'SQL, DMY';
SELECT * FROM t ORDER BY id;
RESET TimeZone;
RESET DateStyle;
SELECT id FROM t WHERE m = 'sad' AND pr IS NOT NULL AND r @> 'aa'::text;
SELECT barks.distribute_table('t', by => 'm, n', partitions => 3);
SELECT barks.distribute_table('t', by => 'pr');
SELECT barks.distribute_table('t', by => 'j', partitions => 3);
SELECT count(*) FROM t;
-- a new value
ALTER TYPE mood ADD VALUE 'meh' BEFORE 'happy';
INSERT INTO t (id, p, m) VALUES (5, 1, 'meh');
SELECT id, m FROM t ORDER BY m, id;
SELECT barks.distribute_table('t', by => 'm');
ALTER TYPE mood RENAME VALUE 'sad' TO 'gloomy';
SELECT barks.distribute_table('t');
ALTER TYPE mood RENAME VALUE 'sad' TO 'gloomy';
SELECT id, m, ms FROM t ORDER BY m, id;
SELECT barks.undistribute_table('t');
SELECT id, m, p, n, pr, w FROM t ORDER BY id;
DROP TABLE t;
-- the same name again, otherwise
DROP TYPE mood CASCADE;
CREATE TYPE mood AS ENUM ('new', 'mood');
CREATE TABLE t2 (m mood) USING barks;
INSERT INTO t2 VALUES ('new');
SELECT * FROM t2;
ALTER TABLE t2 ADD COLUMN i int;
DROP TYPE mood;
DROP TYPE mood CASCADE;
INSERT INTO t2 VALUES (1);
SELECT * FROM t2 ORDER BY 1;
DROP SCHEMA "Table types" CASCADE;
RESET search_path;
