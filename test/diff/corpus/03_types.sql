-- Every common type, through scan, filter, sort, group and join.

SELECT * FROM types WHERE id <= 20;

SELECT * FROM types WHERE id > 20;

-- ordered
SELECT id, i2, i4, i8 FROM types ORDER BY i8 DESC NULLS LAST, id;

-- ordered
SELECT id, num, num52 FROM types ORDER BY num, id;

-- ordered
SELECT id, f4, f8 FROM types ORDER BY f8 NULLS FIRST, id;

-- ordered
SELECT id, t FROM types ORDER BY t DESC, id;

-- ordered
SELECT id, vc, bc, nm, ch FROM types ORDER BY bc, vc, id;

-- ordered
SELECT id, ba FROM types ORDER BY ba, id;

-- ordered
SELECT id, d, ti, ttz FROM types ORDER BY ttz, d, id;

-- ordered
SELECT id, ts, tstz FROM types ORDER BY tstz DESC, id;

-- ordered
SELECT id, iv FROM types ORDER BY iv, id;

-- ordered
SELECT id, u, mac FROM types ORDER BY u, mac, id;

-- ordered
SELECT id, ip, net FROM types ORDER BY ip, id;

-- ordered
SELECT id, cash, bits, vbits FROM types ORDER BY bits, vbits, cash, id;

-- ordered
SELECT id, m FROM types ORDER BY m, id;

-- ordered
SELECT id, p FROM types ORDER BY p, id;

-- ordered
SELECT id, jb FROM types ORDER BY jb, id;

-- ordered
SELECT id, r4, mr FROM types ORDER BY r4, mr, id;

SELECT i2, i4, i8 FROM types WHERE i2 < 0 OR i4 = 2147483647 OR i8 = 0;

SELECT bc, length(bc), bc = 'bc1', bc || '|', octet_length(bc) FROM types WHERE id < 12 OR id > 69;

SELECT vc, vc || '|', vc::text = vc FROM types WHERE vc LIKE ' x%' OR vc = '';

SELECT bc, count(*) FROM types GROUP BY bc;

SELECT ba, count(*), encode(ba, 'base64') FROM types GROUP BY ba;

SELECT bo, count(*), bool_and(bo), every(bo) FROM types GROUP BY bo;

SELECT u, count(*) FROM types GROUP BY u;

SELECT net, count(*), max(ip) FROM types GROUP BY net;

SELECT host(ip), masklen(ip), network(ip), family(ip), ip << '10.0.1.0/24', abbrev(net), broadcast(ip) FROM types WHERE ip IS NOT NULL;

SELECT trunc(mac), mac::macaddr8, mac > '08:00:2b:01:02:10' FROM types WHERE id < 20;

SELECT sum(cash), max(cash), min(cash) FROM types;

SELECT bits & B'01010', bits | vbits::bit(5), ~bits, length(vbits), bits::int, vbits || bits FROM types WHERE id < 20;

SELECT ch, count(*), nm FROM types GROUP BY ch, nm;

SELECT o, count(*) FROM types GROUP BY o;

SELECT m, count(*), min(m), max(m) FROM types GROUP BY m;

SELECT min(m), max(m), min(p), max(d), max(ip), min(net) FROM (SELECT m, p::text AS p, d, ip, net::inet AS net FROM types) s;

SELECT pos, sn, count(*) FROM types GROUP BY pos, sn;

SELECT pos + 1, sn || 'x', pg_typeof(pos), pg_typeof(sn) FROM types WHERE id < 5;

SELECT (p).x, (p).y, p = ROW(1, 'y1')::pair, p < ROW(2, 'a')::pair FROM types WHERE id < 20;

SELECT p, count(*) FROM types GROUP BY p;

SELECT ne, (ne).p, ((ne).p).x, (ne).tags[1] FROM types WHERE id < 10;

SELECT pt, bx, pt[0], area(bx), pt <@ bx, pt <-> point(0, 0), box(pt, point(1, 1)) FROM types WHERE id < 10;

SELECT count(*) FROM types WHERE bx @> point(5, 5) AND pt <-> point(0, 0) < 30;

SELECT tv, tq, tv @@ tq, ts_rank(tv, tq), numnode(tq) FROM types WHERE id < 10;

SELECT id FROM types WHERE tv @@ to_tsquery('english', 'jumping & number1');

SELECT r4, r4 @> 7, r4 * int4range(3, 8), upper(r4), isempty(rd), rn, rd FROM types WHERE id < 20;

SELECT r4, count(*) FROM types GROUP BY r4;

SELECT mr, mr @> 21, unnest(mr) FROM types WHERE id < 8;

