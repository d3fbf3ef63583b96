# Loads and DDL that fail, are killed, or lose a node: all of it or nothing, on
# every server, and nothing is left.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;
use BarksFaults;

my $cluster = BarksCluster->new('load', nodes => 2,
	conf => "barks.executor_slots = 1\nbarks.heartbeat_interval = 500\nbarks.worker_idle_timeout = -1\nrestart_after_crash = on\n");
my ($driver, $n1, $n2) = $cluster->servers;

sub q1 { return $cluster->query(shift) }

q1(q{
	CREATE TABLE t (id int PRIMARY KEY, s text CHECK (s <> 'never'));
	SELECT barks.distribute_table('t', by => 'id', partitions => 4);
	INSERT INTO t SELECT i, md5(i::text) FROM generate_series(1, 1000) i;
	CREATE TABLE b (id int, s text);
	SELECT barks.broadcast_table('b');
	INSERT INTO b SELECT i, 'x' FROM generate_series(1, 10) i;
	CREATE TABLE extra (i int) USING barks;
	INSERT INTO extra SELECT generate_series(1, 50)});
my $content = 'SELECT count(*), sum(id), (SELECT count(*) FROM b), (SELECT count(*) FROM pg_class WHERE relname IN (\'made\', \'extra\')) FROM t';
my $was = q1($content);
is($was, '1000|500500|10|1', 'the tables');
my $before = settled_state($cluster);

sub unchanged
{
	my $what = shift;
	is(q1($content), $was, "$what: the tables are as they were");
	state_is($cluster, $before, $what);
}

# A file of rows, with a last line of choice.
sub rows
{
	my ($from, $to, $last) = @_;
	my $file = $driver->basedir . '/rows.csv';
	open(my $out, '>', $file) or die;
	print $out "$_,row $_\n" for $from .. $to;
	print $out "$last\n" if defined $last;
	close $out;
	return $file;
}

# The last row of a load is bad.
for my $case (
	[ 'a duplicate key', "1,x", '23505' ],
	[ 'a bad number', "x,y", '22P02' ],
	[ 'a missing column', "5000000", '22P04' ],
	[ 'a NULL key', ",x", '23502' ],
	[ 'a failed check', "5000000,never", '23514' ])
{
	my ($what, $last, $state) = @$case;
	my $file = rows(2000, 42000, $last);
	is(($cluster->try("COPY t FROM '$file' CSV"))[0], $state, $what);
	is(($cluster->try("BEGIN; SAVEPOINT a; COPY b FROM '$file' CSV; COPY t FROM '$file' CSV; COMMIT"))[0], $state, "$what, after another load")
		if $what eq 'a duplicate key';
}
for my $case (
	[ 'a duplicate key', 'i, i::text FROM generate_series(42000, 1000, -1) i', '23505' ],
	[ 'a duplicate key among its own', 'least(i, 41999), i::text FROM generate_series(2000, 42000) i', '23505' ],
	[ 'a bad number', q{CASE i WHEN 42000 THEN 'x' ELSE i::text END::int, '' FROM generate_series(2000, 42000) i}, '22P02' ],
	[ 'an error', 'i + 0 / (42000 - i), i::text FROM generate_series(2000, 42000) i', '22012' ],
	[ 'a NULL key', 'nullif(i, 42000), i::text FROM generate_series(2000, 42000) i', '23502' ],
	[ 'a failed check', q{i, CASE i WHEN 42000 THEN 'never' END FROM generate_series(2000, 42000) i}, '23514' ])
{
	my ($what, $rows, $state) = @$case;
	is(($cluster->try("INSERT INTO t SELECT $rows"))[0], $state, "the last row of an INSERT: $what");
}
unchanged('bad last rows');

