# RDDs: each function of elements beside the same in plain SQL, for elements of many
# types in many shapes of data, on 0, 1 and 3 nodes; laws; and what must be refused.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;

my $seed = $ENV{BARKS_TEST_SEED} // int(time);
note "BARKS_TEST_SEED=$seed";
srand($seed);

my $search = 'SET search_path = el, barks, public; SET barks.default_parallelism = 3;';
my $cluster = BarksCluster->new('elements', nodes => 3, no_nodes => 1, conf => "barks.executor_slots = 2\n");

# What elements are made of a number v, or null: columns (name, type, value), what makes
# them of the rows of a table, and a condition.
my %types = (
	bigint => { columns => [ [ 'x', 'bigint', 'v' ] ], make => 'x.x', if => 'x % 3 = 0' },
	text => { columns => [ [ 'x', 'text', q{CASE WHEN v > 0 THEN 'v' || v ELSE '' END} ] ], make => 'x.x', if => q{x < 'v2'} },
	# equal numbers that look different
	numeric => { columns => [ [ 'x', 'numeric', 'CASE WHEN i % 2 = 0 THEN v / 4.0 ELSE round(v / 4.0, 7) END' ] ], make => 'x.x', if => 'x > 2.25' },
	float8 => { columns => [ [ 'x', 'float8', q{CASE v WHEN 5 THEN 'NaN' WHEN 7 THEN '-Infinity' WHEN 0 THEN (ARRAY[0, '-0'])[i % 2 + 1] ELSE v / 3.0 END::float8} ] ], make => 'x.x', if => 'x <> 1' },
	date => { columns => [ [ 'x', 'date', q{CASE v WHEN 3 THEN 'infinity' ELSE '2020-02-28'::date + v END} ] ], make => 'x.x', if => q{x > '2020-03-01'} },
	jsonb => { columns => [ [ 'x', 'jsonb', q{CASE v WHEN 3 THEN 'null' ELSE jsonb_build_object('a', v, 'b', ARRAY[v]) END} ] ], make => 'x.x', if => q{x ? 'a'} },
	array => { columns => [ [ 'x', 'int[]', q{CASE v % 4 WHEN 0 THEN '{}' WHEN 1 THEN ARRAY[v, NULL] WHEN 2 THEN ARRAY[[1, v], [3, 4]] ELSE ARRAY[v] END} ] ], make => 'x.x', if => 'cardinality(x) > 1' },
	item => { columns => [ [ 'a', 'int', 'NULLIF(v, 2)' ], [ 'b', 'text', q{'i' || v % 3} ] ], make => 'ROW(x.a, x.b)::el.item', if => q{x.b = 'i1'} },
	pair => { columns => [ [ 'k', 'int', 'v % 5' ], [ 'v', 'text', q{'p' || v} ] ], make => '(x.k, x.v)', if => 'k > 2' },
	tuple => { columns => [ [ '_1', 'bigint', 'v' ], [ '_2', 'date', q{'2020-01-01'::date + v} ], [ '_3', 'numeric', 'v / 2.0' ] ], make => '(x._1, x._2, x._3)', if => 'x._1 < 9' },
);
# Rows i and values v.
my %shapes = (
	empty => 'SELECT 1 AS i, 1 AS v WHERE false',
	one => 'SELECT 1 AS i, 4 AS v',
	null => 'SELECT 1 AS i, NULL::int AS v',
	few => 'SELECT i, (ARRAY[3, NULL, 9, 3, 0])[i] AS v FROM generate_series(1, 5) i',
	skew => 'SELECT i, CASE WHEN random() < 0.9 THEN 3 WHEN random() < 0.9 THEN (random() * 20)::int END AS v FROM generate_series(1, 200) i',
	random => 'SELECT i, CASE WHEN random() < 0.9 THEN (random() * 25)::int END AS v FROM generate_series(1, 90) i',
);
my %partitions = (few => 20, one => 3, skew => 4, random => 5);

sub q1 { return $cluster->query("$search $_[0]") }

