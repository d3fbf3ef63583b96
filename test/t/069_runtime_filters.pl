# Rows that have no partner on the other side of a join are dropped before they move: the
# answers stay, whatever the join, its keys, and what is lost on the way.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;
use BarksFaults;

my $explain = 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF)';

# many: to be filtered.  dim: by its key k, so many moves to its shards.  few: moves itself.
my $tables = q{
	CREATE TABLE many (id int, k int, b bigint, t text, x int);
	SELECT barks.distribute_table('many', by => 'id', partitions => 4);
	INSERT INTO many SELECT i, CASE WHEN i % 50 > 0 THEN i % 9000 END, i % 9000, 'key ' || i % 9000, i % 7 FROM generate_series(1, 40000) i;
	CREATE TABLE dim (k int, t text, tag int, zero int);
	SELECT barks.distribute_table('dim', by => 'k', partitions => 4);
	INSERT INTO dim SELECT i, 'key ' || i, i % 20, i % 3 FROM generate_series(1, 9000) i;
	CREATE TABLE few (id int, k int, t text, x int);
	SELECT barks.distribute_table('few', by => 'id', partitions => 4);
	INSERT INTO few SELECT i, CASE WHEN i % 10 > 0 THEN i * 3 END, 'key ' || i * 3, i % 7 FROM generate_series(1, 300) i;
	CREATE TABLE nothing (LIKE many);
	SELECT barks.distribute_table('nothing', by => 'id', partitions => 4);
	CREATE TABLE mine (k int, what text);
	INSERT INTO mine SELECT i * 40, 'local ' || i FROM generate_series(1, 100) i;
	ANALYZE many; ANALYZE dim; ANALYZE few; ANALYZE nothing; ANALYZE mine;
	ALTER DATABASE barks SET barks.shuffle_partitions = 4;
	ALTER DATABASE barks SET barks.join_strategy = shuffle;
	ALTER DATABASE barks SET barks.broadcast_threshold = 0};

