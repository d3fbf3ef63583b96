# Whole queries when a worker, a session, a node or the driver goes away: the
# query answers or says cleanly why not, and nothing is left.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

use BarksCluster;
use BarksFaults;

my $cluster = BarksCluster->new('query', nodes => 2,
	conf => "barks.executor_slots = 1\nbarks.heartbeat_interval = 500\nbarks.worker_idle_timeout = -1\nrestart_after_crash = on\n");
my ($driver, $n1, $n2) = $cluster->servers;

sub q1 { return $cluster->query(shift) }

q1(q{
	CREATE TABLE t (id int, s text);
	SELECT barks.distribute_table('t', by => 'id', partitions => 4);
	INSERT INTO t SELECT i, md5(i::text) FROM generate_series(1, 100000) i;
	CREATE TABLE plain AS SELECT i AS id, md5(i::text) AS s FROM generate_series(1, 100000) i;
	ANALYZE t});
my $count = 'SELECT count(*), sum(id), min(s) FROM t';
my $counted = q1('SELECT count(*), sum(id), min(s) FROM plain');
is(q1($count), $counted, 'without a fault');
my $before = settled_state($cluster);

# A worker goes in the middle of a task: another attempt answers.
for my $point ('task.before_run', 'task.after_batch', 'task.before_done')
{
	for my $case (
		[ 'an aggregate', $count, $counted ],
		[ 'an ordered query', "SET barks.exchanges = off; SELECT md5(string_agg(s, '')) FROM (SELECT s FROM t ORDER BY s OFFSET 0) x", q1("SELECT md5(string_agg(s, '' ORDER BY s)) FROM plain") ],
		[ 'the access method', "SET barks.enabled = off; $count", $counted ],
		[ 'a streaming scan', 'SET barks.batch_rows = 1000; SELECT count(*), sum(id), min(s) FROM (SELECT * FROM t OFFSET 0) x', $counted ])
	{
		my ($what, $sql, $expected) = @$case;
		stop_at($n1, $point);
		my $session = start_session($cluster, split /; /, $sql);
		ok(wait_stopped($n1, $point), "$point: $what waits");
		$n1->safe_psql('barks', 'SELECT pg_terminate_backend(' . busy_worker($n1) . ')');
		go_on($n1);
		my ($out, $err) = end_session($session);
		is($out . $err, $expected, "$point: $what answers");
	}
}
state_is($cluster, $before, 'terminated workers');

# A query of which rows were delivered pauses until "go" has a row; then the rest.
q1(q{
	CREATE TABLE go (i int);
	CREATE FUNCTION paused() RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		WHILE NOT EXISTS (SELECT FROM go) LOOP PERFORM pg_sleep(0.01); END LOOP;
	END $$;
	CREATE FUNCTION streamed() RETURNS text LANGUAGE plpgsql AS $$
	DECLARE c CURSOR FOR SELECT id, repeat(s, 20) AS w FROM t; r record; n int := 0; total bigint := 0;
	BEGIN
		OPEN c;
		LOOP
			FETCH c INTO r; EXIT WHEN NOT FOUND;
			n := n + 1;
			total := total + r.id + length(r.w);
			IF n = 1000 THEN PERFORM paused(); END IF;
		END LOOP;
		RETURN n || ' ' || total;
	END $$;
	CREATE FUNCTION twice() RETURNS text LANGUAGE plpgsql AS $$
	DECLARE a bigint; b bigint;
	BEGIN
		SELECT sum(id) INTO a FROM t;
		PERFORM paused();
		SELECT sum(id) INTO b FROM t;
		RETURN a || ' ' || b;
	END $$});
my $streamed = q1(q{SELECT count(*) || ' ' || sum(id + length(repeat(s, 20))) FROM plain});
my $sum = q1('SELECT sum(id) FROM plain');

