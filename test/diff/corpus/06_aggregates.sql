-- Aggregates and grouping.

SELECT count(*), count(k), count(DISTINCT k), sum(k), avg(k), min(k), max(k) FROM fact;

SELECT sum(d), avg(d), min(d), max(d), sum(n), avg(n), sum(q), avg(q), sum(k8), avg(k8), sum(k2), avg(k2) FROM fact;

SELECT sum(f), avg(f), min(f), max(f), sum(f4), avg(f4), max(f4) FROM fact;

SELECT min(grp), max(grp), min(note), max(note), min(day), max(day), min(at), max(at) FROM fact;

SELECT k, count(*), sum(d), avg(d), min(d), max(d) FROM fact GROUP BY k;

SELECT id, count(*), sum(q) FROM fact WHERE id < 50 GROUP BY id;

SELECT grp, k, count(*) FROM fact GROUP BY grp, k;

SELECT count(*) FROM fact GROUP BY grp;

SELECT k FROM fact GROUP BY k;

SELECT k % 3, grp || 'x', count(*) FROM fact GROUP BY k % 3, grp || 'x';

SELECT k % 3 AS m, count(*) FROM fact GROUP BY m;

SELECT k % 3, count(*) FROM fact GROUP BY 1;

SELECT count(*), sum(q) FROM fact GROUP BY ();

SELECT count(*) FROM fact GROUP BY k, k, k + 0;

SELECT 'const', count(*) FROM fact GROUP BY 1;

SELECT count(*) FROM fact HAVING count(*) > 10;

SELECT 1 FROM fact HAVING count(*) < 10;

SELECT 1 FROM fact HAVING true;

SELECT k, count(*) FROM fact GROUP BY k HAVING count(*) > 100 OR k IS NULL;

SELECT k, sum(d) FROM fact GROUP BY k HAVING k > 15;

SELECT grp, sum(d) FROM fact WHERE q < 25 GROUP BY grp HAVING sum(d) > 10000 AND grp <> 'green';

SELECT count(*), sum(a), avg(a), min(b), max(c), bool_and(a > 1), array_agg(a), string_agg(b, ','), json_agg(a) FROM nobody;

SELECT count(a), sum(a), avg(c), min(b), max(d), stddev(c), variance(d), bool_or(a > 1), every(a > 1), bit_and(a) FROM all_null;

SELECT a, count(*), count(a), sum(c), max(b) FROM all_null GROUP BY a;

SELECT b, count(*) FROM nobody GROUP BY b;

SELECT count(*) FILTER (WHERE k = 1), sum(d) FILTER (WHERE q > 25), count(*) FILTER (WHERE false), sum(q) FILTER (WHERE NULL) FROM fact;

SELECT grp, count(*) FILTER (WHERE flag), avg(d) FILTER (WHERE k > 5) FROM fact GROUP BY grp;

SELECT count(DISTINCT grp), sum(DISTINCT q), avg(DISTINCT k2), count(DISTINCT (k, q)), count(DISTINCT d) FROM fact;

SELECT k2, count(DISTINCT grp), sum(DISTINCT q), count(*) FROM fact GROUP BY k2;

SELECT k2, count(DISTINCT q) FILTER (WHERE flag), string_agg(DISTINCT grp, ',' ORDER BY grp) FROM fact GROUP BY k2;

SELECT string_agg(id::text, ',' ORDER BY id) FROM fact WHERE k = 3;

SELECT k, string_agg(grp, '/' ORDER BY id DESC), array_agg(id ORDER BY q, id) FROM fact WHERE id < 200 GROUP BY k;

SELECT grp, array_agg(DISTINCT k ORDER BY k DESC NULLS LAST) FROM fact GROUP BY grp;

SELECT grp, json_agg(id ORDER BY id), jsonb_agg(d ORDER BY id), json_object_agg(id, q ORDER BY id), jsonb_object_agg(id, k) FROM fact WHERE id < 60 AND grp IS NOT NULL GROUP BY grp;

