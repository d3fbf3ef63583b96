# What the scheduler does about nodes that keep failing and tasks that take too
# long, seen from what ran where.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;
use BarksFaults;

my $cluster = BarksCluster->new('scheduler', nodes => 2,
	conf => "barks.executor_slots = 1\nbarks.heartbeat_interval = 500\nbarks.worker_idle_timeout = -1\n");
my ($driver, $n1, $n2) = $cluster->servers;

sub q1 { return $cluster->query(shift) }

make_shuffled_tables($cluster, 5000, 1000, 0, driver_groups => 0);

my %queries = (
	nested => 'SELECT count(*), sum(n) FROM (SELECT b.s, count(*) AS n FROM a JOIN b ON a.k = b.k GROUP BY b.s) g JOIN a ON a.s = g.s',
	sorted => "SELECT md5(string_agg(s, ' ')) FROM (SELECT a.s FROM a JOIN b ON a.k = b.k ORDER BY a.s OFFSET 0) x");
my %right = map { $_ => q1("SET barks.enabled = off; $queries{$_}") } keys %queries;
is(q1($queries{$_}), $right{$_}, "$_: without a fault") for sort keys %queries;
my $before = settled_state($cluster);

# ---- a node on which every task that reads an exchange dies

sub tasks_of_last
{
	my $where = shift;
	return q1("SELECT count(*) FROM barks.tasks t JOIN barks.stages s USING (job_id, stage)
		WHERE job_id = (SELECT max(job_id) FROM barks.jobs WHERE query LIKE '%JOIN%') AND $where");
}

for my $what (sort keys %queries)
{
	stop_at($n1, 'shuffle.before_fetch', 'fatal');
	is(q1("SET barks.exclude_after = 0; $queries{$what}"), $right{$what}, "$what: answers, every attempt on the node fails");
	my $failed = tasks_of_last("node = 'n1' AND t.state = 'failed'");
	cmp_ok($failed, '>', 1, "$what: more than one did");
	is(q1("SET barks.exclude_after = 1; $queries{$what}"), $right{$what}, "$what: answers without the node");
	my $last = tasks_of_last("node = 'n1' AND t.state = 'failed'");
	# what was queued ahead on the node fails there all the same
	cmp_ok($last, '<', $failed, "$what: fewer failed ($last, not $failed)") if $what eq 'nested';
	cmp_ok($last, '>', 0, "$what: one did");
	like(q1("SET barks.exclude_after = 1; EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) $queries{$what}"), qr/Excluded Nodes: n1$/m, "$what: EXPLAIN says so");
	go_on($n1);
	unlike(q1("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) $queries{$what}"), qr/Excluded/, "$what: the next job begins without");
}
$cluster->allow_log(qr/stopped at "shuffle.before_fetch"/);
state_is($cluster, $before, 'failing attempts');

# ---- a task that takes long is run a second time

{
	my $in_job = "job_id = (SELECT max(job_id) FROM barks.jobs WHERE query LIKE '%GROUP BY%')";
	stop_at($driver, 'sched.between_stages');
	my $session = start_session($cluster, 'SET barks.speculation = on', 'SET barks.speculation_quantile = 0.25',
		"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) $queries{nested}", $queries{nested});
	ok(wait_stopped($driver, 'sched.between_stages'), 'speculation: what reads tables is done');
	my $seen = q1("SELECT count(*) || ' ' || count(*) FILTER (WHERE state = 'waiting' AND started IS NULL) FROM barks.stages
		WHERE job_id = (SELECT max(job_id) FROM barks.jobs)");
	like($seen, qr/^[1-9]\d* [1-9]/, "all stages are seen, some wait ($seen)");
	stop_at($n1, 'shuffle.before_fetch');
	go_on($driver);
	ok(wait_stopped($n1, 'shuffle.before_fetch'), 'speculation: a task hangs');
	ok(wait_until(sub { q1("SELECT count(*) FROM barks.tasks a JOIN barks.tasks b USING (job_id, stage, task)
		WHERE $in_job AND a.state = 'cancelled' AND a.node = 'n1' AND b.state = 'finished' AND b.node = 'n2' AND b.attempt > a.attempt") > 0 }),
		'speculation: another attempt was first, and it was cancelled');
	go_on($n1);
	my ($out, $err) = end_session($session);
	like($out, qr/Speculative Attempts: [1-9]/, 'speculation: EXPLAIN says so');
	like($out . $err, qr/^\Q$right{nested}\E\z/m, 'speculation: answers');
}
state_is($cluster, $before, 'speculation');
is(q1("SELECT count(*) FROM barks.stages WHERE state = 'waiting'"), 0, 'no stage of a job that is over waits');

$cluster->finish;
done_testing();
