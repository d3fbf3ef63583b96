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
	conf => "barks.executor_slots = 1\nbarks.heartbeat_interval = 500\nbarks.worker_idle_timeout = -1\n");
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
my $before = fault_state($cluster);

# A query of which rows were delivered, then the rest.
my $streaming = 'SET barks.batch_rows = 200; BEGIN; DECLARE c CURSOR FOR SELECT id FROM t; MOVE 20000 c; SELECT pg_advisory_lock(1);
	SELECT pg_advisory_unlock(1); MOVE ALL c; COMMIT';
my $hold = 'SELECT pg_advisory_lock(1), pg_sleep(0)';

# A worker goes in the middle of a task: another attempt answers.
for my $point ('task.before_run', 'task.after_batch', 'task.before_done')
{
	for my $case (
		[ 'an aggregate', $count, $counted ],
		[ 'an ordered query', "SELECT md5(string_agg(s, '')) FROM (SELECT s FROM t ORDER BY s OFFSET 0) x", q1("SELECT md5(string_agg(s, '' ORDER BY s)) FROM plain") ],
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

# Of a cursor, rows were delivered; worker after worker goes.
my $sum = q1('SELECT sum(id), count(*) FROM plain');
is(q1(q{
	SET barks.batch_rows = 200;
	CREATE TEMP TABLE got (id int);
	DO $$
	DECLARE c CURSOR FOR SELECT id FROM t; r record; n int := 0;
	BEGIN
		OPEN c;
		LOOP
			FETCH c INTO r; EXIT WHEN NOT FOUND; n := n + 1;
			INSERT INTO got VALUES (r.id);
		END LOOP;
	END $$;
	SELECT sum(id), count(*) FROM got}), $sum, 'a cursor');

$cluster->allow_log(qr/terminated by signal 9/, qr/because of crash of another server process/,
	qr/FATAL:  the database system is (in recovery mode|not yet accepting connections)/);
$cluster->finish;
done_testing();