SELECT array_agg(ROW(id, grp) ORDER BY id), array_agg(ARRAY[k, q] ORDER BY id) FROM fact WHERE id < 10;

SELECT array_agg(f ORDER BY id) FROM dim f (id) WHERE id < 4;

-- float
SELECT stddev(d), stddev_pop(d), variance(d), var_pop(d), stddev(q), var_samp(k8), stddev(f), var_pop(f4) FROM fact;

-- float
SELECT k2, stddev_samp(f), variance(n), avg(f / 3), sum(f / 7) FROM fact GROUP BY k2;

-- float
SELECT corr(f, q), covar_pop(f, q), covar_samp(f, q), regr_slope(f, q), regr_intercept(f, q), regr_count(f, q), regr_r2(f, q), regr_avgx(f, q), regr_avgy(f, q), regr_sxx(f, q), regr_sxy(f, q), regr_syy(f, q) FROM fact;

SELECT stddev(q), variance(q), stddev(d) FROM fact WHERE id = 1;

SELECT bool_and(flag), bool_or(flag), every(q >= 0), bit_and(q), bit_or(q), bit_xor(q) FROM fact;

SELECT k2, bool_and(flag), bool_or(flag), bit_and(q), bit_or(q), bit_xor(id) FROM fact GROUP BY k2;

SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY f), percentile_disc(0.25) WITHIN GROUP (ORDER BY d), mode() WITHIN GROUP (ORDER BY k) FROM fact;

SELECT percentile_disc(ARRAY[0.1, 0.5, 0.9]) WITHIN GROUP (ORDER BY q), percentile_cont(ARRAY[0, 1]) WITHIN GROUP (ORDER BY f) FROM fact;

SELECT k2, percentile_disc(0.5) WITHIN GROUP (ORDER BY id), percentile_cont(0.5) WITHIN GROUP (ORDER BY day - date '2023-01-01') FROM fact GROUP BY k2;

SELECT rank(10) WITHIN GROUP (ORDER BY q), dense_rank(10) WITHIN GROUP (ORDER BY q), percent_rank(10) WITHIN GROUP (ORDER BY q), cume_dist(10) WITHIN GROUP (ORDER BY q) FROM fact;

SELECT product(n) FROM numbers WHERE n BETWEEN 0.1 AND 20;

SELECT a, product(v::numeric) FROM multi_key WHERE v BETWEEN 1 AND 60 GROUP BY a;

SELECT k2, collect(q ORDER BY id) FROM fact WHERE id < 60 GROUP BY k2;

SELECT grp, k2, count(*), sum(q) FROM fact GROUP BY GROUPING SETS ((grp), (k2), ());

SELECT grp, k2, count(*), grouping(grp, k2) FROM fact GROUP BY ROLLUP (grp, k2);

SELECT grp, k2, sum(d), grouping(grp), grouping(k2) FROM fact GROUP BY CUBE (grp, k2);

SELECT grp, k2, flag, count(*) FROM fact GROUP BY grp, ROLLUP (k2, flag);

SELECT grp, k2, count(*) FROM fact GROUP BY GROUPING SETS ((grp, k2), CUBE (grp));

SELECT grp, count(*) FROM fact GROUP BY DISTINCT ROLLUP (grp), ROLLUP (grp);

SELECT grp, count(*) FROM fact GROUP BY ROLLUP (grp) HAVING grouping(grp) = 1 OR count(*) > 590;

SELECT a, count(*) FROM nobody GROUP BY GROUPING SETS ((a), ());

SELECT grp, count(DISTINCT k2) FROM fact GROUP BY ROLLUP (grp);

SELECT sum(count(*)) OVER (), grp FROM fact GROUP BY grp;

SELECT max(sum(d)) OVER (), sum(d) - avg(sum(d)) OVER (), k2 FROM fact GROUP BY k2;

SELECT count(*) * 2 + 1, sum(d) / count(d), round(avg(n), 3), max(q) - min(q) FROM fact GROUP BY k2;