# The load goes in the middle.
my $file = rows(2000, 42000);
for my $signal ('TERM', 'KILL')
{
	stop_at($n1, 'load.after_frame');
	my $session = start_session($cluster, "COPY t FROM '$file' CSV");
	ok(wait_stopped($n1, 'load.after_frame'), 'a load waits');
	my $offset = -s $driver->logfile;
	kill $signal, q1(q{SELECT pid FROM pg_stat_activity WHERE query LIKE 'COPY t%' AND pid <> pg_backend_pid()});
	end_session($session);
	recovers($driver, $offset) if $signal eq 'KILL';
	go_on($n1);
	unchanged("a load whose session is gone by SIG$signal");
}
for my $how ('a session at the node', 'the node')
{
	stop_at($n1, 'load.after_frame');
	my $session = start_session($cluster, "COPY t FROM '$file' CSV");
	ok(wait_stopped($n1, 'load.after_frame'), 'a load waits');
	if ($how eq 'the node')
	{
		$n1->safe_psql('postgres', 'ALTER SYSTEM RESET barks.stop_points');
		$cluster->kill9($n1);
		$cluster->restart($n1);
	}
	else
	{
		$n1->safe_psql('barks', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%COPY barks.load%' AND pid <> pg_backend_pid()});
		go_on($n1);
	}
	like((end_session($session))[1], qr/ERROR:  08006: lost connection to node "n1"/, "$how goes");
	unchanged($how);
}

# Crashes in the middle of a commit: all or nothing.
my %outcome = (
	'commit.before_prepare' => 0,
	'commit.after_prepare_one' => 0,
	'commit.after_prepare' => 0,
	'commit.after_local' => 1,
	'commit.after_commit_one' => 1);
my %work = (
	'a load' => [ "COPY t FROM '$file' CSV; COPY b FROM '$file' CSV", '41001|880522500|40011|1', 'TRUNCATE t, b' ],
	'DDL' => [ q{CREATE TABLE made (i int) USING barks; INSERT INTO made SELECT generate_series(1, 50); TRUNCATE b; ALTER TABLE t ADD c int},
		'1000|500500|0|2', 'DROP TABLE made; ALTER TABLE t DROP c' ],
	'drops' => [ 'DROP TABLE extra; TRUNCATE t', '0||10|0', 'CREATE TABLE extra (i int) USING barks; INSERT INTO extra SELECT generate_series(1, 50)' ]);
for my $what (sort keys %work)
{
	my ($sql, $after, $undo) = @{ $work{$what} };
	for my $point (sort keys %outcome)
	{
		my $offset = -s $driver->logfile;
		my ($rc) = $driver->psql('barks', "SET barks.stop_points = '$point=kill'; BEGIN; $sql; COMMIT");
		isnt($rc, 0, "$what: killed at $point");
		recovers($driver, $offset);
		if ($outcome{$point})
		{
			is(q1($content), $after, 'all of it');
			q1("BEGIN; $undo; COMMIT");
			q1(q{TRUNCATE t; TRUNCATE b; INSERT INTO t SELECT i, md5(i::text) FROM generate_series(1, 1000) i; INSERT INTO b SELECT i, 'x' FROM generate_series(1, 10) i});
			$before = settled_state($cluster);
			is($before->{ $n1->name }{prepared} + $before->{ $n2->name }{prepared}, 0, 'and nothing prepared is left');
			is(q1($content), $was, 'undone');
		}
		else { unchanged("$what: $point"); }
	}
}

# DDL rolled back.
for my $sql ('TRUNCATE t', 'DROP TABLE t', 'CREATE TABLE made (i int) USING barks; INSERT INTO made VALUES (1)',
	'ALTER TABLE t ADD c int; INSERT INTO t VALUES (0, 0, 0)', 'CREATE INDEX i ON t (s)', 'ALTER TABLE t ALTER id TYPE bigint',
	q{SELECT barks.distribute_table('t', by => 'id', partitions => 6)}, q{SELECT barks.undistribute_table('b')},
	'CREATE TABLE made USING barks AS SELECT * FROM t')
{
	my ($state, $out, $err) = $cluster->try("BEGIN; $sql; ROLLBACK");
	is($state, '', "$sql: rolled back") or diag $err;
	($state) = $cluster->try("BEGIN; SAVEPOINT a; $sql; SELECT 1 / 0");
	is($state, '22012', 'and by an error');
}
unchanged('DDL rolled back');

# A node without prepared transactions.
$n2->append_conf('postgresql.conf', 'max_prepared_transactions = 0');
$n2->restart;
like(($cluster->try("COPY t FROM '$file' CSV"))[2], qr/ERROR:  55000: .*CONTEXT:  node "n2"/s, 'max_prepared_transactions = 0');
is(q1($content), $was, 'nothing was committed');
$n2->append_conf('postgresql.conf', 'max_prepared_transactions = 10');
$n2->restart;
unchanged('max_prepared_transactions');

# A type that a node lacks.
q1(q{CREATE TYPE mood AS ENUM ('ok', 'bad')});
$n2->safe_psql('barks', q{CREATE SCHEMA IF NOT EXISTS hidden; DROP TYPE IF EXISTS public.mood CASCADE});
my ($state, $out, $err) = $cluster->try('BEGIN; CREATE TABLE made (i int, m mood) USING barks; INSERT INTO made SELECT i, \'ok\' FROM generate_series(1, 100) i; SELECT count(*) FROM made; ROLLBACK');
is($state . $out, 100, 'types are made on nodes') or diag $err;
q1('DROP TYPE mood');

$cluster->allow_log(qr/terminated by signal 9/, qr/because of crash of another server process/, qr/FATAL:  connection to client lost/,
	qr/FATAL:  terminating connection due to unexpected postmaster exit/, qr/FATAL:  terminating connection because of/,
	qr/FATAL:  the database system is (in recovery mode|not yet accepting connections)/);
$cluster->finish;
done_testing();
