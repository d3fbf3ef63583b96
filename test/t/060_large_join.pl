# A grouped aggregate over six million rows, joined with a broadcast table: one
# node of a plan, of which the large part is many tasks on all nodes.

use strict;
use warnings;

use JSON::PP;
use Test::More;

use BarksCluster;

my $rows = 6_000_000;

# Rows are made in one place for both: a table of the cluster, and plain PostgreSQL.
my $row = 'SELECT i AS k, i % 1000 AS d, (i::bigint * 7919 % 10007)::int AS v FROM generate_series(1, %d) i';
my $query = q{SELECT d.region, count(*), sum(f.v), min(f.k), max(f.v), avg(f.v), count(*) FILTER (WHERE f.v < 100)
	FROM %s f JOIN %s d ON d.id = f.d WHERE f.v %% 3 <> 0 AND d.name <> 'name 7' GROUP BY d.region ORDER BY 1};

my $cluster = BarksCluster->new('large', nodes => 2,
	conf => "barks.executor_slots = 1\nmax_wal_size = '4GB'\nautovacuum = off\n");

sub q1 { return $cluster->query(shift) }

q1(sprintf q{
	CREATE TABLE fact (k int, d int, v int);
	SELECT barks.distribute_table('fact', by => 'k', partitions => 4);
	CREATE TABLE dim (id int, region int, name text);
	SELECT barks.broadcast_table('dim');
	CREATE TABLE plain_dim AS SELECT i AS id, i %% 17 AS region, 'name ' || i AS name FROM generate_series(0, 999) i;
	INSERT INTO dim SELECT * FROM plain_dim;
	INSERT INTO fact %s;
	ANALYZE fact;
	ANALYZE dim}, sprintf($row, $rows));

my %size = map { split /\|/ } split /\n/, q1('SELECT name, bytes / 1024 FROM barks.tables');
my $threshold = q1(q{SELECT setting FROM pg_settings WHERE name = 'barks.broadcast_threshold'});
cmp_ok($size{fact}, '>', $threshold, 'one table is above the threshold');
cmp_ok($size{dim}, '<', $threshold, 'the other is below');
is(q1('SELECT count(DISTINCT node) FROM barks.partitions WHERE rows > 0 AND name = \'fact\'::regclass'), 2, 'it is on both nodes');
is(q1('SELECT count(*) FROM fact'), $rows, 'with all rows');
cmp_ok(abs(q1(q{SELECT rows FROM barks.tables WHERE name = 'fact'::regclass}) - $rows), '<', $rows / 100, 'and counted once');

my $expected = q1(sprintf "SET barks.enabled = off; $query", '(' . sprintf($row, $rows) . ')', 'plain_dim');
is(scalar(split /\n/, $expected), 17, 'plain PostgreSQL answers');

my $sql = sprintf $query, 'fact', 'dim';
for my $wire ('auto', 'always')
{
	is(q1("SET barks.wire = $wire; $sql"), $expected, "wire = $wire: the same answer");

	my $plan = decode_json(q1("SET barks.wire = $wire; EXPLAIN (ANALYZE, FORMAT JSON) $sql"))->[0]{Plan};
	is("$plan->{'Node Type'} $plan->{'Custom Plan Provider'}", 'Custom Scan Barks', 'the plan is a Barks scan');
	ok(!$plan->{Plans}, 'without children');
	is($plan->{'Actual Rows'}, 17, 'with all groups');

	my @large;
	for my $stage (@{ $plan->{Stages} })
	{
		push @large, $stage if grep { ($size{ s/ .*//r } // 0) > $threshold } @{ $stage->{Inputs} };
	}
	cmp_ok(scalar(@large), '>=', 1, 'it has a stage over the large table');
	for my $stage (@large)
	{
		cmp_ok($stage->{Tasks}, '>=', 2, 'of at least two tasks');
		cmp_ok($stage->{Nodes}, '>=', 2, 'on at least two nodes');
		is($stage->{'Tasks Done'}, $stage->{Tasks}, 'all of them ran');
		cmp_ok($stage->{'Rows'}, '<=', $stage->{Tasks} * 17, 'and returned groups, not rows');
		cmp_ok($stage->{'Bytes by Wire'}, '>', 0, 'by wire') if $wire eq 'always';
	}
}

$cluster->finish;
done_testing();
