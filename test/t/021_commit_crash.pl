# Two-phase commit: whatever dies at any point, all nodes have the transaction
# or none, and nothing is left behind.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use BarksCluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($driver, @nodes) = BarksCluster::create(2, "restart_after_crash = on\n");
my ($n1, $n2) = @nodes;

$_->safe_psql('postgres', 'CREATE TABLE t (i int)') for @nodes;
$driver->safe_psql('postgres', 'CREATE TABLE here (i int)');

sub settled
{
	BarksCluster::wait_for($_, "SELECT count(*) = 0 FROM pg_prepared_xacts") || return 0 for @nodes;
	return BarksCluster::wait_for($driver, 'SELECT count(*) = 0 FROM barks.dist_transaction');
}

sub up
{
	my $server = shift;
	for (1 .. 300)
	{
		return 1 if $server->psql('postgres', 'SELECT 1') == 0;
		Time::HiRes::usleep(100_000);
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
		my ($rc, $out, $err) = $driver->psql('postgres', "
			SET barks.stop_points = '$point=$action'; BEGIN; INSERT INTO here VALUES ($i);
			SELECT cluster_exec_all('INSERT INTO public.t VALUES ($i)'); COMMIT");
		isnt($rc, 0, "$point=$action") if $action ne 'error';
		ok(up($driver), 'the driver is up again');
		my $all = $outcome{$point};
		# The very next snapshot already shows all or nothing.
		my $read = $driver->safe_psql('postgres', "SELECT cluster_read('SELECT count(*) FROM public.t WHERE i = $i')");
		is($read, "n1=$all n2=$all", "$point=$action: all or none at once");
		is($driver->safe_psql('postgres', "SELECT count(*) FROM here WHERE i = $i"), $all, 'as on the driver');
		ok(settled(), 'nothing is left');
	}
}

# A node dies while the commit waits at a point, and comes back.
for my $point ('commit.before_prepare', 'commit.after_prepare_one', 'commit.after_prepare', 'commit.after_local')
{
	$i++;
	my ($in, $out) = ('', '');
	$driver->safe_psql('postgres', "ALTER SYSTEM SET barks.stop_points = '$point=wait'");
	$driver->reload;
	BarksCluster::wait_for($driver, 'SHOW barks.stop_points', "$point=wait");
	my $offset = -s $driver->logfile;
	my $timer = IPC::Run::timer(60);
	my $session = IPC::Run::start(['psql', '-XAtq', '-d', $driver->connstr('postgres'), '-c',
			"BEGIN; INSERT INTO here VALUES ($i); SELECT cluster_exec_all('INSERT INTO public.t VALUES ($i)'); COMMIT"],
		'<', \$in, '>', \$out, '2>', \$out, $timer);
	ok(BarksCluster::wait_for_log($driver, qr/stop point $point: wait/, $offset), "waits at $point");
	$n2->stop('immediate');
	$driver->safe_psql('postgres', "ALTER SYSTEM RESET barks.stop_points");
	$driver->reload;
	$session->finish;
	$n2->start;
	my $all = $driver->safe_psql('postgres', "SELECT count(*) FROM here WHERE i = $i");
	is($all, $point eq 'commit.after_local' || $point eq 'commit.after_prepare' ? 1 : 0, "$point: the decision");
	my $read = '';
	for (1 .. 100)
	{
		my $rc;
		($rc, $read) = $driver->psql('postgres', "SELECT cluster_read('SELECT count(*) FROM public.t WHERE i = $i')");
		last if $rc == 0;
		Time::HiRes::usleep(100_000);
	}
	is($read, "n1=$all n2=$all", "$point: the node that died agrees");
	ok(settled(), 'nothing is left');
}

done_testing();
