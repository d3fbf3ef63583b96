# Queries under one snapshot of the nodes: what one of them does, ending in the
# middle, by an error, or not at all, is nothing to the others.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;
use BarksFaults;

my $cluster = BarksCluster->new('shared', nodes => 2,
	conf => "barks.executor_slots = 3\nbarks.heartbeat_interval = 500\nbarks.worker_idle_timeout = -1\nrestart_after_crash = on\n");
my ($driver, $n1, $n2) = $cluster->servers;

sub q1 { return $cluster->query(shift) }

q1(q{
	CREATE TABLE t (id int, s text);
	SELECT barks.distribute_table('t', by => 'id', partitions => 4);
	INSERT INTO t SELECT i, repeat(md5(i::text), 10) FROM generate_series(1, 20000) i;
	CREATE TABLE plain AS SELECT i AS id, repeat(md5(i::text), 10) AS s FROM generate_series(1, 20000) i;
	ANALYZE});
my $before = settled_state($cluster);

# Errors in the middle of inner queries, again and again, while outer ones read.
my $nested = q{
	CREATE FUNCTION nested_%1$s() RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		outer_rows CURSOR FOR SELECT id, s FROM %1$s ORDER BY id;
		middle_rows CURSOR (lowest int) FOR SELECT id, s FROM %1$s WHERE id >= lowest;
		a record; b record; failed int := 0; n bigint := 0; total bigint := 0;
	BEGIN
		OPEN outer_rows;
		FOR i IN 1 .. 12 LOOP
			FETCH outer_rows INTO a;
			OPEN middle_rows(i);
			FETCH middle_rows INTO b;
			BEGIN
				SELECT sum(1 / (id - 19000)) INTO n FROM %1$s;
			EXCEPTION WHEN division_by_zero THEN failed := failed + 1;
			END;
			BEGIN
				FOR b IN SELECT id, s FROM %1$s WHERE id %% 100 = i LOOP
					n := 1 / (b.id - 100 - i);
				END LOOP;
			EXCEPTION WHEN division_by_zero THEN failed := failed + 1;
			END;
			SELECT count(*) INTO n FROM (SELECT id FROM %1$s WHERE id > i LIMIT 3) x;
			CLOSE middle_rows;
			total := total + n + a.id + (SELECT count(*) FROM %1$s WHERE s < a.s);
		END LOOP;
		MOVE FORWARD ALL IN outer_rows;
		CLOSE outer_rows;
		RETURN failed || ' ' || total;
	END $$};
q1(sprintf $nested, $_) for 't', 'plain';
my $expected = q1('SELECT nested_plain()');
like($expected, qr/^24 /, 'plain tables');
is(q1('SELECT nested_t()'), $expected, 'errors and early ends while others read');
is(q1('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT nested_t(); SELECT nested_t(); COMMIT'), "$expected\n$expected", 'in a repeatable read transaction');

# A failed query costs only its savepoint.
is(($cluster->try('BEGIN ISOLATION LEVEL REPEATABLE READ; SAVEPOINT a; SELECT sum(1 / (id - 19000)) FROM t'))[0], '22012', 'a query fails');
my $script = "\\set ON_ERROR_STOP 0\nBEGIN ISOLATION LEVEL REPEATABLE READ;\n"
	. join('', map { "SAVEPOINT a;\nSELECT sum(1 / (id - 19000)), max(s) FROM t;\nROLLBACK TO a;\nSELECT count(*) FROM t;\n" } 1 .. 5) . "COMMIT;\n";
my ($out, $err) = ('', '');
$driver->psql('barks', $script, stdout => \$out, stderr => \$err, on_error_stop => 0);
is($out, join("\n", (20000) x 5), 'the transaction goes on from the savepoint');
is(scalar(() = $err =~ /division by zero/g), 5, 'all failed alike') or diag $err;

# A session that is told one statement after another.
my %s;
sub session
{
	my $isolation = shift;
	%s = (in => '', out => '', err => '');
	$s{handle} = IPC::Run::start([ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $driver->connstr('barks') ],
		'<', \$s{in}, '>', \$s{out}, '2>', \$s{err}, IPC::Run::timeout(180));
	statement("BEGIN ISOLATION LEVEL $isolation");
}

