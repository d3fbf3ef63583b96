# READ COMMITTED: what a statement sees on the nodes and what it sees in ordinary
# tables belong together, however it reads them, and whoever commits meanwhile.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;

my $cluster = BarksCluster->new('in_step', nodes => 2);
my ($driver, $n1, $n2) = $cluster->servers;
my $before = $cluster->leftovers;

# The sum over all accounts is 0, always: distributed ones get what the ordinary one gives.
$cluster->query(<<'SQL');
CREATE TABLE here (v bigint);
INSERT INTO here VALUES (0);
CREATE TABLE there (k int, v bigint);
CREATE TABLE other (k int, v bigint);
CREATE TABLE mine (k int, v bigint);
SELECT barks.distribute_table('there', by => 'k', partitions => 4), barks.distribute_table('other', by => 'v', partitions => 3),
	barks.distribute_table('mine', by => 'k', partitions => 4);
INSERT INTO there SELECT i, 0 FROM generate_series(1, 20) i;
INSERT INTO mine SELECT i, 0 FROM generate_series(1, 20) i;
INSERT INTO other VALUES (0, 0);

CREATE FUNCTION stable_there() RETURNS numeric STABLE LANGUAGE plpgsql AS $$BEGIN RETURN (SELECT sum(v) FROM there); END$$;
CREATE FUNCTION stable_here() RETURNS bigint STABLE LANGUAGE plpgsql AS $$BEGIN RETURN (SELECT v FROM here); END$$;
CREATE FUNCTION expect(what text, wrong numeric) RETURNS void LANGUAGE plpgsql AS $$BEGIN
	IF wrong IS DISTINCT FROM 0 THEN RAISE 'out of step: % %', what, wrong; END IF; END$$;
CREATE PROCEDURE read_all() LANGUAGE plpgsql AS $$
DECLARE
	n numeric;
	c CURSOR FOR SELECT sum(v) FROM (SELECT v FROM here UNION ALL SELECT v FROM there) x;
BEGIN
	SELECT (SELECT sum(v) FROM there) + (SELECT v FROM here) INTO n;
	PERFORM expect('subqueries', n);
	SELECT sum(h.v) + sum(t.v) INTO n FROM here h, (SELECT sum(v) AS v FROM there) t;
	PERFORM expect('join', n);
	SELECT (SELECT v FROM here) + (SELECT sum(v) FROM there WHERE k = ANY (ARRAY[1, 2, 3, 4, 5, 6, 7, 8, 9, 10])) +
		(SELECT sum(v) FROM there WHERE k > 10) INTO n;
	PERFORM expect('two scans', n);
	SELECT sum(v) + stable_here() INTO n FROM there;
	PERFORM expect('stable function over nodes', n);
	SELECT h.v + stable_there() + 0 * count(t.*) INTO n FROM here h, there t GROUP BY h.v;
	PERFORM expect('both, and a stable function', n);
	SELECT count(*) INTO n FROM (SELECT v FROM other EXCEPT SELECT sum(v) FROM there) x WHERE v = (SELECT max(v) FROM other);
	PERFORM expect('two distributed tables', n);
	SELECT max(s) - min(s) INTO n FROM (SELECT (SELECT sum(v) FROM there WHERE k < g + 100) AS s FROM generate_series(1, 8) g) x;
	PERFORM expect('a scan that is repeated', n);
	OPEN c;
	PERFORM count(*) FROM other;
	FETCH c INTO n;
	CLOSE c;
	PERFORM expect('cursor', n);
	EXECUTE 'SELECT (SELECT v FROM here) + sum(v) FROM there' INTO n;
	PERFORM expect('EXECUTE', n);
	DROP TABLE IF EXISTS pg_temp.copied;
	CREATE TEMP TABLE copied AS SELECT v FROM here UNION ALL SELECT v FROM there;
	SELECT sum(v) INTO n FROM copied;
	PERFORM expect('CREATE TABLE AS', n);
END$$;
CREATE PROCEDURE read_off() LANGUAGE plpgsql SET barks.enabled = off AS $$BEGIN CALL read_all(); END$$;
CREATE PROCEDURE read_own() LANGUAGE plpgsql AS $$
DECLARE n numeric;
BEGIN
	-- this transaction wrote to both nodes: it reads in its own sessions there
	INSERT INTO there SELECT i, 0 FROM generate_series(1, 20) i;
	CALL read_all();
	SELECT count(*) INTO n FROM mine;
	INSERT INTO mine SELECT i, 5 FROM generate_series(1, 20) i;
	SELECT count(*) - n - 20 INTO n FROM mine;
	PERFORM expect('own writes', n);
END$$;
SQL

my %script = (
	write => q{BEGIN; UPDATE here SET v = v - 20; INSERT INTO there SELECT i, 1 FROM generate_series(1, 20) i;
		INSERT INTO other SELECT k, (SELECT -v FROM here) FROM (VALUES (1)) x (k); COMMIT;},
	read => q{CALL read_all();},
	off => q{CALL read_off();},
	own => q{BEGIN; CALL read_own(); ROLLBACK;},
	prepared => q{SELECT expect('prepared', (SELECT v FROM here) + (SELECT sum(v) FROM there) + :x);},
	explain => q{EXPLAIN ANALYZE SELECT 1 / (CASE WHEN (SELECT v FROM here) + (SELECT sum(v) FROM there) = 0 THEN 1 ELSE 0 END);},
	copy => q{COPY (SELECT 1 / (CASE WHEN (SELECT v FROM here) + (SELECT sum(v) FROM there) = 0 THEN 1 ELSE 0 END)) TO '/dev/null';});

my $dir = PostgreSQL::Test::Utils::tempdir();
my (%run, %out);
for my $name (sort keys %script)
{
	append_to_file("$dir/$name.sql", ($name eq 'prepared' ? "\\set x 0\n" : '') . $script{$name} =~ s/\s+/ /gr . "\n");
	$out{$name} = '';
	$run{$name} = IPC::Run::start(
		[ 'pgbench', '-n', '-T', 10, '-c', $name eq 'write' ? 1 : 2, '-M', $name eq 'prepared' ? 'prepared' : 'simple',
			'-f', "$dir/$name.sql", $driver->connstr('barks') ],
		'<', \undef, '>', \$out{$name}, '2>&1');
}
$_->finish for values %run;
for my $name (sort keys %script)
{
	my ($transactions) = $out{$name} =~ /actually processed: (\d+)/;
	unlike($out{$name}, qr/aborted|ERROR/, "$name: no error") or diag($out{$name});
	cmp_ok($transactions // 0, '>', 5, "$name: $transactions transactions");
}
is($cluster->query('SELECT (SELECT v FROM here) + sum(v) FROM there'), 0, 'nothing is lost');

$cluster->leaves_nothing($before, 'all that');
$cluster->finish;
done_testing();
