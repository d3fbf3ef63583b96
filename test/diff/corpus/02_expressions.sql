-- Expressions: everything that can stand in a select list.

SELECT id, CASE WHEN k = 1 THEN 'one' WHEN k < 10 THEN 'few' ELSE 'many' END FROM fact WHERE id < 60;

SELECT id, CASE k WHEN 1 THEN 'a' WHEN 3 THEN 'b' END FROM fact WHERE id < 60;

SELECT id, CASE WHEN k = 0 THEN 0 ELSE 100 / k END FROM fact WHERE id < 100 AND k IS NOT NULL;

SELECT id, COALESCE(grp, note, 'none'), NULLIF(grp, ''), GREATEST(k, q, 5), LEAST(d, n, 3) FROM fact WHERE id < 120;

SELECT id, d::int, d::text, id::float8, q::numeric(5,1), k::bool, day::timestamp, day::text FROM fact WHERE id < 50;

SELECT id, CAST(id AS varchar(2)), CAST('12' AS int) + id FROM fact WHERE id BETWEEN 95 AND 105;

SELECT id, d / 3, d % 7, n ^ 2, round(n, 1), trunc(d), ceil(d), floor(n), abs(-d), sign(d - 500) FROM fact WHERE id < 40;

SELECT id, q / 7, -q / 7, q % -7, q & 12, q | 1, q # 3, ~q, q << 2, q >> 1 FROM fact WHERE id < 60;

-- float
SELECT id, sqrt(f), exp(f4 / 10), ln(f + 1), sin(f), cbrt(f), power(f, 1.5), atan2(f, 2) FROM fact WHERE id < 60;

SELECT id, f / 3, f4 / 3, f * f4, f::float4, f::int, f4::numeric FROM fact WHERE id < 60;

SELECT id, upper(grp), initcap(note), length(note), substr(note, 2, 3), position('e' IN note), reverse(grp) FROM fact WHERE id < 60;

SELECT id, grp || '-' || note, concat(grp, k, NULL), concat_ws(',', grp, note, k), format('%s/%I/%L', grp, id, note) FROM fact WHERE id < 60;

SELECT id, trim(both 'r' FROM grp), ltrim(grp, 'gb'), lpad(grp, 8, '*'), rpad(k::text, 4), repeat(grp, 2), left(note, -2), right(note, 2)
FROM fact WHERE id < 60;

SELECT id, replace(note, 'note', 'N'), translate(grp, 'red', '123'), split_part(note, ' ', 2), overlay(note PLACING '##' FROM 2 FOR 1)
FROM fact WHERE id < 60;

SELECT id, regexp_replace(note, '(\d)', '<\1>', 'g'), regexp_match(note, '(\w+) (\d+)'), substring(note FROM '\d+') FROM fact WHERE id < 60;

SELECT id, md5(grp), encode(convert_to(note, 'UTF8'), 'hex'), ascii(grp), chr(65 + q % 26), to_hex(id) FROM fact WHERE id < 60;

SELECT id, quote_literal(note), quote_nullable(note), quote_ident(grp), starts_with(note, 'note 1') FROM fact WHERE id < 60;

SELECT id, day + 30, day - 1, day - date '2023-01-01', day + interval '1 month', age(day, '2022-01-31') FROM fact WHERE id < 60;

SELECT id, extract(year FROM day), extract(epoch FROM at), date_part('quarter', day), date_trunc('month', at), to_char(at, 'YYYY-MM-DD HH24:MI TZ Day')
FROM fact WHERE id < 60;

SELECT id, at AT TIME ZONE 'Europe/Berlin', at::timestamp, at::time, at - interval '90 minutes', (day, interval '2 days') OVERLAPS (day + 1, day + 5)
FROM fact WHERE id < 60;

SELECT id, make_date(2024, 1 + id % 12, 1), to_date('2024-' || (1 + id % 12), 'YYYY-MM'), justify_interval(id * interval '13 hours'), isfinite(day)
FROM fact WHERE id < 30;

SELECT id, to_char(d, 'FM999,990.00'), to_number('1' || q, '9999'), to_char(f, '9.99EEEE'), to_char(id, 'RN') FROM fact WHERE id < 30;

SELECT id, width_bucket(d, 0, 1000, 5), width_bucket(q, ARRAY[5, 10, 20]), gcd(id, 12), lcm(id, 4), factorial(q % 6), scale(n), trim_scale(n), min_scale(n)
FROM fact WHERE id < 60;

SELECT id, k = 1 AND flag, k = 1 OR flag, NOT flag, flag AND NULL, flag OR NULL, flag = (k > 3) FROM fact WHERE id < 60;

SELECT id, flag IS TRUE, flag IS NOT FALSE, k IS NULL, (k, d) IS NULL, (k, d) IS NOT NULL, ROW(k, d) IS DISTINCT FROM ROW(1, d) FROM fact WHERE id < 60;

SELECT id, ARRAY[k, q], ARRAY[grp, NULL], ARRAY[ARRAY[id, 1], ARRAY[2, 3]], array_length(ARRAY[k, q], 1), (ARRAY[k, q])[2] FROM fact WHERE id < 30;

