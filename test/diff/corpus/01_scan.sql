-- Scans, filters and projections over every layout.

SELECT * FROM fact WHERE id <= 40;

SELECT count(*) FROM fact;

SELECT id, k, d FROM fact WHERE k = 1 AND id < 60;

SELECT * FROM fact WHERE id = 77;

SELECT id FROM fact WHERE id IN (1, 5, 9, 4000);

SELECT id FROM fact WHERE id = ANY (ARRAY[2, 4, NULL, 6]);

SELECT id FROM fact WHERE k IS NULL AND id < 200;

SELECT id FROM fact WHERE k IS NOT NULL AND d IS NULL AND id < 500;

SELECT id FROM fact WHERE flag;

SELECT id FROM fact WHERE NOT flag AND id < 100;

SELECT id FROM fact WHERE flag IS NOT TRUE AND id < 100;

SELECT id FROM fact WHERE flag IS UNKNOWN AND id < 100;

SELECT id FROM fact WHERE d BETWEEN 100 AND 120;

SELECT id FROM fact WHERE d NOT BETWEEN 5 AND 990;

SELECT id FROM fact WHERE d BETWEEN SYMMETRIC 120 AND 100;

SELECT id FROM fact WHERE (k, q) = (1, 10);

SELECT id FROM fact WHERE (k, q) < (2, 3) AND id < 300;

SELECT id FROM fact WHERE (k, id) >= (22, 100);

SELECT id FROM fact WHERE k IS DISTINCT FROM 1 AND id < 50;

SELECT id FROM fact WHERE k IS NOT DISTINCT FROM NULL AND id < 150;

SELECT id FROM fact WHERE grp LIKE 'r%' AND id < 100;

SELECT id FROM fact WHERE grp ILIKE 'R_d' AND id < 100;

SELECT id FROM fact WHERE note NOT LIKE '%1%' AND id < 60;

SELECT id FROM fact WHERE note ~ '^note [0-4]$' AND id < 400;

SELECT id FROM fact WHERE note !~* 'NOTE 1' AND id < 60;

SELECT id FROM fact WHERE note SIMILAR TO 'note (1|2)%' AND id < 100;

SELECT id FROM fact WHERE grp COLLATE "C" > 'a' AND id < 60;

SELECT id FROM fact WHERE day = '2023-06-15';

SELECT id FROM fact WHERE day >= date '2024-11-25' OR day < date '2023-01-03';

SELECT id FROM fact WHERE at > timestamptz '2025-05-20 00:00+02';

SELECT id FROM fact WHERE at::date = '2023-02-01';

SELECT id FROM fact WHERE extract(isodow FROM day) = 7 AND id < 90;

SELECT id + 1 AS next, d * 2 AS twice, -q AS neg, id % 7 AS rest FROM fact WHERE id <= 20;

SELECT DISTINCT 5 FROM fact;

SELECT 1 FROM fact WHERE id < 4;

SELECT FROM fact WHERE id < 4;

SELECT NULL, id FROM fact WHERE id < 4;

SELECT *, k AS again FROM dim;

SELECT dim.*, dim.k FROM dim;

TABLE dim;

SELECT * FROM round_robin;

SELECT * FROM multi_key;

SELECT * FROM multi_key WHERE a = 3 AND b = 'a';

SELECT * FROM multi_key WHERE a IS NULL;

SELECT * FROM by_bigint WHERE k = 7;

SELECT * FROM by_bigint WHERE k = 7::int2;

SELECT * FROM by_bigint WHERE k = 7.0;

SELECT * FROM by_bigint WHERE k = 5000000000;

SELECT * FROM by_text WHERE t = 'red';

SELECT v, length(t) FROM by_text WHERE t = repeat('long', 800);

SELECT * FROM by_text WHERE t = 'Ä';

SELECT * FROM by_text WHERE t = '';

SELECT * FROM by_numeric WHERE n = 1;

SELECT * FROM by_numeric WHERE n = 'NaN';

SELECT * FROM by_numeric WHERE n = 0.0;

SELECT * FROM by_numeric WHERE n >= 'Infinity';

SELECT * FROM by_float WHERE f = 0;

SELECT * FROM by_float WHERE f = 'NaN';

SELECT * FROM by_float WHERE f < 0;

SELECT * FROM by_enum WHERE m = 'Zany';

SELECT * FROM by_enum WHERE m > 'ok';

SELECT * FROM by_date WHERE dt = '2024-02-29';

SELECT * FROM by_date WHERE dt = 'infinity' OR dt < '0001-01-01';

SELECT * FROM by_uuid WHERE u = md5('3')::uuid;

SELECT * FROM nobody;

SELECT count(*), sum(a), max(b) FROM nobody;

SELECT * FROM nobody_rr WHERE a = 1;

SELECT * FROM single_row;

SELECT * FROM single_row WHERE a = 41;

SELECT * FROM all_null;

SELECT * FROM measure WHERE at BETWEEN '2023-12-28' AND '2024-01-04';

SELECT tableoid::regclass, count(*) FROM measure GROUP BY 1;

SELECT tableoid::regclass, id FROM fact WHERE id < 3;

SELECT * FROM measure WHERE id = 500;

SELECT * FROM ONLY measure;

SELECT * FROM dropped;

SELECT dropped FROM dropped WHERE id < 5;

SELECT * FROM "Odd Name";

SELECT "quo""te", "Ünï" + 1 AS "Ünï", "select" AS "from" FROM "Odd Name" AS "Al ias" WHERE "the key" > 1;

SELECT fact FROM fact WHERE id < 4;

SELECT fact.*::text FROM fact WHERE id < 4;

SELECT row_to_json(dim) FROM dim WHERE k < 3;

SELECT to_jsonb(f) FROM fact f WHERE id = 5;

SELECT (w).k, (w).grp FROM (SELECT fa AS w FROM fact fa WHERE id < 5) s;

SELECT count(f), count(f.*), count(*) FROM fact f WHERE f IS NOT NULL;

SELECT id FROM fact f WHERE f IS NULL;

SELECT * FROM fact WHERE false;

SELECT count(*) FROM fact WHERE NULL;

SELECT id FROM fact WHERE true AND id < 5;

SELECT id FROM fact WHERE 1 = 2 OR id = 3;

SELECT id FROM fact WHERE id < 10 AND id > 20;

SELECT * FROM made_as WHERE id < 10;

SELECT * FROM mv;

SELECT count(*) FROM fact TABLESAMPLE BERNOULLI (100);

SELECT count(*), sum(id) FROM fact TABLESAMPLE SYSTEM (100) REPEATABLE (3);

SELECT count(*) FROM fact TABLESAMPLE BERNOULLI (0);

SELECT * FROM heap_dim WHERE k > 8;

SELECT id AS "a b", id FROM fact f (id) WHERE id = 9;

SELECT a.x, a.y FROM fact AS a (x, y) WHERE a.x < 5;