# One psql session: pairs of a name and SQL that gives what is expected, or 'alike'.
sub run_checks
{
	my ($what, @checks) = @_;
	my @got = split /\n/, q1(join "\n", map {"SELECT ($_->[1])::text;"} @checks);
	is($got[$_], $checks[$_][2] // 'alike', "$what: $checks[$_][0]") for 0 .. $#checks;
}

sub alike { my ($name, $rdd, $plain) = @_; return [ $name, "differ(\$r\$$rdd\$r\$, \$p\$$plain\$p\$)" ] }
sub refused { my ($name, $rdd, $state) = @_; return [ $name, "refused(\$r\$$rdd\$r\$)", $state ] }

sub prepare
{
	q1(q{
		CREATE SCHEMA el;
		CREATE TYPE el.item AS (a int, b text);
		-- rows that one query gives and the other does not, as often as that is
		CREATE FUNCTION el.differ(rdd text, plain text) RETURNS text LANGUAGE plpgsql AS $$
		DECLARE n bigint;
		BEGIN
			EXECUTE format('SELECT count(*) FROM ((%1$s EXCEPT ALL %2$s) UNION ALL (%2$s EXCEPT ALL %1$s)) s', '(' || rdd || ')', '(' || plain || ')') INTO n;
			RETURN CASE WHEN n = 0 THEN 'alike' ELSE n || ' rows differ' END;
		EXCEPTION WHEN OTHERS THEN
			RETURN SQLSTATE || ' ' || SQLERRM;
		END $$;
		CREATE FUNCTION el.refused(rdd text) RETURNS text LANGUAGE plpgsql AS $$
		BEGIN
			EXECUTE rdd;
			RETURN 'accepted';
		EXCEPTION WHEN OTHERS THEN
			RETURN SQLSTATE;
		END $$;
		CREATE FUNCTION el.rows_of(c refcursor) RETURNS bigint LANGUAGE plpgsql AS $$
		DECLARE n bigint;
		BEGIN
			MOVE FORWARD ALL IN c;
			GET DIAGNOSTICS n = ROW_COUNT;
			RETURN n;
		END $$});
}

# Tables e, of this type and shape, and f, of others that are there too.
sub fill
{
	my ($type, $shape) = @_;
	my $columns = $types{$type}{columns};
	my $list = join ', ', map { "$_->[0] $_->[1]" } @$columns;
	my $values = join ', ', map { $_->[2] } @$columns;

	q1(qq{
		DROP TABLE IF EXISTS el.e, el.f;
		SELECT setseed(@{[ ($seed % 1000) / 1000 ]});
		CREATE TABLE el.e (i int, $list) USING barks;
		SELECT barks.distribute_table('el.e', by => 'i', partitions => 4);
		INSERT INTO el.e SELECT i, $values FROM ($shapes{$shape}) s;
		CREATE TABLE el.f (LIKE el.e);
		INSERT INTO el.f SELECT i, $values FROM (SELECT i, (ARRAY[3, 4, NULL, 4, 17])[i] AS v FROM generate_series(1, 5) i) s});
}

my %digests;

sub test_elements
{
	my ($nodes, $type, $shape) = @_;
	my $t = $types{$type};
	my @names = map { $_->[0] } @{ $t->{columns} };
	my $is_leaf = @names == 1;
	my $list = join ', ', @names;
	my $as = join ', ', map { "$_->[0] $_->[1]" } @{ $t->{columns} };
	my $as2 = join ', ', map { ("$_->[0] $_->[1]") } @{ $t->{columns} }, map { [ "o$_->[0]", $_->[1] ] } @{ $t->{columns} };
	my $list2 = join ', ', @names, map { "o$_" } @names;
	my $order = join ', ', map { "$_ NULLS FIRST" } @names;
	my $reverse = join ', ', map { "$_ DESC NULLS LAST" } @names;
	my $same = join ' AND ', map { "e.$_ IS NOT DISTINCT FROM f.$_" } @names;
	my $plain = $t->{if} =~ s/\bx\.//gr;
	my $n = $partitions{$shape} // 2;
	my $r = "rdd_map(rdd_table('e'), '$t->{make}')";
	my $s = "rdd_map(rdd_table('f'), '$t->{make}')";
	my $o = "rdd_map(rdd_sort_by(rdd_table('e'), 'x.i', true, $n), '$t->{make}')";
	my $if = $t->{if} =~ s/'/''/gr;
	my $all = "SELECT $list FROM e";
	my $collect = sub { my ($rdd, $columns, $what) = @_; return 'SELECT ' . ($what // '*') . " FROM rdd_collect($rdd) AS t(" . ($columns // $as) . ')' };
	my $numbered = sub { my ($rdd) = @_; return "SELECT n, $list FROM ROWS FROM (rdd_collect($rdd) AS ($as)) WITH ORDINALITY t($list, n)" };
	my $ordered = sub { my ($by, $rest) = @_; return "SELECT row_number() OVER (ORDER BY $by) AS n, $list FROM e " . ($rest // '') };
	# PostgreSQL has no arrays of arrays
	my $groups = $type ne 'array';
	my $twice = $is_leaf || $type eq 'item' ? 'ARRAY[x, x]' : 'ARRAY[' . join(', ', ('(' . join(', ', map { "x.$_" } @names) . ')') x 2) . ']';
	my $arrays = $type eq 'item' ? 'x el.item[]' : join ', ', map { "$_->[0] $_->[1]\[]" } @{ $t->{columns} };
	my $unnested = $type eq 'item' ? 'unnest(x)' : 'unnest(' . $list . ')';

	run_checks("$nodes nodes, $shape $type",
		alike('map', $collect->("rdd_map($r, 'x')"), $all),
		alike('map in order', $numbered->("rdd_map($o, 'x')"), $ordered->('i')),
		alike('text and back', $collect->("($r)::text::rdd"), $all),
		alike('filter', $collect->("rdd_filter($r, '$if')"), "$all WHERE $plain"),
		alike('key_by', $collect->("rdd_key_by($r, '$if')", "key boolean, $as"), "SELECT $plain, $list FROM e"),
		($groups ? alike('flat_map', $collect->("rdd_flat_map($r, '$twice')"), "$all UNION ALL $all") : ()),
		alike('union', $collect->("rdd_union($r, $s)"), "$all UNION ALL SELECT $list FROM f"),
		alike('union in order', $numbered->("rdd_union($o, $o)"), "SELECT row_number() OVER (ORDER BY j, i) AS n, $list FROM e, generate_series(1, 2) j"),
		alike('distinct', $collect->("rdd_distinct($r)"), "SELECT DISTINCT $list FROM e"),
		alike('distinct in parts', $collect->("rdd_distinct($r, $n)"), "SELECT DISTINCT $list FROM e"),
		alike('intersection', $collect->("rdd_intersection($r, $s)"), "$all INTERSECT SELECT $list FROM f"),
		alike('intersection with itself', $collect->("rdd_intersection($r, $r, 2)"), "SELECT DISTINCT $list FROM e"),
		alike('subtract', $collect->("rdd_subtract($r, $s)"), "$all WHERE NOT EXISTS (SELECT FROM f WHERE $same)"),
		alike('subtract itself', $collect->("rdd_subtract($r, $r)"), "$all WHERE false"),
		alike('cartesian', $collect->("rdd_cartesian($r, $s)", $as2), 'SELECT ' . join(', ', map { "e.$_" } @names) . ', ' . join(', ', map { "f.$_" } @names) . ' FROM e, f'),
		alike('sort_by', $numbered->("rdd_sort_by($r, 'x')"), $ordered->($order)),
		alike('sort_by descending', $numbered->("rdd_sort_by($r, 'x', false, $n)"), $ordered->($reverse)),
		alike('sort_by twice', $numbered->("rdd_sort_by(rdd_sort_by($r, 'x'), 'x')"), $ordered->($order)),
		($groups ? alike('group_by', "SELECT key, u.* FROM rdd_collect(rdd_group_by($r, '$if')) AS t(key boolean, $arrays), $unnested u", "SELECT $plain, $list FROM e")
			: ()),
		($groups ? alike('glom', 'SELECT row_number() OVER (ORDER BY p, i), ' . join(', ', map {"u.$_"} @names) . " FROM ROWS FROM (rdd_collect(rdd_glom($o)) AS ($arrays)) WITH ORDINALITY t(" . ($type eq 'item' ? 'x' : $list) . ', p), ' .
				'unnest(' . join(', ', map {"t.$_"} $type eq 'item' ? 'x' : @names) . ") WITH ORDINALITY u($list, i)", $ordered->('i'))
			: ()),
		($groups ? [ 'partitions of glom', "SELECT count(*) FROM rdd_collect(rdd_glom($o)) AS t($arrays)", $n ] : ()),
		alike('zip_with_index', $collect->("rdd_zip_with_index($o)", "$as, number bigint", "number + 1 AS n, $list"), $ordered->('i')),
		[ 'zip_with_unique_id', "SELECT count(DISTINCT number) = count(*) AND count(*) = (SELECT count(*) FROM e) AND coalesce(min(number), 0) >= 0 FROM rdd_collect(rdd_zip_with_unique_id($r)) AS t($as, number bigint)", 'true' ],
		alike('zip', $collect->("rdd_zip($o, rdd_map($o, 'x'))", $as2), "SELECT $list, $list FROM e"),
		alike('zip of what has no order', $collect->("rdd_zip($r, rdd_map($r, 'x'))", $as2), "SELECT $list, $list FROM e"),
		alike('coalesce', $numbered->("rdd_coalesce($o, 2)"), $ordered->('i')),
		alike('repartition', $collect->("rdd_repartition($o, 7)"), $all),
		alike('repartition to one', $collect->("rdd_coalesce($r, 1, true)"), $all),
		[ 'map_partitions', "SELECT count(*) || ' ' || coalesce(sum(x), 0) FROM rdd_collect(rdd_map_partitions($o, 'rows_of(refcursor)'), NULL::bigint) x", "$n " . q1('SELECT count(*) FROM e') ],
		alike('sample of all', $collect->("rdd_sample($r, false, 1, $seed)"), $all),
		alike('sample of nothing', $collect->("rdd_sample($r, true, 0)"), "$all WHERE false"),
		alike('a sample is a part', $collect->("rdd_sample($r, false, 0.5, 1)") . " EXCEPT ALL $all", "$all WHERE false"),
		alike('random_split', join(' UNION ALL ', map { $collect->("(rdd_random_split($r, '{1,2,0}', $seed))[$_]") } 1 .. 3), $all),
		alike('take', $numbered->($o) =~ s/rdd_collect\((.*)\) AS/rdd_take($1, 4, NULL::record) AS/r, $ordered->('i', 'ORDER BY 1 LIMIT 4')),
		alike('take all', $numbered->($o) =~ s/rdd_collect\((.*)\) AS/rdd_take($1, 2147483647, NULL::record) AS/r, $ordered->('i')),
		alike('take_ordered', $numbered->($r) =~ s/rdd_collect\((.*)\) AS/rdd_take_ordered($1, 3, NULL::record) AS/r, $ordered->($order, 'ORDER BY 1 LIMIT 3')),
		alike('top', $numbered->($r) =~ s/rdd_collect\((.*)\) AS/rdd_top($1, 3, NULL::record, 'x') AS/r, $ordered->($reverse, 'ORDER BY 1 LIMIT 3')),
		alike('take_sample', "SELECT $list FROM ROWS FROM (rdd_take_sample($r, false, 1000, 1, NULL::record) AS ($as)) t", $all),
		[ 'count', "SELECT rdd_count($r) = (SELECT count(*) FROM e) AND rdd_is_empty($r) = NOT EXISTS (SELECT FROM e)", 'true' ],
		[ 'aggregate', "SELECT rdd_aggregate($r, 0, 'acc + 1', 'a + b') = (SELECT count(*) FROM e) AND rdd_tree_aggregate($r, 0, 'acc + 1', 'a + b', 3) = (SELECT count(*) FROM e)", 'true' ],
		[ 'count_approx_distinct', "SELECT abs(rdd_count_approx_distinct($r, 0.01) - (SELECT count(*) FROM (SELECT DISTINCT $list FROM e) s)) <= 1", 'true' ],
		[ 'count_approx', "SELECT mean = (SELECT count(*) FROM e) AND low = mean AND high = mean FROM rdd_count_approx($r, 100000)", 'true' ]);

	test_values($nodes, $type, $shape, $r, $o) if $is_leaf;
	test_numbers($nodes, $type, $shape, $r) if $type =~ /^(bigint|numeric|float8)$/;
}

# The same sample, and the same order of what has none, on any cluster.
sub test_sameness
{
	my ($nodes, $type, $shape) = @_;
	my $as = join ', ', map {"$_->[0] $_->[1]"} @{ $types{$type}{columns} };
	my $r = "rdd_map(rdd_table('e'), '$types{$type}{make}')";

	fill($type, $shape);
	for my $rdd ("rdd_sample($r, false, 0.4, 5)", "rdd_sample($r, true, 0.7, 5)", "rdd_filter(rdd_repartition($r, 3), 'true')", "rdd_keys(rdd_zip_with_index(rdd_coalesce($r, 2)))")
	{
		my $digest = q1("SELECT count(*), md5(string_agg(t::text, ' ' ORDER BY n)) FROM ROWS FROM (rdd_collect($rdd) AS ($as)) WITH ORDINALITY t(" . join(', ', map { $_->[0] } @{ $types{$type}{columns} }) . ', n)');
		is($digest, $digests{"$type $shape $rdd"} //= $digest, "$nodes nodes: the same as on other clusters: $rdd of $shape $type");
	}
}

# What only values of one type have.
sub test_values
{
	my ($nodes, $type, $shape, $r, $o) = @_;
	my $sql_type = $types{$type}{columns}[0][1];
	my $least = "(SELECT x FROM e ORDER BY x NULLS LAST LIMIT 1)";
	my $greatest = "(SELECT x FROM e ORDER BY x DESC NULLS LAST LIMIT 1)";
	my $n = $partitions{$shape} // 2;

	run_checks("$nodes nodes, $shape $type",
		($type eq 'array' ? () : alike('parallelize', "SELECT n, x FROM rdd_collect(rdd_parallelize((SELECT array_agg(x ORDER BY i) || '{}'::$sql_type\[] FROM e), $n), NULL::$sql_type) WITH ORDINALITY t(x, n)", 'SELECT row_number() OVER (ORDER BY i), x FROM e')),
		alike('collect', "SELECT x FROM rdd_collect($r, NULL::$sql_type) x", 'SELECT x FROM e'),
		alike('collect_json', "SELECT x FROM rdd_collect_json($r) x", 'SELECT to_jsonb(x) FROM e'),
		alike('count_by_value', "SELECT x, n FROM rdd_count_by_value($r, NULL::$sql_type)", 'SELECT x, count(*) FROM e GROUP BY x'),
		alike('count_by_value_approx', "SELECT x, mean FROM rdd_count_by_value_approx($r, 100000, 0.9, NULL::$sql_type)", 'SELECT x, count(*)::float8 FROM e GROUP BY x'),
		alike('first', "SELECT rdd_first($o, NULL::$sql_type)", 'SELECT (SELECT x FROM e ORDER BY i LIMIT 1)'),
		alike('min', "SELECT rdd_min($r, NULL::$sql_type)", "SELECT $least"),
		alike('max', "SELECT rdd_max($r, NULL::$sql_type)", "SELECT $greatest"),
		alike('max by key', "SELECT rdd_max($r, NULL::$sql_type, '(x IS NULL, x)')", "SELECT (SELECT x FROM e ORDER BY x IS NULL DESC, x DESC LIMIT 1)"),
		alike('reduce', "SELECT rdd_reduce($r, 'CASE WHEN b IS NULL OR a >= b THEN a ELSE b END', NULL::$sql_type)", "SELECT $greatest"),
		alike('tree_reduce', "SELECT rdd_tree_reduce($r, 'CASE WHEN b IS NULL OR a < b THEN a ELSE b END', NULL::$sql_type)", "SELECT $least"),
		alike('fold', "SELECT rdd_fold($r, NULL::$sql_type, 'CASE WHEN acc IS NULL OR x > acc THEN x ELSE acc END')", "SELECT $greatest"),
		alike('aggregate into arrays', "SELECT unnest(rdd_aggregate(rdd_map($r, 'x::text'), '{}'::text[], 'acc || x', 'a || b'))", 'SELECT x::text FROM e'));
}

sub test_numbers
{
	my ($nodes, $type, $shape, $r) = @_;
	my $finite = "rdd_filter($r, 'x::float8 NOT IN (''NaN'', ''Infinity'', ''-Infinity'')')";
	my $plain = q{(SELECT x::float8 AS x FROM e WHERE x::float8 NOT IN ('NaN', 'Infinity', '-Infinity')) s};
	my @near = ([ sum => 'sum' ], [ mean => 'avg' ], [ variance => 'var_pop' ], [ sample_variance => 'var_samp' ], [ stdev => 'stddev_pop' ], [ sample_stdev => 'stddev_samp' ]);

	run_checks("$nodes nodes, $shape $type",
		(map { [ $_->[0], "SELECT a IS NULL AND b IS NULL OR abs(a - b) <= 1e-9 * greatest(abs(a), 1) FROM (SELECT rdd_$_->[0]($finite) AS a, (SELECT $_->[1](x) FROM $plain) AS b) s", 'true' ] } @near),
		alike('stats', "SELECT count, round(mean::numeric, 6), round(stdev::numeric, 6), max, min FROM rdd_stats($finite)", "SELECT count(x), round(avg(x)::numeric, 6), round(stddev_pop(x)::numeric, 6), max(x), min(x) FROM $plain"),
		alike('histogram', "SELECT * FROM rdd_histogram($finite, '{-1,0,1.5,3,7}'::float8[])",
			"SELECT b[j], b[j + 1], (SELECT count(*) FROM $plain WHERE x >= b[j] AND (x < b[j + 1] OR j = 4 AND x = b[5])) FROM (SELECT '{-1,0,1.5,3,7}'::float8[] AS b) b, generate_series(1, 4) j"),
		alike('sum_approx', "SELECT round(mean::numeric, 6), confidence, low = mean FROM rdd_sum_approx($finite, 100000)", "SELECT round(coalesce(sum(x), 0)::numeric, 6), 1::float8, true FROM $plain"));
	return if q1("SELECT count(DISTINCT x) FROM $plain") < 2;
	run_checks("$nodes nodes, $shape $type",
		alike('even histogram', "SELECT row_number() OVER (ORDER BY lower), count FROM rdd_histogram($finite, 5)",
			"SELECT j, count(x) FROM generate_series(1, 5) j LEFT JOIN (SELECT x, least(floor((x - lo) / (hi - lo) * 5) + 1, 5) AS b FROM $plain, (SELECT min(x), max(x) FROM $plain) m(lo, hi)) h ON b = j GROUP BY j"));
}

# Two multisets of JSON that should be one: of r, s and u, RDDs of any elements of one type.
my @laws = (
	[ 'maps in a row are one map', q{rdd_map(rdd_map(r, '(x, 1)'), '(v, k)')}, q{rdd_map(r, '(1, x)')} ],
	[ 'map of a union', q{rdd_map(rdd_union(r, s), '(x, x)')}, q{rdd_union(rdd_map(r, '(x, x)'), rdd_map(s, '(x, x)'))} ],
	[ 'filter of a union', q{rdd_filter(rdd_union(r, s), 'x IS NOT NULL')}, q{rdd_union(rdd_filter(r, 'x IS NOT NULL'), rdd_filter(s, 'x IS NOT NULL'))} ],
	[ 'filters share out all', q{rdd_union(rdd_filter(r, 'x IS NULL'), rdd_filter(r, 'NOT x IS NULL'))}, 'r' ],
	[ 'union is associative', 'rdd_union(rdd_union(r, s), u)', 'rdd_union(r, rdd_union(s, u))' ],
	[ 'union with nothing', 'rdd_union(r, rdd_filter(r, \'false\'))', 'r' ],
	[ 'union by more than itself', 'rdd_subtract(rdd_union(r, s), s)', 'rdd_subtract(r, s)' ],
	[ 'distinct of a union', 'rdd_count_of(rdd_distinct(rdd_union(r, s)))', 'rdd_count_of(rdd_distinct(rdd_union(rdd_distinct(s), rdd_distinct(r))))' ],
	[ 'intersection by subtraction', 'rdd_count_of(rdd_intersection(r, s))', 'rdd_count_of(rdd_distinct(rdd_subtract(r, rdd_subtract(r, s))))' ],
	[ 'intersection is in both', 'rdd_count_of(rdd_subtract(rdd_intersection(r, s), s))', 'rdd_count_of(rdd_empty(\'int\'))' ],
	[ 'cartesian with one', q{rdd_keys(rdd_cartesian(r, rdd_range(0, 1)))}, 'r' ],
	[ 'cartesian of a union', q{rdd_cartesian(rdd_union(r, s), rdd_range(0, 2))}, q{rdd_union(rdd_cartesian(r, rdd_range(0, 2)), rdd_cartesian(s, rdd_range(0, 2)))} ],
	[ 'repartition keeps all', 'rdd_repartition(rdd_coalesce(rdd_repartition(r, 9), 2), 5)', 'r' ],
	[ 'sorting keeps all', q{rdd_sort_by(rdd_sort_by(r, 'x'), 'x IS NULL', false, 4)}, 'r' ],
	[ 'numbers go away again', 'rdd_keys(rdd_zip_with_index(r))', 'r' ],
	[ 'numbers are from 0 on', 'rdd_values(rdd_zip_with_index(r))', q{rdd_query('SELECT generate_series(0, (SELECT count(*) FROM el.a) - 1)')} ],
	[ 'zip and its sides', 'rdd_keys(rdd_zip(r, rdd_map(r, \'(x, 1)\')))', 'rdd_keys(rdd_values(rdd_zip(r, rdd_map(r, \'(x, 1)\'))))' ],
	[ 'a sample and what it left', q{(SELECT rdd_union(rdd_union(p[1], p[2]), p[3]) FROM rdd_random_split(r, '{1,1,3}', SEED) p)}, 'r' ],
	[ 'one seed, one sample', 'rdd_sample(r, true, 1.5, SEED)', 'rdd_sample(rdd_map(r, \'x\'), true, 1.5, SEED)' ],
	[ 'a sample after a filter that takes all', 'rdd_sample(rdd_filter(r, \'true\'), false, 0.5, SEED)', 'rdd_sample(r, false, 0.5, SEED)' ],
	[ 'group_by and back', q{rdd_count_of(rdd_flat_map(rdd_map(rdd_group_by(rdd_map(r, '1'), 'x'), 'v'), 'x'))}, 'rdd_count_of(r)' ],
	[ 'a set name is only a name', q{rdd_set_name(r, 'r')}, 'r' ],
);

sub test_laws
{
	my ($nodes, $type) = @_;
	my $t = $types{$type};
	my $list = join ', ', map { "$_->[0] $_->[1]" } @{ $t->{columns} };
	my $values = join ', ', map { $_->[2] } @{ $t->{columns} };
	my ($r, $s, $u) = map {"rdd_map(rdd_table('$_'), '$t->{make}')"} qw(a b c);

	q1("DROP TABLE IF EXISTS a, b, c; SELECT setseed(@{[ rand() ]}); " . join '; ', map {
		"CREATE TABLE el.$_->[0] (i int, $list)" . ($_->[2] ? " USING barks; SELECT barks.distribute_table('el.$_->[0]', by => 'i', partitions => $_->[2])" : '') . ";
		INSERT INTO $_->[0] SELECT i, $values FROM (SELECT i, CASE WHEN random() < 0.95 THEN (random() ^ 2 * 30)::int END AS v FROM generate_series(1, $_->[1]) i) s"
	} [ 'a', int(rand(150)), 4 ], [ 'b', int(rand(40)), 3 ], [ 'c', int(rand(10)) ]);
	run_checks("$nodes nodes, laws for $type", map {
		my ($name, @sides) = @$_;
		s/SEED/$seed/g, s/rdd_count_of\((.*)\)$/rdd_map(rdd_map($1, '1'), 'x')/ for @sides;
		my @sql = map { "SELECT x FROM (SELECT $r AS r, $s AS s, $u AS u) i, rdd_collect_json($_) x" } @sides;
		alike($name, @sql)
	} @laws);
	# in order
	my $o = "rdd_map(rdd_sort_by(rdd_table('a'), 'x.i', true, 4), '$t->{make}')";
	my $json = sub { return "SELECT array_agg(x ORDER BY n) FROM rdd_collect_json($_[0]) WITH ORDINALITY t(x, n)" };
	run_checks("$nodes nodes, laws for $type", map { alike($_->[0], map { $json->($_) } @$_[ 1, 2 ]) }
		[ 'repartition is the same each time', "rdd_repartition($o, 3)", "rdd_repartition($o, 3)" ],
		[ 'coalesce keeps the order', "rdd_coalesce($o, 3)", $o ],
		[ 'a filter keeps the order', "rdd_sort_by(rdd_filter($r, 'x IS NOT NULL'), 'x')", "rdd_filter(rdd_sort_by($r, 'x'), 'x IS NOT NULL')" ],
		[ 'numbers in order', "rdd_keys(rdd_sort_by(rdd_repartition(rdd_zip_with_index($o), 5), 'v'))", $o ]);
}

sub test_refused
{
	my ($nodes) = @_;
	my @refused = (
		# sources
		[ "rdd_range(1, 5, 0)", '22023' ], [ "rdd_range(NULL, 5)", '22004' ], [ "rdd_range(1, 5, NULL)", '22004' ], [ "rdd_range(1, 5, 1, 0)", '22023' ], [ "rdd_range(1, 5, 1, -3)", '22023' ],
		[ "rdd_parallelize(NULL::int[])", '22004' ], [ "rdd_parallelize('{1}'::int[], 0)", '22023' ], [ "rdd_parallelize(ARRAY[(1, 2)])", '42804' ],
		[ "rdd_empty(NULL)", '22004' ], [ "rdd_empty(0::regtype)", '42704' ], [ "rdd_empty('record')", '22023' ], [ "rdd_empty('anyelement')", '22023' ],
		[ "rdd_table(NULL)", '22004' ], [ "rdd_table('nothing')", '42P01' ], [ "rdd_table(0::regclass)", '42P01' ], [ "rdd_table('item'::regclass)", '42809' ],
		[ "rdd_query(NULL)", '22004' ], [ "rdd_query('')", '22023' ], [ "rdd_query('SELECT')", '22023' ], [ "rdd_query('SELECT 1; SELECT 2')", '22023' ], [ "rdd_query('DELETE FROM el.e')", '22023' ],
		[ "rdd_query('WITH d AS (DELETE FROM el.f RETURNING i) SELECT * FROM d')", '22023' ], [ "rdd_query('SELECT 1 INTO x')", '22023' ], [ "rdd_query('SELECT nothing')", '42703' ], [ "rdd_query('TABLE el.nothing')", '42P01' ],
		# transformations
		[ "rdd_map(NULL, 'x')", '22004' ], [ "rdd_map(rdd_range(0, 3), NULL)", '22004' ], [ "rdd_map(rdd_range(0, 3), '')", '42601' ], [ "rdd_map(rdd_range(0, 3), 'x, x')", '42601' ], [ "rdd_map(rdd_range(0, 3), 'y')", '42703' ],
		[ "rdd_map(rdd_range(0, 3), 'x + ''a''::text')", '42883' ], [ "rdd_map(rdd_range(0, 3), 'x', 'date')", '42846' ], [ "rdd_map(rdd_range(0, 3), 'sum(x)')", '42809' ], [ "rdd_map(rdd_range(0, 3), 'generate_series(1, x)')", '42809' ],
		[ "rdd_map(rdd_range(0, 3), 'row_number() OVER ()')", '42809' ], [ "rdd_map(rdd_range(0, 3), 'x', 'record')", '22023' ],
		[ "rdd_filter(rdd_range(0, 3), 'x')", '42804' ], [ "rdd_filter(rdd_range(0, 3), '(x, true)')", '42804' ], [ "rdd_flat_map(rdd_range(0, 3), 'x')", '42804' ], [ "rdd_flat_map(rdd_range(0, 3), 'ARRAY[x]', 'date')", '42846' ],
		[ "rdd_union(rdd_range(0, 3), rdd_parallelize('{a}'::text[]))", '42804' ], [ "rdd_union(rdd_range(0, 3), NULL)", '22004' ], [ "rdd_intersection(rdd_range(0, 3), rdd_map(rdd_range(0, 3), '(x, x)'))", '42804' ], [ "rdd_subtract(rdd_range(0, 3), rdd_range(0, 3), 0)", '22023' ],
		[ "rdd_distinct(rdd_range(0, 3), -1)", '22023' ], [ "rdd_distinct(rdd_map(rdd_range(0, 3), 'json_build_object(1, x)'))", '42883' ], [ "rdd_sort_by(rdd_range(0, 3), 'json_build_object(1, x)')", '42883' ], [ "rdd_sort_by(rdd_range(0, 3), 'point(x, x)')", '42883' ],
		[ "rdd_sort_by(rdd_range(0, 3), 'x', true, 0)", '22023' ], [ "rdd_group_by(rdd_range(0, 3), 'x', 0)", '22023' ], [ "rdd_group_by(rdd_range(0, 3), 'json_build_object(1, x)')", '42883' ],
		[ "rdd_repartition(rdd_range(0, 3), NULL)", '22004' ], [ "rdd_coalesce(rdd_range(0, 3), 0)", '22023' ], [ "rdd_coalesce(rdd_range(0, 3), -1, true)", '22023' ], [ "rdd_partition_by(rdd_range(0, 3), 2)", '42804' ], [ "rdd_repartition_and_sort(rdd_range(0, 3), 2)", '42804' ],
		[ "rdd_zip(rdd_range(0, 3, 1, 2), rdd_range(0, 3, 1, 3))", '22023' ], [ "rdd_zip_partitions(rdd_range(0, 3, 1, 2), rdd_range(0, 3, 1, 3), 'rows_of(refcursor)')", '42804' ],
		[ "rdd_map_partitions(rdd_range(0, 3), 'abs(int)')", '42804' ], [ "rdd_map_partitions(rdd_range(0, 3), NULL)", '22004' ], [ "rdd_map_partitions(rdd_range(0, 3), 0::regprocedure)", '42883' ], [ "rdd_map_partitions(rdd_range(0, 3), 'rows_of(refcursor)', 'date')", '42846' ],
		[ "rdd_sample(rdd_range(0, 3), false, 1.01)", '22023' ], [ "rdd_sample(rdd_range(0, 3), false, -0.1)", '22023' ], [ "rdd_sample(rdd_range(0, 3), true, 'Infinity')", '22023' ], [ "rdd_sample(rdd_range(0, 3), false, 'NaN')", '22023' ], [ "rdd_sample(rdd_range(0, 3), NULL, 0.1)", '22004' ],
		[ "rdd_random_split(rdd_range(0, 3), '{}')", '22023' ], [ "rdd_random_split(rdd_range(0, 3), '{1,NULL}')", '22023' ], [ "rdd_random_split(rdd_range(0, 3), NULL)", '22004' ], [ "rdd_random_split(rdd_range(0, 3), '{Infinity}')", '22023' ],
		[ "rdd_pipe(rdd_range(0, 3), NULL)", '22004' ], [ "rdd_barrier(rdd_range(0, 3))", '0A000' ],
		# actions
		[ "rdd_collect(rdd_range(0, 3), NULL::int)", '42804' ], [ "rdd_collect(rdd_map(rdd_range(0, 3), '(x, x)'), NULL::bigint)", '42804' ], [ "rdd_collect_pairs(rdd_range(0, 3), NULL::int, NULL::int)", '42804' ], [ "rdd_collect_json(NULL)", '22004' ],
		[ "rdd_take(rdd_range(0, 3), -1, NULL::bigint)", '2201W' ], [ "rdd_take(rdd_range(0, 3), NULL, NULL::bigint)", '22004' ], [ "rdd_top(rdd_range(0, 3), -1, NULL::bigint)", '2201W' ], [ "rdd_take_ordered(rdd_map(rdd_range(0, 3), 'json_build_object(1, x)'), 1, NULL::json)", '42883' ],
		[ "rdd_take_sample(rdd_range(0, 3), false, -1, 1, NULL::bigint)", '22023' ], [ "rdd_take_sample(rdd_range(0, 3), NULL, 1, 1, NULL::bigint)", '22004' ], [ "rdd_first(rdd_range(0, 3), NULL::text)", '42804' ], [ "rdd_max(rdd_map(rdd_range(0, 3), 'json_build_object(1, x)'), NULL::json)", '42883' ],
		[ "rdd_reduce(rdd_range(0, 3), 'a || b', NULL::bigint)", '42883' ], [ "rdd_reduce(rdd_range(0, 3), 'a < b', NULL::bigint)", '42804' ], [ "rdd_reduce(rdd_range(0, 3), NULL, NULL::bigint)", '22004' ], [ "rdd_fold(rdd_range(0, 3), ''::text, 'acc')", '42804' ], [ "rdd_aggregate(rdd_range(0, 3), 0, 'acc', 'a / b::text')", '42883' ],
		[ "rdd_sum(rdd_map(rdd_range(0, 3), 'x::text'))", '42804' ], [ "rdd_mean(rdd_map(rdd_range(0, 3), '(x, x)'))", '42804' ], [ "rdd_stats(rdd_map(rdd_range(0, 3), 'now()'))", '42804' ],
		[ "rdd_histogram(rdd_range(0, 3), 0)", '22023' ], [ "rdd_histogram(rdd_range(0, 3), -5)", '22023' ], [ "rdd_histogram(rdd_range(0, 3), 2147483647)", '54000' ], [ "rdd_histogram(rdd_range(0, 3), NULL::int)", '22004' ], [ "rdd_histogram(rdd_range(0, 3), '{2,1}'::float8[])", '22023' ], [ "rdd_histogram(rdd_range(0, 3), '{}'::float8[])", '22023' ],
		[ "rdd_histogram(rdd_range(0, 3), '{1,NULL}'::float8[])", '22023' ], [ "rdd_histogram(rdd_range(0, 3), '{1,NaN}'::float8[])", '22023' ], [ "rdd_histogram(rdd_range(0, 3), '{NaN,1}'::float8[])", '22023' ], [ "rdd_histogram(rdd_empty('int'), 3)", '22023' ], [ "rdd_histogram(rdd_parallelize('{1e308,-1e308}'::float8[]), 3)", '22003' ], [ "rdd_histogram(rdd_range(0, 3), '{{1,2},{3,4}}'::float8[])", '22023' ],
		[ "rdd_count_approx(rdd_range(0, 3), -1)", '22023' ], [ "rdd_count_approx(rdd_range(0, 3), 1, 2)", '22023' ], [ "rdd_count_approx_distinct(rdd_range(0, 3), 'NaN')", '22023' ], [ "rdd_count_by_value(rdd_range(0, 3), NULL::text)", '42804' ], [ "rdd_count_by_key(rdd_range(0, 3), NULL::bigint)", '42804' ],
		[ "rdd_lookup(rdd_map(rdd_range(0, 3), '(x, x)'), 'a'::text, NULL::bigint)", '42804' ], [ "rdd_collect_as_map(rdd_range(0, 3))", '42804' ], [ "rdd_foreach(rdd_range(0, 3), 'y')", '42703' ], [ "rdd_foreach_partition(rdd_range(0, 3), 'abs(int)')", '42804' ],
		[ "rdd_save_as_table(rdd_range(0, 3), 'el.e')", '42P07' ], [ "rdd_save_as_table(rdd_range(0, 3), 'el.e', 'all')", '22023' ], [ "rdd_save_as_table(rdd_range(0, 3), '')", '42602' ], [ "rdd_submit(rdd_range(0, 3), 'nothing')", '42883' ], [ "rdd_submit(rdd_range(0, 3), 'count; x')", '42601' ],
		[ "rdd_preferred_locations(rdd_range(0, 3), 3)", '22023' ], [ "rdd_preferred_locations(rdd_range(0, 3), -1)", '22023' ],
		# while a job runs
		[ "rdd_count(rdd_filter(rdd_range(0, 3), '1 / x > 0'))", '22012' ], [ "rdd_sum(rdd_map(rdd_range(9223372036854775800, 9223372036854775807), 'x + 100'))", '22003' ], [ "rdd_count(rdd_filter(rdd_parallelize('{1,a}'::text[]), 'x::int > 0'))", '22P02' ],
		[ "rdd_reduce(rdd_map(rdd_range(0, 3), 'x + 9223372036854775800'), 'a + b', NULL::bigint)", '22003' ], [ "rdd_collect(rdd_zip(rdd_range(0, 5, 1, 1), rdd_range(0, 6, 1, 1)))", '0A000' ]);

	run_checks("$nodes nodes, refused", map { refused($_->[0], "SELECT $_->[0]", $_->[1]) } @refused);
	run_checks("$nodes nodes, refused", refused('zip of unequal sizes', 'SELECT * FROM rdd_collect(rdd_zip(rdd_range(0, 5, 1, 1), rdd_range(0, 6, 1, 1))) AS t(a bigint, b bigint)', '22023'));
	is(q1('SELECT count(*) FROM el.e'), q1('SELECT count(*) FROM el.e WHERE true'), "$nodes nodes: nothing is lost");
}

my $min = '(-9223372036854775808)';
my $max = '9223372036854775807';

sub test_ranges
{
	my ($nodes) = @_;
	run_checks("$nodes nodes, ranges", map { my ($first, $last, $step, $n) = @$_;
		alike("from $first to $last by $step in $n", "SELECT n, x FROM rdd_collect(rdd_range($first, $last, $step, $n), NULL::bigint) WITH ORDINALITY t(x, n)",
			"SELECT n, x FROM generate_series(($first)::numeric, ($last)::numeric - sign(($step)::numeric), $step) WITH ORDINALITY t(x, n)"),
		alike("parts from $first to $last by $step in $n", "SELECT unnest(x) FROM rdd_collect(rdd_glom(rdd_range($first, $last, $step, $n)), NULL::bigint[]) x",
			"SELECT x::bigint FROM generate_series(($first)::numeric, ($last)::numeric - sign(($step)::numeric), $step) x") }
		[ 0, 10, 3, 4 ], [ 10, 0, -3, 2 ], [ 5, 5, 1, 3 ], [ 5, 4, 1, 3 ], [ 4, 5, -1, 1 ], [ $min, "$min + 3", 1, 2 ], [ "$max - 3", $max, 2, 9 ], [ $max, "$max - 3", -1, 2 ], [ "$min + 2", $min, -1, 2 ],
		[ $min, $max, $max, 3 ], [ $max, $min, $min, 2 ], [ $max, $min, '(-4611686018427387904)', 3 ], [ -1, 1, $max, 5 ], [ 0, 1, 1, 1000 ]);
	run_checks("$nodes nodes, ranges",
		[ 'many numbers', 'SELECT rdd_count(r) || \' \' || rdd_sum(r)::bigint || \' \' || rdd_max(r, NULL::bigint) FROM rdd_range(-100000, 200001, 3) r', q1('SELECT count(*) || \' \' || sum(x) || \' \' || max(x) FROM generate_series(-100000, 200000, 3) x') ],
		[ 'many numbers down', 'SELECT rdd_count(r) || \' \' || rdd_sum(r)::bigint || \' \' || rdd_min(r, NULL::bigint) FROM rdd_range(200000, -100001, -2) r', q1('SELECT count(*) || \' \' || sum(x) || \' \' || min(x) FROM generate_series(200000, -100000, -2) x') ],
		[ 'the last of many', "SELECT rdd_max(rdd_range($max - 300000, $max), NULL::bigint) - $max", -1 ],
		[ 'the first of many', "SELECT rdd_min(rdd_range($min + 300000, $min, -1), NULL::bigint) - ($min + 1)", 0 ]);
}

my @shapes = sort keys %shapes;
for my $nodes (0, 1, 3)
{
	$cluster->add_node($_) for ($nodes == 1 ? 1 : $nodes == 3 ? (2, 3) : ());
	prepare();
	my $turn = $seed + $nodes;
	for my $type (sort keys %types)
	{
		# each type meets some shapes, others next time, or all of them
		my @some = $ENV{BARKS_TEST_FULL} ? @shapes : map { $shapes[ ($turn++) % @shapes ] } 1 .. ($nodes == 0 ? 2 : 1);
		for my $shape (@some)
		{
			fill($type, $shape);
			test_elements($nodes, $type, $shape);
		}
		test_laws($nodes, $type) if $ENV{BARKS_TEST_FULL} || rand() < 0.3;
	}
	test_sameness($nodes, @$_) for [ 'text', 'skew' ], [ 'item', 'random' ], [ 'tuple', 'few' ];
	fill('bigint', 'few');
	test_refused($nodes);
	test_ranges($nodes);
	q1('DROP SCHEMA el CASCADE');
}
$cluster->finish;
done_testing();