SELECT id, k = ANY (ARRAY[1, 2]), k <> ALL (ARRAY[1, NULL]), k IN (1, NULL), k NOT IN (1, 3), q = SOME (ARRAY[id]) FROM fact WHERE id < 40;

SELECT id, ROW(id, grp), ROW(k), (id, d, NULL) FROM fact WHERE id < 20;

SELECT id, ROW(k, grp)::pair, (ROW(k, grp)::pair).y, pair_of(k, note), (pair_of(k, note)).x FROM fact WHERE id < 20;

SELECT id, jsonb_build_object('k', k, 'd', d), json_build_array(id, grp, NULL), to_json(day), row_to_json(ROW(id, grp)) FROM fact WHERE id < 20;

SELECT id, num_nulls(k, d, n, grp), num_nonnulls(k, d), pg_typeof(d), pg_typeof(k + 0.5) FROM fact WHERE id < 20;

SELECT id, id::text::int, ('x' || lpad(to_hex(id), 8, '0'))::bit(32)::int, id::bit(8), B'101'::int FROM fact WHERE id < 20;

SELECT id, int4range(q, q + 5), int4range(q, q + 5) @> 12, numrange(0, d) && numrange(500, NULL), lower(int4range(q, q + 2)) FROM fact WHERE id < 40;

SELECT id, '{1,2,3}'::int[] || k, array_append(ARRAY[1], k), array_position(ARRAY[1, 3, 5], k), ARRAY[k, q] @> ARRAY[1], ARRAY[k] && ARRAY[1, 3] FROM fact WHERE id < 40;

SELECT id, current_date = current_date, now() = now(), current_user, session_user, current_schema() IS NOT NULL FROM fact WHERE id < 3;

SELECT id, current_setting('TimeZone'), current_database(), pg_client_encoding(), version() = version() FROM fact WHERE id < 3;

SELECT count(*) FROM fact WHERE at < now() AND day < current_date AND clock_timestamp() > '2000-01-01';

SELECT id, plus_one(k), plus_strict(k), plus_strict(k, NULL), plus_strict(b => 2, a => q) FROM fact WHERE id < 30;

SELECT classify(d), count(*) FROM fact GROUP BY classify(d);

SELECT id, calls_another(d) FROM fact WHERE id < 30;

SELECT id, stable_const(), stable_of(id) FROM fact WHERE id < 30;

SELECT id FROM fact WHERE id = stable_const();

SELECT id, volatile_id(id) FROM fact WHERE id < 30;

SELECT id FROM fact WHERE volatile_id(id) = 12;

SELECT id, dim_name(k) FROM fact WHERE id < 30;

SELECT * FROM facts_of(3) WHERE id < 100;

SELECT * FROM fact_ids(5) WHERE fid < 200;

SELECT dim.k, f.fid FROM dim, LATERAL fact_ids(dim.k) f WHERE dim.k IN (2, 3) AND f.fid < 200;

SELECT id, k === 1 FROM fact WHERE id < 30 AND q OPERATOR(===) 10;

-- error
SELECT fails_on(id, 1000) FROM fact;

-- error
SELECT 1 / (id - 1000) FROM fact;

-- error
SELECT grp::int FROM fact WHERE grp = 'red';

-- error
SELECT 2147483647 + id FROM fact;

-- error
SELECT id::int2 FROM (SELECT id * 20 AS id FROM fact) s;

-- error
SELECT sum(k8 * 100000000000) FROM fact;

-- error
SELECT (k - 100)::posint FROM fact WHERE id < 50;

-- error
SELECT 'purple'::mood, id FROM fact;

-- error
SELECT no_such_column FROM fact;

-- error
SELECT grp, count(*) FROM fact;

-- error
SELECT (SELECT id FROM fact) FROM dim;

SELECT id, random() < 2, volatile_id(3) FROM fact WHERE id < 4;

SELECT id, 'abc' < grp, 'abc' COLLATE "C" < grp, grp < note, greatest(grp, note) FROM fact WHERE id < 60;

SELECT id, grp COLLATE german < 'h', lower(grp COLLATE german) FROM fact WHERE id < 40;

SELECT id, E'tab\t' || grp, U&'\00e4', $$dollar$$, 'it''s', '' AS empty FROM fact WHERE id < 4;


SELECT id, interval '1 day' * q, interval '3 hours' / 7, '1 year 2 mons'::interval > '400 days'::interval FROM fact WHERE id < 20;

SELECT id, GREATEST(NULL, k), LEAST(grp, 'm'), COALESCE(NULL, NULL, k, -1), NULLIF(k, 1) FROM fact WHERE id < 60;

SELECT id, substring(grp FROM 2 FOR 2), substring(note SIMILAR 'note #"_#"%' ESCAPE '#'), grp LIKE '%\_%', note LIKE 'n#%' ESCAPE '#' FROM fact WHERE id < 30;

SELECT id, (SELECT 5), (SELECT id + 1), EXISTS (SELECT 1), ARRAY(SELECT generate_series(1, id % 4)) FROM fact WHERE id < 20;
