# An INSERT whose rows the nodes store by themselves, when something fails: before
# rows are stored it is tried again, afterwards it is all of it or nothing.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;
use BarksFaults;

my $cluster = BarksCluster->new('insert', nodes => 2,
	conf => "barks.executor_slots = 1\nbarks.heartbeat_interval = 500\nbarks.worker_idle_timeout = -1\nrestart_after_crash = on\nbarks.insert_rows = 0\n");
my ($driver, $n1, $n2) = $cluster->servers;

sub q1 { return $cluster->query(shift) }

q1(q{
	CREATE TABLE s (id int PRIMARY KEY, k int, v text);
	SELECT barks.distribute_table('s', by => 'id', partitions => 4);
	INSERT INTO s SELECT i, i % 100, md5(i::text) FROM generate_series(1, 20000) i;
	CREATE TABLE t (k int NOT NULL, id int, v text, PRIMARY KEY (k, id));
	SELECT barks.distribute_table('t', by => 'k', partitions => 6);
	INSERT INTO t SELECT k, id, v FROM s WHERE id <= 1000;
	CREATE TABLE b (id int, v text);
	SELECT barks.broadcast_table('b');
	INSERT INTO b VALUES (0, 'zero')});
my $insert = 'INSERT INTO t SELECT k, id, v FROM s WHERE id > 1000';
my $content = 'SELECT count(*), sum(id), (SELECT count(*) FROM b) FROM t';
my $was = q1($content);
is($was, '1000|500500|1', 'the tables');
like(q1("EXPLAIN $insert"), qr/Insert: by the nodes/, 'nodes store the rows');
my $before = settled_state($cluster);

sub unchanged
{
	my $what = shift;
	is(q1($content), $was, "$what: the tables are as they were");
	state_is($cluster, $before, $what);
}

sub all_of_it
{
	my $what = shift;
	is(q1($content), '20000|200010000|1', "$what: all rows are there");
	state_is($cluster, $before, $what);
	q1('TRUNCATE t; INSERT INTO t SELECT k, id, v FROM s WHERE id <= 1000');
	$before = settled_state($cluster);
}

# The command tag tells how many.
my ($out, $err) = ('', '');
IPC::Run::run([ 'psql', '-XAt', '-d', $driver->connstr('barks'), '-c', $insert ], '<', \undef, '>', \$out);
is($out, "INSERT 0 19000\n", 'as many as it says');
all_of_it('without a fault');
($out, $err) = end_session(start_session($cluster, "SET barks.wire = 'always'", "SET barks.batch_rows = 7", $insert));
is($err, '', 'blocks that travel');
all_of_it('blocks that travel');

# What fails while rows are made is tried again.
for my $point ('task.before_done', 'shuffle.before_publish')
{
	stop_at($n1, $point);
	my $session = start_session($cluster, $insert);
	ok(wait_stopped($n1, $point), "a task waits at $point");
	$n1->safe_psql('barks', 'SELECT pg_terminate_backend(' . stopped_pid($n1, $point) . ')');
	go_on($n1);
	($out, $err) = end_session($session);
	is($err, '', "its worker goes at $point");
	all_of_it("a worker lost at $point");
}
stop_at($n1, 'task.before_done');
my $session = start_session($cluster, $insert);
ok(wait_stopped($n1, 'task.before_done'), 'a task waits');
$n1->safe_psql('postgres', 'ALTER SYSTEM RESET barks.stop_points');
$cluster->kill9($n1);
$cluster->restart($n1);
($out, $err) = end_session($session);
is($err, '', 'its node goes, and comes again');
all_of_it('a node lost while rows are made');

# What fails while they are stored ends the transaction, on all nodes.
for my $point ('insert.before_store', 'insert.after_batch')
{
	for my $how ('the session at the node', 'the node', 'the driver\'s backend', 'the user')
	{
		stop_at($n1, $point);
		my $session = start_session($cluster, 'BEGIN', q{INSERT INTO b VALUES (1, 'one')}, $insert, 'COMMIT');
		ok(wait_stopped($n1, $point), "an insert waits at $point");
		is(q1($content), $was, 'nobody sees its rows');
		my $backend = q1(q{SELECT pid FROM pg_stat_activity WHERE query LIKE 'INSERT INTO t%' AND pid <> pg_backend_pid()});
		if ($how eq 'the node')
		{
			$n1->safe_psql('postgres', 'ALTER SYSTEM RESET barks.stop_points');
			$cluster->kill9($n1);
			$cluster->restart($n1);
		}
		elsif ($how eq 'the session at the node')
		{
			$n1->safe_psql('barks', 'SELECT pg_terminate_backend(' . stopped_pid($n1, $point) . ')');
		}
		else
		{
			q1('SELECT ' . ($how eq 'the user' ? 'pg_cancel_backend' : 'pg_terminate_backend') . "($backend)");
		}
		my ($out, $err) = end_session($session);
		go_on($n1) unless $how eq 'the node';
		my $expected = $how eq 'the user' ? qr/57014: canceling statement/ : $how eq 'the driver\'s backend' ? qr/57P01/ :
		  qr/08006: lost connection to node "n1"/;
		like($err, $expected, "$how ends it");
		unchanged("$how at $point");
	}
}

