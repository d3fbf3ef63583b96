# Functions over partitions on nodes that lose workers and copies, and elements that
# nobody asks for.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;
use BarksFaults;

my $cluster = BarksCluster->new('calls', nodes => 2,
	conf => "barks.executor_slots = 1\nbarks.heartbeat_interval = 500\nbarks.worker_idle_timeout = -1\n");
my ($driver, $n1, $n2) = $cluster->servers;
my $dir = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $dir;

sub q1 { return $cluster->query("SET search_path = barks, public; $_[0]") }

q1(q{
	CREATE FUNCTION total(c refcursor) RETURNS SETOF bigint LANGUAGE plpgsql AS $$
	DECLARE
		x bigint;
		sum bigint := 0;
	BEGIN
		LOOP
			FETCH c INTO x;
			EXIT WHEN NOT FOUND;
			sum := sum + x;
		END LOOP;
		RETURN NEXT sum;
		RETURN NEXT -sum;
	END $$;
	CREATE FUNCTION lengths(index int, c refcursor) RETURNS TABLE (part int, length bigint) LANGUAGE plpgsql AS $$
	DECLARE
		x text;
	BEGIN
		part := index;
		length := 0;
		LOOP
			FETCH c INTO x;
			EXIT WHEN NOT FOUND;
			length := length + pg_catalog.length(x);
		END LOOP;
		CLOSE c;
		RETURN NEXT;
	END $$;
});

# ---- elements that nobody asks for: each line but the first ones of a part would be an error

open(my $out, '>:raw', "$dir/lines") or die "cannot write $dir/lines: $!";
print $out "line $_", $_ % 1000 == 999 ? "\xff" : '', "\n" for 0 .. 199_999;
close $out;
my $lines = "rdd_text_file('$dir/lines')";
my ($state) = $cluster->try("SET search_path = barks, public; SELECT rdd_count(rdd_filter($lines, 'x = ''y'''))");
is($state, '22021', 'all lines: one is not valid');
is(q1("SELECT string_agg(x, ',') FROM rdd_take($lines, 3, NULL::text) x"), 'line 0,line 1,line 2', 'take');
is(q1("SELECT rdd_first(rdd_map($lines, 'upper(x)'), NULL::text)"), 'LINE 0', 'first');
is(q1("SELECT rdd_is_empty($lines)"), 'f', 'is_empty');
is(q1("SELECT string_agg(x, ',') FROM (SELECT x FROM rdd_take(rdd_flat_map($lines, 'regexp_split_to_array(x, '' '')'), 5, NULL::text) x) s"),
	'line,0,line,1,line', 'take of flat_map');

# ---- workers that go away, while the function runs and while its input is made

my %queries = (
	in_place => "SELECT string_agg(x::text, ',') FROM rdd_collect(rdd_map_partitions(rdd_range(0, 400000, 1, 5), 'total(refcursor)'), NULL::bigint) x",
	shuffled => "SELECT string_agg(x::text, ',') FROM rdd_collect(rdd_map_partitions(rdd_values(rdd_reduce_by_key(rdd_map(rdd_range(0, 200000), '(x % 1000, x)'), 'a + b', 5)), 'total(refcursor)'), NULL::bigint) x",
	zipped => "SELECT string_agg(k || ':' || v, ',') FROM rdd_collect_pairs(rdd_map_partitions_with_index(rdd_map(rdd_range(0, 200000, 1, 3), 'x::text'), 'lengths(int, refcursor)'), NULL::int, NULL::bigint)");
$queries{in_turn} = "SELECT md5(string_agg(x::text, ',')) FROM rdd_collect(rdd_range(0, 400000), NULL::bigint) WITH ORDINALITY AS t(x, n)";
$queries{taken} = 'SELECT count(*), sum(x), max(x) FROM rdd_take(rdd_range(0, 400000), 250000, NULL::bigint) x';
my %right = map { $_ => q1("SET barks.ship_functions = off; $queries{$_}") } keys %queries;
is(q1($queries{$_}), $right{$_}, "$_: without a fault") for sort keys %queries;
is($right{in_turn}, q1("SELECT md5(string_agg(x::text, ',')) FROM generate_series(0, 399999) x"), 'elements come in turn');
is($right{taken}, '250000|31249875000|249999', 'and the first of them');
my $before = settled_state($cluster);
for my $point ('task.before_run', 'task.after_batch', 'task.before_done')
{
	for my $what (sort keys %queries)
	{
		# which node gets the last task depends on how many bytes each has
		stop_at($_, $point) for $n1, $n2;
		my $session = start_session($cluster, 'SET search_path = barks, public', $queries{$what});
		my $node = first_stopped($point, $n1, $n2);
		ok(defined $node, "$point: $what waits");
		$node->safe_psql('barks', 'SELECT pg_terminate_backend(' . busy_worker($node) . ')');
		go_on($_) for $n1, $n2;
		my ($answer, $err) = end_session($session);
		is($answer . $err, $right{$what}, "$point: $what answers");
	}
}
state_is($cluster, $before, 'terminated workers');

# ---- copies that are gone, and others of that name

q1('SELECT drop_shipped_functions()');
is(q1($queries{$_}), $right{$_}, "$_: copies come again") for sort keys %queries;
is(q1("CREATE OR REPLACE FUNCTION total(c refcursor) RETURNS SETOF bigint LANGUAGE plpgsql AS 'BEGIN RETURN NEXT 7; END'; $queries{in_place}"),
	'7,7,7,7,7', 'another definition');

# ---- partitions larger than memory are on disk

q1("CREATE FUNCTION rows_of(c refcursor) RETURNS bigint LANGUAGE plpgsql AS 'DECLARE n bigint := 0; r record; BEGIN LOOP FETCH c INTO r; EXIT WHEN NOT FOUND; n := n + 1; END LOOP; RETURN n; END'");
is(q1("SET work_mem = '64kB'; SELECT string_agg(x::text, ',') FROM rdd_collect(rdd_map_partitions(rdd_map(rdd_range(0, 300000, 1, 2), '(x, repeat(''y'', 100))'), 'rows_of(refcursor)'), NULL::bigint) x"),
	'150000,150000', 'large partitions');

$cluster->finish;
done_testing();
