CREATE TYPE barks.rdd;
CREATE FUNCTION barks.rdd_in(cstring) RETURNS barks.rdd LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'barks_rdd_in';
COMMENT ON FUNCTION barks.rdd_in(cstring) IS 'I/O';
CREATE FUNCTION barks.rdd_out(barks.rdd) RETURNS cstring LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'barks_rdd_out';
COMMENT ON FUNCTION barks.rdd_out(barks.rdd) IS 'I/O';
CREATE TYPE barks.rdd (INPUT = barks.rdd_in, OUTPUT = barks.rdd_out, INTERNALLENGTH = VARIABLE, STORAGE = extended);
COMMENT ON TYPE barks.rdd IS
    'a resilient distributed dataset: how to compute it, not its elements';

CREATE TYPE barks.fn;
CREATE FUNCTION barks.fn_in(cstring) RETURNS barks.fn LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'barks_fn_in';
COMMENT ON FUNCTION barks.fn_in(cstring) IS 'I/O';
CREATE FUNCTION barks.fn_out(barks.fn) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
AS 'textout';
COMMENT ON FUNCTION barks.fn_out(barks.fn) IS 'I/O';
CREATE TYPE barks.fn (INPUT = barks.fn_in, OUTPUT = barks.fn_out, LIKE = text);
COMMENT ON TYPE barks.fn IS
    'a function for RDDs: one SQL expression over x; k and v; a and b; acc and x';

CREATE FUNCTION barks.fn_from_text(text) RETURNS barks.fn LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'barks_fn_from_text';
COMMENT ON FUNCTION barks.fn_from_text(text) IS 'the expression in a text';
CREATE CAST (text AS barks.fn) WITH FUNCTION barks.fn_from_text(text) AS IMPLICIT;
COMMENT ON CAST (text AS barks.fn) IS 'the expression in a text';
CREATE FUNCTION barks.fn_from_function(regprocedure) RETURNS barks.fn LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'barks_fn_from_function';
COMMENT ON FUNCTION barks.fn_from_function(regprocedure) IS 'a call of the function with the variables in order';
CREATE CAST (regprocedure AS barks.fn) WITH FUNCTION barks.fn_from_function(regprocedure) AS IMPLICIT;
COMMENT ON CAST (regprocedure AS barks.fn) IS 'a call of the function';

CREATE FUNCTION barks.fn(expression text) RETURNS barks.fn LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'barks_fn_from_text';
COMMENT ON FUNCTION barks.fn(text) IS 'the expression in a text';
CREATE FUNCTION barks.fn(expression text, VARIADIC "values" "any") RETURNS barks.fn
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_fn';
COMMENT ON FUNCTION barks.fn(text, "any") IS 'the expression with $1, $2, … replaced by values';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['bool', 'int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'money', 'oid', 'text', 'varchar',
        'bpchar', 'name', 'bytea', 'date', 'time', 'timetz', 'timestamp', 'timestamptz', 'interval', 'uuid', 'json', 'jsonb', 'xml',
        'bit', 'varbit', 'inet', 'cidr', 'macaddr', 'point', 'int4range', 'int8range', 'numrange', 'daterange', 'tsrange', 'tstzrange'] LOOP
        EXECUTE pg_catalog.format('CREATE TYPE barks.rdd_array_of_%s AS (x pg_catalog.%I[])', name, name);
        EXECUTE pg_catalog.format('COMMENT ON TYPE barks.rdd_array_of_%s IS %L', name,
                                  'an array as one of several: PostgreSQL has no arrays of arrays');
    END LOOP;
END $$;