# the query, and whether rows are dropped: by the keys of a table's side, and by those of a stage that is read anyway
my @cases = (
	[ 'SELECT count(*), sum(many.id), min(dim.t) FROM many JOIN dim ON many.k = dim.k WHERE dim.tag = 3', 1 ],
	[ 'SELECT count(*), sum(many.id) FROM many JOIN dim ON many.b = dim.k AND many.x > 2 WHERE dim.tag = 3 AND dim.zero = 1', 1 ],
	[ 'SELECT count(*), sum(many.id) FROM many WHERE EXISTS (SELECT FROM dim WHERE dim.k = many.k AND dim.tag = 3)', 1 ],
	[ 'SELECT count(*), sum(many.id) FROM (SELECT * FROM dim WHERE tag = 3) dim LEFT JOIN many ON many.k = dim.k AND many.x < 3', 1 ],
	[ 'SELECT count(*), sum(many.id) FROM many RIGHT JOIN (SELECT * FROM dim WHERE tag = 3) dim ON many.k = dim.k', 1 ],
	[ 'SELECT count(*), sum(many.id), count(dim.k) FROM many LEFT JOIN dim ON many.k = dim.k AND dim.tag = 3', 0 ],
	[ 'SELECT count(*), sum(many.id), count(dim.k) FROM many FULL JOIN (SELECT * FROM dim WHERE tag = 3) dim ON many.k = dim.k', 0 ],
	[ 'SELECT count(*), sum(many.id) FROM many WHERE NOT EXISTS (SELECT FROM dim WHERE dim.k = many.k AND dim.tag = 3)', 0 ],
	[ 'SELECT count(*), sum(many.id) FROM many JOIN dim ON many.k = dim.k', 0 ],
	[ 'SELECT count(*), sum(many.id) FROM many JOIN dim ON many.k = dim.k WHERE dim.tag = 3 AND random() < 2', undef ],
	[ 'SELECT dim.k, sum(many.id), count(*) FROM many JOIN dim ON many.k = dim.k WHERE dim.tag = 3 GROUP BY dim.k', 1 ],
	[ 'SELECT dim.k, n FROM dim JOIN (SELECT k, count(*) AS n FROM many GROUP BY k) g ON g.k = dim.k WHERE dim.tag = 3', undef ],
	[ 'SELECT count(*), sum(many.id), sum(few.id) FROM many JOIN few ON many.k = few.k', 1 ],
	[ 'SELECT count(*), sum(many.id), sum(few.id) FROM many JOIN few ON many.t = few.t', 1 ],
	[ 'SELECT count(*), sum(many.id), sum(few.id) FROM many JOIN few ON many.b = few.k AND many.x = few.x', 1 ],
	[ 'SELECT count(*), count(many.id), sum(few.id) FROM few LEFT JOIN many ON many.k = few.k', 1 ],
	[ 'SELECT count(*), count(many.id), count(few.id) FROM many LEFT JOIN few ON many.k = few.k', 0 ],
	[ 'SELECT count(*), count(many.id), count(few.id) FROM many FULL JOIN few ON many.k = few.k', 0 ],
	[ 'SELECT count(*), sum(id) FROM many WHERE EXISTS (SELECT FROM few WHERE many.k = few.k)', 1 ],
	[ 'SELECT count(*), sum(id) FROM few WHERE EXISTS (SELECT FROM many WHERE many.k = few.k AND many.x = few.x)', 1 ],
	[ 'SELECT count(*), sum(id) FROM many WHERE NOT EXISTS (SELECT FROM few WHERE many.k = few.k)', 0 ],
	[ 'SELECT count(*), sum(id) FROM few WHERE NOT EXISTS (SELECT FROM many WHERE many.k = few.k AND many.x <> few.x)', 0 ],
	[ 'SELECT count(*), sum(a.id) FROM many a JOIN many b ON a.k = b.k AND a.id <> b.id JOIN few ON few.k = a.k', 1 ],
	[ 'SELECT count(*), sum(n) FROM few JOIN (SELECT k, x, count(*) AS n FROM many GROUP BY k, x) g ON g.k = few.k AND g.x = few.x', undef ],
	[ 'SELECT count(*), sum(r) FROM few JOIN (SELECT k, rank() OVER (PARTITION BY k ORDER BY id) AS r FROM many) g ON g.k = few.k', 0 ],
	[ 'SELECT count(*), sum(u.id) FROM few JOIN (SELECT k, id FROM many UNION ALL SELECT k, id FROM nothing) u ON u.k = few.k', undef ],
	[ 'WITH m AS MATERIALIZED (SELECT * FROM many WHERE x < 5) SELECT (SELECT count(*) FROM m JOIN few USING (k)), (SELECT count(*) FROM m)', 0 ],
	[ 'SELECT count(*), min(mine.what) FROM many JOIN mine ON mine.k = many.k', undef ],
	[ 'SELECT count(*) FROM many JOIN dim ON many.k = dim.k WHERE dim.tag = (SELECT min(x) + 3 FROM few)', undef ],
	# what the keys fail with is raised where rows are needed, or not at all
	[ 'SELECT count(*) FROM nothing JOIN dim ON nothing.k = dim.k WHERE 10 / dim.zero > 3', undef ]);

# Planned as a shuffle, run where a side that is small may be broadcast.
sub adaptive
{
	return "SET barks.join_strategy = auto; SET barks.broadcast_threshold = 0; SET plan_cache_mode = force_generic_plan;
		PREPARE p AS $_[0]; DO 'BEGIN EXECUTE ''EXPLAIN EXECUTE p'';END'; SET barks.broadcast_threshold = '10MB'; ";
}

