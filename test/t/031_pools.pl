# Pools share the slots of a node by their weights: step by step, who gets the only one.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;
use BarksFaults;

# In local mode, and on a node.
for my $nodes (0, 1)
{
	my $cluster = BarksCluster->new("pools$nodes", nodes => $nodes,
		conf => "barks.executor_slots = 1\nbarks.worker_idle_timeout = -1\nbarks.pool_weights = 'etl = 1, dashboards = 4'\n");
	my $server = $cluster->node($nodes);

	$cluster->query(q{
		CREATE TABLE t (id int);
		SELECT barks.distribute_table('t', by => 'id', partitions => 1);
		INSERT INTO t SELECT generate_series(1, 100);
		ANALYZE t});

	sub pool_served { return shift->safe_psql('barks', q{SELECT pool FROM barks.workers WHERE state = 'busy'}) }
	my $submitted = q{SELECT count(*) FROM barks.tasks WHERE state = 'running'};
	my @sessions;
	my $wait_for = sub
	{
		my $pool = shift;
		push @sessions, start_session($cluster, "SET barks.pool = $pool", 'SELECT id FROM t WHERE id = 7');
		my $n = @sessions;
		ok(wait_until(sub { $cluster->query($submitted) == $n }), "$nodes nodes: job $n waits");
	};

	stop_at($server, 'task.before_run');
	$wait_for->('etl');
	ok(wait_stopped($server, 'task.before_run'), 'the first has the slot');
	$wait_for->($_) for ('etl') x 3, ('dashboards') x 5, 'other';
	ok(wait_until(sub { $server->safe_psql('barks', 'SELECT count(*) FROM barks.slot_queue()') == 9 }), 'nine wait for it');
	my @order = pool_served($server);
	for (1 .. 9)
	{
		stop_at($server, 'task.before_done');
		ok(wait_stopped($server, 'task.before_done'), 'it ran');
		stop_at($server, 'task.before_run');
		ok(wait_stopped($server, 'task.before_run'), 'the next one got the slot');
		push @order, pool_served($server);
	}
	go_on($server);
	# four dashboards for an etl or an other; then equal steps, the longest waiting first
	is("@order", 'etl dashboards other dashboards dashboards dashboards etl dashboards etl etl', "$nodes nodes: dealt by weight");
	for my $session (@sessions)
	{
		my ($out, $err) = end_session($session);
		is($out . $err, 7, 'right');
	}
	for my $bad ("SET barks.pool = 'a b'", "SET barks.pool = ''", "ALTER SYSTEM SET barks.pool_weights = 'a'",
		"ALTER SYSTEM SET barks.pool_weights = 'a = 0'", "ALTER SYSTEM SET barks.pool_weights = 'a = 1,'", "ALTER SYSTEM SET barks.pool_weights = 'a = 1 b = 2'")
	{
		like(($cluster->driver->psql('barks', $bad))[2], qr/invalid value for parameter "barks.pool/, "refused: $bad");
	}
	$cluster->finish;
}

done_testing();
