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
COMMENT ON CAST (text AS barks.fn) IS 'a text is the expression';
CREATE FUNCTION barks.fn_from_function(regprocedure) RETURNS barks.fn LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'barks_fn_from_function';
COMMENT ON FUNCTION barks.fn_from_function(regprocedure) IS 'a call of the function with the variables in order';
CREATE CAST (regprocedure AS barks.fn) WITH FUNCTION barks.fn_from_function(regprocedure) AS IMPLICIT;
COMMENT ON CAST (regprocedure AS barks.fn) IS 'a function is a call of it';

CREATE FUNCTION barks.fn(expression text) RETURNS barks.fn LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'barks_fn_from_text';
COMMENT ON FUNCTION barks.fn(text) IS 'the expression in a text';
CREATE FUNCTION barks.fn(expression text, VARIADIC "values" "any") RETURNS barks.fn
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_fn';
COMMENT ON FUNCTION barks.fn(text, "any") IS 'the expression with $1, $2, … replaced by values';

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
CREATE FUNCTION barks.rdd_here(program text[]) RETURNS text[]
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_here';
COMMENT ON FUNCTION barks.rdd_here(text[]) IS
    'a program of barks.rdd_combine that names functions or types which nodes may not have';
CREATE FUNCTION barks.rdd_field(state bytea, number int, of_type anyelement) RETURNS anyelement
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_field';
COMMENT ON FUNCTION barks.rdd_field(bytea, int, anyelement) IS 'a column of what barks.rdd_combine gave';

CREATE FUNCTION barks.rdd_sql(r barks.rdd) RETURNS text LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'barks_rdd_sql';
COMMENT ON FUNCTION barks.rdd_sql(barks.rdd) IS 'the query that an RDD becomes; barks_lambda."N.M" stands for lambda N';
CREATE FUNCTION barks.rdd_explain(r barks.rdd, "analyze" boolean DEFAULT false, "verbose" boolean DEFAULT false)
RETURNS SETOF text LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'barks_rdd_explain';
COMMENT ON FUNCTION barks.rdd_explain(barks.rdd, boolean, boolean) IS 'how the elements would be computed, as EXPLAIN shows it';
CREATE FUNCTION barks.rdd_num_partitions(r barks.rdd) RETURNS int LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'barks_rdd_num_partitions';
COMMENT ON FUNCTION barks.rdd_num_partitions(barks.rdd) IS
    'number of partitions that was asked for; null where the engine chooses';
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

CREATE FUNCTION barks.rdd_map(r barks.rdd, f barks.fn, result regtype DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_map(barks.rdd, barks.fn, regtype) IS 'each element becomes what f gives';

CREATE FUNCTION barks.rdd_flat_map(r barks.rdd, f barks.fn) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_flat_map(barks.rdd, barks.fn) IS 'each element becomes all elements of the array or set that f gives';

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

CREATE FUNCTION barks.rdd_repartition(r barks.rdd, num_partitions int) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_repartition(barks.rdd, int) IS 'the elements in so many partitions';

CREATE FUNCTION barks.rdd_set_name(r barks.rdd, name text) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_set_name(barks.rdd, text) IS 'the same elements, with a name for people';

CREATE FUNCTION barks.rdd_keys(r barks.rdd) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_keys(barks.rdd) IS 'keys of pairs';

CREATE FUNCTION barks.rdd_values(r barks.rdd) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_values(barks.rdd) IS 'values of pairs';

CREATE FUNCTION barks.rdd_map_values(r barks.rdd, f barks.fn) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_map_values(barks.rdd, barks.fn) IS 'each value v becomes what f gives';

CREATE FUNCTION barks.rdd_flat_map_values(r barks.rdd, f barks.fn) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_flat_map_values(barks.rdd, barks.fn) IS 'each value v becomes all elements of the array or set that f gives';

CREATE FUNCTION barks.rdd_filter_keys(r barks.rdd, f barks.fn) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_filter_keys(barks.rdd, barks.fn) IS 'pairs for whose key x f is true';

CREATE FUNCTION barks.rdd_filter_values(r barks.rdd, f barks.fn) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_filter_values(barks.rdd, barks.fn) IS 'pairs for whose value x f is true';

CREATE FUNCTION barks.rdd_partition_by(r barks.rdd, num_partitions int) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_partition_by(barks.rdd, int) IS 'pairs of equal keys in one partition';

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

CREATE FUNCTION barks.rdd_combine_by_key(r barks.rdd, create_combiner barks.fn, merge_value barks.fn, merge_combiners barks.fn, num_partitions int DEFAULT NULL, map_side_combine boolean DEFAULT true) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_combine_by_key(barks.rdd, barks.fn, barks.fn, barks.fn, int, boolean) IS 'as aggregate_by_key, from what create_combiner makes of the first value';

CREATE FUNCTION barks.rdd_agg_by_key(r barks.rdd, aggregates barks.fn, num_partitions int DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_agg_by_key(barks.rdd, barks.fn, int) IS 'for each key SQL aggregates over its values v';

CREATE FUNCTION barks.rdd_sort_by_key(r barks.rdd, ascending boolean DEFAULT true, num_partitions int DEFAULT NULL) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_sort_by_key(barks.rdd, boolean, int) IS 'pairs in the order of keys; nulls are smallest';

CREATE FUNCTION barks.rdd_filter_by_range(r barks.rdd, lower anyelement, upper anyelement) RETURNS barks.rdd
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'barks_rdd_transform';
COMMENT ON FUNCTION barks.rdd_filter_by_range(barks.rdd, anyelement, anyelement) IS 'pairs whose keys are from lower to upper';

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