sub start_paused
{
	my @statements = @_;
	q1('TRUNCATE go');
	my $session = start_session($cluster, @statements);
	$cluster->wait_for(q{SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep')});
	return $session;
}

sub finish_paused
{
	q1('INSERT INTO go VALUES (1)');
	return end_session(shift);
}

# The sessions that the driver has at a node, but for those of the monitor.
sub end_relays
{
	my $node = shift;
	return $node->safe_psql('barks', q{SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE application_name LIKE 'barks driver%' AND query LIKE '%COPY barks.lane%' AND state LIKE 'active%'});
}

my $session = start_paused('SELECT streamed()');
$_->safe_psql('barks', 'SELECT pg_terminate_backend(' . busy_worker($_) . ')') for $n1, $n2;
is(join('', finish_paused($session)), $streamed, 'rows were delivered, the workers go: the rest comes');
state_is($cluster, $before, 'that');

# A session at a node goes.
stop_at($n1, 'task.before_run');
$session = start_session($cluster, $count);
ok(wait_stopped($n1, 'task.before_run'), 'a query waits');
is(end_relays($n1), 1, 'its session goes');
go_on($n1);
is(join('', end_session($session)), $counted, 'and it starts over');

for my $setting ('SELECT 1', 'SET barks.task_attempts = 1')
{
	stop_at($n1, 'task.before_run');
	$session = start_session($cluster, $setting eq 'SELECT 1' ? 'BEGIN ISOLATION LEVEL REPEATABLE READ' : $setting, $count);
	ok(wait_stopped($n1, 'task.before_run'), 'a query waits');
	end_relays($n1);
	go_on($n1);
	like((end_session($session))[1], qr/^ERROR:  08006: lost connection to node "n1"/, 'where it may not, it says so');
}

$session = start_paused('SELECT streamed()');
end_relays($n1);
like((finish_paused($session))[1], qr/^ERROR:  08006: lost connection to node "n1"/, 'nor when rows were delivered');
state_is($cluster, $before, 'sessions that went');

# A worker killed takes its server down for a moment; so does the postmaster.
for my $how ('a worker killed', 'a postmaster killed')
{
	my $offset;
	my $break = sub {
		$offset = -s $n1->logfile;
		if ($how eq 'a worker killed') { kill 'KILL', $n1->safe_psql('barks', q{SELECT max(pid) FROM barks.workers}); }
		else { $cluster->kill9($n1); }
	};
	my $mend = sub {
		if ($how eq 'a postmaster killed') { $cluster->restart($n1); }
		else { recovers($n1, $offset); }
		go_on($n1);
	};

	stop_at($n1, 'task.before_run');
	$session = start_session($cluster, $count);
	ok(wait_stopped($n1, 'task.before_run'), "$how: a query waits");
	$n1->safe_psql('postgres', 'ALTER SYSTEM RESET barks.stop_points');
	$break->();
	if ($how eq 'a postmaster killed')
	{
		like(($cluster->try($count))[2], qr/ERROR:  08006: could not connect to node "n1"/, 'another one meanwhile');
	}
	$mend->();
	is(join('', end_session($session)), $counted, "$how: the query answers after recovery");

	$session = start_paused('SELECT streamed()');
	$break->();
	$mend->();
	like((finish_paused($session))[1], qr/^ERROR:  08006: lost connection to node "n1"/, "$how: rows were delivered");

	# What a session kept from before is replaced.
	$session = start_paused('SELECT twice()');
	$break->();
	$mend->();
	is(join('', finish_paused($session)), "$sum $sum", "$how: the next query of a session answers");
	state_is($cluster, $before, $how);
}

stop_at($n1, 'task.before_run');
$session = start_session($cluster, 'SET barks.reconnect_timeout = 1', $count);
ok(wait_stopped($n1, 'task.before_run'), 'a query waits');
$n1->safe_psql('postgres', 'ALTER SYSTEM RESET barks.stop_points');
$cluster->kill9($n1);
like((end_session($session))[1], qr/^ERROR:  08006: could not connect to node "n1"/, 'a node that stays away');
$cluster->restart($n1);
state_is($cluster, $before, 'a node away');

# A node hangs: the prompt is back at once.
sub prompt_back
{
	my ($what, @how) = @_;
	my $took = quickest(0.2, sub { try_prompt_back($what, @how) });
	cmp_ok($took, '<', 0.2, sprintf('%s: at once (%.3f s)', $what, $took));
}

# Seconds from the cancel, or from the end of the timeout in ms, to the prompt.
sub try_prompt_back
{
	my ($what, $stop, $sql, $timeout) = @_;
	my $s;
	if ($stop)
	{
		stop_at($n2, $stop);
		$s = start_session($cluster, '\timing', 'SET statement_timeout = ' . ($timeout // 0), $sql);
		ok(wait_stopped($n2, $stop), "$what waits");
	}
	else { $s = start_paused($sql); }
	my @pids = family($n2);
	kill 'STOP', @pids;
	q1('INSERT INTO go VALUES (1)');
	my $start = time;
	if (!$timeout)
	{
		$cluster->wait_for(q{SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'Extension' AND backend_type = 'client backend')});
		$start = time;
		$s->{handle}->signal('INT');
	}
	my ($out, $err) = end_session($s);
	my $took = time - $start;
	# as psql saw the statement, from its start on
	$took = $1 / 1000 - $timeout / 1000 if $timeout && $out =~ /.*Time: ([\d.]+) ms/s;
	like($err, $timeout ? qr/ERROR:  57014: canceling statement due to statement timeout/ : qr/ERROR:  57014: canceling statement due to user request/,
		"$what: cancelled");
	kill 'CONT', @pids;
	go_on($n2) if $stop;
	$cluster->wait_for(q{SELECT bool_and(alive) FROM barks.nodes});
	return $took;
}
prompt_back('a running task', 'task.before_run', $count);
prompt_back('a task that sent rows', 'task.after_batch', 'SELECT * FROM t ORDER BY s');
prompt_back('rows on their way', undef, 'SELECT streamed()');
prompt_back('a running task, by statement_timeout', 'task.before_run', $count, 3000);
state_is($cluster, $before, 'a node that hung');

# The driver's backend goes.
for my $signal ('TERM', 'KILL')
{
	stop_at($n1, 'task.before_run');
	$session = start_session($cluster, $count);
	ok(wait_stopped($n1, 'task.before_run'), 'a query waits');
	my $offset = -s $driver->logfile;
	kill $signal, q1(q{SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT count(%' AND pid <> pg_backend_pid()});
	end_session($session);
	recovers($driver, $offset) if $signal eq 'KILL';
	wait_until(sub { $n1->safe_psql('barks', q{SELECT count(*) FROM barks.workers WHERE state = 'busy'}) == 0 });
	go_on($n1);
	state_is($cluster, $before, "the driver's backend gone by SIG$signal");
	is(q1($count), $counted, 'and queries answer');
}

# What a node lacks.
q1('CREATE FUNCTION f(int) RETURNS int LANGUAGE sql STABLE AS $$ SELECT length(current_setting(\'DateStyle\')) * 0 + $1 $$');
is(q1('SELECT sum(f(id)) FROM t'), $sum, 'a function that nodes lack runs here');

# Databases go, with the workers that serve them.
$n1->safe_psql('postgres', 'CREATE DATABASE other');
q1(sprintf(q{CREATE DATABASE other}));
$driver->safe_psql('other', sprintf(q{CREATE EXTENSION barks; SELECT barks.add_node('n1', '%s', %d, 'other');
	CREATE TABLE o (i int) USING barks; INSERT INTO o SELECT generate_series(1, 100)}, $n1->host, $n1->port));
is($driver->safe_psql('other', 'SELECT count(*) FROM o'), 100, 'another database');
is($n1->safe_psql('barks', q{SELECT count(*) FROM barks.workers WHERE state = 'idle' AND database = 'other'}), 1, 'with a warm worker');
q1('DROP DATABASE other');
$n1->safe_psql('postgres', 'DROP DATABASE other');
pass('it is dropped');
is(q1($count), $counted, 'the other one answers');

$cluster->allow_log(qr/FATAL:  connection to client lost/, qr/FATAL:  terminating connection due to unexpected postmaster exit/,
	qr/terminated by signal 9/, qr/because of crash of another server process/,
	qr/FATAL:  the database system is (in recovery mode|not yet accepting connections)/);
$cluster->finish;
done_testing();
