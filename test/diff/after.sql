-- What is made from the rows: views, materialized views, indexes, statistics.
SET search_path = :schema, public;

CREATE VIEW v_fact AS SELECT id, k, grp, d FROM fact WHERE id % 2 = 0;
CREATE VIEW v_total AS SELECT k, count(*) AS n, sum(d) AS total FROM fact GROUP BY k;
CREATE VIEW v_join AS SELECT f.id, f.d, dim.name, dim.region FROM fact f LEFT JOIN dim ON f.k = dim.k;
CREATE VIEW v_union AS SELECT id, 'fact' AS src FROM fact WHERE id < 20 UNION ALL SELECT cid, 'cust' FROM cust WHERE cid < 10;
CREATE VIEW v_barrier WITH (security_barrier) AS SELECT id, k, d FROM fact WHERE k IN (1, 2);
CREATE VIEW v_invoker WITH (security_invoker) AS SELECT id, level FROM secret;
CREATE VIEW v_owner AS SELECT id, level FROM secret;
CREATE RECURSIVE VIEW v_tree (id, depth) AS
	SELECT id, 0 FROM tree WHERE parent IS NULL
	UNION ALL SELECT t.id, v_tree.depth + 1 FROM tree t JOIN v_tree ON t.parent = v_tree.id;
GRANT SELECT ON v_fact, v_barrier, v_invoker, v_owner TO diff_reader;

CREATE MATERIALIZED VIEW mv USING :am AS SELECT k, count(*) AS n, max(d) AS most FROM fact GROUP BY k;
CREATE TABLE made_as USING :am AS SELECT id, upper(grp) AS g, d * 2 AS d2 FROM fact WHERE id <= 200;
-- For the mode "insert": the rows of a query in a new table, of one layout or another.
CREATE FUNCTION insert_of(query text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	key text;
BEGIN
	IF length(query) % 3 = 0 THEN
		EXECUTE 'CREATE TABLE inserted USING ' || CASE current_schema() WHEN 'dist' THEN 'barks' ELSE 'heap' END || ' AS ' || query;
		RETURN;
	END IF;
	EXECUTE 'CREATE TABLE inserted AS ' || query || ' WITH NO DATA';
	IF current_schema() = 'dist' THEN
		BEGIN
			SELECT quote_ident(attname) INTO STRICT key FROM pg_attribute
			WHERE attrelid = 'inserted'::regclass AND attnum = 1 + length(query) % 2;
			PERFORM barks.distribute_table('inserted', by => key);
		EXCEPTION WHEN OTHERS THEN
			PERFORM barks.distribute_table('inserted');
		END;
	END IF;
	EXECUTE 'INSERT INTO inserted ' || query;
END $$;
CREATE INDEX ON fact (k);
CREATE INDEX ON ord (placed);

ANALYZE;
