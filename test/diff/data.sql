-- Rows of the differential test: NULLs, skew (k = 1), duplicates, special values.  All of it is computed, so both
-- schemas hold the same.
SET search_path = :schema, public;

INSERT INTO fact
SELECT i, CASE WHEN i % 17 = 0 THEN NULL WHEN i % 2 = 0 THEN 1 ELSE i % 23 END,
	CASE WHEN i % 19 = 0 THEN NULL ELSE (i % 31)::bigint * 1000000007 END, (i % 7)::smallint,
	CASE WHEN i % 29 = 0 THEN NULL ELSE (ARRAY['red','green','blue','Red',''])[i % 5 + 1] END,
	CASE WHEN i % 13 = 0 THEN NULL ELSE (i * 37 % 100003) / 100.0 END,
	CASE WHEN i % 11 = 0 THEN NULL ELSE round((i * 7919 % 10007) / 1000.0, i % 4) END,
	CASE WHEN i % 37 = 0 THEN NULL ELSE (i % 1000) / 8.0 END, (i % 100) / 4.0,
	i % 50, date '2023-01-01' + i % 700, timestamptz '2023-01-01 00:00+00' + i * interval '7 hours',
	CASE i % 3 WHEN 0 THEN true WHEN 1 THEN false END, CASE WHEN i % 4 > 0 THEN 'note ' || i % 100 END
FROM generate_series(1, 3000) i;

INSERT INTO detail
SELECT i, l, (ARRAY['nut','bolt','gear'])[(i + l) % 3 + 1], i * l % 20, (i * 31 + l * 7) % 10000 / 100.0
FROM generate_series(1, 1500) i, generate_series(1, 1 + i % 3) l;

INSERT INTO dim SELECT i, 'dim ' || i, CASE WHEN i % 5 > 0 THEN (ARRAY['north','south','east'])[i % 3 + 1] END,
	nullif(i / 3, 0), i * 1.5 FROM generate_series(0, 24) i;
INSERT INTO tag SELECT i % 9, 'tag' || i % 4 FROM generate_series(1, 40) i;
INSERT INTO tag VALUES (NULL, 'lost'), (3, NULL), (NULL, NULL);
INSERT INTO cust SELECT i, 'Customer ' || i, CASE WHEN i % 7 > 0 THEN (ARRAY['Bern','Oslo','Lima','Bonn'])[i % 4 + 1] END,
	date '2020-02-28' + i, (i * 7919 % 200000 - 50000) / 100.0 FROM generate_series(1, 300) i;
INSERT INTO ord SELECT i, CASE WHEN i % 50 = 0 THEN NULL WHEN i % 3 = 0 THEN 7 ELSE i % 350 END, (i * 131 % 90000) / 100.0,
	timestamp '2024-01-01 10:00' + i * interval '1 hour 1 minute', (ARRAY['o','f','p'])[i % 3 + 1]
FROM generate_series(1, 1200) i;
INSERT INTO heap_dim SELECT i, 'label ' || i FROM generate_series(1, 12) i;

INSERT INTO multi_key SELECT i % 10, (ARRAY['a','b','c',NULL])[i % 4 + 1], i FROM generate_series(1, 200) i;
INSERT INTO multi_key SELECT NULL, 'a', -1;
INSERT INTO round_robin SELECT i % 40, i, CASE WHEN i % 6 > 0 THEN chr(65 + i % 26) END FROM generate_series(1, 500) i;
INSERT INTO by_bigint SELECT CASE WHEN i % 10 > 0 THEN i % 40 END, i FROM generate_series(1, 150) i;
INSERT INTO by_bigint VALUES (9223372036854775807, 1), (-9223372036854775808, 2), (5000000000, 3);
INSERT INTO by_text SELECT (ARRAY['red','green','blue','Red','','zebra',NULL])[i % 7 + 1], i FROM generate_series(1, 80) i;
INSERT INTO by_text VALUES ('ä', 101), ('Ä', 102), ('日本', 103), (repeat('long', 800), 104);
INSERT INTO by_numeric VALUES (1, 1), (1.0, 2), (1.00, 3), (0, 4), (-0.0, 5), (NULL, 6), ('NaN', 7), ('NaN', 8),
	('Infinity', 9), ('-Infinity', 10), (1e20, 11), (100000000000000000000, 12), (0.1, 13), (0.10, 14), (2, 15), (3, 16);
