# Jobs of several stages when outputs go, workers, sessions or nodes die: the
# query answers or says cleanly why not, and nothing is left.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;
use BarksFaults;

my $cluster = BarksCluster->new('stages', nodes => 2,
	conf => "barks.executor_slots = 1\nbarks.heartbeat_interval = 500\nbarks.worker_idle_timeout = -1\nrestart_after_crash = on\n");
my ($driver, $n1, $n2) = $cluster->servers;

sub q1 { return $cluster->query(shift) }

make_shuffled_tables($cluster, 20000, 3000, 500, exchanges => 'on', runtime_filters => 'off');

# Two stages that read tables, at the same time (for those that wait see 069_runtime_filters), one that
# reads both, and sends its rows to the driver in the end.
my %queries = (
	join => 'SELECT count(*), sum(a.id + b.id), min(a.s), max(b.s) FROM a JOIN b ON a.k = b.k',
	rows => "SELECT md5(string_agg(x::text, ' ' ORDER BY x)) FROM (SELECT a.id, b.s FROM a JOIN b ON a.k = b.k WHERE a.id <= 4000 OFFSET 0) x",
	ordered => "SELECT md5(string_agg(x::text, ' ')) FROM (SELECT a.id AS i, b.id AS j FROM a JOIN b ON a.k = b.k ORDER BY 1, 2 OFFSET 0) x",
	nested => 'SELECT count(*), sum(n) FROM (SELECT b.s, count(*) AS n FROM a JOIN b ON a.k = b.k GROUP BY b.s) g JOIN a ON a.s = g.s',
	local => 'SELECT count(*), min(l.s), max(a.s) FROM a JOIN l ON a.k = l.k');
my %right = map { $_ => q1("SET barks.enabled = off; $queries{$_}") } keys %queries;
is(q1($queries{$_}), $right{$_}, "$_: without a fault") for sort keys %queries;
my $before = settled_state($cluster);

# ---- workers: another attempt answers

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
}
state_is($cluster, $before, 'terminated workers');

# ---- outputs: what is lost is made again

sub files { return map { glob($_->data_dir . '/base/pgsql_tmp/pgsql_tmp_barks_*/*') } @_ }

sub truncate_file { my $file = shift; truncate($file, int((-s $file) / 2)) or die "cannot truncate $file: $!" }

for my $what (sort keys %queries)
{
	for my $case ([ 'one file is missing', qr/[12]\.0\.\d+/, sub { unlink shift } ],
		[ 'all files are missing', qr/\d+\.\d+\.\d+/, sub { unlink shift } ],
		[ 'files are cut', qr/1\.\d+\.\d+/, \&truncate_file ])
	{
		my ($name, $pattern, $how) = @$case;
		stop_at($driver, 'sched.between_stages');
		my $session = start_session($cluster, $queries{$what});
		ok(wait_stopped($driver, 'sched.between_stages'), "$what, $name: waits between stages");
		my $spoiled = grep { $how->($_); 1 } grep { m{/$pattern$} } files($n1, $n2);
		go_on($driver);
		my ($out, $err) = end_session($session);
		cmp_ok($spoiled, '>', 0, "$what, $name: there were files");
		is($out . $err, $right{$what}, "$what, $name: answers");
	}
}

# Of a stage that reads others itself: all of it is made again, and what read it.
for my $what ('nested', 'join')
{
	stop_at($driver, 'sched.between_stages');
	my $session = start_session($cluster, 'SET barks.driver_groups = 0', $queries{$what});
	ok(wait_stopped($driver, 'sched.between_stages'), "$what: a stage that reads tables is complete");
	for my $point ('sched.before_stage', 'sched.between_stages')
	{
		stop_at($driver, $point);
		ok(wait_stopped($driver, $point), "$what: waits at $point");
	}
	my $spoiled = grep { unlink $_ } grep { m{/[3-9]\.\d+\.\d+$} } files($n1, $n2);
	go_on($driver);
	my ($out, $err) = end_session($session);
	cmp_ok($spoiled, '>', 0, "$what: there were files of a stage that reads stages");
	is($out . $err, $right{$what}, "$what: answers, the stage was run again");
	is(q1("SELECT count(*) FROM barks.tasks WHERE job_id = (SELECT max(job_id) FROM barks.jobs WHERE query LIKE '%JOIN%') AND attempt > 1") > 0,
		1, "$what: by other attempts");
}
state_is($cluster, $before, 'lost outputs');

# ---- the driver goes, or gives up

for my $point ('sched.before_stage', 'sched.between_stages')
{
	for my $how ('cancel', 'terminate')
	{
		stop_at($driver, $point);
		my $session = start_session($cluster, "SET application_name = 'victim'", $queries{nested});
		ok(wait_stopped($driver, $point), "$point: waits to $how");
		$driver->safe_psql('barks', "SELECT pg_${how}_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'");
		my ($out, $err) = end_session($session);
		like($err, $how eq 'cancel' ? qr/57014/ : qr/57P01|closed the connection/, "$point: $how ends the query");
		go_on($driver);
		state_is($cluster, $before, "$point, $how");
	}
}

# ---- sessions and nodes: the job starts over

for my $point ('shuffle.before_publish', 'shuffle.before_fetch')
{
	for my $what (sort keys %queries)
	{
		stop_at($n2, $point);
		my $session = start_session($cluster, $queries{$what});
		ok(wait_stopped($n2, $point), "$point: $what waits for its session to go");
		$n2->safe_psql('barks', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE application_name LIKE 'barks driver%' AND query LIKE '%COPY barks.lane%' AND state = 'active'});
		go_on($n2);
		my ($out, $err) = end_session($session);
		is($out . $err, $right{$what}, "$point: $what answers on fresh snapshots");
	}
	my $offset = -s $n2->logfile;
	stop_at($n2, $point, 'kill');
	my $session = start_session($cluster, $queries{nested});
	ok(recovers($n2, $offset), "$point: a worker is killed, and its node restarts");
	# the query may be back there, and be killed once more, before this is heard
	wait_until(sub { eval { go_on($n2); 1 } });
	my ($out, $err) = end_session($session);
	is($out . $err, $right{nested}, "$point: the query answers after its node is back");
}
$cluster->allow_log(qr/terminated by signal 9|terminating connection because of crash|could not receive data|the database system is (in recovery|not yet accepting connections)|because of crash of another server process/);
state_is($cluster, $before, 'lost sessions and nodes');

is(q1($queries{$_}), $right{$_}, "$_: answers in the end") for sort keys %queries;
$cluster->finish;
done_testing();
