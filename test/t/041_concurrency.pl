# Twenty sessions on two nodes of one slot: plain queries, cursors inside
# cursors, and PL/pgSQL loops with queries inside queries.  All finish, and say
# what the same sessions say over heap tables.  The same on one server's only
# slot, and with one connection for all.  In half of the sessions every join
# and group moves rows between nodes.

use strict;
use warnings;

use IPC::Run;
use Test::More;
use Time::HiRes qw(time);

use BarksCluster;
use BarksFaults;

my $sessions = 20;
my $seconds = 300;	# to find that something waits for ever

my ($cluster, $driver);
crowd('slots', 2, '');
crowd('local', 0, '');
crowd('connections', 2, "barks.max_node_connections = 1\nbarks.executor_slots = 3\n");
done_testing();

sub crowd
{
	my ($name, $nodes, $conf) = @_;
	$cluster = BarksCluster->new($name, nodes => $nodes,
		conf => "barks.executor_slots = 1\nmax_connections = 300\nmax_prepared_transactions = 300\n$conf");
	$driver = $cluster->driver;
	make_tables($_) for 'heap', 'dist';

	# Each sink is written once.
	my @wanted = run_all('heap');
	unlike(join('', @wanted), qr/ERROR(?!:  division by zero)/, "$name: the scripts are right");

	$driver->safe_psql('barks', "SET search_path = dist; SELECT barks.distribute_table('sink', by => 'v', partitions => 4)");
	my $before = settled_state($cluster);
	my $start = time;
	my @got = run_all('dist');
	my $took = time - $start;
	is($got[$_], $wanted[$_], "$name: session $_ as over heap tables") for 0 .. $sessions - 1;
	cmp_ok($took, '<', $seconds, sprintf('%s: all finish, in %.1f s', $name, $took));

	is($driver->safe_psql('barks', 'SELECT count(*), sum(v) FROM dist.sink'),
		$driver->safe_psql('barks', 'SELECT count(*), sum(v) FROM heap.sink'), "$name: all that was written is there");
	is($driver->safe_psql('barks', q{SELECT count(*) FROM barks.jobs WHERE state = 'running'}), 0, "$name: no job runs");
	state_is($cluster, $before, "$name: twenty sessions");

	$cluster->allow_log(qr/division by zero/);
	$cluster->finish;
}

