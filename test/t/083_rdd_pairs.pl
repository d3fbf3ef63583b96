# RDDs of pairs, over keys and values of many types: each function beside the same in plain SQL,
# on 0, 1 and 3 nodes; called in every way that SQL has, planned with the query around it or not;
# and what is kept, shared and run beside it.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;

my $seed = $ENV{BARKS_TEST_SEED} // int(time);
note "BARKS_TEST_SEED=$seed";

# Tables p_NAME and q_NAME; h is the number of a key, w that of a value, i of the row; all but i may be NULL.
# shown: what of a value can be compared with what SQL's outer joins give.
my @types = (
	{ name => 'int', k => 'bigint', v => 'bigint', key => 'h', value => 'w', lo => '2', hi => '5' },
	{ name => 'text', k => 'text', v => 'text', key => q{'k' || h}, value => q{'v' || w}, lo => 'k2', hi => 'k5' },
	{ name => 'numeric', k => 'numeric', v => 'numeric', lo => '1', hi => '2.50',
		key => q{CASE h WHEN 3 THEN 'NaN' ELSE CASE WHEN i % 2 = 0 THEN round(h * 0.5, 1) ELSE round(h * 0.5, 4) END END}, value => q{CASE w WHEN 4 THEN 'NaN' ELSE w / 3.0 END} },
	{ name => 'float', k => 'float8', v => 'float8', lo => '-0', hi => 'Infinity',
		key => q{(ARRAY['0', '-0', 'NaN', 'Infinity', '-Infinity', '1.5', '1e-300']::float8[])[1 + h % 7]}, value => q{(ARRAY['-0', '0', 'NaN', '-Infinity', '2.5']::float8[])[1 + w % 5]} },
	{ name => 'nd', k => 'text', v => 'text', collate => ' COLLATE ci', key => q{CASE WHEN i % 2 = 0 THEN upper('k' || h) ELSE 'k' || h END}, value => q{'v' || w}, lo => 'K2', hi => 'k5' },
	{ name => 'array', k => 'int[]', v => 'int[]', key => q{CASE WHEN h % 3 = 0 THEN '{}' ELSE ARRAY[h, NULL, h % 2] END}, lo => '{1}', hi => '{5}',
		value => q{CASE w % 3 WHEN 0 THEN '{}' WHEN 1 THEN ARRAY[w, NULL] WHEN 2 THEN ARRAY[w, w, w] END}, wrapped => 1 },
	{ name => 'row', k => 'key_row', v => 'value_row', key => q{ROW(h % 4, 'x' || h)::key_row}, value => q{ROW(w, '2020-01-01'::date + w)::value_row}, shown => [ '(%s).n', '(%s).d' ], rows => 1 },
	{ name => 'enum', k => 'mood', v => 'positive', key => q{(ARRAY['sad', 'ok', 'glad']::mood[])[1 + h % 3]}, value => 'w + 1', lo => 'sad', hi => 'ok' },
	{ name => 'other', k => 'jsonb', v => 'uuid', key => q{jsonb_build_object('a', h)}, value => q{md5(w::text)::uuid}, lo => '{"a": 2}', hi => '{"a": 4}' },
	{ name => 'time', k => 'timestamptz', v => 'interval', key => q{'2020-01-01'::timestamptz + h * interval '1 h'}, value => q{w * interval '1 month'}, lo => '2020-01-01 02:00Z', hi => '2020-01-01 04:00Z' },
);