# and whether it is
my @kept = (
	[ 'SELECT count(*), sum(many.id), sum(few.id) FROM many JOIN few ON many.k = few.k', 1 ],
	[ 'SELECT count(*), sum(many.id), sum(few.id), min(few.t) FROM many JOIN few ON many.t = few.t AND many.id > few.id', 1 ],
	[ "SELECT md5(string_agg(x::text, ' ' ORDER BY x)) FROM (SELECT many.id, few.t FROM many JOIN few ON many.k = few.k OFFSET 0) x", 1 ],
	[ 'SELECT count(*), sum(id) FROM many WHERE EXISTS (SELECT FROM few WHERE many.k = few.k)', 1 ],
	[ 'SELECT many.x, count(*), sum(many.id) FROM many JOIN few ON many.k = few.k GROUP BY many.x ORDER BY 1', 1 ],
	# rows of a key must meet
	[ 'SELECT count(*), count(many.id), sum(few.id) FROM few LEFT JOIN many ON many.k = few.k', 0 ],
	[ 'SELECT count(*), count(many.id), sum(few.id) FROM few FULL JOIN many ON many.k = few.k', 0 ],
	[ 'SELECT count(*), sum(id) FROM few WHERE EXISTS (SELECT FROM many WHERE many.k = few.k AND many.x = few.x)', 0 ],
	[ 'SELECT count(*), sum(n) FROM (SELECT many.k, count(*) AS n FROM many JOIN few ON many.k = few.k GROUP BY many.k HAVING count(*) > 1) g', undef ],
	[ 'SELECT count(*), sum(r) FROM (SELECT rank() OVER (PARTITION BY many.k ORDER BY many.id) AS r FROM many JOIN few ON many.k = few.k) g', 0 ],
	[ 'SELECT many.id, few.t FROM many JOIN few ON many.k = few.k ORDER BY 1, 2 LIMIT 10', undef ]);