INSERT INTO by_float VALUES (0, 1), ('-0', 2), ('NaN', 3), ('NaN', 4), ('Infinity', 5), ('-Infinity', 6), (NULL, 7),
	(1, 8), (1.5, 9), (2, 10), (1e300, 11), (1e-300, 12), (3, 13);
INSERT INTO by_enum SELECT (enum_range(NULL::mood))[i % 6 + 1], i FROM generate_series(1, 60) i;
INSERT INTO by_date SELECT date '2024-02-27' + i % 5, i FROM generate_series(1, 40) i;
INSERT INTO by_date VALUES ('infinity', 41), ('-infinity', 42), (NULL, 43), ('4713-01-01 BC', 44);
INSERT INTO by_uuid SELECT md5((i % 20)::text)::uuid, i FROM generate_series(1, 60) i;
INSERT INTO single_row VALUES (42, 'only');
INSERT INTO all_null SELECT i FROM generate_series(1, 9) i;
INSERT INTO left3 VALUES (1, 1), (2, NULL), (NULL, 3), (2, 4), (5, 5);
INSERT INTO right3 VALUES (1, 1), (2, 2), (NULL, NULL), (2, 3), (NULL, 7);
INSERT INTO measure SELECT i, 'city ' || i % 5, date '2022-11-01' + i, i * 7 % 101 FROM generate_series(1, 900) i;
INSERT INTO tree VALUES (1, NULL, 'root'), (2, 1, 'left'), (3, 1, 'right'), (4, 2, 'leaf'), (5, 2, 'leaf'), (6, 3, 'leaf'),
	(7, 6, 'deep'), (8, 99, 'orphan');
INSERT INTO dropped SELECT i, 'v' || i, i / 4.0 FROM generate_series(1, 30) i;
INSERT INTO "Odd Name" VALUES (1, 'from', 10, 'a"b'), (2, NULL, 20, ''), (3, 'where', NULL, NULL);

INSERT INTO types
SELECT i, i * 100, i * 100000, i * 10000000000, i * 1.25, (i % 9) + 0.55, i / 4.0, i / 8.0, 'text ' || i % 6, 'vc' || i % 5,
	'bc' || i % 4, decode(md5((i % 8)::text), 'hex'), i % 2 = 0, date '2024-02-25' + i, time '23:50' + i * interval '1 minute',
	timetz '10:00+02' + i * interval '1 minute', timestamp '2024-02-28 12:00' + i * interval '5 hours',
	timestamptz '2024-03-30 22:00+00' + i * interval '1 hour', i * interval '1 day 2 hours', md5((i % 10)::text)::uuid,
	json_build_object('a', i, 'b', i % 3), jsonb_build_object('k', i % 4, 'l', jsonb_build_array(i, NULL, 'x')),
	('10.0.' || i % 4 || '.' || i || '/24')::inet, ('10.' || i % 4 || '.0.0/16')::cidr,
	('08:00:2b:01:02:' || lpad(to_hex(i), 2, '0'))::macaddr, (i * 3.5)::numeric::money, (i % 32)::bit(5),
	substring((i % 16)::bit(4)::varbit from 1 for 1 + i % 4), chr(65 + i % 26)::"char", 'name' || i % 3, 1000 + i % 5,
	(enum_range(NULL::mood))[i % 5 + 1], 1 + i % 9, 'short' || i % 3, ROW(i % 4, 'y' || i % 2)::pair,
	ROW(ROW(i, 'in')::pair, ARRAY['t' || i % 2, NULL])::nested, point(i, -i), box(point(0, 0), point(i, i)),
	to_tsvector('english', 'the quick fox number' || i % 3 || ' jumps'), to_tsquery('english', 'fox & number' || i % 3),
	int4range(i % 5, i % 5 + 10), numrange(i * 0.5, NULL), daterange(date '2024-01-01', date '2024-01-01' + i % 7),
	int4multirange(int4range(i % 3, i % 3 + 2), int4range(20, 20 + i))