# [name, RDD, its columns, what of them, the same in plain SQL]; P and Q are the RDDs, p and q the tables
sub cases
{
	my $t = shift;
	my ($k, $v) = ($t->{k}, $t->{v});
	my $c = $t->{collate} // '';
	my @shown = $t->{shown} ? @{ $t->{shown} } : ('%s');
	my $show = sub { my $name = shift; return join ', ', map { sprintf $_, $name } @shown };
	my $group = $t->{wrapped} ? 'ROW(v)::rdd_array_of_int4' : 'v';
	my $array = $t->{wrapped} ? 'rdd_array_of_int4[]' : "${v}[]";
	my $best = "(SELECT DISTINCT ON (k) k, v FROM p ORDER BY k, v DESC NULLS LAST) s";
	my $both = 'p.k IS NOT DISTINCT FROM q.k';
	my $kc = "k$c";
	my @cases = (
		[ 'keys', 'rdd_keys(P)', "k $k", $kc, "SELECT $kc FROM p" ],
		[ 'values', 'rdd_values(P)', "v $v", 'v', 'SELECT v FROM p' ],
		[ 'map_values', q{rdd_map_values(P, 'v IS NULL')}, "k $k, v bool", "$kc, v", "SELECT $kc, v IS NULL FROM p" ],
		[ 'map_values to a type', q{rdd_map_values(P, '1', 'numeric')}, "k $k, v numeric", "$kc, v", "SELECT $kc, 1::numeric FROM p" ],
		[ 'map_values by keys', q{rdd_map(rdd_map_values(P, '(k, v)'), '(v._1, k, v._2)')}, "l $k, k $k, v $v", "l$c, $kc, v", "SELECT $kc, $kc, v FROM p" ],
		[ 'flat_map_values', q{rdd_flat_map_values(P, 'ARRAY[v IS NULL, true]')}, "k $k, v bool", "$kc, v", "SELECT $kc, unnest(ARRAY[v IS NULL, true]) FROM p" ],
		[ 'flat_map_values to a type', q{rdd_flat_map_values(P, 'ARRAY[1, NULL, 2]', 'text')}, "k $k, v text", "$kc, v", "SELECT $kc, unnest(ARRAY['1', NULL, '2']) FROM p" ],
		[ 'flat_map_values of a set to a type', q{rdd_flat_map_values(P, 'generate_series(1, 2)', 'text')}, "k $k, v text", "$kc, v", "SELECT $kc, generate_series(1, 2)::text FROM p" ],
		[ 'flat_map_values of rows', q{rdd_map(rdd_flat_map_values(P, 'ARRAY[(1, ''a''), (2, NULL)]'), '(k, v._1, v._2)')}, "k $k, n int, t text", "$kc, n, t", "SELECT $kc, n, t FROM p, (VALUES (1, 'a'), (2, NULL)) x(n, t)" ],
		[ 'filter_keys', q{rdd_filter_keys(P, 'x IS NOT NULL')}, "k $k, v $v", "$kc, v", "SELECT $kc, v FROM p WHERE k IS NOT NULL" ],
		[ 'filter_values', q{rdd_filter_values(P, 'v IS NULL')}, "k $k, v $v", "$kc, v", "SELECT $kc, v FROM p WHERE v IS NULL" ],
		[ 'partition_by', 'rdd_partition_by(P, 3)', "k $k, v $v", "$kc, v", "SELECT $kc, v FROM p" ],
		[ 'partition_by into more than there are', 'rdd_partition_by(P, 500)', "k $k, v $v", "$kc, v", "SELECT $kc, v FROM p" ],
		[ 'group_by_key', 'rdd_group_by_key(P)', "k $k, v $array", "$kc, sorted(v)", "SELECT $kc, sorted(array_agg($group)) FROM p GROUP BY k" ],
		[ 'group_by_key and back', q{rdd_map(rdd_flat_map_values(rdd_group_by_key(P, 2), 'v'), '(k, } . ($t->{wrapped} ? 'v.x' : 'v') . q{)')}, "k $k, v $v", "$kc, v", "SELECT $kc, v FROM p" ],
		[ 'group_by', q{rdd_map_values(rdd_group_by(P, 'k IS NULL'), 'cardinality(v._2)')}, 'k bool, n int', 'k, n', 'SELECT k IS NULL, count(*)::int FROM p GROUP BY 1' ],
		[ 'group_by keys', q{rdd_map_values(rdd_group_by(P, 'k', 3), 'cardinality(v._1)')}, "k $k, n int", "$kc, n", "SELECT $kc, count(*)::int FROM p GROUP BY k" ],
		[ 'reduce_by_key', q{rdd_reduce_by_key(P, 'greatest(a, b)')}, "k $k, v $v", "$kc, v", "SELECT $kc, v FROM $best" ],
		[ 'reduce_by_key by a lambda', 'rdd_reduce_by_key(P, ' . ($t->{rows} ? q{'CASE WHEN a > b THEN a ELSE b END'} : q{'CASE WHEN a > b OR b IS NULL THEN a ELSE b END'}) . ', 3)', "k $k, v $v", "$kc, v", "SELECT $kc, v FROM $best" ],
		[ 'fold_by_key', q{rdd_fold_by_key(rdd_map_values(P, '2::bigint'), 0, 'acc + x')}, "k $k, n bigint", "$kc, n", "SELECT $kc, 2 * count(*) FROM p GROUP BY k" ],
		[ 'aggregate_by_key', q{rdd_aggregate_by_key(P, 0::bigint, 'acc + CASE WHEN x IS NULL THEN 0 ELSE 1 END', 'a + b')}, "k $k, n bigint", "$kc, n", "SELECT $kc, count(*) FILTER (WHERE NOT v IS NULL) FROM p GROUP BY k" ],
		[ 'aggregate_by_key of tuples', q{rdd_map(rdd_aggregate_by_key(P, (0::bigint, false), '(acc._1 + 1, acc._2 OR v IS NULL)', '(a._1 + b._1, a._2 OR b._2)', 2), '(k, v._1, v._2)')}, "k $k, n bigint, b bool", "$kc, n, b", "SELECT $kc, count(*), bool_or(v IS NULL) FROM p GROUP BY k" ],
		[ 'combine_by_key', q{rdd_map(rdd_combine_by_key(P, '(1::bigint, v IS NULL)', '(acc._1 + 1, acc._2 OR x IS NULL)', '(a._1 + b._1, a._2 OR b._2)'), '(k, v._1, v._2)')}, "k $k, n bigint, b bool", "$kc, n, b", "SELECT $kc, count(*), bool_or(v IS NULL) FROM p GROUP BY k" ],
		[ 'combine_by_key into arrays', q{rdd_map_values(rdd_combine_by_key(P, 'ARRAY[v IS NULL]', 'acc || (x IS NULL)', 'a || b', 3, map_side => false), 'cardinality(v)::bigint')}, "k $k, n bigint", "$kc, n", "SELECT $kc, count(*) FROM p GROUP BY k" ],
		[ 'agg_by_key', q{rdd_map(rdd_agg_by_key(P, '(count(*), count(DISTINCT v))'), '(k, v._1, v._2)')}, "k $k, n bigint, d bigint", "$kc, n, d", "SELECT $kc, count(*), count(DISTINCT v) FROM p GROUP BY k" ],
		[ 'sort_by_key', 'rdd_sort_by_key(P)', "k $k, v $v", "$kc, v", "SELECT $kc, v FROM p" ],
		[ 'repartition_and_sort', 'rdd_repartition_and_sort(P, 4)', "k $k, v $v", "$kc, v", "SELECT $kc, v FROM p" ],
		[ 'join', q{rdd_map(rdd_join(P, Q), '(k, v._1, v._2)')}, "k $k, v $v, w $v", "$kc, v, w", "SELECT p.$kc, p.v, q.v FROM p JOIN q ON $both" ],
		[ 'left_outer_join', q{rdd_map(rdd_left_outer_join(P, Q, 3), '(k, v._1, v._2)')}, "k $k, v $v, w $v", "$kc, v, " . $show->('w'), "SELECT p.$kc, p.v, " . $show->('q.v') . " FROM p LEFT JOIN q ON $both" ],
		[ 'right_outer_join', q{rdd_map(rdd_right_outer_join(P, Q), '(k, v._1, v._2)')}, "k $k, v $v, w $v", "$kc, w, " . $show->('v'), "SELECT q.$kc, q.v, " . $show->('p.v') . " FROM p RIGHT JOIN q ON $both" ],
		[ 'full_outer_join', q{rdd_map(rdd_full_outer_join(P, Q, NULL, 'auto'), '(k, v._1, v._2)')}, "k $k, v $v, w $v", "$kc, " . $show->('v') . ', ' . $show->('w'),
			"SELECT p.$kc, " . $show->('p.v') . ', ' . $show->('q.v') . " FROM p LEFT JOIN q ON $both UNION ALL SELECT q.$kc, " . $show->("NULL::$v") . ', ' . $show->('q.v') . " FROM q WHERE NOT EXISTS (SELECT FROM p WHERE $both)" ],
		[ 'subtract_by_key', 'rdd_subtract_by_key(P, Q)', "k $k, v $v", "$kc, v", "SELECT $kc, v FROM p WHERE NOT EXISTS (SELECT FROM q WHERE $both)" ],
		[ 'cogroup', q{rdd_map(rdd_cogroup(P, Q), '(k, v._1, v._2)')}, "k $k, v $array, w $array", "$kc, sorted(v), sorted(w)",
			"SELECT $kc, sorted(array_agg($group) FILTER (WHERE f = 1)), sorted(array_agg($group) FILTER (WHERE f = 2)) FROM (SELECT k, v, 1 AS f FROM p UNION ALL SELECT k, v, 2 FROM q) s GROUP BY k" ],
		[ 'cogroup of four', q{rdd_map(rdd_cogroup(P, Q, rdd_map_values(Q, '1'), rdd_filter_keys(P, 'x IS NULL')), '(k, v._1, v._2, v._3, cardinality(v._4))')}, "k $k, v $array, w $array, n int[], m int", "$kc, sorted(v), sorted(w), n, m",
			"SELECT $kc, sorted(array_agg($group) FILTER (WHERE f = 1)), sorted(array_agg($group) FILTER (WHERE f = 2)), coalesce(array_agg(1) FILTER (WHERE f = 2), '{}'), (count(*) FILTER (WHERE f = 1 AND k IS NULL))::int FROM (SELECT k, v, 1 AS f FROM p UNION ALL SELECT k, v, 2 FROM q) s GROUP BY k" ],
		[ 'count_approx_distinct_by_key', q{rdd_map_values(rdd_count_approx_distinct_by_key(P, 0.01), 'v')}, "k $k, n bigint", "$kc, n", "SELECT $kc, (count(DISTINCT v) + max(CASE WHEN v IS NOT DISTINCT FROM NULL THEN 1 ELSE 0 END))::bigint FROM p GROUP BY k" ],
		[ 'intersection', 'rdd_intersection(rdd_keys(P), rdd_keys(Q))', "k $k", $kc, "SELECT $kc FROM p INTERSECT SELECT $kc FROM q" ],
		# laws
		[ 'reduce_by_key is group_by_key and a reduction', q{rdd_reduce_by_key(rdd_map_values(P, '1::bigint'), 'a + b')}, "k $k, n bigint", "$kc, n", "SELECT $kc, n FROM rdd_collect(rdd_map_values(rdd_group_by_key(P), 'cardinality(v)::bigint')) AS t(k $k, n bigint)" ],
		[ 'join is cogroup, flattened', q{rdd_map(rdd_join(P, Q), '(k, v._1, v._2)')}, "k $k, v $v, w $v", "$kc, v, w",
			"SELECT t.$kc, " . ($t->{rows} ? 'v, w' : $t->{wrapped} ? 'v.x, w.x' : 'v, w') . " FROM rdd_collect(rdd_map(rdd_cogroup(P, Q), '(k, v._1, v._2)')) AS t(k $k, vs $array, ws $array), unnest(vs) v, unnest(ws) w" ],
		[ 'partitioned before, joined and reduced are the same', q{rdd_reduce_by_key(rdd_map_values(rdd_join(rdd_partition_by(P, 4), rdd_partition_by(Q, 4)), '1::bigint'), 'a + b')}, "k $k, n bigint", "$kc, n", "SELECT p.$kc, count(*) FROM p JOIN q ON $both GROUP BY p.k" ],
	);
	push @cases, [ 'filter_by_range', "rdd_filter_by_range(P, '$t->{lo}'::$k, '$t->{hi}'::$k)", "k $k, v $v", "$kc, v", "SELECT $kc, v FROM p WHERE k BETWEEN '$t->{lo}' AND '$t->{hi}'" ] if $t->{lo};
	return @cases;
}

