-- Codecs: raw only where the bytes mean the same everywhere.
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN posint AS int CHECK (VALUE > 0);
CREATE DOMAIN moods AS mood;
CREATE TYPE moodrange AS RANGE (subtype = mood);
CREATE TYPE textrange AS RANGE (subtype = text);
SELECT t, batch_codec(t::regtype) FROM unnest(ARRAY['bool', '"char"', 'int2', 'int8', 'float8', 'name', 'uuid',
	'interval', 'timetz', 'point', 'tid', 'money', 'oid', 'text', 'bpchar', 'bytea', 'numeric', 'jsonb', 'xml',
	'tsvector', 'inet', 'varbit', 'int4[]', 'text[]', 'interval[]', 'int4range', 'nummultirange', 'int4range[]',
	'oidvector', 'posint', 'posint[]', 'mood', 'mood[]', 'moods', 'moodrange', 'textrange', 'pair', 'pair[]',
	'regclass', 'regclass[]', 'aclitem', 'cstring', 'unknown', 'void',
	'information_schema.cardinal_number', 'information_schema.cardinal_number[]', 'pg_class']) t;
SELECT batch_codec('record');
SELECT batch_codec('anyelement');
SELECT batch_codec('internal');
SELECT batch_codec('pg_node_tree');

-- Every type, with and without nulls, at each size around the edges.
CREATE TABLE types AS
SELECT g AS id, g % 2 = 0 AS b, (g % 128)::"char" AS ch, (g % 300)::int2 AS i2, g AS i4, g::int8 << (g % 60) AS i8,
	(g * 1000)::int8 AS i8_narrow, (g % 7 - 3)::int2 AS i2_narrow, -g * 70000 AS i4_wide, 42 AS same,
	(g / 3.0)::float4 AS f4, (CASE g % 5 WHEN 0 THEN 'nan' WHEN 1 THEN '-0' WHEN 2 THEN 'inf' ELSE g / 7.0 END)::float8 AS f8,
	CASE g % 4 WHEN 0 THEN 'nan' WHEN 1 THEN 10::numeric ^ (g % 300) ELSE g / 7.0 END AS num,
	('name' || g)::name AS nm, repeat('x', g % 300) AS tx, 'constant text' AS tx_same, ''::text AS empty,
	('v' || g)::varchar(20) AS vc, (g::text)::char(12) AS bp, decode(md5(g::text), 'hex') AS by,
	md5(g::text)::uuid AS u, make_interval(0, g, 0, g, g, 0, g / 3.0) AS iv, date '2000-01-01' + g AS d,
	time '00:00' + g * interval '1 s' AS tm, ('12:00:00+' || g % 14)::timetz AS tmz,
	timestamp 'epoch' + g * interval '1 h' AS ts, timestamptz 'epoch' + g * interval '1 y' AS tsz,
	point(g, -g) AS pt, box(point(g, g), point(0, 0)) AS bx, polygon(box(point(g, g), point(0, 0))) AS pg,
	jsonb_build_object('k', g, 'a', ARRAY[1, g]) AS jb, json_build_object('k', g) AS js,
	to_tsvector('simple', 'word' || g) AS tv, ('10.0.0.' || g % 256)::inet AS ip, macaddr '08:00:2b:01:02:03' AS mac,
	(g % 1024)::bit(10) AS bt, g::money AS mo, ('(0,' || 1 + g % 9 || ')')::tid AS ti, g::oid AS oi, '0/1'::pg_lsn + g AS lsn,
	ARRAY[g, NULL, -g] AS ia, ARRAY['a', NULL, g::text, ''] AS ta, ARRAY[[g::int8, 1], [2, 3]] AS i8a, ARRAY[interval '1 d'] AS iva,
	int4range(g, g + 5) AS ir, numrange(NULL, g / 3.0) AS nr, int8multirange(int8range(g, g + 5)) AS mr,
	(ARRAY['sad', 'ok', 'happy'])[1 + g % 3]::mood AS e, ARRAY['sad', 'ok']::mood[] AS ea, (g + 1)::posint AS dom, ARRAY[1, g + 1]::posint[] AS doma,
	'happy'::moods AS edom, moodrange('sad', 'happy') AS er, ROW(g, 'it''s, "q" \ ' || g)::pair AS co,
	ARRAY[ROW(g, NULL)::pair, NULL] AS coa, 'pg_class'::regclass AS rc, 'int4'::regtype AS rt, acldefault('r', 10)::text::aclitem[] AS acl
