# Nodes, write sessions, snapshots.

use strict;
use warnings;

use Test::More;

use BarksCluster;

my $conf = "shared_preload_libraries = 'barks,barks_test'\nbarks.heartbeat_interval = 500\n";
my $cluster = BarksCluster->new('nodes', nodes => 2, conf => $conf);
my ($driver, $n1, $n2) = $cluster->servers;
$driver->safe_psql('barks', 'CREATE EXTENSION barks_test');

sub q1 { return $cluster->query(shift) }

# The error as psql shows it, with its SQLSTATE.
sub error_of { return ($cluster->try(shift))[2] }

sub wait_for
{
	my ($server, $query) = @_;
	return $server->poll_query_until('barks', $query);
}

$_->safe_psql('barks', 'CREATE TABLE t (i int PRIMARY KEY); CREATE TABLE l (i int)') for $n1, $n2;

# The view.
is(q1('SELECT name, alive, partitions FROM barks.nodes ORDER BY 1'), "n1|t|0\nn2|t|0", 'nodes are shown');
is(q1("SELECT count(*) FROM barks.nodes WHERE version LIKE '15%' AND dbname = 'barks' AND last_seen > now() - interval '1 min'"),
	2, 'with version and time');

# Refusals of add_node.
like(error_of(sprintf(q{SELECT barks.add_node('x', '%s', %d)}, $n2->host, $n2->port)),
	qr/42710: that database is already node "n2"/, 'a node is added once');
like(error_of(q{SELECT barks.add_node('n1')}), qr/42710: node "n1" already exists/, 'names are unique');
like(error_of(sprintf(q{SELECT barks.add_node('x', '%s', %d)}, $driver->host, $driver->port)),
	qr/55000: node "x" is this very database/, 'the driver is not its own node');
like(error_of(q{SELECT barks.add_node('x', port => 1)}),
	qr/08006: could not connect to node "x"/, 'unreachable');
like(error_of(q{SELECT barks.add_node('x', port => 70000)}), qr/HV024: port 70000/, 'no such port');
like(error_of(sprintf(q{SELECT barks.add_node('x', '%s', %d, dbname => 'none')}, $n2->host, $n2->port)),
	qr/3D000: could not connect to node "x"/, 'no such database');
like(error_of('CREATE ROLE joe; SET ROLE joe; SELECT barks.add_node(\'x\')'),
	qr/42501: permission denied for function add_node/, 'only superusers');
is(q1('SELECT count(*) FROM barks.node_credential'), 2, 'what failed left nothing');

# add_node and remove_node are transactional.
my $extra = BarksCluster->new('extra', nodes => 0, no_extension => 1, conf => $conf);
my $n3 = $extra->driver;
my $add3 = sprintf(q{SELECT barks.add_node('n3', '%s', %d)}, $n3->host, $n3->port);
q1("BEGIN; $add3; ROLLBACK");
is($n3->safe_psql('barks', q{SELECT count(*) FROM pg_extension WHERE extname = 'barks'}), 0, 'rolled back on the node too');
q1($add3);
q1(q{BEGIN; SELECT barks.remove_node('n3'); ROLLBACK});
is(q1('SELECT count(*) FROM barks.nodes'), 3, 'removal rolled back');
q1(q{SELECT barks.remove_node('n3')});
is(q1(q{SELECT string_agg(name, ' ') FROM barks.nodes}), 'n1 n2', 'removed');
is($n3->safe_psql('barks', 'SELECT count(*) FROM barks.serving'), 0, 'removed there');
q1($add3);
$n3->stop;
my ($rc, $out, $err) = $driver->psql('barks', q{SELECT barks.remove_node('n3')});
like($err, qr/WARNING:  node "n3" cannot be reached/, 'an unreachable node can be removed');
is(q1('SELECT count(*) FROM barks.node_credential'), 2, 'with its credentials');

# Writes: savepoints, errors, commit, rollback.
q1(q{SELECT cluster_exec_all('INSERT INTO public.t VALUES (1)')});
is(q1(q{SELECT cluster_read('SELECT count(*) FROM public.t')}), 'n1=1 n2=1', 'written on all nodes');
q1(q{BEGIN; SELECT cluster_exec_all('INSERT INTO public.t VALUES (2)'); ROLLBACK});
is(q1(q{SELECT cluster_read('SELECT count(*) FROM public.t')}), 'n1=1 n2=1', 'rolled back on all nodes');
like(error_of(q{SELECT cluster_exec('n2', 'INSERT INTO public.t VALUES (1)')}),
	qr/23505: duplicate key value violates unique constraint "t_pkey"\nDETAIL:  Key \(i\)=\(1\) already exists.\nCONTEXT:  node "n2"/,
	'a remote error keeps its fields');
