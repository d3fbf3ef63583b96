-- Before the types, on a node: nothing of an earlier load, and other OIDs than on the driver.
DROP SCHEMA IF EXISTS dist CASCADE;
DROP SCHEMA IF EXISTS shift_oids CASCADE;
CREATE SCHEMA shift_oids;
SELECT format('CREATE TYPE shift_oids.e%s AS ENUM (%L)', i, 'sad') FROM generate_series(1, 7 * :node) i \gexec