FROM generate_series(0, 2999) g;

CREATE VIEW types_nulls AS SELECT
	(SELECT string_agg(format('CASE WHEN (id * 7 + %s) %% 5 = 0 THEN NULL ELSE %I END AS %I', attnum, attname, attname), ', ')
	 FROM pg_attribute WHERE attrelid = 'types'::regclass AND attnum > 0) AS columns;

SELECT n, max_rows, zstd, (r).rows, (r).batches
FROM unnest(ARRAY[0, 1, 3, 63, 64, 65, 1024]) n, unnest(ARRAY[1, 64, 3000]) max_rows, unnest(ARRAY[true, false]) zstd,
	batch_roundtrip('SELECT * FROM types ORDER BY id LIMIT ' || n, max_rows, zstd) r
WHERE max_rows > 1 OR n < 65
ORDER BY 1, 2, 3;
SELECT n, max_rows, (r).rows
FROM unnest(ARRAY[0, 1, 3, 63, 64, 65, 1024]) n, unnest(ARRAY[1, 64, 3000]) max_rows, types_nulls v,
	batch_roundtrip(format('SELECT %s FROM types ORDER BY id LIMIT %s', v.columns, n), max_rows) r
WHERE max_rows > 1 OR n < 65
ORDER BY 1, 2;
SELECT (r).rows FROM types_nulls v, batch_roundtrip(format('SELECT %s FROM types ORDER BY id', v.columns), 1000000) r;

-- Each column by itself: with few columns a batch has many rows.
SELECT count(*), sum((r).rows) FROM pg_attribute,
	LATERAL batch_roundtrip(format('SELECT %I FROM types ORDER BY id', attname), 100000) r
WHERE attrelid = 'types'::regclass AND attnum > 0;
SELECT (r).rows FROM batch_roundtrip('SELECT FROM types', 1000) r;

-- Ends of integers; everything null; a first null late; nulls among constants.
SELECT rows FROM batch_roundtrip('SELECT * FROM (VALUES (32767::int2, 2147483647, 9223372036854775807),
	(-32768, -2147483648, -9223372036854775808), (0, 0, 0)) v', 10);
SELECT lo, hi, (r).rows FROM (VALUES (-9223372036854775808, -9223372036854775808 + 255), (-9223372036854775808, -9223372036854775808 + 256),
	(9223372036854775807 - 65535, 9223372036854775807), (9223372036854775807 - 65536, 9223372036854775807), (0, 4294967295), (-1, 4294967295)) v (lo, hi),
	batch_roundtrip(format('SELECT x FROM (VALUES (int8 ''%s''), (''%s''), (NULL), (''%s'')) v (x)', lo, hi, lo), 10) r;