sub make_tables
{
	my $schema = shift;
	my $distribute = $schema eq 'heap' ? '' : <<'SQL';
SELECT barks.distribute_table('fact', by => 'k', partitions => 6), barks.distribute_table('other', by => 'k', partitions => 6),
	barks.broadcast_table('dim');
SQL
	$driver->safe_psql('barks', <<"SQL");
CREATE SCHEMA $schema;
SET search_path = $schema;
CREATE TABLE fact (k int, v int, t text);
CREATE TABLE other (k int, w int);
CREATE TABLE dim (id int, name text);
CREATE TABLE sink (session int, v bigint);
CREATE TABLE here (id int, name text);
$distribute
INSERT INTO fact SELECT i, i % 97, repeat(md5(i::text), 4) FROM generate_series(1, 8000) i;
INSERT INTO other SELECT i, i % 13 FROM generate_series(1, 1000) i;
INSERT INTO dim SELECT i, 'name' || i FROM generate_series(0, 12) i;
INSERT INTO here SELECT i, 'here' || i FROM generate_series(1, 300) i;
ANALYZE;

-- a query runs while rows of another are read, and one more inside it
CREATE FUNCTION nested(session int) RETURNS bigint LANGUAGE plpgsql AS \$\$
DECLARE a record; b record; n bigint; total bigint := 0;
BEGIN
	FOR a IN SELECT k, v FROM fact WHERE v = session ORDER BY k LIMIT 3 LOOP
		FOR b IN SELECT o.k, d.name FROM other o JOIN dim d ON d.id = o.w WHERE o.k BETWEEN a.k AND a.k + 3 ORDER BY o.k LOOP
			SELECT count(*) INTO n FROM fact WHERE v = b.k % 97;
			total := total + n + length(b.name);
		END LOOP;
		total := total + a.v;
	END LOOP;
	RETURN total;
END \$\$;

-- cursors that are left in the middle while others go on
CREATE FUNCTION cursors(session int) RETURNS bigint LANGUAGE plpgsql AS \$\$
DECLARE
	outer_rows CURSOR FOR SELECT * FROM fact;
	inner_rows CURSOR (key int) FOR SELECT * FROM fact WHERE k > key ORDER BY k;
	a fact; b fact; total bigint := 0; seen bigint := 0;
BEGIN
	OPEN outer_rows;
	FOR i IN 1 .. 5 LOOP
		FETCH outer_rows INTO a;
		seen := seen + length(a.t);
		OPEN inner_rows(i * 100 + session);
		FETCH inner_rows INTO b;
		total := total + b.k + (SELECT count(*) FROM other WHERE w = i);
		CLOSE inner_rows;
	END LOOP;
	MOVE FORWARD ALL IN outer_rows;
	CLOSE outer_rows;
	RETURN total + seen;
END \$\$;

-- a query in a function for each row of a query, whose cursor is open in a third
CREATE FUNCTION of_row(key int) RETURNS bigint STABLE LANGUAGE plpgsql AS \$\$
BEGIN
	RETURN (SELECT count(*) FROM other o JOIN fact f USING (k) WHERE o.w = key);
END \$\$;
CREATE FUNCTION deep(session int, depth int) RETURNS bigint LANGUAGE plpgsql AS \$\$
DECLARE a record; total bigint := 0;
BEGIN
	FOR a IN SELECT k, v, t FROM fact WHERE k % 500 = session ORDER BY k LOOP
		total := total + a.v + CASE WHEN depth > 0 AND a.k < 1000 THEN deep(session, depth - 1) ELSE 0 END;
	END LOOP;
	RETURN total;
END \$\$;

-- a subtransaction per step, some of which fail
CREATE FUNCTION failing(session int) RETURNS int LANGUAGE plpgsql AS \$\$
DECLARE failed int := 0; n bigint;
BEGIN
	FOR i IN 1 .. 4 LOOP
		BEGIN
			SELECT sum(10 / (v - i * 2)) INTO n FROM fact WHERE k % 20 = session;
		EXCEPTION WHEN division_by_zero THEN failed := failed + 1;
		END;
	END LOOP;
	RETURN failed;
END \$\$;

-- rows move for each of these while those of another query come
CREATE FUNCTION moving(session int) RETURNS bigint LANGUAGE plpgsql AS \$\$
DECLARE a record; n bigint; total bigint := 0;
BEGIN
	FOR a IN SELECT f.v, o.k FROM fact f JOIN other o ON o.w = f.v WHERE f.k < 800 AND f.v < 13 ORDER BY 1, 2 LIMIT 4 LOOP
		SELECT count(*) INTO n FROM (SELECT f.v FROM fact f JOIN here h ON h.id = f.v WHERE f.k % 20 = session GROUP BY f.v HAVING count(*) > 1) s;
		total := total + n + a.v + a.k;
	END LOOP;
	RETURN total;
END \$\$;

-- tasks fail that write for others, and those that read
CREATE FUNCTION failing_tasks(session int) RETURNS text LANGUAGE plpgsql AS \$\$
DECLARE failed text := ''; n bigint;
BEGIN
	FOR i IN 1 .. 4 LOOP
		BEGIN
			IF i % 2 = 0 THEN
				SELECT sum(s.x) INTO n FROM (SELECT 10 / (f.v - session) AS x, f.v FROM fact f) s JOIN other o ON o.w = s.v;
			ELSE
				SELECT sum(10 / (f.v - o.w)) INTO n FROM fact f JOIN other o ON o.w = f.v;
			END IF;
		EXCEPTION WHEN division_by_zero THEN failed := failed || i;
		END;
	END LOOP;
	RETURN failed;
END \$\$;
SQL
}

