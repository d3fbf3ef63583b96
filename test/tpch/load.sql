-- The TPC-H tables in schema "dist", and the same rows in heap tables in schema
-- "plain".  Given: scale, partitions.
CREATE SCHEMA dist;
CREATE SCHEMA plain;
SET barks.default_partitions = :partitions;
SELECT barks.tpch(:scale, 'dist');
SELECT format('CREATE TABLE plain.%1$I (LIKE dist.%1$I INCLUDING DEFAULTS) USING heap', relname),
	format('INSERT INTO plain.%1$I SELECT * FROM dist.%1$I', relname),
	format('ALTER TABLE plain.%I ADD PRIMARY KEY (%s)', relname,
		(SELECT string_agg(attname, ', ' ORDER BY place) FROM pg_constraint, unnest(conkey) WITH ORDINALITY AS key (attnum, place)
			JOIN pg_attribute a USING (attnum) WHERE contype = 'p' AND conrelid = c.oid AND attrelid = c.oid)),
	format('ANALYZE plain.%I', relname)
FROM pg_class c WHERE relnamespace = 'dist'::regnamespace AND relkind = 'r'
\gexec
