# Every fault at every stop point of a job with exchanges: the right answer or a
# clean error, and nothing is left, in local mode and on two nodes.
#
# A third of them in "make test", all of them with BARKS_TEST_FULL=1.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;
use BarksFaults;

my $full = $ENV{BARKS_TEST_FULL};
my $conf = "barks.executor_slots = 1\nbarks.heartbeat_interval = 500\nbarks.worker_idle_timeout = -1\nrestart_after_crash = on\nfsync = off\n";

my %queries = (
	# stages that read tables, one that reads both, and one that reads that
	exchange => { sql => 'SELECT count(*), sum(n) FROM (SELECT b.s, count(*) AS n FROM a JOIN b ON a.k = b.k GROUP BY b.s) g JOIN a ON a.s = g.s',
		points => [ qw(shuffle.before_write shuffle.before_publish shuffle.before_fetch shuffle.in_fetch sched.before_stage sched.between_stages) ] },
	# the driver puts rows on nodes, where sessions keep them
	put => { sql => 'SELECT count(*), min(l.s), max(a.s) FROM a JOIN l ON a.id = l.k',
		points => [ qw(shuffle.before_write shuffle.before_publish) ] });

# Each answers, or ends with one of these SQLSTATEs, or its connection is gone.  "Process"
# is the one that waits at the point, or where that is the driver's, a worker.
my %faults = (
	'process terminated' => { how => \&terminate_process, expect => qr/^answer$/, here => qr/^57P01$/ },
	'process killed' => { how => \&kill_process, expect => qr/^answer$/, local => qr/^(?:57P02|gone)$/ },
	'node restarted' => { how => \&restart_node, expect => qr/^answer$/, local => qr/^(?:57P0[123]|gone)$/ },
	'cancel' => { how => sub { signal_driver('cancel') }, expect => qr/^57014$/ },
	'statement_timeout' => { timeout => 700, expect => qr/^57014$/ },
	'driver terminated' => { how => sub { signal_driver('terminate') }, expect => qr/^57P01$/ },
	'driver killed' => { how => \&kill_driver, expect => qr/^gone$/ });

my ($cluster, $driver);
matrix($_) for 2, 0;
done_testing();

sub matrix
{
	my $nodes = shift;
	$cluster = BarksCluster->new($nodes ? 'matrix' : 'local', nodes => $nodes, conf => $conf);
	$driver = $cluster->driver;
	make_shuffled_tables($cluster, 5000, 1000, 500, wire => 'always');
	$_->{right} = $cluster->query("SET barks.enabled = off; $_->{sql}") for values %queries;
	is($cluster->query($queries{$_}{sql}), $queries{$_}{right}, "$nodes nodes, $_: without a fault") for sort keys %queries;
	my $before = settled_state($cluster);

	my $turn = $nodes == 0;
	for my $which (sort keys %queries)
	{
		for my $point (@{ $queries{$which}{points} })
		{
			next if $point eq 'shuffle.in_fetch' && $nodes == 0;	# files are read in place
			my $i = $turn++;
			for my $name (sort keys %faults)
			{
				next unless $full || $i++ % 3 == 0;
				my $what = "$nodes nodes, $which, $point, $name";
				fault($nodes, $queries{$which}, $point, $name, $what);
				state_is($cluster, $before, $what);
			}
		}
	}
	is($cluster->query($queries{$_}{sql}), $queries{$_}{right}, "$nodes nodes, $_: after all that") for sort keys %queries;
	$cluster->allow_log(qr/terminated by signal 9|connection because of crash|could not receive data|connection to client lost/,
		qr/the database system is (?:in recovery|not yet accepting connections)|because of crash of another server process/,
		qr/terminating connection due to (?:unexpected postmaster exit|immediate shutdown command)/);
	$cluster->finish;
}

sub fault
{
	my ($nodes, $query, $point, $name, $what) = @_;
	my $fault = $faults{$name};
	my $node = $nodes ? $cluster->node(1) : $driver;
	my $where = $point =~ /^sched/ ? $driver : $node;
	my $mends = $name =~ /process|node/;

	# what was before did no harm, and workers are warm
	is($cluster->query($query->{sql}), $query->{right}, "$what: answers without");
	stop_at($where, $point);
	my $session = start_session($cluster, "SET application_name = 'victim'", 'SET statement_timeout = ' . ($fault->{timeout} // 0), $query->{sql});
	my $expect = $nodes == 0 ? $fault->{local} // $fault->{expect} : $fault->{expect};
	if (!$fault->{timeout})		# that may come before the query gets as far, on a slow machine
	{
		ok(wait_stopped($where, $point), "$what: waits");
		my $pid = $where == $node ? stopped_pid($where, $point) : $node->safe_psql('barks', 'SELECT min(pid) FROM barks.workers');
		$expect = $fault->{here} if $fault->{here} && $pid == driver_pid();
		$fault->{how}->($node, $pid);
	}
	go_on_when_up($where) if $mends;
	my ($out, $err) = end_session($session);
	my $got = $out eq $query->{right} && $err eq '' ? 'answer' : $err =~ /(?:ERROR|FATAL):\s+([0-9A-Z]{5}):/ ? $1 :
		$err =~ /server closed the connection|connection to server was lost/ ? 'gone' : "\"$out\" $err";
	like($got, $expect, "$what: what comes of it") or diag $err;
	go_on_when_up($where) unless $mends;
}

# The server may be hit once more before this is heard.
sub go_on_when_up
{
	my $server = shift;
	wait_until(sub { answers($server); eval { go_on($server); 1 } });
}

sub terminate_process
{
	my ($node, $pid) = @_;
	$node->safe_psql('barks', "SELECT pg_terminate_backend($pid)");
}

sub kill_process
{
	my ($node, $pid) = @_;
	my $offset = -s $node->logfile;
	$node->safe_psql('postgres', 'ALTER SYSTEM RESET barks.stop_points');
	kill 'KILL', $pid;
	recovers($node, $offset);
}

sub restart_node
{
	my $node = shift;
	$node->safe_psql('postgres', 'ALTER SYSTEM RESET barks.stop_points');
	$node->stop('immediate');
	$node->start;
}

sub driver_pid
{
	return $driver->safe_psql('barks', q{SELECT pid FROM pg_stat_activity WHERE application_name = 'victim'});
}

sub signal_driver
{
	my $how = shift;
	$driver->safe_psql('barks', "SELECT pg_${how}_backend(" . driver_pid() . ')');
}

sub kill_driver
{
	my $offset = -s $driver->logfile;
	kill 'KILL', driver_pid();
	recovers($driver, $offset);
}