q1(q{
	DO $$
	BEGIN
		PERFORM cluster_exec('n1', 'INSERT INTO public.t VALUES (10)');
		FOR i IN 11 .. 14 LOOP
			BEGIN
				PERFORM cluster_exec('n1', format('INSERT INTO public.t VALUES (%s)', i));
				BEGIN
					PERFORM cluster_exec('n1', 'INSERT INTO public.t VALUES (1)');
				EXCEPTION WHEN unique_violation THEN
					NULL;
				END;
				IF i = 12 THEN RAISE division_by_zero; END IF;
			EXCEPTION WHEN division_by_zero THEN
				PERFORM cluster_exec('n1', 'INSERT INTO public.t VALUES (100)');
			END;
		END LOOP;
	END $$});
is($n1->safe_psql('barks', 'SELECT string_agg(i::text, \' \' ORDER BY i) FROM t'), '1 10 11 13 14 100', 'savepoints follow');
q1(q{SELECT cluster_load('n2', 'public.l', 20000, 0)});
like(error_of(q{SELECT cluster_load('n2', 'public.l', 20000, 19999)}), qr/line 19999 is bad/, 'a load fails late');
q1(q{BEGIN; SAVEPOINT a; DO $$BEGIN PERFORM cluster_load('n2', 'public.l', 9, 5); EXCEPTION WHEN data_exception THEN NULL; END$$;
	SELECT cluster_load('n2', 'public.l', 7, 0); COMMIT});
is($n2->safe_psql('barks', 'SELECT count(*) FROM l'), 20007, 'loads are in or out');

# Refused.
like(error_of(q{BEGIN; SELECT cluster_exec('n1', 'SELECT 1'); PREPARE TRANSACTION 'x'}),
	qr/0A000: cannot PREPARE a transaction that wrote to nodes/, 'no PREPARE TRANSACTION');

like(error_of(q{BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT cluster_exec('n1', 'SELECT 1')}), qr/0A000/, 'no writes in a serializable transaction');

# Snapshots.
is(q1(q{SELECT cluster_read_twice('n2', 'SELECT count(*) FROM public.l', $$SELECT cluster_exec('n2', 'INSERT INTO public.l VALUES (0)')$$)}),
	'20007 20007 two', 'two streams see one snapshot');
is(q1(q{BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT cluster_read('SELECT count(*) FROM public.t');
	SELECT cluster_exec('n1', 'INSERT INTO public.t VALUES (200)'); SELECT cluster_read('SELECT count(*) FROM public.t'); COMMIT}),
	"n1=6 n2=1\n\nn1=6 n2=1", 'repeatable read keeps its snapshot');
is(q1(q{SELECT cluster_read('SELECT count(*) FROM public.t')}), 'n1=7 n2=1', 'and commits what it wrote');

# What the decision rows need: none is left.
ok(wait_for($driver, 'SELECT count(*) = 0 FROM barks.dist_transaction'), 'decisions are forgotten');
is($_->safe_psql('barks', 'SELECT count(*) FROM pg_prepared_xacts'), 0, 'nothing is prepared on ' . $_->name) for $n1, $n2;
ok(wait_for($_, q{SELECT count(*) = 0 FROM pg_stat_activity WHERE state LIKE 'idle in%'}), 'no transaction stays open on ' . $_->name)
	for $n1, $n2;

# Databases that are dropped and copied.
q1('CREATE DATABASE other');
$driver->safe_psql('other', sprintf(q{CREATE EXTENSION barks; SELECT barks.add_node('n1', '%s', %d, 'barks')}, $n1->host, $n1->port));
ok(wait_for($driver, q{SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'barks node monitor' AND datname = 'other'}),
	'a monitor for each database');
q1('CREATE DATABASE copy TEMPLATE other');
q1('DROP DATABASE other');
pass('and it goes when it must');

q1('DROP DATABASE copy');

# The cap.
$driver->append_conf('postgresql.conf', 'barks.max_node_connections = 4');
$driver->reload;
my @sessions = map {
	my $out = '';
	IPC::Run::start(['psql', '-XAtq', '-d', $driver->connstr('barks'), '-c', q{SELECT cluster_hold('n1', 1, 0.3)}, '-c', 'SELECT pg_sleep(1000)'],
		'<', \undef, '>', \$out, '2>', \$out)
} 1 .. 10;
ok(wait_for($driver, q{SELECT count(*) = 10 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(1000)'}),
	'sessions wait for each other\'s connections, and take idle ones');
ok(wait_for($n1, q{SELECT count(*) <= 5 FROM pg_stat_activity WHERE application_name LIKE 'barks driver%'}),
	'the cap is kept (one more is the monitor)');
q1(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(1000)'});
$_->finish for @sessions;

$cluster->allow_log(qr/WARNING:  node "n3" cannot be reached/, qr/FATAL:  database "none" does not exist/);
$_->finish for $cluster, $extra;
done_testing();