SELECT range_agg(r4), range_intersect_agg(r4) FROM types WHERE id < 30;

SELECT rd, count(*) FROM types GROUP BY rd HAVING count(*) > 3;

SELECT j, j->'a', j->>'b', json_typeof(j) FROM types WHERE id < 20 OR id > 69;

SELECT jb, jb->'k', jb->'l'->>2, jb #>> '{l,0}', jb ? 'k', jb @> '{"k": 2}' FROM types WHERE id < 20 OR id > 69;

SELECT jb->>'k' AS k, count(*) FROM types GROUP BY jb->>'k';

SELECT jb->'k', count(*), min(id) FROM types GROUP BY jb->'k';

SELECT iv, iv + interval '1 day', extract(epoch FROM iv), justify_hours(iv), iv > interval '20 days' FROM types WHERE iv IS NOT NULL;

SELECT sum(iv), max(iv), min(iv) FROM types WHERE id < 60;

SELECT min(ti), max(ttz), min(ts), max(tstz), min(d) FROM types;

SELECT ttz, ttz::time, ttz AT TIME ZONE 'UTC', extract(timezone FROM ttz) FROM types WHERE id < 10;

SELECT tstz, tstz::date, date_trunc('day', tstz), tstz AT TIME ZONE 'Europe/Vienna' FROM types WHERE id < 15 OR id > 69;

SELECT id, ts - timestamp '2024-01-01', ts + iv, d + ti, age(ts, '2024-03-01') FROM types WHERE id < 15;

SELECT a.id, b.id FROM types a JOIN types b ON a.u = b.u AND a.id < b.id;

SELECT a.id, b.id FROM types a JOIN types b ON a.ba = b.ba AND a.bc = b.bc WHERE a.id < b.id;

SELECT a.id, b.id FROM types a JOIN types b ON a.d = b.ts::date WHERE a.id < 30;

SELECT a.id, b.id FROM types a JOIN types b ON a.r4 && b.r4 AND a.id + 1 = b.id;

SELECT a.id, b.id FROM types a JOIN types b ON a.p = b.p AND a.m = b.m AND a.id < b.id;

SELECT a.id, b.v FROM types a JOIN by_enum b ON a.m = b.m WHERE a.id < 7;

SELECT a.id, b.v FROM types a JOIN by_uuid b ON a.u = b.u WHERE a.id < 12;

SELECT a.id, b.v FROM types a JOIN by_date b ON a.d = b.dt;

SELECT a.id, b.v FROM types a JOIN by_text b ON a.t = b.t OR a.vc = b.t;

SELECT DISTINCT num52, bo FROM types;


SELECT f, count(*) FROM floats GROUP BY f HAVING f IS NOT NULL AND f <> 0;

SELECT count(*), sum(v) FROM by_float GROUP BY f;

-- ordered
SELECT f FROM floats WHERE f <> 0 OR f IS NULL ORDER BY f DESC;

SELECT min(f), max(f), min(g), max(g) FROM floats;

SELECT min(f), max(f) FROM floats WHERE f < 'Infinity';

SELECT sum(f), avg(f) FROM floats WHERE f < 'Infinity' AND f > '-Infinity';

SELECT count(*) FROM floats a JOIN floats b ON a.f = b.f;

SELECT count(*) FROM floats a JOIN floats b ON a.f = b.g;

SELECT f = g, f < g, f > g, f + g, f * 2, f::text FROM floats WHERE id < 20;

SELECT n + 1, n * 2, n = i, n::text, scale(n) FROM numbers;

SELECT sum(n) FROM numbers WHERE n < 'Infinity' AND n > '-Infinity';

SELECT sum(n), avg(n), trim_scale(max(n)), trim_scale(min(n)) FROM numbers WHERE n >= 0 AND n < 20;

SELECT count(*), sum(i) FROM numbers GROUP BY n;

SELECT a.id, b.id FROM numbers a JOIN numbers b ON a.n = b.n WHERE a.id < b.id;

SELECT a.id, b.id FROM numbers a JOIN numbers b ON a.n = b.i;

SELECT b.v, n.id FROM by_numeric b JOIN numbers n ON b.n = n.n;

SELECT b.v, n.id FROM by_numeric b JOIN numbers n ON b.n = n.i;

SELECT sum(i), avg(i), sum(i::int8::numeric) FROM numbers WHERE i < 1000 AND i > -1000;

-- error
SELECT sum(i4 + i4) FROM types;

SELECT sum(i8) FROM types;

SELECT avg(i8), sum(i4), avg(i2), sum(i2) FROM types;

SELECT id, ia, ta, na, ma, da, ea, pa, fa FROM arrays;