# Actions, which are SQL: [name, query, the same in plain SQL]
sub actions
{
	my $t = shift;
	my ($k, $v) = ($t->{k}, $t->{v});
	my $c = $t->{collate} // '';
	my @actions = (
		[ 'count_by_key', "SELECT k$c, n FROM rdd_count_by_key(P, NULL::$k)", "SELECT k$c, count(*) FROM p GROUP BY k" ],
		[ 'count_by_key_approx', "SELECT k$c, mean, low, high FROM rdd_count_by_key_approx(P, 100000, 0.95, NULL::$k)", "SELECT k$c, count(*), count(*), count(*) FROM p GROUP BY k" ],
		[ 'count_by_value_approx', "SELECT x$c, mean, low, high FROM rdd_count_by_value_approx(rdd_keys(P), 100000, 0.95, NULL::$k)", "SELECT k$c, count(*), count(*), count(*) FROM p GROUP BY k" ],
	);
	return @actions if $t->{rows};
	push @actions, (
		[ 'sort_by_key in order', "SELECT k$c, n FROM (SELECT k, row_number() OVER () AS n FROM rdd_collect(rdd_keys(rdd_sort_by_key(P)), NULL::$k) AS t(k)) s", "SELECT k$c, row_number() OVER (ORDER BY k NULLS FIRST) FROM p" ],
		[ 'sort_by_key descending', "SELECT k$c, n FROM (SELECT k, row_number() OVER () AS n FROM rdd_collect(rdd_keys(rdd_sort_by_key(P, false, 3)), NULL::$k) AS t(k)) s", "SELECT k$c, row_number() OVER (ORDER BY k DESC NULLS LAST) FROM p" ],
		[ 'lookup', "SELECT d.k$c, x FROM (SELECT DISTINCT k FROM p) d, LATERAL rdd_lookup(P, d.k, NULL::$v) x", "SELECT k$c, v FROM p" ],
		[ 'lookup of null', "SELECT x FROM rdd_lookup(P, NULL::$k, NULL::$v) x", 'SELECT v FROM p WHERE k IS NULL' ],
		[ 'sample_by_key of all', "SELECT k$c, v FROM rdd_collect(rdd_sample_by_key(rdd_filter_keys(P, 'x IS NOT NULL'), false, (SELECT coalesce(jsonb_object_agg(k::text, 1), '{}') FROM p WHERE k IS NOT NULL), 1)) AS t(k $k, v $v)", "SELECT k$c, v FROM p WHERE k IS NOT NULL" ],
		[ 'sample_by_key of none', "SELECT k$c, v FROM rdd_collect(rdd_sample_by_key(rdd_filter_keys(P, 'x IS NOT NULL'), false, (SELECT coalesce(jsonb_object_agg(k::text, 0), '{}') FROM p WHERE k IS NOT NULL), 1)) AS t(k $k, v $v)", "SELECT k$c, v FROM p WHERE false" ],
		# in each partition the keys are sorted, and no key is in two
		$t->{wrapped} ? () : [ 'repartition_and_sort in order', "WITH g AS MATERIALIZED (SELECT * FROM rdd_collect(rdd_glom(rdd_keys(rdd_repartition_and_sort(P, 4))), NULL::${k}[]) WITH ORDINALITY AS t(x, n)) "
			. "SELECT count(*) FILTER (WHERE x$c IS DISTINCT FROM (SELECT coalesce(array_agg(u ORDER BY u$c NULLS FIRST), '{}') FROM unnest(x) u)), sum(cardinality(x)), (SELECT count(*) FROM (SELECT DISTINCT n, u$c FROM g, unnest(x) u) d) FROM g",
			"SELECT 0, (SELECT count(*) FROM p), (SELECT count(*) FROM (SELECT DISTINCT k FROM p) d)" ]);
	return @actions;
}

