# Nodes that lack space for shuffle files, and nodes that hang while others fetch
# from them: a clean error, promptly, and nothing is left.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

use BarksCluster;
use BarksFaults;

my $conf = "barks.executor_slots = 1\nbarks.heartbeat_interval = 500\nbarks.worker_idle_timeout = -1\nfsync = off\n";
my %queries = (
	exchange => 'SELECT count(*), sum(a.id + b.id), min(a.s), max(b.s) FROM a JOIN b ON a.k = b.k',
	put => 'SELECT count(*), min(l.s), max(a.s) FROM a JOIN l ON a.id = l.k',
	insert => 'INSERT INTO c SELECT k, count(*), min(s) FROM a GROUP BY k');
my ($cluster, $driver, %right, $before);
for my $nodes (2, 0)
{
	$cluster = BarksCluster->new($nodes ? 'space' : 'local_space', nodes => $nodes, conf => $conf);
	$driver = $cluster->driver;
	make_shuffled_tables($cluster, 20000, 3000, 5000, wire => 'always', driver_groups => 0);
	$cluster->query(q{
		CREATE TABLE c (k int, n bigint, s text);
		SELECT barks.distribute_table('c', by => 'k', partitions => 3)});
	$right{$_} = $_ eq 'insert' ? '' : $cluster->query("SET barks.enabled = off; $queries{$_}") for keys %queries;
	$before = settled_state($cluster);
	quota($nodes);
	disk_full($nodes);
	stalled() if $nodes;
	$cluster->finish;
}
done_testing();

sub quota
{
	my $nodes = shift;
	for my $what (sort keys %queries)
	{
		for my $kb (0, 30)
		{
			my ($state, $out, $err) = $cluster->try("SET barks.shuffle_quota = ${kb}; $queries{$what}");
			is($state, '53400', "$nodes nodes, $what: a quota of $kb kB does not do");
			like($err, qr/DETAIL:  The limit is $kb kB\.\nHINT:  Raise barks\.shuffle_quota/, 'as the hint says');
		}
		is($cluster->query("BEGIN; SET LOCAL barks.shuffle_quota = '20MB'; $queries{$what}; ROLLBACK"), $right{$what}, "$nodes nodes, $what: one of 20 MB does");
	}

	# a quota is one job's, so others at the same time do not count
	my @sessions = map { { how => $_ % 2, what => (sort keys %queries)[ $_ % 3 ] } } 0 .. 11;
	$_->{session} = start_session($cluster, 'SET barks.shuffle_quota = ' . ($_->{how} ? '20480' : '30'), 'BEGIN', $queries{ $_->{what} }, 'ROLLBACK') for @sessions;
	for my $s (@sessions)
	{
		my ($out, $err) = end_session($s->{session});
		if ($s->{how}) { is($out . $err, $right{ $s->{what} }, "$nodes nodes, many at a time, $s->{what}: enough for each"); }
		else { like($err, qr/^ERROR:  53400: /, "$nodes nodes, many at a time, $s->{what}: too little"); }
	}
	state_is($cluster, $before, "$nodes nodes, quotas");
	# errors inside a session that goes on
	is($cluster->query(<<"SQL"), "$right{exchange}\n" x 2 . $right{put}, "$nodes nodes: subtransactions that fail");
$queries{exchange};
BEGIN;
CREATE FUNCTION pg_temp.fails(sql text) RETURNS void LANGUAGE plpgsql AS \$\$
BEGIN
	SET LOCAL barks.shuffle_quota = 30;
	EXECUTE sql;
EXCEPTION WHEN configuration_limit_exceeded THEN NULL;
END \$\$;
DO \$\$ BEGIN FOR i IN 1 .. 5 LOOP PERFORM pg_temp.fails('$queries{exchange}'), pg_temp.fails('$queries{put}'); END LOOP; END \$\$;
$queries{exchange};
$queries{put};
COMMIT;
SQL
	state_is($cluster, $before, "$nodes nodes, subtransactions");
}