SELECT id, ia[1], ia[2:3], ta[1], ma[2][1], array_dims(ma), array_ndims(ia), cardinality(ia), array_lower(ia, 1) FROM arrays;

SELECT id, array_to_string(ia, ',', '?'), array_remove(ia, NULL), array_replace(ia, 1, 9), ia || 5, ia @> ARRAY[1], ia && ARRAY[2, 3] FROM arrays;

SELECT id, x FROM arrays, unnest(ia) x WHERE id < 6;

SELECT id, x, o FROM arrays, unnest(ta) WITH ORDINALITY AS u (x, o) WHERE id < 6;

SELECT x, count(*) FROM arrays, unnest(ta) x GROUP BY x;

-- ordered
SELECT id, ia FROM arrays ORDER BY ia DESC, id;

SELECT ia, count(*) FROM arrays GROUP BY ia;

SELECT a.id, b.id FROM arrays a JOIN arrays b ON a.ia = b.ia WHERE a.id < 10;

SELECT id FROM arrays WHERE 3 = ANY (ia) OR 'a1' = ANY (ta);

SELECT id FROM arrays WHERE 'with space' = ANY (ea) AND id < 9;

SELECT id, (pa[1]).x, ea[2], ea[1] < 'happy', fa[2] FROM arrays WHERE id < 9;

SELECT id, trim_array(ia, 1), array_positions(ta, 'b,c'), array_fill(id, ARRAY[2]), array_upper(ma, 2) FROM arrays WHERE id < 9;

SELECT id, body->'name', body->'tags'->0, body#>'{deep,n}', body->>'id', jsonb_typeof(body) FROM docs;

SELECT body->>'name' AS name, count(*), sum((body->>'id')::numeric) FROM docs WHERE jsonb_typeof(body) = 'object' GROUP BY 1;

SELECT id FROM docs WHERE body @> '{"tags": ["t1"]}' AND body ? 'name';

SELECT id FROM docs WHERE body @? '$.deep.n ? (@ > 2)';

SELECT id, jsonb_path_query_array(body, '$.tags[*]') FROM docs WHERE id < 6;

SELECT id, key, value FROM docs, jsonb_each(body) WHERE id < 4;

SELECT id, e FROM docs, jsonb_array_elements_text(body->'tags') e WHERE id < 6;

SELECT docs.id, x.* FROM docs, jsonb_to_record(body) AS x (id int, name text, deep jsonb) WHERE docs.id < 6;

SELECT id, plain, plain->'list'->1, json_array_length(plain->'list') FROM docs WHERE id < 6;

SELECT body, count(*) FROM docs WHERE id > 40 GROUP BY body;

SELECT id, body || '{"new": 1}', body - 'tags', jsonb_set(body, '{deep,n}', '9'), jsonb_pretty(body->'deep') FROM docs WHERE id < 4;

SELECT id, jsonb_strip_nulls(body), body - ARRAY['tags', 'deep'], body #- '{deep,z}' FROM docs WHERE id < 4;

-- ordered
SELECT w FROM words ORDER BY w COLLATE "C", id;

-- ordered
SELECT id, wg FROM words ORDER BY wg, id;

-- ordered
SELECT id, wi FROM words ORDER BY wi, id;

SELECT id FROM words WHERE wi = 'APPLE';

SELECT id FROM words WHERE wi IN ('ÄPFEL', 'zEBRA');

SELECT count(*), min(id) FROM words GROUP BY wi;

SELECT count(DISTINCT wi), count(DISTINCT w), count(DISTINCT wc), count(DISTINCT wg) FROM words;

SELECT a.id, b.id FROM words a JOIN words b ON a.wi = b.wi;

SELECT a.id, b.id FROM words a JOIN words b ON a.w = b.wc;

SELECT a.id, b.id FROM words a LEFT JOIN words b ON a.wi = b.wi AND a.id < b.id;

SELECT id FROM words a WHERE EXISTS (SELECT 1 FROM words b WHERE b.wi = a.wi AND b.id <> a.id);

SELECT min(w COLLATE "C"), max(w COLLATE "C"), min(wc), max(wc), max(wg) FROM words;

SELECT id, upper(w), lower(wg), length(w), w LIKE 'a%', wc < 'b', wg > 'b', initcap(w) FROM words;

SELECT id FROM words WHERE wc > 'Z' AND wc < 'b';

SELECT DISTINCT ON (wi) length(wi) FROM words WHERE id IN (1, 2, 3, 6, 7) ORDER BY wi, id;

-- ordered
SELECT rank() OVER (ORDER BY wi), id FROM words WHERE id < 8 ORDER BY 1, 2;

SELECT xmin IS NOT NULL FROM heap_dim WHERE k = 1;
