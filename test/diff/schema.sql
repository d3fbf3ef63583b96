-- Tables of the differential test, made once in schema "plain", once in "dist".
SET search_path = :schema, public;
GRANT USAGE ON SCHEMA :schema TO diff_reader, diff_nobody;

-- A star: facts with skew and NULLs, colocated details, dimensions
CREATE TABLE fact (id int NOT NULL, k int, k8 bigint, k2 smallint, grp text, d numeric(12,2), n numeric, f float8,
	f4 real, q int, day date, at timestamptz, flag bool, note text);
CREATE TABLE detail (id int NOT NULL, line int NOT NULL, item text, qty int, price numeric(10,2), PRIMARY KEY (id, line));
CREATE TABLE dim (k int PRIMARY KEY, name text NOT NULL, region text, parent int, weight numeric);
CREATE TABLE tag (k int, tag text);
CREATE TABLE cust (cid int PRIMARY KEY, name varchar(20), city text, since date, balance numeric(10,2));
CREATE TABLE ord (oid_ int, cid int, total numeric(10,2), placed timestamp, status char(1));
CREATE TABLE heap_dim (k int PRIMARY KEY, label text);

-- Shapes of distribution
CREATE TABLE multi_key (a int, b text, v int);
CREATE TABLE round_robin (a int, b int, c text);
CREATE TABLE by_bigint (k bigint, v int);
CREATE TABLE by_text (t text, v int);
CREATE TABLE by_numeric (n numeric, v int);
CREATE TABLE by_float (f float8, v int);
CREATE TABLE by_enum (m mood, v int);
CREATE TABLE by_date (dt date, v int);
CREATE TABLE by_uuid (u uuid, v int);
CREATE TABLE nobody (a int, b text, c numeric);
CREATE TABLE nobody_rr (a int, b text, c numeric);
CREATE TABLE single_row (a int, b text);
CREATE TABLE all_null (id int, a int, b text, c numeric, d float8);
CREATE TABLE left3 (a int, b int);
CREATE TABLE right3 (a int, b int);
CREATE TABLE measure (id int, city text, at date, val int, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE measure_2023 PARTITION OF measure FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE measure_2024 PARTITION OF measure FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE measure_rest PARTITION OF measure DEFAULT;
CREATE TABLE tree (id int PRIMARY KEY, parent int, name text);
CREATE TABLE dropped (gone1 int, id int, gone2 text, v text, gone3 numeric);
ALTER TABLE dropped DROP COLUMN gone1, DROP COLUMN gone2;
CREATE TABLE "Odd Name" ("the key" int, "select" text, "Ünï" int, "quo""te" text);

-- Every common type
CREATE TABLE types (id int PRIMARY KEY, i2 int2, i4 int4, i8 int8, num numeric, num52 numeric(5,2), f4 float4, f8 float8,
	t text, vc varchar(12), bc char(6), ba bytea, bo bool, d date, ti time, ttz timetz, ts timestamp, tstz timestamptz,
	iv interval, u uuid, j json, jb jsonb, ip inet, net cidr, mac macaddr, cash money, bits bit(5), vbits varbit,
	ch "char", nm name, o oid, m mood, pos posint, sn shortname, p pair, ne nested, pt point, bx box, tv tsvector,
	tq tsquery, r4 int4range, rn numrange, rd daterange, mr int4multirange);
CREATE TABLE arrays (id int, ia int[], ta text[], na numeric[], ma int[][], da date[], ea mood[], pa pair[], fa float8[]);
CREATE TABLE docs (id int, body jsonb, plain json);
CREATE TABLE words (id int, w text, wc text COLLATE "C", wi text COLLATE ci, wg text COLLATE german);
CREATE TABLE floats (id int, f float8, g float4);
CREATE TABLE numbers (id int, n numeric, i int8);

-- Row-level security and column grants
CREATE TABLE secret (id int, owner text, level int, content text);
ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
CREATE POLICY low ON secret FOR SELECT TO diff_reader USING (level < 3);
CREATE POLICY own ON secret FOR SELECT TO diff_reader USING (owner = current_user);
GRANT SELECT ON secret, fact, dim TO diff_reader;
GRANT SELECT (cid, name) ON cust TO diff_reader;

-- Functions
CREATE FUNCTION plus_one(int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1 + 1';
CREATE FUNCTION plus_strict(a int, b int DEFAULT 10) RETURNS int LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	AS 'SELECT a + b';
CREATE FUNCTION classify(v numeric) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
	IF v IS NULL THEN RETURN 'none'; END IF;
	RETURN CASE WHEN v < 100 THEN 'small' WHEN v < 500 THEN 'medium' ELSE 'large' END;
END $$;
CREATE FUNCTION calls_another(v numeric) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
	AS $$ BEGIN RETURN '<' || classify(v) || '>'; END $$;
CREATE FUNCTION stable_const() RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN 7; END';
CREATE FUNCTION stable_of(int) RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN $1 % 5; END';
CREATE FUNCTION volatile_id(int) RETURNS int LANGUAGE plpgsql VOLATILE AS 'BEGIN RETURN $1; END';
CREATE FUNCTION dim_name(int) RETURNS text LANGUAGE sql STABLE AS 'SELECT name FROM dim WHERE k = $1';
CREATE FUNCTION facts_of(int) RETURNS SETOF fact LANGUAGE sql STABLE AS 'SELECT * FROM fact WHERE k = $1';
CREATE FUNCTION fact_ids(int) RETURNS TABLE (fid int, fgrp text) LANGUAGE plpgsql STABLE AS $$
BEGIN RETURN QUERY SELECT f.id, f.grp FROM fact f WHERE f.k = $1 ORDER BY f.id; END $$;
CREATE FUNCTION fails_on(v int, bad int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF v = bad THEN RAISE EXCEPTION 'value % is bad', v USING ERRCODE = 'BK001', HINT = 'avoid it'; END IF;
	RETURN v;
END $$;
CREATE FUNCTION pair_of(int, text) RETURNS pair LANGUAGE sql IMMUTABLE AS 'SELECT ROW($1, $2)::pair';
CREATE AGGREGATE product(numeric) (SFUNC = numeric_mul, STYPE = numeric, INITCOND = 1);
CREATE AGGREGATE collect(anycompatible) (SFUNC = array_append, STYPE = anycompatiblearray, INITCOND = '{}');
CREATE FUNCTION same_int(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = same_int);