for my $nodes (0, 2)
{
	my $cluster = BarksCluster->new("filters$nodes", nodes => $nodes, conf => "barks.executor_slots = 2\n");
	my $q = sub { return $cluster->query(shift) };

	$q->($tables);
	for my $case (@cases)
	{
		my ($sql, $dropped) = @$case;
		my $right = $q->("SET barks.enabled = off; SELECT md5(string_agg(x::text, ' ' ORDER BY x::text)) FROM ($sql OFFSET 0) x");

		for my $setting ('off', 'on', 'always')
		{
			is($q->("SET barks.runtime_filters = $setting; SELECT md5(string_agg(x::text, ' ' ORDER BY x::text)) FROM ($sql OFFSET 0) x"),
				$right, "$nodes nodes, $setting: right: $sql");
		}
		is($q->(adaptive("SELECT md5(string_agg(x::text, ' ' ORDER BY x::text)) FROM ($sql OFFSET 0) x") . 'EXECUTE p'),
			$right, "$nodes nodes, adaptive: right: $sql");
		next unless defined $dropped;
		my $plan = $q->("$explain $sql");
		$dropped ? like($plan, qr/Rows Dropped: [1-9]/, 'dropped') : unlike($plan, qr/Rows Dropped/, 'not dropped');
		unlike($q->("SET barks.runtime_filters = off; $explain $sql"), qr/Runtime Filter|keys \(/, 'not when switched off');
	}
	for my $case (@kept)
	{
		my ($sql, $kept) = @$case;

		is($q->(adaptive($sql) . 'EXECUTE p'), $q->("SET barks.enabled = off; $sql"), "$nodes nodes, adaptive: right: $sql");
		my $plan = $q->(adaptive($sql) . "$explain EXECUTE p");
		next unless defined $kept;
		$kept ? like($plan, qr/Adaptive Join: stage \d is broadcast/, 'broadcast') : unlike($plan, qr/Adaptive Join/, 'not broadcast');
	}
	unlike($q->(adaptive($kept[0][0]) . "SET barks.broadcast_threshold = '1kB'; $explain EXECUTE p"), qr/Adaptive Join/, 'not what is too large');
	like($q->("SET barks.runtime_filters = always; $explain $cases[8][0]"), qr/Rows Dropped: [1-9]/, 'always: NULL keys are dropped');
	like($q->("$explain SELECT * FROM nothing JOIN dim ON nothing.k = dim.k WHERE 10 / dim.zero > 3"), qr/Stage 2/, 'no error where no row is joined');
	is(($cluster->driver->psql('barks', 'SELECT count(*) FROM many JOIN dim ON many.k = dim.k WHERE 10 / dim.zero > 3 AND dim.tag = 3'))[0], 3,
		'an error where rows are joined');

	# one that has more keys than fit as they are, and one too full to be of use
	$q->(q{
		CREATE TABLE wide (k bigint, tag int);
		SELECT barks.distribute_table('wide', by => 'k', partitions => 4);
		INSERT INTO wide SELECT i, 0 FROM generate_series(1, 30000) i;
		ANALYZE wide;
		INSERT INTO wide SELECT i, i % 30 FROM generate_series(30001, 60000) i});
	for my $tag (1, 0)
	{
		my $sql = "SELECT count(*), sum(many.id) FROM many JOIN wide ON wide.k = many.b * 7 WHERE wide.tag = $tag";
		my $always = "SET barks.runtime_filters = always";

		is($q->("$always; $sql"), $q->("SET barks.enabled = off; $sql"), "$nodes nodes: many keys: $tag");
		like($q->("$always; $explain $sql"), qr/Filter Keys: \d+\s+Filter Bytes: \d+\s+Rows Dropped: \d/, 'in bounded space');
	}

	# a transaction that wrote runs tasks where it wrote
	my ($with, $without) = map { $q->("BEGIN; INSERT INTO dim SELECT i, 'new', 3, 0 FROM generate_series(9001, 9010) i; INSERT INTO many SELECT 50000 + i, i, i, 'new', 0 FROM generate_series(8990, 9020) i;
		SET LOCAL barks.enabled = $_; $cases[0][0]; ROLLBACK") } 'on', 'off';
	is($with, $without, "$nodes nodes: own writes are seen");
	# parameters
	is($q->("PREPARE p (int) AS SELECT count(*), sum(many.id) FROM many JOIN dim ON many.k = dim.k WHERE dim.tag = \$1;
		SET plan_cache_mode = $_; EXECUTE p(3); EXECUTE p(4)"),
		$q->("SET barks.enabled = off; PREPARE p (int) AS SELECT count(*), sum(many.id) FROM many JOIN dim ON many.k = dim.k WHERE dim.tag = \$1;
		EXECUTE p(3); EXECUTE p(4)"), "$nodes nodes: $_") for 'force_generic_plan', 'force_custom_plan';
	$cluster->finish;
}

# ---- what is lost

my $cluster = BarksCluster->new('filters_lost', nodes => 2,
	conf => "barks.executor_slots = 1\nbarks.heartbeat_interval = 500\nbarks.worker_idle_timeout = -1\n");
my ($driver, $n1, $n2) = $cluster->servers;
sub q1 { return $cluster->query(shift) }
sub files { return map { glob($_->data_dir . '/base/pgsql_tmp/pgsql_tmp_barks_*/*') } $n1, $n2 }
sub attempts { return q1('SELECT coalesce(max(attempt), 0) FROM barks.tasks WHERE job_id = (SELECT max(job_id) FROM barks.jobs WHERE query LIKE \'%FILTERED%\') AND stage = ' . shift) }
q1($tables);

my %queries = (
	table => 'SELECT /* FILTERED */ count(*), sum(many.id) FROM many JOIN dim ON many.k = dim.k WHERE dim.tag = 3',
	stage => 'SELECT /* FILTERED */ count(*), sum(many.id), sum(few.id) FROM many JOIN few ON many.k = few.k',
	# the stage that gives the keys reads stages itself
	nested => 'SELECT /* FILTERED */ count(*), sum(n) FROM (SELECT few.t, count(*) AS n FROM few JOIN many ON many.k = few.k GROUP BY few.t) g JOIN many ON many.t = g.t');
my %right = map { $_ => q1("SET barks.enabled = off; $queries{$_}") } keys %queries;
for my $what (sort keys %queries)
{
	like(q1("SET barks.driver_groups = 0; $explain $queries{$what}"), qr/Rows Dropped: [1-9]/, "$what: drops rows");
	is(q1($queries{$what}), $right{$what}, "$what: without a fault");
}
$right{adaptive} = $right{stage};
like(q1(adaptive($queries{stage}) . "$explain EXECUTE p"), qr/Adaptive Join/, 'adaptive: a side is broadcast');
my $before = settled_state($cluster);

# outputs, after the first, second … stage
for my $case ([ table => 1 ], [ table => 2 ], [ stage => 1 ], [ stage => 2 ], [ adaptive => 1 ], [ adaptive => 2 ], [ nested => 2 ],
	[ nested => 3 ], [ nested => 4 ])
{
	my ($what, $after) = @$case;
	my $sql = $what eq 'adaptive' ? adaptive($queries{stage}) . 'EXECUTE p' : "SET barks.driver_groups = 0; $queries{$what}";
	my @points = ('sched.between_stages', map { ('sched.before_stage', 'sched.between_stages') } 2 .. $after);
	my $session;
	for my $point (@points)
	{
		stop_at($driver, $point);
		$session //= start_session($cluster, 'SET barks.task_attempts = 20', split /; /, $sql);
		ok(wait_stopped($driver, $point), "$what: waits at $point");
	}
	my $lost = unlink files();
	go_on($driver);
	my ($out, $err) = end_session($session);
	cmp_ok($lost, '>', 0, "$what: outputs are lost after stage $after");
	is($out . $err, $right{$what}, "$what: answers all the same");
}
state_is($cluster, $before, 'lost outputs');

# A stage that gives other rows when it is run again has other keys, too: no row may be dropped by the first ones.
{
	my $sql = 'SELECT /* FILTERED */ count(*) > 0, count(*) FILTER (WHERE many.b IS NULL)
		FROM (SELECT k FROM few WHERE k IS NOT NULL AND random() < 0.5 OFFSET 0) f LEFT JOIN many ON many.b = f.k';
	my ($keys) = q1("$explain $sql") =~ /Runtime Filter: stage ([12])\s.*Rows Dropped: [1-9]/s;
	ok($keys, 'random: drops rows');
	stop_at($driver, 'sched.between_stages');
	my $session = start_session($cluster, $sql);
	ok(wait_stopped($driver, 'sched.between_stages'), 'random: the keys are known');
	my @lost = files();
	is(scalar(grep { !m{/$keys\.\d+\.\d+$} } @lost), 0, 'random: there are files of that stage only');
	cmp_ok(scalar(unlink @lost), '>', 0, 'random: which are lost');
	go_on($driver);
	my ($out, $err) = end_session($session);
	is($out . $err, 't|0', 'random: every row finds its partners');
	cmp_ok(attempts($keys), '>', 1, 'random: the stage was run again');
	cmp_ok(attempts(3 - $keys), '>', 1, 'random: and what was filtered by it');
}
state_is($cluster, $before, 'other keys');

# workers and sessions
for my $point ('shuffle.before_write', 'shuffle.before_publish', 'shuffle.before_fetch', 'task.before_done')
{
	for my $what (sort keys %queries)
	{
		stop_at($n1, $point);
		my $session = start_session($cluster, $queries{$what});
		ok(wait_stopped($n1, $point), "$point: $what waits");
		$n1->safe_psql('barks', 'SELECT pg_terminate_backend(' . busy_worker($n1) . ')');
		go_on($n1);
		my ($out, $err) = end_session($session);
		is($out . $err, $right{$what}, "$point: $what answers");
	}
	stop_at($n2, $point);
	my $session = start_session($cluster, $queries{table});
	ok(wait_stopped($n2, $point), "$point: a query waits for its session to go");
	$n2->safe_psql('barks', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE application_name LIKE 'barks driver%' AND query LIKE '%COPY barks.lane%' AND state = 'active'});
	go_on($n2);
	my ($out, $err) = end_session($session);
	is($out . $err, $right{table}, "$point: answers on fresh snapshots");
}
state_is($cluster, $before, 'workers and sessions');
$cluster->finish;
done_testing();