# What session number i does.
sub script
{
	my ($schema, $i) = @_;
	my @parts = (
		"SELECT count(*), sum(v), min(t) FROM fact WHERE v % 20 = $i;",
		"SELECT nested($i);",
		"BEGIN; DECLARE a CURSOR FOR SELECT k, v FROM fact ORDER BY k; FETCH 2 FROM a;"
		  . " DECLARE b CURSOR FOR SELECT k, w FROM other ORDER BY k DESC; FETCH 2 FROM b;"
		  . " DECLARE c CURSOR FOR SELECT f.k, o.w FROM fact f JOIN other o USING (k) WHERE f.v = $i ORDER BY 1; FETCH 1 FROM c;"
		  . " SELECT count(*) FROM fact; FETCH 2 FROM a; FETCH 1 FROM c; FETCH 2 FROM b; FETCH 1 FROM a; COMMIT;",
		"SELECT cursors($i);",
		"SELECT d.name, count(*), sum(f.v) FROM fact f JOIN other o USING (k) JOIN dim d ON d.id = o.w GROUP BY 1 ORDER BY 1;",
		"SELECT failing($i);",
		"SELECT k, (SELECT count(*) FROM other o WHERE o.w = f.v % 13) FROM fact f WHERE v = $i ORDER BY k LIMIT 5;",
		"BEGIN; INSERT INTO sink SELECT $i, k FROM fact WHERE v = $i; SELECT count(*), sum(v) FROM sink WHERE session = $i;"
		  . " SELECT nested($i); COMMIT;",
		"SELECT t FROM fact WHERE k % 997 = $i ORDER BY k;",
		"SELECT deep($i, 3);",
		"SELECT w, of_row(w) FROM other WHERE k BETWEEN $i * 10 + 1 AND $i * 10 + 5 ORDER BY k;",
		"BEGIN; INSERT INTO sink SELECT $i, -k FROM fact WHERE v = $i; DECLARE d CURSOR FOR SELECT v FROM sink WHERE session = $i ORDER BY v;"
		  . " FETCH 2 FROM d; INSERT INTO sink SELECT session, v * 2 FROM sink WHERE session = $i; SELECT deep($i, 1);"
		  . " FETCH ALL FROM d; SELECT count(*), sum(v) FROM sink WHERE session = $i; ROLLBACK;",
		"BEGIN; DECLARE h CURSOR WITH HOLD FOR SELECT k, t FROM fact WHERE v = $i ORDER BY k; FETCH 1 FROM h; COMMIT; FETCH 2 FROM h; CLOSE h;",
		"BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM fact; SELECT nested($i); SELECT sum(w) FROM other; COMMIT;",
		"SELECT count(*), sum(f.k + o.k), min(f.t) FROM fact f JOIN other o ON o.w = f.v WHERE f.k % 20 = $i;",
		"SELECT moving($i);",
		"SELECT failing_tasks($i);",
		"\\set ON_ERROR_STOP 0\nSELECT sum(10 / (f.v - o.w)) FROM fact f JOIN other o ON o.w = f.v;"
		  . " SELECT count(*) FROM (SELECT 1 / (v - $i) AS x, v FROM fact) f JOIN other o ON o.w = f.v WHERE f.x > -5;\n\\set ON_ERROR_STOP 1",
		"BEGIN; DECLARE m CURSOR FOR SELECT f.k, o.k FROM fact f JOIN other o ON o.w = f.v WHERE f.v = $i % 13 ORDER BY 1, 2; FETCH 3 FROM m;"
		  . " DECLARE g CURSOR FOR SELECT v, count(*) FROM fact GROUP BY v ORDER BY v; FETCH 2 FROM g; SELECT moving($i); FETCH 2 FROM m; COMMIT;",
		"SELECT count(*) FROM (SELECT f.k FROM fact f JOIN other o ON o.w = f.v LIMIT 7) s; SELECT h.name, f.k FROM here h JOIN fact f ON f.v = h.id ORDER BY 2, 1 LIMIT 3;",
		"BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT moving($i); SELECT f.v, count(*) FROM fact f JOIN other o ON o.w = f.v GROUP BY 1 ORDER BY 1; SELECT failing_tasks($i); COMMIT;",
		"BEGIN; INSERT INTO sink SELECT $i, sum(f.k) FROM fact f JOIN other o ON o.w = f.v WHERE f.k % 20 = $i GROUP BY f.v;"
		  . " SELECT count(*), sum(s.v) FROM sink s JOIN here h ON h.id = s.session WHERE s.session = $i; SELECT moving($i); COMMIT;");
	# everyone begins somewhere else
	push @parts, splice(@parts, 0, $i % @parts);
	return "\\set ON_ERROR_STOP 1\nSET search_path = $schema;\nSET statement_timeout = '${seconds}s';\n\\set VERBOSITY terse\n"
	  . ($i % 2 ? "SET barks.join_strategy = shuffle; SET barks.broadcast_threshold = 0; SET barks.driver_groups = 0;\n" : '') . join "\n", @parts, '';
}

# All sessions at once; the answers in order of sessions.
sub run_all
{
	my $schema = shift;
	my (@harness, @out);
	for my $i (0 .. $sessions - 1)
	{
		my $sql = script($schema, $i);
		$out[$i] = '';
		push @harness, IPC::Run::start([ 'psql', '-XqAt', '-d', $driver->connstr('barks') ], '<', \$sql, '>&', \$out[$i],
			IPC::Run::timeout($seconds + 30));
	}
	$_->finish for @harness;
	return @out;
}
