\echo Use "CREATE EXTENSION barks_test" to load this file. \quit

CREATE FUNCTION batch_roundtrip(query text, max_rows int, zstd bool DEFAULT true,
	OUT rows bigint, OUT batches int, OUT bytes bigint)
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION batch_roundtrip(text, int, bool) IS
'send a query''s rows through batches and compare each value by its bytes and text';

CREATE FUNCTION batch_fuzz(query text, rounds int, seed int, mend_checksum bool,
	OUT decoded int, OUT refused int)
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION batch_fuzz(text, int, int, bool) IS
'damage a batch of a query''s rows in random ways and read it';

CREATE FUNCTION batch_speed(query text, repeat int,
	OUT encode_ns float8, OUT decode_ns float8, OUT bytes_per_row float8)
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION batch_speed(text, int) IS
'nanoseconds per row to build and encode, and to decode and get, all rows of a query';

CREATE FUNCTION batch_codec(type regtype) RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION batch_codec(regtype) IS 'the codec a type travels by';

CREATE FUNCTION plan_roundtrip() RETURNS bool
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION plan_roundtrip() IS
'copy, print, read and compare nodes of every type in job/plan.h';

CREATE FUNCTION protocol_roundtrip() RETURNS bool
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION protocol_roundtrip() IS
'write and read every frame of job/protocol.h, whole and truncated';

CREATE FUNCTION remote_error(severity text, state text, message text, detail text,
	hint text, context text) RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION remote_error(text, text, text, text, text, text) IS
'raise an error that crossed a frame';

-- The registry of jobs: each function is the call of that name in driver/registry.h.
CREATE FUNCTION job_begin(query text) RETURNS bigint AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT;
CREATE FUNCTION job_stage(job bigint, stage int, exchange text, tasks int) RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT;
CREATE FUNCTION task_started(job bigint, stage int, task int, attempt int, node text) RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT;
CREATE FUNCTION task_progress(job bigint, stage int, task int, attempt int, rows bigint) RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT;
CREATE FUNCTION task_done(job bigint, stage int, task int, attempt int, rows bigint) RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT;
CREATE FUNCTION task_failed(job bigint, stage int, task int, attempt int, error text) RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT;
CREATE FUNCTION job_end(job bigint, state text, error text) RETURNS void AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE;
CREATE FUNCTION registry_speed(tasks int) RETURNS float8 AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT;
CREATE FUNCTION cluster_exec(node text, sql text) RETURNS void
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
CREATE FUNCTION cluster_exec_all(sql text) RETURNS void
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
CREATE FUNCTION cluster_read(sql text) RETURNS text
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT STABLE;
CREATE FUNCTION cluster_read_twice(node text, sql text, between_sql text) RETURNS text
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
CREATE FUNCTION cluster_extend(first text, second text, between_sql text) RETURNS void
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
CREATE FUNCTION cluster_load(node text, rel text, lines int, bad_line int) RETURNS void
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
CREATE FUNCTION cluster_hold(node text, connections int, seconds float8) RETURNS void
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT;

-- Shuffle files.
CREATE FUNCTION shuffle_roundtrip(query text, kind text, partitions int, columns int[], batch_rows int DEFAULT 1024,
	zstd bool DEFAULT true, OUT rows bigint, OUT nonempty bigint, OUT blocks bigint)
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT;
CREATE FUNCTION shuffle_damage(query text, partitions int, batch_rows int, step int,
	OUT damages bigint, OUT refused bigint, OUT written bigint)
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT;
CREATE FUNCTION shuffle_sink(query text, partitions int, batch_rows int, OUT rows bigint, OUT blocks bigint, OUT partitions_out bigint)
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT;
CREATE FUNCTION hash_partition(value anyelement, partitions int) RETURNS int
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT;

-- Filters of keys.
CREATE FUNCTION key_filter_try(keys bigint, bytes int, parts int, OUT missing bigint, OUT passed float8, OUT error float8,
	OUT keys_found float8, OUT exact bool, OUT wire_bytes int)
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT;
CREATE FUNCTION key_filter_cut(keys bigint, bytes int) RETURNS int
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT;

CREATE FUNCTION task_plan_rows(sql text, rows int, "distinct" int) RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT;