sub statement
{
	my $sql = shift;
	$s{out} = '';
	$s{in} .= "$sql;\n\\echo told\n";
	$s{handle}->pump until $s{out} =~ s/told\n$//;
	chomp $s{out};
	return $s{out};
}

sub end
{
	my $ending = shift;
	statement($ending);
	$s{in} .= "\\q\n";
	$s{handle}->finish;
	return $s{err};
}

# The stream that holds the node's snapshot belongs to a cursor that is closed while
# its tasks hang: others go on under the same snapshot.
for my $isolation ('READ COMMITTED', 'REPEATABLE READ')
{
	for my $ending ('CLOSE a', 'ROLLBACK TO x')
	{
		session($isolation);
		statement('SET LOCAL barks.batch_rows = 100; SAVEPOINT x');
		statement('DECLARE a CURSOR FOR SELECT id, s FROM t');
		like(statement('FETCH 1 FROM a'), qr/^\d+\|/, "$isolation, $ending: a cursor reads");
		statement('RELEASE x; SAVEPOINT x') if $ending eq 'CLOSE a';
		my @busy = map { split /\n/, $_->safe_psql('barks', q{SELECT pid FROM barks.workers WHERE state IN ('busy', 'spooling')}) } $n1, $n2;
		kill 'STOP', @busy;
		# another reads under the same snapshot all the time
		statement('DECLARE b CURSOR FOR SELECT id FROM t WHERE id <= 3 ORDER BY id') if $ending eq 'CLOSE a';
		is(statement('FETCH 1 FROM b'), 1, 'so does another') if $ending eq 'CLOSE a';
		statement($ending);
		is(statement('SELECT count(*), sum(id) FROM t'), '20000|200010000', 'when the first is gone, a third does');
		is(statement('FETCH 2 FROM b'), "2\n3", 'and the second') if $ending eq 'CLOSE a';
		kill 'CONT', @busy;
		is(statement('SELECT count(*), sum(id) FROM t'), '20000|200010000', 'and all later ones');
		ok(wait_until(sub { !grep { $_->safe_psql('barks', q{SELECT count(*) FROM barks.workers WHERE state NOT IN ('free', 'idle')}) } $n1, $n2 }),
			'no slot is held');
		is(end('COMMIT'), '', 'no error');
	}
}
state_is($cluster, $before, 'all that');

# A node that restarted lost its snapshot: who reads or writes under it is told so.
for my $sql ('SELECT count(*) FROM t', 'INSERT INTO t VALUES (0), (1), (2), (3), (4)')
{
	session('REPEATABLE READ');
	is(statement('SELECT count(*) FROM t'), 20000, 'a repeatable read transaction reads');
	$cluster->kill9($n1);
	$cluster->restart($n1);
	$cluster->wait_for(q{SELECT bool_and(alive) FROM barks.nodes});
	statement($sql);
	my $error = end('ROLLBACK');
	like($error, qr/^ERROR:  08006: .*node "n1"/, "$sql: after a restart");
}

# The same where the node's session that held the snapshot ended, unnoticed.
for my $sql ('SELECT count(*) FROM t', 'INSERT INTO t VALUES (0), (1), (2), (3), (4)')
{
	session('REPEATABLE READ');
	is(statement('SELECT count(*) FROM t'), 20000, 'a repeatable read transaction reads');
	statement('DECLARE a CURSOR FOR SELECT id, s FROM t; FETCH 1 FROM a');
	$n1->safe_psql('barks', q{SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity
		WHERE application_name LIKE 'barks driver%' AND query LIKE '%pg_export_snapshot%'});
	statement($sql);
	like(end('ROLLBACK'), qr/^ERROR:  08006: .*node "n1"/, "$sql: without the session that held the snapshot");
}
is(q1('SELECT count(*) FROM t'), 20000, 'others read');
state_is($cluster, $before, 'lost snapshots');

$cluster->allow_log(qr/division by zero/, qr/FATAL:  terminating connection due to unexpected postmaster exit/,
	qr/FATAL:  the database system is (not yet|not) accepting connections/);
$cluster->finish;
done_testing();
