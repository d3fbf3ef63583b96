# Accumulators count what each task adds once, whatever becomes of its attempts;
# and what is persisted is computed again when it is not there any more.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;
use BarksFaults;

my $cluster = BarksCluster->new('shared', nodes => 2,
	conf => "barks.executor_slots = 1\nbarks.heartbeat_interval = 500\nbarks.worker_idle_timeout = -1\nrestart_after_crash = on\n");
my ($driver, $n1, $n2) = $cluster->servers;

sub q1 { return $cluster->query(shift) }

make_shuffled_tables($cluster, 20000, 3000, 500, exchanges => 'on', runtime_filters => 'off');

my @begin = ("SELECT barks.accumulator('n', 'sum(bigint)'), barks.accumulator('ids', 'max(integer)')");
my $value = "SELECT barks.acc_value('n', NULL::numeric), barks.acc_value('ids', NULL::int)";
# Both tables add in stages that others read.
my $join = "SELECT count(*), sum(a.id + b.id) FROM (SELECT k, barks.acc_add('ids', id) AS id, barks.acc_add('n', 1) FROM a OFFSET 0) a "
	. "JOIN (SELECT k, id, barks.acc_add('n', 1) AS n FROM b OFFSET 0) b ON a.k = b.k";
my $answer = q1('SET barks.enabled = off; SELECT count(*), sum(a.id + b.id) FROM a JOIN b ON a.k = b.k') . "\n23000|20000";

sub run_query
{
	my ($out, $err) = end_session(start_session($cluster, @begin, $join, $value));
	$out =~ s/^\|?\n//;
	return $out . $err;
}
is(run_query(), $answer, 'without a fault');
my $before = settled_state($cluster);

for my $point ('task.before_run', 'shuffle.before_write', 'shuffle.before_publish', 'shuffle.before_fetch', 'task.before_done')
{
	stop_at($n1, $point);
	my $session = start_session($cluster, @begin, $join, $value);
	ok(wait_stopped($n1, $point), "$point: waits");
	$n1->safe_psql('barks', 'SELECT pg_terminate_backend(' . busy_worker($n1) . ')');
	go_on($n1);
	my ($out, $err) = end_session($session);
	$out =~ s/^\|?\n//;
	is($out . $err, $answer, "$point: a task that ran twice counts once");
}

# A stage whose output is lost is made again, and adds nothing more.
stop_at($driver, 'sched.between_stages');
my $session = start_session($cluster, @begin, $join, $value);
ok(wait_stopped($driver, 'sched.between_stages'), 'between stages: waits');
my $lost = grep { !/\.tmp$/ && unlink $_ } map { glob($_->data_dir . '/base/pgsql_tmp/pgsql_tmp_barks_*/*') } $n1, $n2;
cmp_ok($lost, '>', 0, 'between stages: there was output');
go_on($driver);
my ($out, $err) = end_session($session);
$out =~ s/^\|?\n//;
is($out . $err, $answer, 'a stage that was made twice counts once');

# So does a job that starts over, for a node went.
stop_at($n1, 'task.before_done');
$session = start_session($cluster, @begin, $join, $value);
ok(wait_stopped($n1, 'task.before_done'), 'node: waits');
$n1->stop('immediate');
$n1->start;
go_on($n1);
($out, $err) = end_session($session);
$out =~ s/^\|?\n//;
is($out . $err, $answer, 'a job that ran twice counts once');
ok(wait_until(sub { q1('SELECT bool_and(alive) FROM barks.nodes') eq 't' }), 'all nodes are alive');

# ---- persisted RDDs

my $rdd = "barks.rdd_persist(barks.rdd_reduce_by_key(barks.rdd_map(barks.rdd_table('a'), '(x.k, x.id)'), 'a + b'))";
my $collected = "SELECT count(*), sum(v) FROM barks.rdd_collect($rdd) AS t(k int, v int)";
my $expected = q1('SELECT count(*), sum(v) FROM (SELECT k, sum(id)::int AS v FROM a GROUP BY k) s');
is(q1("SELECT barks.rdd_count($rdd)"), (split /\|/, $expected)[0], 'computed');
is(q1('SELECT count(*) FROM barks.storage'), 1, 'and kept');
is(q1($collected), $expected, 'read from where it is kept');

# The session that stores it on a node goes: the action runs again.
q1("SELECT barks.rdd_unpersist($rdd)");
stop_at($n1, 'task.before_done');
$session = start_session($cluster, "SELECT barks.rdd_count($rdd)");
ok(wait_stopped($n1, 'task.before_done'), 'storing waits');
$n1->safe_psql('barks', 'SELECT pg_terminate_backend(' . stopped_pid($n1, 'task.before_done') . ')');
go_on($n1);
($out, $err) = end_session($session);
is($out . $err, (split /\|/, $expected)[0], 'a session that stores goes');
is(q1('SELECT count(*) FROM barks.storage'), 1, 'it is kept');
is(q1($collected), $expected, 'as it should be');
q1("SELECT barks.rdd_unpersist($rdd)");
is(q1('SELECT count(*) FROM barks.storage'), 0, 'unpersisted');
state_is($cluster, $before, 'shared variables and storage');

done_testing();
