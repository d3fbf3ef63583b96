# barks.tpch() that is cancelled, or loses a session or a node while it fills:
# nothing is left on any server.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;
use BarksFaults;

my $cluster = BarksCluster->new('tpch', nodes => 2,
	conf => "barks.executor_slots = 1\nbarks.heartbeat_interval = 500\nbarks.worker_idle_timeout = -1\nrestart_after_crash = on\n");
my ($driver, $n1, $n2) = $cluster->servers;

$cluster->query('CREATE SCHEMA kept; CREATE SCHEMA made; SELECT barks.tpch(0.001, \'kept\')');
my $content = 'SELECT count(*), sum(l_extendedprice), (SELECT count(*) FROM pg_tables WHERE schemaname = \'made\') FROM kept.lineitem';
my $was = $cluster->query($content);
like($was, qr/^5886\|.*\|0$/, 'the tables');
my $before = settled_state($cluster);

for my $how ('a cancel', 'a session that ends', 'a session at the node that ends', 'a node that goes')
{
	stop_at($n1, 'tpch.after_flush');
	my $session = start_session($cluster, q{BEGIN; SELECT barks.tpch(0.05, 'made')});
	ok(wait_stopped($n1, 'tpch.after_flush'), 'the node fills its shards');
	if ($how eq 'a node that goes')
	{
		$n1->safe_psql('postgres', 'ALTER SYSTEM RESET barks.stop_points');
		$cluster->kill9($n1);
		$cluster->restart($n1);
	}
	elsif ($how eq 'a session at the node that ends')
	{
		$n1->safe_psql('barks', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%barks.tpch_fill%' AND pid <> pg_backend_pid()});
	}
	else
	{
		my $function = $how eq 'a cancel' ? 'pg_cancel_backend' : 'pg_terminate_backend';
		$cluster->query("SELECT $function(pid) FROM pg_stat_activity WHERE query LIKE 'BEGIN; SELECT barks.tpch%' AND pid <> pg_backend_pid()");
	}
	my ($out, $err) = end_session($session);
	like($err, $how eq 'a cancel' ? qr/ERROR:  57014/ : $how eq 'a session that ends' ? qr/FATAL:  57P01/ : qr/ERROR:  08006: lost connection to node "n1"/,
		"$how: the error");
	go_on($n1) unless $how eq 'a node that goes';
	is($cluster->query($content), $was, "$how: no table is made");
	state_is($cluster, $before, $how);
}

$cluster->query(q{SELECT barks.tpch(0.001, 'made')});
is($cluster->query('SELECT count(*) FROM made.lineitem'), 5886, 'and then it works');
is($cluster->query('SELECT count(*) FROM (TABLE kept.lineitem EXCEPT TABLE made.lineitem) s'), 0, 'the same rows');

$cluster->allow_log(qr/because of crash of another server process/, qr/FATAL:  connection to client lost/,
	qr/FATAL:  terminating connection due to unexpected postmaster exit/, qr/FATAL:  terminating connection due to administrator command/,
	qr/FATAL:  the database system is (in recovery mode|not yet accepting connections)/);
$cluster->finish;
done_testing();
