# Tasks over batches when outputs go, workers or nodes die: the query answers, and
# nothing is left.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;
use BarksFaults;

my $cluster = BarksCluster->new('batches', nodes => 2,
	conf => "barks.executor_slots = 1\nbarks.heartbeat_interval = 500\nbarks.worker_idle_timeout = -1\nrestart_after_crash = on\n");
my ($driver, $n1, $n2) = $cluster->servers;

sub q1 { return $cluster->query(shift) }

make_shuffled_tables($cluster, 20000, 3000, 0, exchanges => 'on', runtime_filters => 'off', vectorize => 'force', batch_rows => 500);
q1('TRUNCATE a; ALTER TABLE a ADD n numeric(12, 2); INSERT INTO a SELECT i, i % 1000, md5(i::text), CASE WHEN i % 5 > 0 THEN i / 7.0 END FROM generate_series(1, 20000) i; ANALYZE a');

my %queries = (
	join => 'SELECT count(*), sum(a.n * b.id), min(a.s), max(b.s) FROM a JOIN b ON a.k = b.k',
	rows => "SELECT md5(string_agg(x::text, ' ' ORDER BY x)) FROM (SELECT a.id, a.n, b.s FROM a JOIN b ON a.k = b.k WHERE a.id <= 4000 OFFSET 0) x",
	groups => 'SELECT count(*), sum(s), max(x) FROM (SELECT k, sum(n) AS s, avg(n) AS x FROM a GROUP BY k OFFSET 0) g',
	ordered => "SELECT md5(string_agg(x::text, ' ')) FROM (SELECT a.n AS i, a.id, b.id AS j FROM a JOIN b ON a.k = b.k ORDER BY 1, 2, 3 OFFSET 0) x");
my %right = map { $_ => q1("SET barks.enabled = off; SET barks.vectorize = off; $queries{$_}") } keys %queries;
is(q1($queries{$_}), $right{$_}, "$_: without a fault") for sort keys %queries;
my $before = settled_state($cluster);

# ---- workers: another attempt answers, and takes up where rows were sent already

for my $point ('shuffle.before_write', 'shuffle.before_publish', 'shuffle.before_fetch', 'task.after_batch', 'task.before_done')
{
	for my $what (sort keys %queries)
	{
		stop_at($n1, $point);
		my $session = start_session($cluster, 'SET barks.driver_groups = 0', $queries{$what});
		ok(wait_stopped($n1, $point), "$point: $what waits");
		$n1->safe_psql('barks', 'SELECT pg_terminate_backend(' . busy_worker($n1) . ')');
		go_on($n1);
		my ($out, $err) = end_session($session);
		is($out . $err, $right{$what}, "$point: $what answers");
	}
}
state_is($cluster, $before, 'terminated workers');

# ---- outputs: what is lost is made again

sub files { return map { glob($_->data_dir . '/base/pgsql_tmp/pgsql_tmp_barks_*/*') } @_ }

for my $what (sort keys %queries)
{
	stop_at($driver, 'sched.between_stages');
	my $session = start_session($cluster, 'SET barks.driver_groups = 0', $queries{$what});
	ok(wait_stopped($driver, 'sched.between_stages'), "$what: waits between stages");
	my $spoiled = grep { unlink $_ } files($n1, $n2);
	go_on($driver);
	my ($out, $err) = end_session($session);
	cmp_ok($spoiled, '>', 0, "$what: there were files");
	is($out . $err, $right{$what}, "$what: answers");
}
state_is($cluster, $before, 'lost outputs');

# ---- cancelled while batches are made

for my $point ('task.before_run', 'shuffle.before_write', 'shuffle.before_fetch')
{
	stop_at($n2, $point);
	my $session = start_session($cluster, "SET application_name = 'victim'", $queries{groups});
	ok(wait_stopped($n2, $point), "$point: waits to be cancelled");
	$driver->safe_psql('barks', "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'");
	my ($out, $err) = end_session($session);
	like($err, qr/57014/, "$point: the query is cancelled");
	go_on($n2);
	state_is($cluster, $before, "$point, cancelled");
}

# ---- a node: the job starts over

for my $point ('shuffle.before_publish', 'shuffle.before_fetch')
{
	my $offset = -s $n2->logfile;
	stop_at($n2, $point, 'kill');
	my $session = start_session($cluster, $queries{join});
	ok(recovers($n2, $offset), "$point: a worker is killed, and its node restarts");
	wait_until(sub { eval { go_on($n2); 1 } });
	my ($out, $err) = end_session($session);
	is($out . $err, $right{join}, "$point: the query answers after its node is back");
}
$cluster->allow_log(qr/terminated by signal 9|terminating connection because of crash|could not receive data|the database system is (in recovery|not yet accepting connections)|because of crash of another server process/);
state_is($cluster, $before, 'lost nodes');

is(q1($queries{$_}), $right{$_}, "$_: answers in the end") for sort keys %queries;
$cluster->finish;
done_testing();
