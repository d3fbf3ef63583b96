# Two-phase commit: whatever dies at any point, all nodes have the transaction
# or none, and nothing is left behind.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

use BarksCluster;

my $cluster = BarksCluster->new('commit', nodes => 2,
	conf => "shared_preload_libraries = 'barks,barks_test'\nbarks.heartbeat_interval = 500\nrestart_after_crash = on\n");
my ($driver, @nodes) = $cluster->servers;
my ($n1, $n2) = @nodes;

$driver->safe_psql('barks', 'CREATE EXTENSION barks_test');
my $before = $cluster->leftovers;
$_->safe_psql('barks', 'CREATE TABLE t (i int)') for @nodes;
$driver->safe_psql('barks', 'CREATE TABLE here (i int)');

sub settled
{
	$_->poll_query_until('barks', 'SELECT count(*) = 0 FROM pg_prepared_xacts') || return 0 for @nodes;
	return $driver->poll_query_until('barks', 'SELECT count(*) = 0 FROM barks.dist_transaction');
}

sub up
{
	my $server = shift;
	for (1 .. 1200)
	{
		return 1 if $server->psql('barks', 'SELECT 1') == 0;
		usleep(100_000);
	}
	return 0;
}

# Wait until the driver's log, from the offset on, matches.
sub wait_for_log
{
	my ($pattern, $offset) = @_;
	for (1 .. 1200)
	{
		return 1 if substr(slurp_file($driver->logfile), $offset) =~ $pattern;
		usleep(100_000);
	}
	return 0;
}

my $i = 0;

# The driver's backend is killed, or fails, at each point.
my %outcome = (
	'commit.before_prepare' => 0,
	'commit.after_prepare_one' => 0,
	'commit.after_prepare' => 0,
	'commit.after_local' => 1,
	'commit.after_commit_one' => 1);

for my $point (sort keys %outcome)
{
	for my $action ($outcome{$point} ? ('kill') : ('error', 'fatal', 'kill'))
	{
		$i++;
		my ($rc, $out, $err) = $driver->psql('barks', "
			SET barks.stop_points = '$point=$action'; BEGIN; INSERT INTO here VALUES ($i);
			SELECT cluster_exec_all('INSERT INTO public.t VALUES ($i)'); COMMIT");
		isnt($rc, 0, "$point=$action") if $action ne 'error';
		ok(up($driver), 'the driver is up again');
		my $all = $outcome{$point};
		# The very next snapshot already shows all or nothing.
		my $read = $driver->safe_psql('barks', "SELECT cluster_read('SELECT count(*) FROM public.t WHERE i = $i')");
		is($read, "n1=$all n2=$all", "$point=$action: all or none at once");
		is($driver->safe_psql('barks', "SELECT count(*) FROM here WHERE i = $i"), $all, 'as on the driver');
		ok(settled(), 'nothing is left');
	}
}

# A node dies while the commit waits at a point, and comes back.
for my $point ('commit.before_prepare', 'commit.after_prepare_one', 'commit.after_prepare', 'commit.after_local')
{
	$i++;
	my ($in, $out) = ('', '');
	$driver->safe_psql('barks', "ALTER SYSTEM SET barks.stop_points = '$point=wait'");
	$driver->reload;
	$driver->poll_query_until('barks', 'SHOW barks.stop_points', "$point=wait");
	my $offset = -s $driver->logfile;
	my $timer = IPC::Run::timer(180);
	my $session = IPC::Run::start(['psql', '-XAtq', '-d', $driver->connstr('barks'), '-c',
			"BEGIN; INSERT INTO here VALUES ($i); SELECT cluster_exec_all('INSERT INTO public.t VALUES ($i)'); COMMIT"],
		'<', \$in, '>', \$out, '2>', \$out, $timer);
	ok(wait_for_log(qr/stop point $point: wait/, $offset), "waits at $point");
	$n2->stop('immediate');
	$driver->safe_psql('barks', "ALTER SYSTEM RESET barks.stop_points");
	$driver->reload;
	$session->finish;
	$n2->start;
	my $all = $driver->safe_psql('barks', "SELECT count(*) FROM here WHERE i = $i");
	is($all, $point eq 'commit.after_local' || $point eq 'commit.after_prepare' ? 1 : 0, "$point: the decision");
	my $read = '';
	for (1 .. 1200)
	{
		my $rc;
		($rc, $read) = $driver->psql('barks', "SELECT cluster_read('SELECT count(*) FROM public.t WHERE i = $i')");
		last if $rc == 0;
		usleep(100_000);
	}
	is($read, "n1=$all n2=$all", "$point: the node that died agrees");
	ok(settled(), 'nothing is left');
}

$cluster->leaves_nothing($before, 'all that');
$cluster->allow_log(qr/FATAL:  stopped at/, qr/ERROR:  stopped at/, qr/terminated by signal 9/, qr/because of crash of another server process/,
	qr/FATAL:  the database system is (in recovery mode|not yet accepting connections)/, qr/due to immediate shutdown command/,
	qr/node "n2" did not confirm that it committed/);
$cluster->finish;
done_testing();
