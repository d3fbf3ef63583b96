# Queries that begin while a node restarts wait for it; while it is down they
# say so.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;
use BarksFaults;

my $cluster = BarksCluster->new('restart', nodes => 2,
	conf => "barks.executor_slots = 1\nbarks.heartbeat_interval = 500\nhot_standby = off\nwal_level = replica\nrestart_after_crash = on\n");
my ($driver, $n1, $n2) = $cluster->servers;

sub q1 { return $cluster->query(shift) }

q1(q{
	CREATE TABLE t (id int, s text);
	SELECT barks.distribute_table('t', by => 'id', partitions => 4);
	INSERT INTO t SELECT i, md5(i::text) FROM generate_series(1, 1000) i;
	CREATE TABLE other (id int);
	SELECT barks.broadcast_table('other');
	INSERT INTO other VALUES (1), (2);
	ANALYZE});
my $count = 'SELECT count(*), sum(id) FROM t';
my $counted = '1000|500500';
is(q1($count), $counted, 'without a fault');

# Recovery of a node goes on only when this file is gone.
my $gate = $n1->basedir . '/gate';
$n1->append_conf('postgresql.conf', "restore_command = 'while test -e $gate; do sleep 0.02; done; false'");
$n1->restart;
q1($count);
my $before = settled_state($cluster);

# The node is killed, and starts up until finish_start.
sub begin_start
{
	$cluster->kill9($n1);
	append_to_file($gate, '');
	append_to_file($n1->data_dir . '/recovery.signal', '');
	system_or_bail('pg_ctl', '-W', '-D', $n1->data_dir, '-l', $n1->logfile, 'start');
	wait_until(sub { says_starting($n1) }) or die 'the node does not start';
}

sub finish_start
{
	unlink $gate;
	answers($n1) or die 'the node does not come up';
	wait_until(sub { $n1->safe_psql('barks', 'SELECT pg_is_in_recovery()') eq 'f' });
	$n1->_update_pid(1);
}

sub says_starting
{
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'psql', '-XAtq', '-d', shift->connstr('barks'), '-c', 'SELECT 1' ], '<', \undef, '>', \$out, '2>', \$err);
	return $err =~ /starting up|not yet accepting connections/;
}

# In sessions of their own; each waits for the node.
sub start_waiting
{
	my @sessions = map { start_session($cluster, @$_) } @_;
	my $n = @sessions;
	$cluster->wait_for(qq{SELECT count(*) = $n FROM pg_stat_activity
		WHERE wait_event = 'Extension' AND backend_type = 'client backend' AND state = 'active'});
	return @sessions;
}

begin_start();
my @sessions = start_waiting([$count], ['BEGIN ISOLATION LEVEL REPEATABLE READ', $count, $count], ['COPY (SELECT count(*) FROM t) TO STDOUT']);
finish_start();
is(join('|', end_session($sessions[0])), "$counted|", 'a query that began while its node started up answers');
is(join('|', end_session($sessions[1])), "$counted\n$counted|", 'so does a repeatable read transaction');
is(join('|', end_session($sessions[2])), '1000|', 'and a COPY');

begin_start();
@sessions = start_waiting(['INSERT INTO t VALUES (0, \'x\')'], ['BEGIN', 'INSERT INTO other VALUES (3)', 'ROLLBACK']);
finish_start();
is(join('|', end_session($_)), '|', 'writes wait too') for @sessions;
is(q1('SELECT count(*), sum(id) FROM t'), '1001|500500', 'it is written once');
q1('TRUNCATE t; INSERT INTO t SELECT i, md5(i::text) FROM generate_series(1, 1000) i');
$before = settled_state($cluster);

# Waiting can be ended.
begin_start();
is(q1('SELECT count(*) FROM pg_class WHERE relname = \'t\''), 1, 'who does not need the node does not wait');
like(($cluster->try("SET statement_timeout = '300ms'; $count"))[2], qr/ERROR:  57014: canceling statement due to statement timeout/, 'statement_timeout');
my ($session) = start_waiting([$count]);
$session->{handle}->signal('INT');
like((end_session($session))[1], qr/ERROR:  57014: canceling statement due to user request/, 'a cancel');
($session) = start_waiting([$count]);
q1(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT count(%' AND pid <> pg_backend_pid()});
like((end_session($session))[1], qr/57P01: terminating connection/, 'the end of the session');
for my $sql ($count, 'INSERT INTO t VALUES (0)', "BEGIN ISOLATION LEVEL REPEATABLE READ; $count")
{
	like(($cluster->try("SET barks.reconnect_timeout = 1; $sql"))[2],
		qr/ERROR:  08006: could not connect to node "n1"\nDETAIL:  .*the database system is/, 'no longer than barks.reconnect_timeout');
}
($session) = start_waiting([$count]);
kill 'KILL', (family($n1))[0];
unlink $gate;
$cluster->kill9($n1);
like((end_session($session))[1], qr/ERROR:  08006: could not connect to node "n1"/, 'a node that goes while it starts');

# Down is who did not answer the last heartbeats.
like(($cluster->try($count))[2], qr/ERROR:  08006: could not connect to node "n1"/, 'a node that is down');
like(($cluster->try('INSERT INTO t SELECT i FROM generate_series(1, 10) i'))[2], qr/ERROR:  08006: could not connect to node "n1"/, 'for a write too');
is(q1('SELECT count(*) FROM other'), 2, 'the other node answers for both');
$cluster->restart($n1);
$n1->poll_query_until('barks', 'SELECT NOT pg_is_in_recovery()');
is(q1($count), $counted, 'it is back');
state_is($cluster, $before, 'a node that starts');

# Who answered just now is not down.
$driver->safe_psql('postgres', 'ALTER SYSTEM SET barks.heartbeat_interval = 60000');
$driver->reload;
$cluster->wait_for(q{SELECT current_setting('barks.heartbeat_interval') = '1min'});
q1($count);
$cluster->kill9($n1);
($session) = start_waiting(['SET barks.reconnect_timeout = 100', $count]);
$cluster->restart($n1);
is(join('|', end_session($session)), "$counted|", 'a node that restarts is waited for');

# A connection from before that breaks when it is used.
q1(q{
	CREATE TABLE go (i int);
	CREATE FUNCTION twice() RETURNS text LANGUAGE plpgsql AS $$
	DECLARE a bigint; b bigint;
	BEGIN
		SELECT sum(id) INTO a FROM t;
		WHILE NOT EXISTS (SELECT FROM go) LOOP PERFORM pg_sleep(0.01); END LOOP;
		SELECT sum(id) INTO b FROM t;
		RETURN a || ' ' || b;
	END $$});
$session = start_session($cluster, 'SELECT twice()');
$cluster->wait_for(q{SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep')});
stop_at($driver, 'snapshot.before_take');
q1('INSERT INTO go VALUES (1)');
ok(wait_stopped($driver, 'snapshot.before_take'), 'a query has its connections');
$n1->safe_psql('barks', q{SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE application_name LIKE 'barks driver%'});
go_on($driver);
is(join('|', end_session($session)), '500500 500500|', 'they break, it takes others');
$driver->safe_psql('postgres', 'ALTER SYSTEM RESET barks.heartbeat_interval');
$driver->reload;
state_is($cluster, $before, 'all that');

$cluster->allow_log(qr/terminated by signal 9/, qr/FATAL:  the database system is not (yet )?accepting connections/,
	qr/FATAL:  terminating connection due to unexpected postmaster exit/, qr/LOG:  could not open file "pg_wal/);
$cluster->finish;
done_testing();