# The file that a worker is about to make is there already, as a link to a full device.
sub disk_full
{
	my $nodes = shift;
	my $node = $nodes ? $cluster->node(1) : $driver;
	$cluster->query($queries{exchange});
	stop_at($node, 'task.before_run');
	my $session = start_session($cluster, $queries{exchange});
	ok(wait_stopped($node, 'task.before_run'), "$nodes nodes: a task waits");
	my ($system, $job) = split /\|/, $cluster->query(q{SELECT system_identifier, (SELECT max(job_id) FROM barks.jobs WHERE state = 'running') FROM pg_control_system()});
	my $dir = $node->data_dir . "/base/pgsql_tmp/pgsql_tmp_barks_${system}_$job";
	my $pid = stopped_pid($node, 'task.before_run');
	mkdir $node->data_dir . '/base/pgsql_tmp';
	mkdir $dir, 0700;
	for my $stage (1, 2) { symlink '/dev/full', "$dir/$stage.$_.1.$pid.tmp" for 0 .. 7; }
	go_on($node);
	my ($out, $err) = end_session($session);
	like($err, qr/^ERROR:  53100: could not write shuffle file .*: No space left on device/, "$nodes nodes: a full disk");
	like($err, qr/CONTEXT:.*task \d+ of stage \d/s, 'of which task');
	state_is($cluster, $before, "$nodes nodes, a full disk");
	is($cluster->query($queries{exchange}), $right{exchange}, "$nodes nodes: the next query");
}

# A node stops while another one fetches from it, and a query waits for that.
sub stalled
{
	my ($n1, $n2) = ($cluster->node(1), $cluster->node(2));
	for my $point ('shuffle.before_fetch', 'shuffle.in_fetch')
	{
		for my $timeout (0, 1)
		{
			my $what = "$point, " . ($timeout ? 'statement_timeout' : 'cancel');
			my $took = quickest(0.2, sub
			{
				stop_at($n2, $point);
				my $session = start_session($cluster, '\timing', 'SET statement_timeout = ' . 3000 * $timeout, $queries{exchange});
				ok(wait_stopped($n2, $point), "$what: waits");
				my @pids = family($n1);
				kill 'STOP', @pids;
				go_on($n2);
				my $start = time;
				if (!$timeout)
				{
					$cluster->wait_for(q{SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'Extension' AND backend_type <> 'client backend')}, $n2);
					$start = time;
					$session->{handle}->signal('INT');
				}
				my ($out, $err) = end_session($session);
				my $seconds = $timeout && $out =~ /.*Time: ([\d.]+) ms/s ? $1 / 1000 - 3 : time - $start;
				kill 'CONT', @pids;
				like($err, $timeout ? qr/^ERROR:  57014: canceling statement due to statement timeout/m : qr/^ERROR:  57014: canceling statement due to user request/m, "$what: ends");
				$cluster->wait_for(q{SELECT bool_and(alive) FROM barks.nodes});
				return $seconds;
			});
			cmp_ok($took, '<', 0.2, sprintf('%s: at once (%.3f s)', $what, $took));
			state_is($cluster, $before, $what);
		}

		# it goes on, or it counts as lost
		stop_at($n2, $point);
		my $session = start_session($cluster, 'SET barks.fetch_timeout = 500', $queries{exchange});
		ok(wait_stopped($n2, $point), "$point: waits");
		my @pids = family($n1);
		kill 'STOP', @pids;
		go_on($n2);
		# a reader has given up once
		$cluster->wait_for(q{SELECT count(*) > 0 FROM barks.tasks WHERE error IS NOT NULL AND job_id = (SELECT max(job_id) FROM barks.jobs WHERE state = 'running')});
		kill 'CONT', @pids;
		my ($out, $err) = end_session($session);
		is($out . $err, $right{exchange}, "$point: a node that hangs for longer than barks.fetch_timeout");
		state_is($cluster, $before, "$point, that");
	}
}
