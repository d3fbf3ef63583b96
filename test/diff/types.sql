-- Types of the differential test: on the driver in both schemas, and in schema "dist" on every node.
CREATE SCHEMA :schema;
SET search_path = :schema, public;

-- Types
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy', 'Zany', 'with space');
CREATE TYPE pair AS (x int, y text);
CREATE TYPE nested AS (p pair, tags text[]);
CREATE DOMAIN posint AS int CHECK (VALUE > 0);
CREATE DOMAIN shortname AS varchar(10) COLLATE "C";
CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE COLLATION german (provider = icu, locale = 'de');