CREATE FUNCTION barks.rdd_combine_step(internal, program text[], VARIADIC "values" "any") RETURNS internal
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_combine_step';
COMMENT ON FUNCTION barks.rdd_combine_step(internal, text[], "any") IS 'of the aggregate barks.rdd_combine';
CREATE FUNCTION barks.rdd_combine_merge(internal, internal) RETURNS internal
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_combine_merge';
COMMENT ON FUNCTION barks.rdd_combine_merge(internal, internal) IS 'of the aggregate barks.rdd_combine';
CREATE FUNCTION barks.rdd_combine_serialize(internal) RETURNS bytea
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_combine_serialize';
COMMENT ON FUNCTION barks.rdd_combine_serialize(internal) IS 'of the aggregate barks.rdd_combine';
CREATE FUNCTION barks.rdd_combine_deserialize(bytea, internal) RETURNS internal
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_combine_deserialize';
COMMENT ON FUNCTION barks.rdd_combine_deserialize(bytea, internal) IS 'of the aggregate barks.rdd_combine';
CREATE FUNCTION barks.rdd_combine_final(internal) RETURNS bytea
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_combine_final';
COMMENT ON FUNCTION barks.rdd_combine_final(internal) IS 'of the aggregate barks.rdd_combine';
CREATE AGGREGATE barks.rdd_combine(program text[], VARIADIC "values" "any") (
    SFUNC = barks.rdd_combine_step, STYPE = internal, COMBINEFUNC = barks.rdd_combine_merge,
    SERIALFUNC = barks.rdd_combine_serialize, DESERIALFUNC = barks.rdd_combine_deserialize,
    FINALFUNC = barks.rdd_combine_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE barks.rdd_combine(text[], "any") IS
    'values of a group combined by the expressions of a program; what queries of RDDs call';
CREATE FUNCTION barks.rdd_field(state bytea, number int, of_type anyelement) RETURNS anyelement
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_field';
COMMENT ON FUNCTION barks.rdd_field(bytea, int, anyelement) IS 'a column of what barks.rdd_combine gave';

CREATE TYPE barks.rdd_numbered_text AS (n bigint, x text);
COMMENT ON TYPE barks.rdd_numbered_text IS 'a text, and which of its part of an RDD it is';
CREATE TYPE barks.rdd_numbered_bytes AS (n bigint, x bytea);
COMMENT ON TYPE barks.rdd_numbered_bytes IS 'bytes, and which of their part of an RDD they are';
CREATE FUNCTION barks.rdd_file_list(path text, part int) RETURNS bigint[]
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'barks_rdd_file_list';
COMMENT ON FUNCTION barks.rdd_file_list(text, int) IS 'what files there are, as numbers to compare; what queries of RDDs call';
CREATE FUNCTION barks.rdd_read_lines(path text, part int, parts int, files bigint[]) RETURNS SETOF text
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED ROWS 100000 AS 'MODULE_PATHNAME', 'barks_rdd_read_lines';
COMMENT ON FUNCTION barks.rdd_read_lines(text, int, int, bigint[]) IS 'lines of a part of files; what queries of RDDs call';
CREATE FUNCTION barks.rdd_numbered_lines(path text, part int, parts int, files bigint[]) RETURNS SETOF barks.rdd_numbered_text
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED ROWS 100000 AS 'MODULE_PATHNAME', 'barks_rdd_numbered_lines';
COMMENT ON FUNCTION barks.rdd_numbered_lines(text, int, int, bigint[]) IS 'lines of a part of files; what queries of RDDs call';
CREATE FUNCTION barks.rdd_read_records(path text, part int, parts int, files bigint[], length int) RETURNS SETOF bytea
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED ROWS 100000 AS 'MODULE_PATHNAME', 'barks_rdd_read_records';
COMMENT ON FUNCTION barks.rdd_read_records(text, int, int, bigint[], int) IS 'records of a part of files; what queries of RDDs call';
CREATE FUNCTION barks.rdd_numbered_records(path text, part int, parts int, files bigint[], length int) RETURNS SETOF barks.rdd_numbered_bytes
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED ROWS 100000 AS 'MODULE_PATHNAME', 'barks_rdd_numbered_records';
COMMENT ON FUNCTION barks.rdd_numbered_records(text, int, int, bigint[], int) IS 'records of a part of files; what queries of RDDs call';
CREATE FUNCTION barks.rdd_file_names(path text, part int, parts int, files bigint[]) RETURNS SETOF text
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED ROWS 100 AS 'MODULE_PATHNAME', 'barks_rdd_file_names';
COMMENT ON FUNCTION barks.rdd_file_names(text, int, int, bigint[]) IS 'names of a part of files; what queries of RDDs call';
CREATE FUNCTION barks.rdd_numbered_file_names(path text, part int, parts int, files bigint[]) RETURNS SETOF barks.rdd_numbered_text
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED ROWS 100 AS 'MODULE_PATHNAME', 'barks_rdd_numbered_file_names';
COMMENT ON FUNCTION barks.rdd_numbered_file_names(text, int, int, bigint[]) IS 'names of a part of files; what queries of RDDs call';
CREATE FUNCTION barks.rdd_file_text(path text) RETURNS text
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED COST 1000 AS 'MODULE_PATHNAME', 'barks_rdd_file_text';
COMMENT ON FUNCTION barks.rdd_file_text(text) IS 'the text of a file; what queries of RDDs call';
CREATE FUNCTION barks.rdd_file_bytes(path text) RETURNS bytea
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED COST 1000 AS 'MODULE_PATHNAME', 'barks_rdd_file_bytes';
COMMENT ON FUNCTION barks.rdd_file_bytes(text) IS 'the bytes of a file; what queries of RDDs call';

CREATE FUNCTION barks.rdd_read_objects(path text, part int, parts int, files bigint[], header text) RETURNS SETOF bytea
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED ROWS 100000 AS 'MODULE_PATHNAME', 'barks_rdd_read_objects';
COMMENT ON FUNCTION barks.rdd_read_objects(text, int, int, bigint[], text) IS 'elements of a part of object files; what queries of RDDs call';
CREATE FUNCTION barks.rdd_numbered_objects(path text, part int, parts int, files bigint[], header text) RETURNS SETOF barks.rdd_numbered_bytes
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED ROWS 100000 AS 'MODULE_PATHNAME', 'barks_rdd_numbered_objects';
COMMENT ON FUNCTION barks.rdd_numbered_objects(text, int, int, bigint[], text) IS 'elements of a part of object files; what queries of RDDs call';
CREATE FUNCTION barks.rdd_object_header(path text, part int) RETURNS text
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'barks_rdd_object_header';
COMMENT ON FUNCTION barks.rdd_object_header(text, int) IS 'what the elements of object files are; what queries of RDDs call';
CREATE FUNCTION barks.rdd_object_field(element bytea, number int, of_type anyelement) RETURNS anyelement
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_object_field';
COMMENT ON FUNCTION barks.rdd_object_field(bytea, int, anyelement) IS 'a column of an element of an object file; what queries of RDDs call';
CREATE FUNCTION barks.rdd_pipe_lines(command text, env text[], line text, is_last boolean) RETURNS SETOF text
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 1 AS 'MODULE_PATHNAME', 'barks_rdd_pipe';
COMMENT ON FUNCTION barks.rdd_pipe_lines(text, text[], text, boolean) IS 'writes a line to a command, and gives lines of its output; what queries of RDDs call';
CREATE FUNCTION barks.rdd_numbered_pipe_lines(command text, env text[], line text, is_last boolean) RETURNS SETOF barks.rdd_numbered_text
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 1 AS 'MODULE_PATHNAME', 'barks_rdd_numbered_pipe';
COMMENT ON FUNCTION barks.rdd_numbered_pipe_lines(text, text[], text, boolean) IS 'writes a line to a command, and gives lines of its output; what queries of RDDs call';
CREATE FUNCTION barks.rdd_row_text(VARIADIC "values" "any") RETURNS text
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_row_text';
COMMENT ON FUNCTION barks.rdd_row_text("any") IS 'values as a row of them is written; what queries of RDDs call';

CREATE FUNCTION barks.rdd_write_begin(path text, token text, part int) RETURNS int
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'barks_rdd_write_begin';
COMMENT ON FUNCTION barks.rdd_write_begin(text, text, int) IS 'makes a directory to write; what barks.rdd_save_as_text_file calls';
CREATE FUNCTION barks.rdd_write_end(path text, token text, part int) RETURNS int
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'barks_rdd_write_end';
COMMENT ON FUNCTION barks.rdd_write_end(text, text, int) IS 'lets what was written be seen; what barks.rdd_save_as_text_file calls';
CREATE FUNCTION barks.rdd_write_line(internal, path text, token text, part int, codec text, line text) RETURNS internal
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'barks_rdd_write_line';
COMMENT ON FUNCTION barks.rdd_write_line(internal, text, text, int, text, text) IS 'of the aggregate barks.rdd_write_lines';
CREATE FUNCTION barks.rdd_write_lines_end(internal) RETURNS bigint
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'barks_rdd_write_lines_end';
COMMENT ON FUNCTION barks.rdd_write_lines_end(internal) IS 'of the aggregate barks.rdd_write_lines';
CREATE AGGREGATE barks.rdd_write_lines(path text, token text, part int, codec text, line text) (
    SFUNC = barks.rdd_write_line, STYPE = internal, FINALFUNC = barks.rdd_write_lines_end,
    FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
COMMENT ON AGGREGATE barks.rdd_write_lines(text, text, int, text, text) IS 'writes lines to a file; what queries of RDDs call';
CREATE FUNCTION barks.rdd_write_object(internal, path text, token text, part int, codec text, header text, VARIADIC "values" "any") RETURNS internal
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'barks_rdd_write_object';
COMMENT ON FUNCTION barks.rdd_write_object(internal, text, text, int, text, text, "any") IS 'of the aggregate barks.rdd_write_objects';
CREATE FUNCTION barks.rdd_write_objects_end(internal) RETURNS bigint
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'barks_rdd_write_objects_end';
COMMENT ON FUNCTION barks.rdd_write_objects_end(internal) IS 'of the aggregate barks.rdd_write_objects';
CREATE AGGREGATE barks.rdd_write_objects(path text, token text, part int, codec text, header text, VARIADIC "values" "any") (
    SFUNC = barks.rdd_write_object, STYPE = internal, FINALFUNC = barks.rdd_write_objects_end,
    FINALFUNC_MODIFY = READ_WRITE, PARALLEL = RESTRICTED);
COMMENT ON AGGREGATE barks.rdd_write_objects(text, text, int, text, text, "any") IS 'writes elements to a file; what queries of RDDs call';

CREATE FUNCTION barks.rdd_hash(seed bigint, exact boolean, VARIADIC "values" "any") RETURNS bigint
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_hash';
COMMENT ON FUNCTION barks.rdd_hash(bigint, boolean, "any") IS 'a hash that is the same on every server: of what values look like, or of which are equal';
CREATE FUNCTION barks.rdd_uniform(seed bigint, VARIADIC "values" "any") RETURNS float8
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_uniform';
COMMENT ON FUNCTION barks.rdd_uniform(bigint, "any") IS 'a number from 0 to before 1, always the same of the same seed and values';
CREATE FUNCTION barks.rdd_copies(mean float8, seed bigint, VARIADIC "values" "any") RETURNS bigint
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_copies';
COMMENT ON FUNCTION barks.rdd_copies(float8, bigint, "any") IS 'a Poisson variable, always the same of the same seed and values';
CREATE FUNCTION barks.rdd_fraction(fractions jsonb, key text, with_replacement boolean) RETURNS float8
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_fraction';
COMMENT ON FUNCTION barks.rdd_fraction(jsonb, text, boolean) IS 'what barks.rdd_sample_by_key was given for a key';
CREATE FUNCTION barks.rdd_zip_check(p1 int, p2 int, n1 bigint, n2 bigint) RETURNS boolean
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_zip_check';
COMMENT ON FUNCTION barks.rdd_zip_check(int, int, bigint, bigint) IS 'true, or an error where zipped partitions differ in size';
CREATE FUNCTION barks.rdd_histogram_bounds("lower" float8, "upper" float8, n int) RETURNS float8[]
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_histogram_bounds';
COMMENT ON FUNCTION barks.rdd_histogram_bounds(float8, float8, int) IS 'bounds of n even buckets';
CREATE FUNCTION barks.rdd_call_partition(f regprocedure, keeps boolean, widths int[], names text[], part int, input int, number bigint, VARIADIC "values" "any") RETURNS SETOF bytea
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'barks_rdd_call_partition';
COMMENT ON FUNCTION barks.rdd_call_partition(regprocedure, boolean, int[], text[], int, int, bigint, "any") IS
    'rows of a function over the elements of a partition; what queries of RDDs call';
CREATE FUNCTION barks.rdd_call_field("row" bytea, number int, of_type anyelement) RETURNS anyelement
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_call_field';
COMMENT ON FUNCTION barks.rdd_call_field(bytea, int, anyelement) IS 'a column of what barks.rdd_call_partition gave';
CREATE FUNCTION barks.rdd_numbers_support(internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_numbers_support';
COMMENT ON FUNCTION barks.rdd_numbers_support(internal) IS 'tells the planner how many barks.rdd_numbers gives';
CREATE FUNCTION barks.rdd_numbers("first" bigint, "by" bigint, count bigint, part int, parts int) RETURNS SETOF bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE SUPPORT barks.rdd_numbers_support AS 'MODULE_PATHNAME', 'barks_rdd_numbers';
COMMENT ON FUNCTION barks.rdd_numbers(bigint, bigint, bigint, int, int) IS 'numbers of a part of a range; what queries of RDDs call';
CREATE FUNCTION barks.rdd_hll_step(internal, int, bigint) RETURNS internal
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_hll_step';
COMMENT ON FUNCTION barks.rdd_hll_step(internal, int, bigint) IS 'of the aggregate barks.rdd_hll';
CREATE FUNCTION barks.rdd_hll_merge(internal, internal) RETURNS internal
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_hll_merge';
COMMENT ON FUNCTION barks.rdd_hll_merge(internal, internal) IS 'of the aggregate barks.rdd_hll';
CREATE FUNCTION barks.rdd_hll_serialize(internal) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_hll_serialize';
COMMENT ON FUNCTION barks.rdd_hll_serialize(internal) IS 'of the aggregate barks.rdd_hll';
CREATE FUNCTION barks.rdd_hll_deserialize(bytea, internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_hll_deserialize';
COMMENT ON FUNCTION barks.rdd_hll_deserialize(bytea, internal) IS 'of the aggregate barks.rdd_hll';
CREATE FUNCTION barks.rdd_hll_final(internal) RETURNS bigint
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_hll_final';
COMMENT ON FUNCTION barks.rdd_hll_final(internal) IS 'of the aggregate barks.rdd_hll';
CREATE AGGREGATE barks.rdd_hll("precision" int, hash bigint) (
    SFUNC = barks.rdd_hll_step, STYPE = internal, COMBINEFUNC = barks.rdd_hll_merge,
    SERIALFUNC = barks.rdd_hll_serialize, DESERIALFUNC = barks.rdd_hll_deserialize,
    FINALFUNC = barks.rdd_hll_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE barks.rdd_hll(int, bigint) IS
    'about how many different hashes there are, by HyperLogLog; what queries of RDDs call';

CREATE FUNCTION barks.rdd_sql(r barks.rdd) RETURNS text LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'barks_rdd_sql';
COMMENT ON FUNCTION barks.rdd_sql(barks.rdd) IS 'the query that an RDD becomes; barks_lambda."N.M" stands for lambda N';
CREATE FUNCTION barks.rdd_explain(r barks.rdd, "analyze" boolean DEFAULT false, "verbose" boolean DEFAULT false)
RETURNS SETOF text LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_explain';
COMMENT ON FUNCTION barks.rdd_explain(barks.rdd, boolean, boolean) IS 'how the elements would be computed, as EXPLAIN shows it';
CREATE SCHEMA barks_storage;
COMMENT ON SCHEMA barks_storage IS 'elements of persisted RDDs, each in a table of the role that persisted it';
GRANT USAGE, CREATE ON SCHEMA barks_storage TO PUBLIC;
CREATE TABLE barks.storage_entry (
    rel oid PRIMARY KEY, name name NOT NULL, role oid NOT NULL, level text NOT NULL, partitions int NOT NULL, rows bigint NOT NULL,
    bytes bigint NOT NULL, elements text NOT NULL,
    made timestamptz NOT NULL DEFAULT now(), last_read timestamptz NOT NULL DEFAULT now());
CREATE INDEX storage_entry_name ON barks.storage_entry (name);
COMMENT ON TABLE barks.storage_entry IS 'what the tables in barks_storage are';
CREATE VIEW barks.storage AS
    SELECT s.rel::regclass AS rel, s.level, s.partitions, s.rows, s.bytes, s.made, s.last_read
    FROM barks.storage_entry s JOIN pg_catalog.pg_class c ON c.oid = s.rel
    WHERE pg_catalog.pg_has_role(s.role, 'USAGE');
COMMENT ON VIEW barks.storage IS 'RDDs that are kept, of roles that the user is a member of';
GRANT SELECT ON barks.storage TO PUBLIC;
CREATE FUNCTION barks.rdd_unpersist(r barks.rdd) RETURNS barks.rdd LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'barks_rdd_unpersist';
COMMENT ON FUNCTION barks.rdd_unpersist(barks.rdd) IS 'drops what a persisted RDD has kept; gives the RDD without that';
CREATE FUNCTION barks.rdd_storage_level(r barks.rdd) RETURNS text LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'barks_rdd_storage_level';
COMMENT ON FUNCTION barks.rdd_storage_level(barks.rdd) IS 'at which level an RDD is persisted; NONE';
CREATE FUNCTION barks.rdd_checkpoint(r barks.rdd, copies int DEFAULT 1) RETURNS barks.rdd LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'barks_rdd_checkpoint';
COMMENT ON FUNCTION barks.rdd_checkpoint(barks.rdd, int) IS 'computes and stores an RDD for good; gives the RDD that reads what is stored';
CREATE FUNCTION barks.rdd_local_checkpoint(r barks.rdd) RETURNS barks.rdd LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'barks_rdd_local_checkpoint';
COMMENT ON FUNCTION barks.rdd_local_checkpoint(barks.rdd) IS 'computes and stores an RDD until the session ends; gives the RDD that reads what is stored';
CREATE FUNCTION barks.rdd_checkpointed(name text) RETURNS barks.rdd LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_checkpointed(text) IS 'what a checkpoint has stored; as which a checkpointed RDD is shown';
CREATE FUNCTION barks.rdd_is_checkpointed(r barks.rdd) RETURNS boolean LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'barks_rdd_is_checkpointed';
COMMENT ON FUNCTION barks.rdd_is_checkpointed(barks.rdd) IS 'whether an RDD is read from a checkpoint that is there';
CREATE FUNCTION barks.rdd_drop_checkpoint(r barks.rdd) RETURNS boolean LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'barks_rdd_drop_checkpoint';
COMMENT ON FUNCTION barks.rdd_drop_checkpoint(barks.rdd) IS 'drops what a checkpoint has stored; false when nothing is there';
CREATE FUNCTION barks.rdd_num_partitions(r barks.rdd) RETURNS int LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'barks_rdd_num_partitions';
COMMENT ON FUNCTION barks.rdd_num_partitions(barks.rdd) IS
    'number of partitions';
CREATE FUNCTION barks.rdd_preferred_locations(r barks.rdd, partition int) RETURNS text[] LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'barks_rdd_preferred_locations';
COMMENT ON FUNCTION barks.rdd_preferred_locations(barks.rdd, int) IS
    'nodes that hold what the partition is computed from; none where it is from no table';
CREATE FUNCTION barks.rdd_element_type(r barks.rdd) RETURNS text LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'barks_rdd_element_type';
COMMENT ON FUNCTION barks.rdd_element_type(barks.rdd) IS 'type of the elements; (k, v) for pairs';

CREATE FUNCTION barks.rdd_debug_string(r barks.rdd) RETURNS text LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'barks_rdd_debug_string';
COMMENT ON FUNCTION barks.rdd_debug_string(barks.rdd) IS
    'the lineage from its end, a step in each line; +- where elements are shuffled';
CREATE FUNCTION barks.rdd_to_debug_string(r barks.rdd) RETURNS text LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'barks_rdd_debug_string';
COMMENT ON FUNCTION barks.rdd_to_debug_string(barks.rdd) IS 'as rdd_debug_string, by its name in Spark';
CREATE FUNCTION barks.rdd_id(r barks.rdd) RETURNS bigint LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'barks_rdd_id';
COMMENT ON FUNCTION barks.rdd_id(barks.rdd) IS 'a hash of the lineage: the same for the same calls';
CREATE FUNCTION barks.rdd_name(r barks.rdd) RETURNS text LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'barks_rdd_name';
COMMENT ON FUNCTION barks.rdd_name(barks.rdd) IS 'what rdd_set_name() gave as the name';
CREATE FUNCTION barks.rdd_dependencies(r barks.rdd) RETURNS TABLE(parent barks.rdd, shuffle boolean)
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_dependencies';
COMMENT ON FUNCTION barks.rdd_dependencies(barks.rdd) IS
    'the RDDs that it is made of, and whether their elements are shuffled';
CREATE FUNCTION barks.rdd_partitioner(r barks.rdd) RETURNS text LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'barks_rdd_partitioner';
COMMENT ON FUNCTION barks.rdd_partitioner(barks.rdd) IS
    'hash(k) or range(k), with the number of partitions that was asked for; null if equal keys need not be together';

CREATE FUNCTION barks.rdd_parallelize("values" anyarray, num_partitions int DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_parallelize(anyarray, int) IS 'an RDD of the elements of an array';

CREATE FUNCTION barks.rdd_range(first bigint, last bigint, step bigint DEFAULT 1, num_partitions int DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_range(bigint, bigint, bigint, int) IS 'numbers from first to before last';

CREATE FUNCTION barks.rdd_empty(element_type regtype) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_empty(regtype) IS 'an RDD without elements';

CREATE FUNCTION barks.rdd_table(rel regclass) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_table(regclass) IS 'the rows of a table or view';

CREATE FUNCTION barks.rdd_query(query text) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_query(text) IS 'the rows of a SELECT: values of one column, pairs of two, tuples of more';

CREATE FUNCTION barks.rdd_text_file(path text, num_partitions int DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_text_file(text, int) IS 'the lines of files on the nodes';

CREATE FUNCTION barks.rdd_whole_text_files(path text, num_partitions int DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_whole_text_files(text, int) IS 'pairs of path and text of files on the nodes';

CREATE FUNCTION barks.rdd_binary_files(path text, num_partitions int DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_binary_files(text, int) IS 'pairs of path and bytes of files on the nodes';

CREATE FUNCTION barks.rdd_binary_records(path text, record_length int, num_partitions int DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_binary_records(text, int, int) IS 'records of equal length in files on the nodes';

CREATE FUNCTION barks.rdd_object_file(path text, num_partitions int DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_object_file(text, int) IS 'the elements that barks.rdd_save_as_object_file saved';

CREATE FUNCTION barks.rdd_pipe(r barks.rdd, command text, env jsonb DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_pipe(barks.rdd, text, jsonb) IS 'lines that a shell command makes of the elements of each partition, on the nodes';

CREATE FUNCTION barks.rdd_sequence_file(path text, key_class text DEFAULT NULL, value_class text DEFAULT NULL, num_partitions int DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_sequence_file(text, text, text, int) IS 'not supported: raises an error';

CREATE FUNCTION barks.rdd_hadoop_file(path text, input_format_class text DEFAULT NULL, key_class text DEFAULT NULL, value_class text DEFAULT NULL, conf jsonb DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_hadoop_file(text, text, text, text, jsonb) IS 'not supported: raises an error';

CREATE FUNCTION barks.rdd_new_api_hadoop_file(path text, input_format_class text DEFAULT NULL, key_class text DEFAULT NULL, value_class text DEFAULT NULL, conf jsonb DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_new_api_hadoop_file(text, text, text, text, jsonb) IS 'not supported: raises an error';

CREATE FUNCTION barks.rdd_pickle_file(path text, num_partitions int DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_pickle_file(text, int) IS 'not supported: raises an error';

CREATE FUNCTION barks.rdd_save_as_hadoop_file(r barks.rdd, path text, output_format_class text DEFAULT NULL, key_class text DEFAULT NULL, value_class text DEFAULT NULL, conf jsonb DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_save_as_hadoop_file(barks.rdd, text, text, text, text, jsonb) IS 'not supported: raises an error';

CREATE FUNCTION barks.rdd_save_as_sequence_file(r barks.rdd, path text, codec text DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_save_as_sequence_file(barks.rdd, text, text) IS 'not supported: raises an error';

CREATE FUNCTION barks.rdd_save_as_pickle_file(r barks.rdd, path text, batch_size int DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_save_as_pickle_file(barks.rdd, text, int) IS 'not supported: raises an error';

CREATE FUNCTION barks.rdd_barrier(r barks.rdd) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_barrier(barks.rdd) IS 'not supported: raises an error';

CREATE FUNCTION barks.rdd_map(r barks.rdd, f barks.fn, result regtype DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_map(barks.rdd, barks.fn, regtype) IS 'each element becomes what f gives';

CREATE FUNCTION barks.rdd_flat_map(r barks.rdd, f barks.fn, result regtype DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_flat_map(barks.rdd, barks.fn, regtype) IS 'each element becomes all elements of the array or set that f gives';

CREATE FUNCTION barks.rdd_filter(r barks.rdd, f barks.fn) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_filter(barks.rdd, barks.fn) IS 'elements for which f is true';

CREATE FUNCTION barks.rdd_key_by(r barks.rdd, f barks.fn) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_key_by(barks.rdd, barks.fn) IS 'pairs: what f gives, and the element';

CREATE FUNCTION barks.rdd_union(r barks.rdd, o barks.rdd) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_union(barks.rdd, barks.rdd) IS 'elements of both, duplicates too';

CREATE FUNCTION barks.rdd_intersection(r barks.rdd, o barks.rdd, num_partitions int DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_intersection(barks.rdd, barks.rdd, int) IS 'distinct elements that both have';

CREATE FUNCTION barks.rdd_subtract(r barks.rdd, o barks.rdd, num_partitions int DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_subtract(barks.rdd, barks.rdd, int) IS 'elements that the other does not have';

CREATE FUNCTION barks.rdd_distinct(r barks.rdd, num_partitions int DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_distinct(barks.rdd, int) IS 'each element once';

CREATE FUNCTION barks.rdd_cartesian(r barks.rdd, o barks.rdd) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_cartesian(barks.rdd, barks.rdd) IS 'pairs of each element of one with each of the other';

CREATE FUNCTION barks.rdd_sort_by(r barks.rdd, f barks.fn, ascending boolean DEFAULT true, num_partitions int DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_sort_by(barks.rdd, barks.fn, boolean, int) IS 'elements in the order of what f gives; nulls are smallest';

CREATE FUNCTION barks.rdd_set_name(r barks.rdd, name text) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_set_name(barks.rdd, text) IS 'the same elements, with a name for people';

CREATE FUNCTION barks.rdd_keys(r barks.rdd) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_keys(barks.rdd) IS 'keys of pairs';

CREATE FUNCTION barks.rdd_values(r barks.rdd) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_values(barks.rdd) IS 'values of pairs';

CREATE FUNCTION barks.rdd_map_values(r barks.rdd, f barks.fn, result regtype DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_map_values(barks.rdd, barks.fn, regtype) IS 'each value v becomes what f gives';

CREATE FUNCTION barks.rdd_flat_map_values(r barks.rdd, f barks.fn, result regtype DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_flat_map_values(barks.rdd, barks.fn, regtype) IS 'each value v becomes all elements of the array or set that f gives';

CREATE FUNCTION barks.rdd_filter_keys(r barks.rdd, f barks.fn) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_filter_keys(barks.rdd, barks.fn) IS 'pairs for whose key x f is true';

CREATE FUNCTION barks.rdd_filter_values(r barks.rdd, f barks.fn) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_filter_values(barks.rdd, barks.fn) IS 'pairs for whose value x f is true';

CREATE FUNCTION barks.rdd_persist(r barks.rdd, level text DEFAULT 'MEMORY_ONLY') RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_persist(barks.rdd, text) IS 'the elements are kept when first computed, until unpersisted or evicted';

CREATE FUNCTION barks.rdd_partition_by(r barks.rdd, num_partitions int) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_partition_by(barks.rdd, int) IS 'pairs of equal keys in one partition';

CREATE FUNCTION barks.rdd_partition_by(r barks.rdd, partitioner text) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_partition_by(barks.rdd, text) IS 'pairs of equal keys in one partition, as hash(k, n) or range(k, n) has it';

CREATE FUNCTION barks.rdd_group_by(r barks.rdd, f barks.fn, num_partitions int DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_group_by(barks.rdd, barks.fn, int) IS 'for each value of f, an array of its elements';

CREATE FUNCTION barks.rdd_group_by_key(r barks.rdd, num_partitions int DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_group_by_key(barks.rdd, int) IS 'for each key an array of its values';

CREATE FUNCTION barks.rdd_reduce_by_key(r barks.rdd, f barks.fn, num_partitions int DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_reduce_by_key(barks.rdd, barks.fn, int) IS 'values a and b of a key become one, until one is left';

CREATE FUNCTION barks.rdd_fold_by_key(r barks.rdd, zero anyelement, f barks.fn, num_partitions int DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_fold_by_key(barks.rdd, anyelement, barks.fn, int) IS 'values x of a key are folded into acc, from zero on';

CREATE FUNCTION barks.rdd_aggregate_by_key(r barks.rdd, zero anyelement, seq barks.fn, comb barks.fn, num_partitions int DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_aggregate_by_key(barks.rdd, anyelement, barks.fn, barks.fn, int) IS 'values x of a key are added to acc by seq, from zero on, and a and b of parts combined';

CREATE FUNCTION barks.rdd_combine_by_key(r barks.rdd, "create" barks.fn, merge_value barks.fn, merge_comb barks.fn, num_partitions int DEFAULT NULL, map_side boolean DEFAULT true) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_combine_by_key(barks.rdd, barks.fn, barks.fn, barks.fn, int, boolean) IS 'as aggregate_by_key, from what create makes of the first value';

CREATE FUNCTION barks.rdd_agg_by_key(r barks.rdd, aggregates barks.fn, num_partitions int DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_agg_by_key(barks.rdd, barks.fn, int) IS 'for each key SQL aggregates over its values v';

CREATE FUNCTION barks.rdd_sort_by_key(r barks.rdd, ascending boolean DEFAULT true, num_partitions int DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_sort_by_key(barks.rdd, boolean, int) IS 'pairs in the order of keys; nulls are smallest';

CREATE FUNCTION barks.rdd_filter_by_range(r barks.rdd, lo anyelement, hi anyelement) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_filter_by_range(barks.rdd, anyelement, anyelement) IS 'pairs whose keys are from lo to hi';

CREATE FUNCTION barks.rdd_join(r barks.rdd, o barks.rdd, num_partitions int DEFAULT NULL, strategy text DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_join(barks.rdd, barks.rdd, int, text) IS 'pairs of both values for keys that both have';

CREATE FUNCTION barks.rdd_left_outer_join(r barks.rdd, o barks.rdd, num_partitions int DEFAULT NULL, strategy text DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_left_outer_join(barks.rdd, barks.rdd, int, text) IS 'as join, with null for what the other does not have';

CREATE FUNCTION barks.rdd_right_outer_join(r barks.rdd, o barks.rdd, num_partitions int DEFAULT NULL, strategy text DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_right_outer_join(barks.rdd, barks.rdd, int, text) IS 'as join, with null for what the first does not have';

CREATE FUNCTION barks.rdd_full_outer_join(r barks.rdd, o barks.rdd, num_partitions int DEFAULT NULL, strategy text DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_full_outer_join(barks.rdd, barks.rdd, int, text) IS 'as join, with null for what either does not have';

CREATE FUNCTION barks.rdd_subtract_by_key(r barks.rdd, o barks.rdd, num_partitions int DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_subtract_by_key(barks.rdd, barks.rdd, int) IS 'pairs whose keys the other does not have';

CREATE FUNCTION barks.rdd_cogroup(r barks.rdd, VARIADIC others barks.rdd[]) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_cogroup(barks.rdd, barks.rdd[]) IS 'for each key the arrays of its values in each RDD';

CREATE FUNCTION barks.rdd_glom(r barks.rdd) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_glom(barks.rdd) IS 'for each partition an array of its elements';

CREATE FUNCTION barks.rdd_zip_with_index(r barks.rdd) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_zip_with_index(barks.rdd) IS 'pairs of each element and its number, from 0, by partition and position';

CREATE FUNCTION barks.rdd_zip_with_unique_id(r barks.rdd) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_zip_with_unique_id(barks.rdd) IS 'pairs of each element and a number that no other has: position * partitions + partition';

CREATE FUNCTION barks.rdd_zip(r barks.rdd, o barks.rdd) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_zip(barks.rdd, barks.rdd) IS 'pairs of the elements at equal positions of equal partitions';

CREATE FUNCTION barks.rdd_coalesce(r barks.rdd, num_partitions int, shuffle boolean DEFAULT false) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_coalesce(barks.rdd, int, boolean) IS 'fewer partitions, each of neighbours; with shuffle as repartition';

CREATE FUNCTION barks.rdd_repartition(r barks.rdd, num_partitions int) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_repartition(barks.rdd, int) IS 'that many partitions of about equal size';

CREATE FUNCTION barks.rdd_repartition_and_sort(r barks.rdd, num_partitions int DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_repartition_and_sort(barks.rdd, int) IS 'pairs of equal keys in one partition, in the order of keys in each';

CREATE FUNCTION barks.rdd_repartition_and_sort(r barks.rdd, partitioner text) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_repartition_and_sort(barks.rdd, text) IS
    'likewise, in partitions as hash(k, n) or range(k, n) has it';

CREATE FUNCTION barks.rdd_map_partitions(r barks.rdd, f regprocedure, result regtype DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_map_partitions(barks.rdd, regprocedure, regtype) IS 'what f(refcursor) gives for each partition';

CREATE FUNCTION barks.rdd_map_partitions_with_index(r barks.rdd, f regprocedure, result regtype DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_map_partitions_with_index(barks.rdd, regprocedure, regtype) IS 'what f(int, refcursor) gives for each partition and its number';

CREATE FUNCTION barks.rdd_zip_partitions(r barks.rdd, o barks.rdd, f regprocedure) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_zip_partitions(barks.rdd, barks.rdd, regprocedure) IS 'what f(refcursor, refcursor) gives for equal partitions of two RDDs';

CREATE FUNCTION barks.rdd_zip_partitions(r barks.rdd, o barks.rdd, o2 barks.rdd, f regprocedure) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_zip_partitions(barks.rdd, barks.rdd, barks.rdd, regprocedure) IS 'what f(refcursor, refcursor, refcursor) gives for equal partitions of three RDDs';

CREATE FUNCTION barks.rdd_zip_partitions(r barks.rdd, o barks.rdd, o2 barks.rdd, o3 barks.rdd, f regprocedure) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_zip_partitions(barks.rdd, barks.rdd, barks.rdd, barks.rdd, regprocedure) IS 'what f(refcursor, refcursor, refcursor, refcursor) gives for equal partitions of four RDDs';

CREATE FUNCTION barks.rdd_sample(r barks.rdd, with_replacement boolean, fraction float8, seed bigint DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_sample(barks.rdd, boolean, float8, bigint) IS 'elements by chance: each with that probability, or that many times on average';

CREATE FUNCTION barks.rdd_sample_range(r barks.rdd, lower float8, upper float8, seed bigint DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_sample_range(barks.rdd, float8, float8, bigint) IS 'elements whose chance is from lower to before upper: a part of barks.rdd_random_split';

CREATE FUNCTION barks.rdd_random_split(r barks.rdd, weights float8[], seed bigint DEFAULT NULL) RETURNS barks.rdd[]
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_random_split';
COMMENT ON FUNCTION barks.rdd_random_split(barks.rdd, float8[], bigint) IS 'parts by chance, in proportion to weights; each element is in one';

CREATE FUNCTION barks.rdd_sample_by_key(r barks.rdd, with_replacement boolean, fractions jsonb, seed bigint DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_sample_by_key(barks.rdd, boolean, jsonb, bigint) IS 'as sample, with a fraction for each key, by its text';

CREATE FUNCTION barks.rdd_sample_by_key_exact(r barks.rdd, with_replacement boolean, fractions jsonb, seed bigint DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_sample_by_key_exact(barks.rdd, boolean, jsonb, bigint) IS 'as sample_by_key, of each key exactly as many as its fraction makes, rounded up';

CREATE FUNCTION barks.rdd_count_approx_distinct_by_key(r barks.rdd, rsd float8 DEFAULT 0.05, num_partitions int DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_count_approx_distinct_by_key(barks.rdd, float8, int) IS 'for each key about how many different values it has, by HyperLogLog';

CREATE FUNCTION barks.rdd_collect(r barks.rdd) RETURNS SETOF record
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_rows';
COMMENT ON FUNCTION barks.rdd_collect(barks.rdd) IS 'the elements; their columns are listed as in: AS t(k text, v bigint)';

CREATE FUNCTION barks.rdd_collect(r barks.rdd, of_type anyelement) RETURNS SETOF anyelement
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_rows';
COMMENT ON FUNCTION barks.rdd_collect(barks.rdd, anyelement) IS 'the elements, of the type of the example, as NULL::bigint';

CREATE FUNCTION barks.rdd_collect_pairs(r barks.rdd, key anyelement, value anycompatible) RETURNS TABLE(k anyelement, v anycompatible)
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_rows';
COMMENT ON FUNCTION barks.rdd_collect_pairs(barks.rdd, anyelement, anycompatible) IS 'the pairs, of the types of the examples';

CREATE FUNCTION barks.rdd_collect_json(r barks.rdd) RETURNS SETOF jsonb
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_rows';
COMMENT ON FUNCTION barks.rdd_collect_json(barks.rdd) IS 'the elements as JSON';

CREATE FUNCTION barks.rdd_take(r barks.rdd, n int, of_type anyelement) RETURNS SETOF anyelement
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_rows';
COMMENT ON FUNCTION barks.rdd_take(barks.rdd, int, anyelement) IS 'the first n elements';

CREATE FUNCTION barks.rdd_take_ordered(r barks.rdd, n int, of_type anyelement, key barks.fn DEFAULT NULL) RETURNS SETOF anyelement
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_rows';
COMMENT ON FUNCTION barks.rdd_take_ordered(barks.rdd, int, anyelement, barks.fn) IS 'the n smallest elements, by key if it is given';

CREATE FUNCTION barks.rdd_top(r barks.rdd, n int, of_type anyelement, key barks.fn DEFAULT NULL) RETURNS SETOF anyelement
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_rows';
COMMENT ON FUNCTION barks.rdd_top(barks.rdd, int, anyelement, barks.fn) IS 'the n greatest elements, greatest first, by key if it is given';

CREATE FUNCTION barks.rdd_count_by_key(r barks.rdd, key anyelement) RETURNS TABLE(k anyelement, n bigint)
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_rows';
COMMENT ON FUNCTION barks.rdd_count_by_key(barks.rdd, anyelement) IS 'how many pairs each key has';

CREATE FUNCTION barks.rdd_count_by_value(r barks.rdd, of_type anyelement) RETURNS TABLE(x anyelement, n bigint)
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_rows';
COMMENT ON FUNCTION barks.rdd_count_by_value(barks.rdd, anyelement) IS 'how often each element is there';

CREATE FUNCTION barks.rdd_lookup(r barks.rdd, key anyelement, value anycompatible) RETURNS SETOF anycompatible
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_rows';
COMMENT ON FUNCTION barks.rdd_lookup(barks.rdd, anyelement, anycompatible) IS 'the values of a key';

CREATE FUNCTION barks.rdd_stats(r barks.rdd) RETURNS TABLE(count bigint, mean float8, stdev float8, max float8, min float8)
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_rows';
COMMENT ON FUNCTION barks.rdd_stats(barks.rdd) IS 'count, mean, population standard deviation, maximum and minimum';

CREATE FUNCTION barks.rdd_first(r barks.rdd, of_type anyelement) RETURNS anyelement
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_action';
COMMENT ON FUNCTION barks.rdd_first(barks.rdd, anyelement) IS 'the first element; null when there is none';

CREATE FUNCTION barks.rdd_min(r barks.rdd, of_type anyelement, key barks.fn DEFAULT NULL) RETURNS anyelement
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_action';
COMMENT ON FUNCTION barks.rdd_min(barks.rdd, anyelement, barks.fn) IS 'the smallest element that is not null, by key if it is given';

CREATE FUNCTION barks.rdd_max(r barks.rdd, of_type anyelement, key barks.fn DEFAULT NULL) RETURNS anyelement
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_action';
COMMENT ON FUNCTION barks.rdd_max(barks.rdd, anyelement, barks.fn) IS 'the greatest element that is not null, by key if it is given';

CREATE FUNCTION barks.rdd_count(r barks.rdd) RETURNS bigint
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_action';
COMMENT ON FUNCTION barks.rdd_count(barks.rdd) IS 'how many elements there are';

CREATE FUNCTION barks.rdd_is_empty(r barks.rdd) RETURNS boolean
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_action';
COMMENT ON FUNCTION barks.rdd_is_empty(barks.rdd) IS 'whether there are no elements';

CREATE FUNCTION barks.rdd_reduce(r barks.rdd, f barks.fn, of_type anyelement) RETURNS anyelement
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_action';
COMMENT ON FUNCTION barks.rdd_reduce(barks.rdd, barks.fn, anyelement) IS 'elements a and b become one, until one is left; null for none';

CREATE FUNCTION barks.rdd_fold(r barks.rdd, zero anyelement, f barks.fn) RETURNS anyelement
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_action';
COMMENT ON FUNCTION barks.rdd_fold(barks.rdd, anyelement, barks.fn) IS 'elements x are folded into acc, from zero on';

CREATE FUNCTION barks.rdd_aggregate(r barks.rdd, zero anyelement, seq barks.fn, comb barks.fn) RETURNS anyelement
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_action';
COMMENT ON FUNCTION barks.rdd_aggregate(barks.rdd, anyelement, barks.fn, barks.fn) IS 'elements x are added to acc by seq, from zero on, and a and b of parts combined';

CREATE FUNCTION barks.rdd_tree_reduce(r barks.rdd, f barks.fn, of_type anyelement, depth int DEFAULT 2) RETURNS anyelement
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_action';
COMMENT ON FUNCTION barks.rdd_tree_reduce(barks.rdd, barks.fn, anyelement, int) IS 'as reduce';

CREATE FUNCTION barks.rdd_tree_aggregate(r barks.rdd, zero anyelement, seq barks.fn, comb barks.fn, depth int DEFAULT 2) RETURNS anyelement
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_action';
COMMENT ON FUNCTION barks.rdd_tree_aggregate(barks.rdd, anyelement, barks.fn, barks.fn, int) IS 'as aggregate';

CREATE FUNCTION barks.rdd_sum(r barks.rdd) RETURNS float8
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_action';
COMMENT ON FUNCTION barks.rdd_sum(barks.rdd) IS 'sum of the elements; null for none';

CREATE FUNCTION barks.rdd_mean(r barks.rdd) RETURNS float8
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_action';
COMMENT ON FUNCTION barks.rdd_mean(barks.rdd) IS 'mean of the elements; null for none';

CREATE FUNCTION barks.rdd_variance(r barks.rdd) RETURNS float8
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_action';
COMMENT ON FUNCTION barks.rdd_variance(barks.rdd) IS 'population variance of the elements; null for none';

CREATE FUNCTION barks.rdd_sample_variance(r barks.rdd) RETURNS float8
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_action';
COMMENT ON FUNCTION barks.rdd_sample_variance(barks.rdd) IS 'sample variance of the elements; null for none';

CREATE FUNCTION barks.rdd_stdev(r barks.rdd) RETURNS float8
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_action';
COMMENT ON FUNCTION barks.rdd_stdev(barks.rdd) IS 'population standard deviation of the elements; null for none';

CREATE FUNCTION barks.rdd_sample_stdev(r barks.rdd) RETURNS float8
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_action';
COMMENT ON FUNCTION barks.rdd_sample_stdev(barks.rdd) IS 'sample standard deviation of the elements; null for none';

CREATE FUNCTION barks.rdd_take_sample(r barks.rdd, with_replacement boolean, n int, seed bigint, of_type anyelement) RETURNS SETOF anyelement
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_rows';
COMMENT ON FUNCTION barks.rdd_take_sample(barks.rdd, boolean, int, bigint, anyelement) IS 'n elements by chance, in an order of chance; seed may be null';

CREATE FUNCTION barks.rdd_histogram(r barks.rdd, buckets int) RETURNS TABLE("lower" float8, "upper" float8, count bigint)
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_rows';
COMMENT ON FUNCTION barks.rdd_histogram(barks.rdd, int) IS 'how many elements are in each of so many even buckets';

CREATE FUNCTION barks.rdd_histogram(r barks.rdd, buckets float8[]) RETURNS TABLE("lower" float8, "upper" float8, count bigint)
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_rows';
COMMENT ON FUNCTION barks.rdd_histogram(barks.rdd, float8[]) IS 'how many elements are between each two bounds, lower bounds included, and the last one too';

CREATE FUNCTION barks.rdd_count_approx(r barks.rdd, timeout bigint, confidence float8 DEFAULT 0.95) RETURNS TABLE(mean float8, confidence float8, low float8, high float8)
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_approx';
COMMENT ON FUNCTION barks.rdd_count_approx(barks.rdd, bigint, float8) IS 'how many elements there are, in so many milliseconds';

CREATE FUNCTION barks.rdd_sum_approx(r barks.rdd, timeout bigint, confidence float8 DEFAULT 0.95) RETURNS TABLE(mean float8, confidence float8, low float8, high float8)
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_approx';
COMMENT ON FUNCTION barks.rdd_sum_approx(barks.rdd, bigint, float8) IS 'sum of the elements, in so many milliseconds';

CREATE FUNCTION barks.rdd_mean_approx(r barks.rdd, timeout bigint, confidence float8 DEFAULT 0.95) RETURNS TABLE(mean float8, confidence float8, low float8, high float8)
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_approx';
COMMENT ON FUNCTION barks.rdd_mean_approx(barks.rdd, bigint, float8) IS 'mean of the elements, in so many milliseconds';

CREATE FUNCTION barks.rdd_count_by_key_approx(r barks.rdd, timeout bigint, confidence float8, key anyelement) RETURNS TABLE(k anyelement, mean float8, confidence float8, low float8, high float8)
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_approx';
COMMENT ON FUNCTION barks.rdd_count_by_key_approx(barks.rdd, bigint, float8, anyelement) IS 'how many pairs each key has, in so many milliseconds';

CREATE FUNCTION barks.rdd_count_by_value_approx(r barks.rdd, timeout bigint, confidence float8, of_type anyelement) RETURNS TABLE(x anyelement, mean float8, confidence float8, low float8, high float8)
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_approx';
COMMENT ON FUNCTION barks.rdd_count_by_value_approx(barks.rdd, bigint, float8, anyelement) IS 'how often each element is there, in so many milliseconds';

CREATE FUNCTION barks.rdd_count_approx_distinct(r barks.rdd, rsd float8 DEFAULT 0.05) RETURNS bigint
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_action';
COMMENT ON FUNCTION barks.rdd_count_approx_distinct(barks.rdd, float8) IS 'about how many different elements there are, by HyperLogLog with that relative standard deviation';

CREATE FUNCTION barks.rdd_collect_as_map(r barks.rdd) RETURNS jsonb
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_action';
COMMENT ON FUNCTION barks.rdd_collect_as_map(barks.rdd) IS 'an object of the pairs, by the text of keys; of several values of a key the last';

CREATE FUNCTION barks.rdd_reduce_by_key_locally(r barks.rdd, f barks.fn) RETURNS jsonb
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_action';
COMMENT ON FUNCTION barks.rdd_reduce_by_key_locally(barks.rdd, barks.fn) IS 'as reduce_by_key, as an object';

CREATE FUNCTION barks.rdd_foreach(r barks.rdd, f barks.fn) RETURNS void
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_foreach';
COMMENT ON FUNCTION barks.rdd_foreach(barks.rdd, barks.fn) IS 'calls f for each element';

CREATE FUNCTION barks.rdd_foreach_partition(r barks.rdd, f regprocedure) RETURNS void
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_foreach';
COMMENT ON FUNCTION barks.rdd_foreach_partition(barks.rdd, regprocedure) IS 'calls f(refcursor) for each partition';

CREATE FUNCTION barks.rdd_to_cursor(r barks.rdd) RETURNS refcursor
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_to_cursor';
COMMENT ON FUNCTION barks.rdd_to_cursor(barks.rdd) IS 'a cursor on the elements, open until the transaction ends';

CREATE FUNCTION barks.rdd_save_as_table(r barks.rdd, name text, mode text DEFAULT 'error') RETURNS bigint
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_save_as_table';
COMMENT ON FUNCTION barks.rdd_save_as_table(barks.rdd, text, text) IS
    'writes the elements to a distributed table; mode says what if there is one: error, append, overwrite, ignore';


CREATE FUNCTION barks.rdd_cache(r barks.rdd) RETURNS barks.rdd LANGUAGE sql STABLE PARALLEL SAFE
RETURN barks.rdd_persist(r, 'MEMORY_ONLY');
COMMENT ON FUNCTION barks.rdd_cache(barks.rdd) IS 'as barks.rdd_persist(r)';

CREATE FUNCTION barks.accumulator(name text, agg regprocedure) RETURNS void
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_accumulator';
COMMENT ON FUNCTION barks.accumulator(text, regprocedure) IS
    'makes an accumulator of the session, to which lambdas add by barks.acc_add; begins anew when there is one';
CREATE FUNCTION barks.acc_add_support(internal) RETURNS internal
LANGUAGE c VOLATILE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_acc_add_support';
COMMENT ON FUNCTION barks.acc_add_support(internal) IS 'planner support of barks.acc_add';
CREATE FUNCTION barks.acc_add(name text, value anyelement) RETURNS anyelement
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SUPPORT barks.acc_add_support
AS 'MODULE_PATHNAME', 'barks_acc_add';
COMMENT ON FUNCTION barks.acc_add(text, anyelement) IS
    'adds a value to an accumulator and returns it; what tasks add counts once, however often they run';
CREATE FUNCTION barks.acc_add_to(aggregate text, name text, value anyelement) RETURNS anyelement
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_acc_add_to';
COMMENT ON FUNCTION barks.acc_add_to(text, text, anyelement) IS 'what barks.acc_add becomes in the tasks of a query';
CREATE FUNCTION barks.acc_value(name text, of_type anyelement) RETURNS anyelement
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_acc_value';
COMMENT ON FUNCTION barks.acc_value(text, anyelement) IS 'what an accumulator has come to, of the type of the example';
CREATE FUNCTION barks.acc_value(name text) RETURNS jsonb
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_acc_value';
COMMENT ON FUNCTION barks.acc_value(text) IS 'what an accumulator has come to, as JSON';

CREATE FUNCTION barks.broadcast(name text, value anyelement) RETURNS void
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_broadcast';
COMMENT ON FUNCTION barks.broadcast(text, anyelement) IS 'makes a value of the session that lambdas read by barks.bc';
CREATE FUNCTION barks.bc(name text, of_type anyelement) RETURNS anyelement
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_bc';
COMMENT ON FUNCTION barks.bc(text, anyelement) IS 'a broadcast value, of the type of the example';
CREATE FUNCTION barks.broadcast_unpersist(name text) RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_broadcast_unpersist';
COMMENT ON FUNCTION barks.broadcast_unpersist(text) IS
    'for those who know it from Spark: nodes keep nothing of a broadcast value; false when there is none';
CREATE FUNCTION barks.broadcast_destroy(name text) RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_broadcast_destroy';
COMMENT ON FUNCTION barks.broadcast_destroy(text) IS 'forgets a broadcast value; false when there was none';

CREATE FUNCTION barks.task_context() RETURNS jsonb
LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'barks_task_context';
COMMENT ON FUNCTION barks.task_context() IS
    'job, stage, partition and attempt of the task that evaluates the call, as barks.tasks has them; null on the driver';

CREATE FUNCTION barks.rdd_accumulator(name text, agg regprocedure) RETURNS void
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_accumulator';
COMMENT ON FUNCTION barks.rdd_accumulator(text, regprocedure) IS 'as barks.accumulator()';
CREATE FUNCTION barks.rdd_acc_add(name text, value anyelement) RETURNS anyelement
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SUPPORT barks.acc_add_support
AS 'MODULE_PATHNAME', 'barks_acc_add';
COMMENT ON FUNCTION barks.rdd_acc_add(text, anyelement) IS 'as barks.acc_add()';
CREATE FUNCTION barks.rdd_acc_value(name text, of_type anyelement) RETURNS anyelement
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_acc_value';
COMMENT ON FUNCTION barks.rdd_acc_value(text, anyelement) IS 'as barks.acc_value()';
CREATE FUNCTION barks.rdd_acc_value(name text) RETURNS jsonb
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_acc_value';
COMMENT ON FUNCTION barks.rdd_acc_value(text) IS 'as barks.acc_value()';
CREATE FUNCTION barks.rdd_broadcast(name text, value anyelement) RETURNS void
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_broadcast';
COMMENT ON FUNCTION barks.rdd_broadcast(text, anyelement) IS 'as barks.broadcast()';
CREATE FUNCTION barks.rdd_bc(name text, of_type anyelement) RETURNS anyelement
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_bc';
COMMENT ON FUNCTION barks.rdd_bc(text, anyelement) IS 'as barks.bc()';
CREATE FUNCTION barks.rdd_broadcast_unpersist(name text) RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_broadcast_unpersist';
COMMENT ON FUNCTION barks.rdd_broadcast_unpersist(text) IS 'as barks.broadcast_unpersist()';
CREATE FUNCTION barks.rdd_broadcast_destroy(name text) RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_broadcast_destroy';
COMMENT ON FUNCTION barks.rdd_broadcast_destroy(text) IS 'as barks.broadcast_destroy()';
CREATE FUNCTION barks.rdd_cancel_group(name text) RETURNS int
LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'barks_cancel_group';
COMMENT ON FUNCTION barks.rdd_cancel_group(text) IS 'as barks.cancel_group()';
CREATE FUNCTION barks.rdd_task_context() RETURNS jsonb
LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'barks_task_context';
COMMENT ON FUNCTION barks.rdd_task_context() IS 'as barks.task_context()';

CREATE SEQUENCE barks.async_job_id;
COMMENT ON SEQUENCE barks.async_job_id IS 'numbers of submitted jobs';
CREATE TABLE barks.async_job (
    job bigint PRIMARY KEY, role oid NOT NULL, query text NOT NULL, state text NOT NULL, pid int NOT NULL,
    error text, sqlstate text, started timestamptz NOT NULL DEFAULT now(), finished timestamptz);
COMMENT ON TABLE barks.async_job IS 'jobs that barks.rdd_submit began';
CREATE TABLE barks.async_result (
    job bigint NOT NULL REFERENCES barks.async_job ON DELETE CASCADE, n bigint NOT NULL, value jsonb,
    PRIMARY KEY (job, n));
COMMENT ON TABLE barks.async_result IS 'rows of submitted jobs';
CREATE VIEW barks.async_jobs AS
    SELECT j.job, j.role::regrole::text AS role_name, j.query, j.state, j.error, j.started, j.finished
    FROM barks.async_job j WHERE pg_catalog.pg_has_role(j.role, 'USAGE');
COMMENT ON VIEW barks.async_jobs IS 'submitted jobs of roles that the user is a member of';
GRANT SELECT ON barks.async_jobs TO PUBLIC;

CREATE FUNCTION barks.rdd_submit(r barks.rdd, action text DEFAULT 'collect') RETURNS bigint
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_submit';
COMMENT ON FUNCTION barks.rdd_submit(barks.rdd, text) IS
    'begins an action, as count or take(3, NULL::int), in a session of its own; gives the number of the job';
CREATE FUNCTION barks.job_wait(job bigint, timeout interval DEFAULT NULL) RETURNS text
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_job_wait';
COMMENT ON FUNCTION barks.job_wait(bigint, interval) IS
    'waits until a submitted job has ended: finished, failed or lost; running when the time is over';
CREATE FUNCTION barks.job_result(job bigint) RETURNS SETOF jsonb
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_job_result';
COMMENT ON FUNCTION barks.job_result(bigint) IS 'the rows of a submitted job, which it waits for, or its error';
CREATE FUNCTION barks.job_cancel(job bigint) RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_job_cancel';
COMMENT ON FUNCTION barks.job_cancel(bigint) IS 'cancels a submitted job; false when it does not run any more';
CREATE FUNCTION barks.job_forget(job bigint) RETURNS boolean LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'barks_job_forget';
COMMENT ON FUNCTION barks.job_forget(bigint) IS 'removes a submitted job that has ended, and its rows';

CREATE FUNCTION barks.rdd_job_wait(job bigint, timeout interval DEFAULT NULL) RETURNS text
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_job_wait';
COMMENT ON FUNCTION barks.rdd_job_wait(bigint, interval) IS 'as barks.job_wait()';
CREATE FUNCTION barks.rdd_job_result(job bigint) RETURNS SETOF jsonb
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_job_result';
COMMENT ON FUNCTION barks.rdd_job_result(bigint) IS 'as barks.job_result()';
CREATE FUNCTION barks.rdd_job_cancel(job bigint) RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_job_cancel';
COMMENT ON FUNCTION barks.rdd_job_cancel(bigint) IS 'as barks.job_cancel()';
CREATE FUNCTION barks.rdd_job_forget(job bigint) RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_job_forget';
COMMENT ON FUNCTION barks.rdd_job_forget(bigint) IS 'as barks.job_forget()';

CREATE FUNCTION barks.rdd_save_as_text_file(r barks.rdd, path text, codec text DEFAULT NULL) RETURNS bigint
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_save';
COMMENT ON FUNCTION barks.rdd_save_as_text_file(barks.rdd, text, text) IS
    'writes each element as a line to files in a new directory on the nodes; gives the number of elements';

CREATE FUNCTION barks.rdd_save_as_object_file(r barks.rdd, path text, codec text DEFAULT NULL) RETURNS bigint
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_save';
COMMENT ON FUNCTION barks.rdd_save_as_object_file(barks.rdd, text, text) IS
    'writes the elements with their types to files in a new directory on the nodes; gives their number';