# A savepoint is enough, also when another node is still at it.
stop_at($n2, 'insert.before_store');
my $sql = <<'SQL';
\set VERBOSITY verbose
BEGIN;
INSERT INTO b VALUES (1, 'one');
SAVEPOINT a;
SET statement_timeout = '500ms';
INSERT INTO t SELECT k, id, v FROM s WHERE id > 1000;
ROLLBACK TO a;
SELECT count(*) FROM b;
SELECT count(*) FROM t;
INSERT INTO t VALUES (1, 1001, 'after');
COMMIT;
SQL
my $errors;
$driver->psql('barks', $sql, stdout => \$out, stderr => \$errors, on_error_stop => 0, on_error_die => 0);
like($errors, qr/57014: canceling statement due to statement timeout/, 'a timeout at a savepoint');
go_on($n2);
is($out, "2\n1000", 'what was before it is there');
is(q1($content), '1001|501501|2', 'and what came after');
q1('TRUNCATE t, b; INSERT INTO t SELECT k, id, v FROM s WHERE id <= 1000; INSERT INTO b VALUES (0)');
$before = settled_state($cluster);

# An error on one node does not wait for what another does.
for my $case ([ $n1, 'n2' ], [ $n2, 'n1' ])
{
	my ($waits, $fails) = @$case;
	stop_at($waits, 'insert.before_store');
	my $session = start_session($cluster, 'INSERT INTO t SELECT k, id, v FROM s WHERE id > 900');
	($out, $err) = end_session($session);
	like($err, qr/23505: duplicate key .*CONTEXT:  node "$fails"/s, "a duplicate key on $fails while the other node waits");
	go_on($waits);
	unchanged("an error on $fails");
}

# CREATE TABLE AS.
for my $how ('nothing', 'the session at the node')
{
	stop_at($n1, 'insert.before_store');
	my $session = start_session($cluster, 'CREATE TABLE made USING barks AS SELECT * FROM s');
	ok(wait_stopped($n1, 'insert.before_store'), 'nodes store the rows of a new table');
	$n1->safe_psql('barks', 'SELECT pg_terminate_backend(' . stopped_pid($n1, 'insert.before_store') . ')') if $how ne 'nothing';
	go_on($n1);
	($out, $err) = end_session($session);
	if ($how eq 'nothing')
	{
		is(q1('SELECT count(*), sum(id) FROM made; DROP TABLE made'), '20000|200010000', 'they are all there');
	}
	else
	{
		like($err, qr/08006: lost connection to node "n1"/, "$how ends it");
		is(q1(q{SELECT to_regclass('made')}), '', 'there is no table');
	}
	state_is($cluster, $before, "CREATE TABLE AS, $how goes");
}

# Output that is gone when it is to be stored.
stop_at($n1, 'insert.before_store');
$session = start_session($cluster, "SET barks.wire = 'always'", $insert);
ok(wait_stopped($n1, 'insert.before_store'), 'an insert waits');
unlink glob($n2->data_dir . '/base/pgsql_tmp/pgsql_tmp_barks_*/*');
go_on($n1);
($out, $err) = end_session($session);
like($err, qr/ERROR:  58B01/, 'lost output cannot be stored');
unchanged('lost output');

# Two that want the same key: one waits for what the other does.
my $holder = start_session($cluster, 'SELECT pg_advisory_lock(7)', q{SELECT pg_sleep(60)});
wait_until(sub { q1(q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted}) == 1 });
my $one = start_session($cluster, 'BEGIN', 'INSERT INTO t SELECT k, id, v FROM s WHERE id BETWEEN 1001 AND 5000',
	'INSERT INTO t SELECT k, id, v FROM s WHERE id > 5000', 'SELECT pg_advisory_xact_lock(7)', 'COMMIT');
wait_until(sub { q1(q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}) == 2 });
is($_->safe_psql('barks', 'SELECT count(*) FROM barks.shuffle_jobs'), 0, 'a transaction keeps no output of its INSERTs') for $n1, $n2;
my $two = start_session($cluster, $insert);
ok(wait_until(sub { $n1->safe_psql('barks', q{SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%barks.insert%' AND wait_event = 'transactionid'}) == 1 }),
	'one of two that store the same key waits');
q1(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()});
end_session($holder);
is((end_session($one))[1], '', 'the first is committed');
like((end_session($two))[1], qr/23505: duplicate key value violates unique constraint "t_pkey"/, 'the other fails then');
all_of_it('two of them');

# Crashes in the middle of a commit.
my %outcome = (
	'commit.before_prepare' => 0,
	'commit.after_prepare_one' => 0,
	'commit.after_prepare' => 0,
	'commit.after_local' => 1,
	'commit.after_commit_one' => 1);
for my $point (sort keys %outcome)
{
	my $offset = -s $driver->logfile;
	my ($rc) = $driver->psql('barks', "SET barks.stop_points = '$point=kill'; $insert");
	isnt($rc, 0, "killed at $point");
	recovers($driver, $offset);
	$outcome{$point} ? all_of_it($point) : unchanged($point);
}

$cluster->allow_log(qr/terminated by signal 9/, qr/because of crash of another server process/, qr/FATAL:  connection to client lost/,
	qr/FATAL:  terminating connection due to unexpected postmaster exit/, qr/FATAL:  terminating connection because of/,
	qr/FATAL:  terminating connection due to administrator command/,
	qr/FATAL:  the database system is (in recovery mode|not yet accepting connections)/);
$cluster->finish;
done_testing();