FROM generate_series(1, 60) i;
INSERT INTO types (id) SELECT i FROM generate_series(61, 65) i;
INSERT INTO types (id, i2, i4, i8, num, f4, f8, t, vc, bc, ba, d, ts, tstz, iv, j, jb, ip)
VALUES (70, 32767, 2147483647, 9223372036854775807, 'NaN', 'NaN', 'NaN', '', '', '', '', 'infinity', 'infinity', 'infinity',
		'0', 'null', 'null', '::1'),
	(71, -32768, -2147483648, -9223372036854775808, 'Infinity', 'Infinity', 'Infinity', E'tab\tnew\nline\\', ' x ', ' x ',
		'\x00ff00', '-infinity', '-infinity', '-infinity', '-1 mon +1 day -0:00:01', '[]', '{}', 'fe80::1/64'),
	(72, 0, 0, 0, 0.000, '-0', '-0', 'Ωmega', 'Ωmega', 'Ω', '\x5c', '2000-02-29', '0001-01-01', '1900-01-01 00:00+00',
		'178000000 years', '{"a":1,"a":2}', '{"a":1,"a":2}', '0.0.0.0/0'),
	(73, 1, 1, 1, 123456789012345678901234567890.123456789, 1.1e-38, 5e-324, repeat('wide ', 700), 'x', 'x', NULL, '0044-03-15 BC',
		'0044-03-15 12:00 BC', NULL, NULL, NULL, '"s"', NULL);

INSERT INTO arrays
SELECT i, ARRAY[i, i % 3, NULL], ARRAY['a' || i % 4, 'b,c', 'q"x'], ARRAY[i / 2.0, NULL], ARRAY[[i, 1], [2, i % 5]],
	ARRAY[date '2024-01-01' + i], ARRAY['ok', 'with space']::mood[], ARRAY[ROW(i, 'p')::pair, NULL], ARRAY[i / 4.0, 'NaN', '-0']
FROM generate_series(1, 30) i;
INSERT INTO arrays VALUES (31, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}');
INSERT INTO arrays (id, ia, ta, na) VALUES (32, NULL, NULL, NULL), (33, '[2:4]={7,8,9}', '{NULL}', '{1.0,1.00}');
INSERT INTO docs SELECT i, jsonb_build_object('id', i, 'name', 'doc ' || i % 5, 'tags', jsonb_build_array('t' || i % 3, 'all'),
		'deep', jsonb_build_object('n', i % 4, 'z', NULL)), json_build_object('id', i, 'list', json_build_array(i, i + 1))
FROM generate_series(1, 40) i;
INSERT INTO docs VALUES (41, 'null', 'null'), (42, '[]', '[]'), (43, '"str"', '1.50'), (44, NULL, NULL), (45, '{"id": 1.0}', '{}');
INSERT INTO words SELECT i, w, w, w, w FROM unnest(ARRAY['apple','Apple','APPLE','äpfel','Äpfel','zebra','Zebra','_x','1a','',
	NULL,'straße','STRASSE','coté','côte','a b','ab','a-b']) WITH ORDINALITY x(w, i);
INSERT INTO floats SELECT i, (ARRAY[0, '-0', 'NaN', 'Infinity', '-Infinity', 1.5, -1.5, NULL]::float8[])[i % 8 + 1],
	(ARRAY[0, '-0', 'NaN', 'Infinity', '-Infinity', 0.1, NULL]::float4[])[i % 7 + 1] FROM generate_series(1, 40) i;
INSERT INTO numbers VALUES (1, 1.0, 1), (2, 1.000, 1), (3, 1, 1), (4, 0, 0), (5, 0.00, 0), (6, -0.0, NULL), (7, 'NaN', NULL),
	(8, 'NaN', 5), (9, 'Infinity', 9223372036854775807), (10, '-Infinity', -9223372036854775808), (11, NULL, NULL),
	(12, 1e-20, 7), (13, 12345678901234567890.5, 8), (14, 10, 10), (15, 10.00, 10), (16, 0.1, 3), (17, 0.100, 3);
INSERT INTO secret SELECT i, CASE WHEN i % 3 = 0 THEN 'diff_reader' ELSE 'someone' END, i % 6, 'content ' || i
FROM generate_series(1, 60) i;