my $differ = <<'SQL';
CREATE FUNCTION differ(rdd text, plain text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
	EXECUTE format('WITH a AS MATERIALIZED (%s), b AS MATERIALIZED (%s) SELECT count(*) FROM ((TABLE a EXCEPT ALL TABLE b) UNION ALL (TABLE b EXCEPT ALL TABLE a)) s', rdd, plain) INTO n;
	RETURN n || ' differ';
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM || ' in ' || rdd;
END $$;
-- an RDD in a variable, which is not planned with the query
CREATE FUNCTION rows_of(r rdd, columns text, show text) RETURNS SETOF record LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT %s FROM rdd_collect($1) AS t(%s)', show, columns) USING r;
END $$;
CREATE FUNCTION sorted(anyarray) RETURNS anyarray LANGUAGE sql IMMUTABLE AS 'SELECT coalesce(array_agg(e ORDER BY e), ''{}'') FROM unnest($1) e';
CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TYPE key_row AS (a int, b text);
CREATE TYPE value_row AS (n int, d date);
CREATE TYPE mood AS ENUM ('sad', 'ok', 'glad');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE cases (number int, name text, rdd text, plain text);
SQL

# The cases of a type, run in one session; inputs: what P, Q, p and q stand for.
sub run_cases
{
	my ($q, $what, $t, %inputs) = @_;
	my @run;
	for my $case (cases($t))
	{
		my ($name, $rdd, $columns, $show, $plain) = @$case;
		push @run, [ $name, "SELECT $show FROM rdd_collect($rdd) AS t($columns)", $plain ];
	}
	push @run, actions($t);
	my $sql = '';
	my $number = 0;
	for my $case (@run)
	{
		for my $side (1, 2)
		{
			$case->[$side] =~ s/\bP\b/$inputs{P}/g;
			$case->[$side] =~ s/\bQ\b/$inputs{Q}/g;
		}
		$number++;
		$sql .= sprintf "INSERT INTO cases VALUES (%d, \$x\$%s\$x\$, \$x\$%s\$x\$, \$x\$%s\$x\$);\n", $number, @$case;
	}
	my $bad = $q->(qq{
		CREATE TEMP VIEW p AS SELECT k, v FROM $inputs{p}; CREATE TEMP VIEW q AS SELECT k, v FROM $inputs{q};
		TRUNCATE cases; $sql
		SELECT name || ': ' || d FROM (SELECT number, name, differ(rdd, plain) AS d FROM cases ORDER BY number) s WHERE d <> '0 differ'});
	is($bad, '', "$what: " . scalar(@run) . ' functions and laws');
	return;
}

# Calls by position and by name, with what may be left out and without; and with variables.
sub calls
{
	my ($cluster, $q, $nodes) = @_;
	my ($P, $Q) = map {"rdd_map(rdd_table('$_'), '(x.k, x.v)')"} 'p_int', 'q_int';
	my @wrong;
	for my $call (
		"rdd_keys($P)", "rdd_keys(r => $P)", "rdd_values(r => $P)", "rdd_map_values($P, 'v')", "rdd_map_values(r => $P, f => 'v', result => 'numeric')", "rdd_flat_map_values(r => $P, f => 'ARRAY[v]', result => 'text')",
		"rdd_filter_keys(r => $P, f => 'x > 1')", "rdd_filter_values(f => 'x > 1', r => $P)", (map { ("rdd_reduce_by_key($P, $_)", "rdd_reduce_by_key(r => $P, f => $_, num_partitions => 3)", "rdd_fold_by_key($P, 0, $_)", "rdd_fold_by_key(r => $P, zero => 0::bigint, f => $_, num_partitions => 3)") } "'a + b'", "'int8pl(bigint, bigint)'::regprocedure", "fn('a + b * \$1', 2)"),
		"rdd_aggregate_by_key($P, 0, 'acc + 1', 'a + b')", "rdd_aggregate_by_key(r => $P, zero => ''::text, seq => 'acc || x', comb => 'a || b', num_partitions => 2)", "rdd_combine_by_key($P, 'v', 'acc + x', 'a + b')", "rdd_combine_by_key($P, 'v', 'acc + x', 'a + b', 3)",
		"rdd_combine_by_key($P, 'v', 'acc + x', 'a + b', 3, false)", "rdd_combine_by_key(r => $P, \"create\" => 'v', merge_value => 'acc + v', merge_comb => 'a + b', num_partitions => 2, map_side => false)",
		"rdd_group_by_key($P)", "rdd_group_by_key($P, 3)", "rdd_group_by_key(r => $P, num_partitions => 3)", "rdd_agg_by_key($P, 'sum(v), max(v)' )", "rdd_agg_by_key(r => $P, aggregates => '(sum(v), max(v))', num_partitions => 3)",
		"rdd_sort_by_key($P)", "rdd_sort_by_key($P, false)", "rdd_sort_by_key($P, false, 3)", "rdd_sort_by_key(r => $P, ascending => false, num_partitions => 3)", "rdd_filter_by_range($P, 1::bigint, 3::bigint)", "rdd_filter_by_range(r => $P, lo => 1::bigint, hi => 3::bigint)",
		"rdd_filter_by_range($P, 1, 3)", "rdd_sample_by_key($P, false, '{}')", "rdd_sample_by_key($P, true, '{\"1\": 0.5}', 7)", "rdd_sample_by_key_exact($P, false, '{}', seed => 7)",
		(map { ("rdd_${_}join($P, $Q)", "rdd_${_}join($P, $Q, 3)", "rdd_${_}join($P, $Q, 3, 'auto')", "rdd_${_}join(r => $P, o => $Q, num_partitions => NULL, strategy => NULL)") } '', 'left_outer_', 'right_outer_', 'full_outer_'),
		"rdd_cogroup($P, $Q)", "rdd_cogroup($P, $Q, $P, $Q)", "rdd_cogroup($P, VARIADIC ARRAY[$Q, $P])", "rdd_cogroup(r => $P, VARIADIC others => ARRAY[$Q])", "rdd_subtract_by_key($P, $Q)", "rdd_subtract_by_key(r => $P, o => $Q, num_partitions => 2)",
		"rdd_count_approx_distinct_by_key($P)", "rdd_count_approx_distinct_by_key($P, 0.1)", "rdd_count_approx_distinct_by_key(r => $P, rsd => 0.1, num_partitions => 3)", "rdd_persist($P)", "rdd_persist($P, 'DISK_ONLY')", "rdd_persist(r => $P, level => 'MEMORY_AND_DISK_SER')", "rdd_cache(r => $P)",
		"rdd_unpersist(rdd_cache($P))")
	{
		my ($state, $out, $err) = $cluster->try("SET search_path = public, barks; SELECT rdd_element_type($call)");
		push @wrong, "$call: $err" if $state ne '' && $err !~ /exactly one expression/;
	}
	is(join("\n", @wrong), '', "$nodes nodes: calls by position and by name");
	my $expected = $q->("SELECT count(*), sum(n), sum(s) FROM (SELECT k, count(*) AS n, sum(v) AS s FROM p_int WHERE v > 1 GROUP BY k) s");
	is($q->(q{
		CREATE FUNCTION from_variables(tab regclass, lowest bigint, reduction text, f regprocedure, n int) RETURNS SETOF record LANGUAGE plpgsql AS $$
		DECLARE
			r rdd := rdd_map(rdd_table(tab), '(x.k, x.v)');
			zero bigint := 0;
			key bigint; number bigint; total bigint; row record;
		BEGIN
			r := rdd_filter_values(r, fn('x > $1', lowest));
			r := rdd_aggregate_by_key(rdd_map_values(r, '(v, 1::bigint)'), (zero, zero), '(acc._1 + x._1, acc._2 + x._2)', '(a._1 + b._1, a._2 + b._2)', n);
			FOR row IN SELECT * FROM rdd_collect(rdd_map(r, '(k, v._1, v._2)')) AS t(k bigint, s bigint, n bigint) LOOP
				RETURN NEXT row;
			END LOOP;
			r := rdd_reduce_by_key(rdd_filter_values(rdd_map(rdd_table(tab), '(x.k, x.v)'), fn('x > $1', lowest)), reduction, n);
			IF rdd_sum(rdd_values(r)) <> rdd_sum(rdd_values(rdd_fold_by_key(rdd_filter_values(rdd_map(rdd_table(tab), '(x.k, x.v)'), fn('x > $1', lowest)), zero, f, n))) THEN
				RAISE 'a fold differs from a reduction';
			END IF;
			IF rdd_count(r) <> (SELECT count(*) FROM rdd_collect_pairs(r, key, total)) OR rdd_count(r) <> (SELECT count(*) FROM rdd_count_by_key(r, key)) THEN
				RAISE 'variables as examples of types';
			END IF;
		END $$;
		SELECT count(*), sum(n), sum(s) FROM from_variables('p_int', 1, 'a + b', 'int8pl(bigint, bigint)', 3) AS t(k bigint, s bigint, n bigint)}), $expected, "$nodes nodes: called with variables of PL/pgSQL");
	return;
}

# What is partitioned by key needs no shuffle for what goes by key.
sub shuffles
{
	my ($q, $nodes) = @_;
	my ($P, $Q) = map {"rdd_partition_by(rdd_map(rdd_table('$_'), '(x.k, x.v)'), 4)"} 'p_int', 'q_int';
	my $shuffled = sub { return $q->("SELECT count(*) FROM rdd_dependencies($_[0]) WHERE shuffle") };
	my $exchanges = sub { return $q->("SET barks.join_strategy = shuffle; SELECT count(*) FROM rdd_explain($_[0]) e WHERE e LIKE '%Exchange: hash%'") };
	is($shuffled->("rdd_${_}_by_key($P)"), 0, "$nodes nodes: $_ of what is partitioned") for 'group';
	is($shuffled->("rdd_reduce_by_key($P, 'a + b')"), 0, "$nodes nodes: a reduction of what is partitioned");
	is($shuffled->("rdd_reduce_by_key(rdd_filter_values(rdd_map_values($P, 'v + 1'), 'v > 2'), 'a + b')"), 0, "$nodes nodes: and of what became of it");
	is($shuffled->("rdd_reduce_by_key(rdd_map($P, '(v, k)'), 'a + b')"), 1, "$nodes nodes: but not by other keys");
	is($shuffled->("rdd_join($P, $Q)"), 0, "$nodes nodes: a join of what is partitioned alike");
	is($shuffled->("rdd_cogroup($P, $Q)"), 0, "$nodes nodes: a cogroup");
	return if $nodes == 0;
	my ($p, $q1) = map {"rdd_map(rdd_table('$_'), '(x.k, x.v)')"} 'p_int', 'q_int';
	is($exchanges->("rdd_reduce_by_key($P, 'a + b')"), $exchanges->("rdd_reduce_by_key($p, 'a + b')"), "$nodes nodes: the engine moves rows once for both");
	return;
}

# In FROM an RDD is a sub-select like others.
sub in_from
{
	my ($cluster, $q, $nodes) = @_;
	my $sums = q{rdd_reduce_by_key(rdd_map(rdd_filter(rdd_table('p_int'), 'x.v IS NOT NULL'), '(x.k, x.v)'), 'a + b')};
	my $plain = '(SELECT k, sum(v)::bigint AS s FROM p_int WHERE v IS NOT NULL GROUP BY k) t';
	for my $query (
		'SELECT q.v, t.s FROM q_int q JOIN FROM1 ON q.k = t.k', 'SELECT q.v, t.s FROM q_int q LEFT JOIN FROM1 ON q.k = t.k AND t.s > 5', 'SELECT t.k FROM FROM1 WHERE t.k IN (SELECT k FROM q_int)', 'SELECT t.k % 3, sum(t.s) FROM FROM1 GROUP BY 1',
		'SELECT k, s FROM FROM1 UNION ALL SELECT k, v FROM q_int', 'WITH w AS (SELECT * FROM FROM1) SELECT a.k, b.s FROM w a JOIN w b USING (k)', 'SELECT (SELECT max(t.s) FROM FROM1 WHERE t.k = q.k) FROM q_int q', 'SELECT q.k, l.s FROM q_int q, LATERAL (SELECT t.s FROM FROM1 WHERE t.k = q.k) l',
		'SELECT t.k, row_number() OVER (ORDER BY t.s, t.k) FROM FROM1', 'SELECT EXISTS (SELECT FROM FROM1 WHERE t.s IS NULL)', 'SELECT count(*) FROM q_int WHERE k = ANY (ARRAY(SELECT k FROM FROM1))')
	{
		my ($got, $wanted) = map { my $from = $_; $query =~ s/FROM1/$from/gr } "rdd_collect($sums) AS t(k bigint, s bigint)", $plain;
		is($q->("SELECT differ(\$x\$$got\$x\$, \$x\$$wanted\$x\$)"), '0 differ', "$nodes nodes: $query");
	}
	my $explain = $q->("EXPLAIN (COSTS off) SELECT count(*) FROM q_int q JOIN rdd_collect($sums) AS t(k bigint, s bigint) ON q.k = t.k");
	unlike($explain, qr/Function Scan/, "$nodes nodes: one plan with the query around it");
	is($q->("PREPARE s(bigint) AS SELECT count(*) FROM rdd_collect($sums) AS t(k bigint, s bigint) WHERE s > \$1; EXECUTE s(3)"), $q->("SELECT count(*) FROM $plain WHERE s > 3"), "$nodes nodes: prepared");
	is($q->("PREPARE s(text) AS SELECT count(*) FROM rdd_collect(rdd_map_values($sums, \$1)) AS t(k bigint, s bigint); EXECUTE s('v + 1'); EXECUTE s('v * 2')"), $q->("SELECT count(*) FROM $plain; SELECT count(*) FROM $plain"), "$nodes nodes: with a lambda as the parameter");
	my ($state) = $cluster->try("SET search_path = public, barks; SELECT * FROM rdd_collect($sums) AS t(k bigint, s text)");
	is($state, '42804', "$nodes nodes: columns that do not fit");
	return;
}

# What is kept is the same, at every level, and however it is read.
sub kept
{
	my ($cluster, $q, $nodes) = @_;
	my $sums = q{rdd_reduce_by_key(rdd_map(rdd_table('p_int'), '(x.k, x.v)'), 'greatest(a, b)', 3)};
	for my $level ('NONE', 'MEMORY_ONLY', 'MEMORY_ONLY_SER', 'MEMORY_AND_DISK', 'MEMORY_AND_DISK_SER', 'DISK_ONLY', 'OFF_HEAP')
	{
		my $r = "rdd_persist($sums, '$level')";
		is($q->("SELECT rdd_storage_level($r)"), $level, "$nodes nodes: $level");
		is($q->("SELECT differ(\$x\$SELECT * FROM rdd_collect($r) AS t(k bigint, v bigint)\$x\$, 'SELECT k, max(v) FROM p_int GROUP BY k'), " . "differ(\$x\$SELECT * FROM rdd_collect($r) AS t(k bigint, v bigint)\$x\$, 'SELECT k, max(v) FROM p_int GROUP BY k'), "
			
			. "rdd_count($r) = (SELECT count(DISTINCT coalesce(k, -1)) FROM p_int); SELECT count(*) FROM storage"), "0 differ|0 differ|t\n" . ($level eq 'NONE' ? 0 : 1), "$nodes nodes: kept at $level, and read");
		$q->("SELECT rdd_unpersist($r)");
		is($q->('SELECT count(*) FROM storage'), 0, "$nodes nodes: not any more at $level");
	}
	return;
}

# Broadcast values, accumulators, and where a lambda runs.
sub shared
{
	my ($q, $nodes) = @_;
	is($q->(q{SELECT broadcast('f', 3); SELECT rdd_sum(rdd_map(rdd_table('p_int'), 'x.i * bc(''f'', NULL::int)')) = (SELECT 3 * sum(i) FROM p_int), rdd_bc('f', NULL::numeric);
		SELECT rdd_broadcast_unpersist('f'), broadcast_destroy('f'), rdd_broadcast_destroy('f')}), "\nt|3\nt|t|f", "$nodes nodes: broadcast values");
	is($q->(q{SELECT accumulator('n', agg => 'sum(bigint)'); SELECT rdd_count(rdd_reduce_by_key(rdd_map(rdd_table('p_int'), '(x.k, acc_add(''n'', x.i::bigint))'), 'a + b')) > 0;
		SELECT acc_value('n'), rdd_acc_value('n'), acc_value('n', NULL::bigint) = (SELECT sum(i) FROM p_int), acc_value('n', NULL::numeric) = (SELECT sum(i) FROM p_int)}), join("\n", '', 't', join('|', ($q->('SELECT sum(i) FROM p_int')) x 2, 't', 't')), "$nodes nodes: accumulators");
	is($q->(q{CREATE AGGREGATE gather(int) (sfunc = array_append, stype = int[], combinefunc = array_cat, initcond = '{}');
		SELECT accumulator('all', 'gather(int)'); SELECT rdd_count(rdd_filter(rdd_table('p_int'), 'acc_add(''all'', x.i) > 0')); SELECT cardinality(acc_value('all', NULL::int[])), acc_value('all')->>0 IS NULL}), "\n60\n60|f", "$nodes nodes: an aggregate of one's own");
	is($q->(q{SELECT count(DISTINCT x->>'partition') = 3, bool_and((x->>'stage')::int > 0 AND (x->>'attempt')::int = 1), count(DISTINCT x->>'job') FROM rdd_collect(rdd_map(rdd_table('p_int'), 'task_context()'), NULL::jsonb) x;
		SELECT rdd_task_context() IS NULL}), "t|t|1\nt", "$nodes nodes: the context of tasks");
	is($q->(q{SET barks.job_group = 'g'; SELECT rdd_cancel_group('another'), cancel_group('another'); SELECT rdd_submit(rdd_table('p_int'), 'count') AS job} . "\\gset\n" . q{SELECT rdd_job_wait(:job), rdd_job_cancel(:job), (SELECT rdd_job_result FROM rdd_job_result(:job)), rdd_job_forget(:job)}),
		"0|0\nfinished|f|60|t", "$nodes nodes: jobs");
	return;
}

for my $nodes (0, 1, 3)
{
	my $cluster = BarksCluster->new("pairs$nodes", nodes => $nodes, conf => "barks.executor_slots = 2\n");
	my $q = sub { return $cluster->query('SET search_path = public, barks; SET client_min_messages = warning; ' . shift) };

	$q->($differ);
	for my $t (@types)
	{
		my $c = $t->{collate} // '';
		# a row that is null is a row of nulls
		my ($no_key, $no_value) = map { $t->{rows} ? "ROW(NULL, NULL)::$_" : 'NULL' } $t->{k}, $t->{v};
		$q->(qq{
			CREATE TABLE p_$t->{name} (i int, k $t->{k}$c, v $t->{v}) USING barks;
			CREATE TABLE q_$t->{name} (i int, k $t->{k}$c, v $t->{v}) USING barks;
			SELECT distribute_table('p_$t->{name}', by => 'i', partitions => 3), distribute_table('q_$t->{name}', by => 'i', partitions => 2);
			SELECT setseed(@{[ ($seed % 1000) / 1000 ]});
			CREATE TEMP TABLE r AS SELECT i, (random() ^ 3 * 12)::int AS h, (random() * 6)::int AS w, random() < 0.1 AS nk, random() < 0.1 AS nv FROM generate_series(1, 90) i;
			INSERT INTO p_$t->{name} SELECT i, CASE WHEN NOT nk THEN $t->{key} ELSE $no_key END, CASE WHEN NOT nv THEN $t->{value} ELSE $no_value END FROM r WHERE i <= 60;
			INSERT INTO q_$t->{name} SELECT i, CASE WHEN NOT nk THEN $t->{key} ELSE $no_key END, CASE WHEN NOT nv THEN $t->{value} ELSE $no_value END FROM (SELECT i, h + 1 AS h, w, nk, nv FROM r) r WHERE i > 60;
			ANALYZE p_$t->{name}; ANALYZE q_$t->{name}});
		run_cases($q, "$nodes nodes, $t->{name}", $t, P => "rdd_map(rdd_table('p_$t->{name}'), '(x.k, x.v)')", Q => "rdd_map(rdd_table('q_$t->{name}'), '(x.k, x.v)')",
			p => "p_$t->{name}", q => "q_$t->{name}");
	}
	# no elements, few of them, one partition, many
	$q->('CREATE TABLE none (LIKE p_int); CREATE TABLE few AS SELECT * FROM p_int WHERE i <= 5');
	my $int = $types[0];
	my $of = sub { return "rdd_map(rdd_parallelize((SELECT coalesce(array_agg($_[0]), '{}') FROM $_[0]), $_[1]), '(x.k, x.v)')" };
	my $table = sub { return "rdd_map(rdd_table('$_[0]'), '(x.k, x.v)')" };
	run_cases($q, "$nodes nodes, nothing on the left", $int, P => $table->('none'), Q => $table->('q_int'), p => 'none', q => 'q_int');
	run_cases($q, "$nodes nodes, nothing on the right", $int, P => $table->('p_int'), Q => "rdd_map(rdd_empty('p_int'), '(x.k, x.v)')", p => 'p_int', q => 'none');
	run_cases($q, "$nodes nodes, nothing", $int, P => $of->('none', 3), Q => $of->('none', 1), p => 'none', q => 'none');
	run_cases($q, "$nodes nodes, one partition", $int, P => $of->('p_int', 1), Q => $of->('few', 1), p => 'p_int', q => 'few');
	run_cases($q, "$nodes nodes, more partitions than elements", $int, P => $of->('few', 40), Q => $of->('q_int', 200), p => 'few', q => 'q_int');
	# keys of different collations
	my ($state, $out, $err) = $cluster->try(q{SET search_path = public, barks; SELECT rdd_count(rdd_join(rdd_map(rdd_table('p_nd'), '(x.k, x.v)'), rdd_map(rdd_table('q_text'), '(x.k COLLATE "C", x.v)')))});
	like($err, qr/ERROR:  42P2[12]: /, "$nodes nodes: keys of different collations are not joined");
	calls($cluster, $q, $nodes);
	shuffles($q, $nodes);
	in_from($cluster, $q, $nodes);
	kept($cluster, $q, $nodes);
	shared($q, $nodes);
	$cluster->finish;
}

done_testing();