SELECT k + 1, sum(q) + k FROM fact GROUP BY k;

SELECT id, grp, count(*) FROM dim f (id, grp) GROUP BY id;

SELECT k, name, count(*) FROM dim GROUP BY k;

SELECT DISTINCT k FROM fact;

SELECT DISTINCT grp, k2 FROM fact;

SELECT DISTINCT k % 2, flag FROM fact;

SELECT DISTINCT * FROM tag;

SELECT DISTINCT count(*) FROM fact GROUP BY k;

SELECT DISTINCT id FROM fact WHERE id < 20;

SELECT DISTINCT a FROM nobody;

SELECT DISTINCT a FROM left3;

-- ordered
SELECT DISTINCT ON (k) k, id, q FROM fact ORDER BY k, q DESC, id;

-- ordered
SELECT DISTINCT ON (grp, k2) grp, k2, id FROM fact ORDER BY grp, k2, id DESC;

SELECT count(*) FROM (SELECT DISTINCT k, grp FROM fact) s;

SELECT count(*) FROM fact f WHERE f.grp = 'red' GROUP BY f.k ORDER BY 1 DESC LIMIT 1;

SELECT date_trunc('month', day) AS m, count(*), sum(d) FROM fact GROUP BY m;

SELECT extract(dow FROM day), count(*) FROM fact GROUP BY 1;

SELECT flag, count(*) FROM fact GROUP BY flag;

SELECT m, sum(v), count(*) FROM by_enum GROUP BY m;

SELECT t IS NULL, sum(v) FROM by_text GROUP BY t;

SELECT k, count(*), min(v) FROM by_bigint GROUP BY k;

SELECT count(*), sum(v) FROM by_numeric GROUP BY n;

SELECT a, b, count(*), sum(v) FROM multi_key GROUP BY a, b;

SELECT b, a, max(v) FROM multi_key GROUP BY b, a;

SELECT a, count(*), string_agg(c, '' ORDER BY b) FROM round_robin GROUP BY a;

SELECT city, count(*), sum(val), avg(val) FROM measure GROUP BY city;

SELECT date_trunc('year', at)::date, city, max(val) FROM measure GROUP BY 1, 2;

SELECT count(*) FROM fact WHERE k > (SELECT 5);

SELECT region, count(*), sum(weight) FROM dim GROUP BY region;

SELECT max(id), min(id) FROM fact;

SELECT max(id) FROM fact WHERE k = 3;

SELECT count(*), count(*) + 1, count(id) FROM fact WHERE id > 100000;

SELECT avg(d)::numeric(10,3), sum(d)::text, max(grp) || 'x', coalesce(sum(a), 0) FROM fact, nobody;

SELECT sum(CASE WHEN k = 1 THEN d ELSE 0 END), sum(CASE WHEN grp = 'red' THEN 1 END) FROM fact;

SELECT k2, sum(d) FILTER (WHERE grp IN ('red', 'blue')) / nullif(count(*), 0) FROM fact GROUP BY k2;

SELECT any_v FROM (SELECT max(k) AS any_v FROM fact GROUP BY grp) s GROUP BY any_v;

SELECT count(*) FROM (SELECT k, grp, sum(q) FROM fact GROUP BY k, grp HAVING sum(q) > 100) s;

SELECT stable_const(), count(*) FROM fact GROUP BY stable_const();

SELECT sum(q), count(*) FROM fact GROUP BY id % 10, classify(d);

SELECT k, count(*) FROM fact GROUP BY k ORDER BY count(*) DESC, k LIMIT 3;

SELECT range_agg(int4range(q, q + 1)) FROM fact WHERE q < 10;

SELECT xmlagg(NULL) IS NULL;

SELECT string_agg(ba, '\x00' ORDER BY id) FROM types WHERE id < 5;

SELECT max(ARRAY[k, q]), min(ARRAY[q]) FROM fact;

SELECT sum(k)::int8 % 7, bit_and(k8), bit_or(k2) FROM fact;