SELECT rows FROM batch_roundtrip('SELECT NULL::int, NULL::text, NULL::mood, NULL::interval FROM generate_series(1, 100)', 1000);
SELECT rows FROM batch_roundtrip('SELECT nullif(g, 100), nullif(g::text, ''100''), nullif(g, 1) * 0, nullif(g::text, ''1'') IS NULL FROM generate_series(1, 100) g', 1000);
SELECT rows FROM batch_roundtrip('SELECT CASE WHEN g % 3 = 0 THEN ''same'' END, CASE WHEN g % 3 = 0 THEN 5 END, CASE WHEN g % 3 = 0 THEN ''ok''::mood END FROM generate_series(1, 100) g', 1000);
SELECT rows FROM batch_roundtrip('SELECT CASE WHEN g % 2 = 0 THEN '''' END, CASE g % 3 WHEN 0 THEN ''aa'' WHEN 1 THEN ''a'' ELSE ''aaa'' END FROM generate_series(1, 100) g', 1000);
SELECT rows FROM batch_roundtrip('SELECT ''unknown'', ''c''::cstring, pg_notify(''a'', ''b'')', 1000);

-- Stored values: compressed, external, short headers; values larger than a batch.
CREATE TABLE big (id int, plain text, packed text, arr int8[]);
ALTER TABLE big ALTER plain SET STORAGE EXTERNAL;
INSERT INTO big SELECT g, (SELECT string_agg(md5(format('%s %s', g, i)), '') FROM generate_series(1, 30000) i), repeat('compress me ', 100000 * g),
	(SELECT array_agg(i) FROM generate_series(1, 1000 * g) i) FROM generate_series(1, 3) g;
INSERT INTO big SELECT 10 + g, 'short', repeat('p', g), ARRAY[g] FROM generate_series(100, 150) g;
SELECT max_rows, zstd, (r).rows, (r).batches FROM unnest(ARRAY[1, 2, 1024]) max_rows, unnest(ARRAY[true, false]) zstd,
	batch_roundtrip('SELECT * FROM big ORDER BY id', max_rows, zstd) r ORDER BY 1, 2;
SELECT rows, batches FROM batch_roundtrip('SELECT repeat(''x'', 10000000 * g) FROM generate_series(1, 3) g', 1000);
-- Expanded arrays come out of PL/pgSQL.
CREATE FUNCTION expanded(n int) RETURNS int[] LANGUAGE plpgsql AS
$$ DECLARE a int[] := '{}'; BEGIN FOR i IN 1..n LOOP a[i] := i; END LOOP; RETURN a; END $$;
SELECT rows FROM batch_roundtrip('SELECT expanded(g) FROM generate_series(0, 50) g', 1000);

-- The session's settings do not matter to the text codec.
SET datestyle = 'German, DMY';
SET intervalstyle = 'sql_standard';
SET extra_float_digits = -10;
SET bytea_output = 'escape';
SET search_path = public, pg_catalog;
CREATE TYPE everything AS (d date, ts timestamptz, iv interval, f float8, f4 float4, b bytea, m money, rc regclass, a text[]);
CREATE TABLE everythings AS SELECT ROW('2001-02-03', '2001-02-03 04:05:06.789+01', '-1 y 3 mon -4 d 5 h', 1 / 3.0, 1 / 3.0, '\x00ff', '1234.56',
	'types', ARRAY['NULL', NULL, ''])::everything AS e, ARRAY['types', 'pg_class']::regclass[] AS r;
SELECT rows FROM batch_roundtrip('SELECT * FROM everythings', 1000);
SHOW datestyle;
RESET ALL;

-- Damage: with a mended checksum rows or data_corrupted (errors of other kinds are raised), else never rows.
SELECT mend, (f).decoded > 0 AS some_decoded, (f).refused > 0 AS some_refused FROM unnest(ARRAY[false, true]) mend,
	batch_fuzz('SELECT b, i2, i4, i8, i8_narrow, i2_narrow, same, f8, num, nm, tx, tx_same, u, iv, tmz, ti, ia, i8a, ir FROM types ORDER BY id LIMIT 300', 3000, 1, mend) f;
SELECT mend, (f).decoded > 0 AS some_decoded, (f).refused > 0 AS some_refused FROM types_nulls v, unnest(ARRAY[false, true]) mend,
	batch_fuzz(format('SELECT b, i2, i8, f8, num, tx, tx_same, tmz, i8a FROM (SELECT %s FROM types ORDER BY id LIMIT 40) s', v.columns), 3000, 2, mend) f;
SELECT (f).refused FROM batch_fuzz('SELECT FROM types', 1000, 3, false) f;

-- Numerics of one scale are integers, others are not.
SELECT what, (r).* FROM (VALUES
	('one scale', '(g / 100.0)::numeric(12, 2)'),
	('and NULLs', 'CASE WHEN g % 3 > 0 THEN (g / 100.0)::numeric(12, 2) END'),
	('one value', '5.00'),
	('one value and NULLs', 'CASE WHEN g % 3 > 0 THEN 5.00 END'),
	('first NULLs', 'CASE WHEN g > 900 THEN g * 1.5 END'),
	('18 digits', '(g + 123456789012345.000) * 1.0'),
	('19 digits', 'g + 1234567890123456.000'),
	('negative and wide', '(g - 500) * 300000000000000.00'),
	('18 decimals', '-g * 0.000000000000000001'),
	('19 decimals', '-g * 0.0000000000000000001'),
	('another scale in the end', 'CASE WHEN g < 999 THEN g * 1.5 ELSE g * 1.55 END'),
	('NaN in the end', 'CASE WHEN g < 999 THEN g * 1.5 ELSE ''NaN'' END'),
	('a long one in the end', 'CASE WHEN g < 999 THEN g * 1.5 ELSE 123456789012345678901.5 END')) x(what, sql),
	batch_roundtrip(format('SELECT (%s)::numeric AS n FROM generate_series(1, 1000) g', sql), 700, false) r;
