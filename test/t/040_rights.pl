# Rights are those of plain PostgreSQL, on every path: each probe runs on heap
# tables and on distributed ones, and must say the same.

use strict;
use warnings;
use utf8;

use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;

binmode(STDOUT, ':utf8');

my @roles = ('bob', q{"Wëird ""role"" 'x"}, 'lead', 'alice', 'dave');
my $hidden = 'HIDDEN';

# What psql says to a script, errors and notices in their places.
sub session
{
	my ($server, $sql) = @_;
	my $out = '';
	utf8::encode($sql);
	IPC::Run::run([ 'psql', '-XqAt', '-d', $server->connstr('barks') ], '<', \$sql, '>&', \$out);
	utf8::decode($out);
	return $out;
}

# ---- objects, the same in schema "heap" (plain tables) and "dist"

sub setup_roles
{
	my $server = shift;
	my $functions = 'FUNCTION pg_catalog.reverse(text), pg_catalog.bit_xor(int), pg_catalog.int4mul(int, int)';
	my $sql = join '', map { "CREATE ROLE $_ LOGIN;\n" } 'mallory', @roles;
	$sql .= "ALTER ROLE lead BYPASSRLS;\nREVOKE EXECUTE ON $functions FROM PUBLIC;\nGRANT EXECUTE ON $functions TO bob;\n";
	is(session($server, $sql), '', 'roles are made');
}

sub setup_schema
{
	my ($server, $schema, $am) = @_;
	my $distribute = $am eq 'barks' ? <<"SQL" : '';
SELECT barks.distribute_table('doc', by => 'id'), barks.distribute_table('forced', by => 'id'),
	barks.distribute_table('none', by => 'id'), barks.broadcast_table('dim') \\g /dev/null
SQL
	my $out = session($server, <<"SQL");
CREATE SCHEMA $schema AUTHORIZATION alice;
GRANT USAGE ON SCHEMA $schema TO PUBLIC;
SET search_path = $schema;
SET default_table_access_method = $am;
SET ROLE alice;
CREATE TABLE doc (id int, owner text, secret text, level int);
CREATE TABLE forced (id int, secret text, level int);
CREATE TABLE cols (id int, pub text, priv text);
CREATE TABLE none (id int, v text);
CREATE TABLE dim (id int, name text);
$distribute
INSERT INTO doc SELECT i, CASE i % 3 WHEN 0 THEN 'bob' WHEN 1 THEN 'alice' ELSE 'Wëird "role" ''x' END,
	CASE WHEN i % 4 = 1 THEN '$hidden' ELSE i::text END, CASE WHEN i % 4 = 1 THEN 5 ELSE i % 4 END
FROM generate_series(1, 40) i WHERE NOT (i % 4 = 1 AND i % 3 <> 1);
INSERT INTO forced SELECT i, CASE WHEN i % 2 = 0 THEN '$hidden' ELSE i::text END, CASE WHEN i % 2 = 0 THEN 5 ELSE 1 END
FROM generate_series(1, 20) i;
INSERT INTO cols SELECT i, 'pub' || i, 'priv' || i FROM generate_series(1, 10) i;
INSERT INTO none SELECT i, CASE WHEN i % 2 = 0 THEN '$hidden' ELSE i::text END FROM generate_series(1, 20) i;
INSERT INTO dim SELECT i, 'name' || i FROM generate_series(0, 5) i;

CREATE FUNCTION peek(text) RETURNS bool LANGUAGE plpgsql COST 0.0001 AS
	\$\$ BEGIN RAISE NOTICE 'peek %', \$1; RETURN true; END \$\$;
CREATE FUNCTION may_see(int) RETURNS bool LANGUAGE plpgsql STABLE COST 10000 AS \$\$ BEGIN RETURN \$1 < 3; END \$\$;
CREATE FUNCTION total() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = $schema AS 'SELECT count(*) FROM none';
CREATE FUNCTION who() RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = $schema AS
	\$\$ DECLARE n text; BEGIN SELECT current_user || count(*) INTO n FROM doc; RETURN n; END \$\$;
CREATE FUNCTION total_invoker() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM $schema.none';
CREATE FUNCTION rows_of_doc() RETURNS SETOF doc LANGUAGE sql STABLE AS 'SELECT * FROM $schema.doc';
CREATE FUNCTION open_none(refcursor) RETURNS refcursor LANGUAGE plpgsql SECURITY DEFINER AS
	\$\$ BEGIN OPEN \$1 FOR SELECT id FROM $schema.none WHERE id < 4; RETURN \$1; END \$\$;
CREATE VIEW none_view AS SELECT id, v FROM none WHERE id < 6;
CREATE VIEW barrier WITH (security_barrier) AS SELECT id, v FROM none WHERE v <> '$hidden';
CREATE VIEW invoker WITH (security_invoker) AS SELECT id, v FROM none;
CREATE VIEW invoker_doc WITH (security_invoker) AS SELECT * FROM doc;
CREATE VIEW doc_view AS SELECT * FROM doc;
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (owner = current_user OR level < 3);
CREATE POLICY w ON doc AS RESTRICTIVE FOR INSERT WITH CHECK (owner = current_user);
ALTER TABLE forced ENABLE ROW LEVEL SECURITY;
ALTER TABLE forced FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON forced USING (may_see(level));
GRANT SELECT, INSERT ON doc, forced TO PUBLIC;
REVOKE ALL ON doc FROM dave;
GRANT SELECT (id, pub), INSERT (id) ON cols TO bob;
GRANT SELECT ON dim, none_view, barrier, invoker, invoker_doc, doc_view TO PUBLIC;
SQL
	is($out, '', "objects of schema $schema are made");
}

my @probes = (
	'SELECT * FROM none', 'SELECT count(*) FROM none', 'SELECT 1 FROM none', 'COPY none TO STDOUT', 'TABLE cols',
	'SELECT id, pub FROM cols', 'SELECT id FROM cols WHERE priv > \'a\'', 'SELECT count(*) FROM cols',
	'SELECT max(pub) FROM cols GROUP BY id % 2', 'SELECT c FROM cols c', 'SELECT id FROM cols ORDER BY priv',
	'COPY cols TO STDOUT', 'COPY cols (id, pub) TO STDOUT', 'COPY (SELECT id FROM cols WHERE priv IS NULL) TO STDOUT',
	'SELECT * FROM doc', 'SELECT owner, count(*) FROM doc GROUP BY 1', 'COPY doc TO STDOUT', 'COPY doc (id) TO STDOUT',
	'SELECT id FROM doc WHERE secret::int > 3', 'SELECT id FROM doc WHERE 10 / (level - 5) < 0',
	'SELECT sum(secret::int), max(10 / (level - 5)) FROM doc', 'SELECT id FROM doc WHERE peek(secret)',
	'SELECT id, peek(secret) FROM doc', 'SELECT d.id FROM doc d JOIN dim ON dim.id = d.level WHERE peek(d.secret || name)',
	'SELECT d.id, name FROM doc d JOIN dim ON dim.id = d.secret::int', 'SELECT max(id) FROM doc WHERE level = ANY (ARRAY[5])',
	'SELECT count(*) FROM doc a JOIN doc b USING (id) WHERE a.secret::int = b.secret::int',
	'SELECT name, (SELECT count(*) FROM doc WHERE level = dim.id) FROM dim', 'SELECT id FROM doc WHERE 10 / (level - 5) < 0 ORDER BY id LIMIT 3',
	'SELECT * FROM rows_of_doc()', 'SELECT id FROM rows_of_doc() WHERE secret::int > 0', 'SELECT id FROM rows_of_doc() WHERE peek(secret)',
	'SELECT id FROM forced WHERE secret::int > 0', 'SELECT id FROM forced WHERE peek(secret)', 'SELECT count(*) FROM forced',
	'SELECT count(*) FROM forced WHERE secret = \'HIDDEN\'', 'COPY forced TO STDOUT', 'SELECT 10 / (level - 5), id FROM forced',
	'SELECT * FROM none_view', 'SELECT * FROM barrier', 'SELECT id FROM barrier WHERE peek(v)', 'SELECT id FROM barrier WHERE v::int > 2',
	'SELECT b.id FROM barrier b JOIN dim ON b.v::int = dim.id', 'SELECT count(*) FROM barrier WHERE 1 / (CASE v WHEN \'HIDDEN\' THEN 0 ELSE 1 END) = 1',
	'SELECT * FROM invoker', 'SELECT count(*) FROM invoker_doc', 'SELECT count(*) FROM doc_view',
	'SELECT id FROM doc_view WHERE secret::int > 5', 'SELECT total()', 'SELECT total_invoker()', 'SELECT who()',
	'SELECT id, total() FROM dim', 'BEGIN; SELECT open_none(\'c\'); FETCH ALL FROM c; COMMIT',
	'SELECT reverse(name) FROM dim', 'SELECT id FROM dim WHERE reverse(name) = \'x\'', 'SELECT id FROM dim WHERE id < 0 AND reverse(name) > \'\'',
	'SELECT bit_xor(id) FROM dim', 'SELECT id FROM dim ORDER BY id * 3', 'SELECT max(reverse(name)) FROM dim GROUP BY id % 2',
	'SELECT count(*) FROM dim a JOIN dim b ON a.id * 2 = b.id',
	'BEGIN; DECLARE c CURSOR FOR SELECT id FROM doc WHERE secret::int > 0 ORDER BY id; FETCH 3 FROM c; FETCH ALL FROM c; COMMIT',
	'BEGIN; DECLARE c SCROLL CURSOR FOR SELECT id, secret FROM doc ORDER BY id; FETCH LAST FROM c; FETCH FIRST FROM c; COMMIT',
	'BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT count(*) FROM doc; COMMIT; FETCH c; CLOSE c',
	'EXECUTE prepared', 'EXECUTE prepared_none', 'SELECT row_security_active(\'doc\')',
	'SET row_security = off; SELECT count(*) FROM doc; RESET row_security',
	'BEGIN; INSERT INTO doc VALUES (100, current_user, \'100\', 5); SELECT count(*), sum(id) FROM doc; SELECT id FROM doc WHERE secret::int > 90; ROLLBACK',
	'BEGIN; INSERT INTO doc VALUES (100, \'bob\', \'100\', 0); ROLLBACK', 'BEGIN; INSERT INTO doc VALUES (100, \'zoe\', \'100\', 5); ROLLBACK',
	'BEGIN; INSERT INTO forced VALUES (100, \'100\', 5); ROLLBACK', 'BEGIN; INSERT INTO cols (id) VALUES (100); ROLLBACK',
	'BEGIN; INSERT INTO cols (id, priv) VALUES (100, 1); ROLLBACK', 'BEGIN; INSERT INTO none VALUES (1); ROLLBACK',
	'BEGIN; INSERT INTO forced SELECT id, v, 1 FROM none; ROLLBACK', 'BEGIN; INSERT INTO doc SELECT 1, current_user, name, 5 FROM dim; SELECT count(*) FROM doc WHERE secret LIKE \'name%\'; ROLLBACK',
	'BEGIN; TRUNCATE none; ROLLBACK', 'BEGIN; DROP TABLE none; ROLLBACK', 'BEGIN; ALTER TABLE none ADD x int; ROLLBACK',
	'BEGIN; LOCK TABLE none; ROLLBACK', 'BEGIN; CREATE INDEX ON none (id); ROLLBACK', 'BEGIN; ALTER TABLE doc DISABLE ROW LEVEL SECURITY; ROLLBACK',
	'EXPLAIN (COSTS OFF, SUMMARY OFF) SELECT * FROM none WHERE false', 'SELECT has_table_privilege(\'none\', \'select\')');

# All probes as each role; $prologue begins each role's part.
sub probe_script
{
	my ($schema, $settings, $how, $own_writes) = @_;
	my $sql = "\\set VERBOSITY terse\n\\set SHOW_CONTEXT never\nSET search_path = $schema; $settings\n"
	  . "SET client_min_messages = notice;\n";
	for my $role (@roles)
	{
		$sql .= "RESET SESSION AUTHORIZATION; RESET ROLE; DEALLOCATE ALL; SET ROLE alice;\n"
		  . "PREPARE prepared AS SELECT count(*), min(secret) FROM doc; EXECUTE prepared;\n"
		  . "PREPARE prepared_none AS SELECT count(*) FROM none; EXECUTE prepared_none;\nRESET ROLE;\n";
		$sql .= ($how eq 'session' ? 'SET SESSION AUTHORIZATION ' : 'SET ROLE ') . "$role;\n" unless $own_writes;
		for my $probe (@probes)
		{
			my $label = "$role: $probe";
			$label =~ s/'/"/g;
			$sql .= "\\echo '-- $label'\n";
			if ($own_writes)
			{
				next if $probe =~ /BEGIN/;
				$sql .= "BEGIN; INSERT INTO none VALUES (1000, '7'); INSERT INTO dim VALUES (9, 'nine');"
				  . " INSERT INTO doc VALUES (1001, 'alice', '$hidden', 5); INSERT INTO doc VALUES (1002, 'zoe', '1002', 1);"
				  . " INSERT INTO forced VALUES (1001, '$hidden', 5); INSERT INTO cols VALUES (1000, 'a', 'b'); SET LOCAL ROLE $role;\n";
				$sql .= "$probe;\nROLLBACK;\n";
			}
			else
			{
				$sql .= "$probe;\nROLLBACK;\n";
			}
		}
	}
	return $sql;
}

# The answers by probe, with lines in an order of their own.
sub answers
{
	my ($server, @args) = @_;
	my %answer;
	my $probe = '';
	for (split /\n/, session($server, probe_script(@args)))
	{
		s/^psql:\S+ //;
		next if /no transaction in progress/;
		if (/^-- (.*)/) { $probe = $1; next; }
		s/\b(?:heap|dist)\.//g;
		push @{ $answer{$probe} }, $_;
	}
	return { map { $_ => join "\n", sort @{ $answer{$_} } } keys %answer };
}

sub same_answers
{
	my ($what, $got, $wanted) = @_;
	my @differ;
	for my $probe (sort keys %$wanted)
	{
		my $answer = $got->{$probe} // '';
		next if $answer eq $wanted->{$probe};
		next if $probe =~ /EXPLAIN/ && $answer !~ /ERROR/ && $wanted->{$probe} !~ /ERROR/;
		push @differ, "$probe\n  got: $answer\n  plain: $wanted->{$probe}";
	}
	is(join("\n", @differ), '', "$what: " . keys(%$wanted) . ' probes as in plain PostgreSQL');
}

sub denied
{
	my ($server, $role, $sql, $pattern, $what) = @_;
	like(session($server, "\\set VERBOSITY verbose\nSET SESSION AUTHORIZATION $role;\n$sql;\n"), $pattern, $what // $sql);
}

# ---- what barks itself offers

sub check_functions
{
	my ($server, $local) = @_;
	my $no = qr/ERROR:  42501:/;
	my $shard = $server->safe_psql('barks', q{SELECT shard FROM barks.partitions WHERE name = 'dist.none'::regclass LIMIT 1});

	denied($server, 'bob', $_, $no) for (
		q{SELECT barks.distribute_table('dist.none', by => 'id')}, q{SELECT barks.broadcast_table('dist.none')},
		q{SELECT barks.undistribute_table('dist.none')}, q{SELECT barks.distribute_table('heap.none')},
		q{SELECT barks.add_node('x')}, q{SELECT barks.remove_node('n1')}, 'TABLE barks.node_credential',
		'TABLE barks.serving', 'TABLE barks.dist_transaction', 'TABLE barks.placement', 'DELETE FROM barks.placement',
		'INSERT INTO barks.placement VALUES (1, 1, 1)', 'COPY barks.lane TO STDOUT', 'COPY barks.load FROM STDIN', 'COPY barks.insert FROM STDIN',
		q{SELECT * FROM barks.fallbacks('SELECT * FROM dist.none')},
		q{SECURITY LABEL FOR barks ON TABLE dist.none IS 'broadcast'}, q{SET barks.stop_points = 'task.before_run=error'});
	denied($server, 'bob', 'CREATE SERVER s FOREIGN DATA WRAPPER barks', $no);

	# A table of another's is not even locked.
	my $locker = $server->background_psql('barks');
	$locker->query_safe('BEGIN; SELECT count(*) FROM dist.none;');
	denied($server, 'bob', q{SET lock_timeout = '2s'; SELECT barks.broadcast_table('dist.none')}, $no, 'refused before it waits for the lock');
	$locker->quit;

	return $shard;
}

sub check_shards
{
	my ($server, $shard, $what) = @_;
	my ($schema) = split /\./, $shard;
	denied($server, 'mallory', $_, qr/ERROR:  42501:/, "$what: $_") for (
		"TABLE $shard", "COPY $shard TO STDOUT", "INSERT INTO $shard VALUES (1)", "DELETE FROM $shard", "TRUNCATE $shard",
		"DROP TABLE $shard", "ALTER TABLE $shard ADD x int", "CREATE INDEX ON $shard (id)", "CREATE TABLE $schema.x ()",
		"DROP SCHEMA $schema CASCADE", "GRANT ALL ON $shard TO mallory", "ALTER SCHEMA $schema RENAME TO x",
		"SELECT barks.distribute_table('pg_class')", "COPY barks.lane TO STDOUT", "COPY barks.lane TO STDOUT (mode 'inline')",
		'COPY barks.load FROM STDIN', 'COPY barks.insert FROM STDIN');
}

sub check_jobs
{
	my $server = shift;
	$server->safe_psql('barks', q{SET ROLE alice; SELECT count(*) AS alices FROM dist.none});
	denied($server, 'bob', q{SELECT count(*) AS bobs FROM dist.doc; SELECT string_agg(DISTINCT role_name, ',') FROM barks.jobs},
		qr/^bob$/m, 'jobs: one sees one\'s own');
	denied($server, 'bob', q{SELECT 'n' || count(*) FROM barks.tasks t WHERE NOT EXISTS (SELECT FROM barks.jobs j WHERE j.job_id = t.job_id)},
		qr/^n0$/m, 'and tasks of them only');
	denied($server, 'bob', q{SELECT 's' || count(*) FROM barks.stages t WHERE NOT EXISTS (SELECT FROM barks.jobs j WHERE j.job_id = t.job_id)},
		qr/^s0$/m, 'and stages');
	$server->safe_psql('barks', 'GRANT pg_monitor TO lead');
	denied($server, 'lead', q{SELECT string_agg(DISTINCT role_name, ',') FROM barks.jobs}, qr/alice,.*bob/, 'pg_monitor sees all');
	my $job = $server->safe_psql('barks', q{SELECT max(job_id) FROM barks.jobs WHERE role_name = 'alice'});
	denied($server, 'bob', "SELECT barks.cancel_job($job)", qr/^f$|ERROR:  42501/m, 'a job of another is not cancelled');

	# one that runs
	my $runner = $server->background_psql('barks');
	$runner->query_safe('SET ROLE alice; BEGIN; DECLARE c CURSOR FOR SELECT a.id FROM dist.none a, dist.none b, dist.none c ORDER BY 1; FETCH 1 FROM c;');
	$job = $server->safe_psql('barks', q{SELECT max(job_id) FROM barks.jobs WHERE state = 'running'});
	denied($server, 'bob', "SELECT barks.cancel_job($job)", qr/ERROR:  42501/, 'a running job of another is not cancelled') if $job;
	$runner->quit;
}

# Users' code must not run with the rights of those who own shards, or read.
sub check_escalation
{
	my ($server, $am) = @_;
	my $out = session($server, <<'SQL');
\set VERBOSITY terse
\set SHOW_CONTEXT never
CREATE SCHEMA evil AUTHORIZATION mallory;
SET SESSION AUTHORIZATION mallory;
CREATE FUNCTION evil.tell(x anyelement) RETURNS anyelement IMMUTABLE LANGUAGE plpgsql AS
	$$ BEGIN RAISE WARNING 'runs as %', current_user; RETURN x; END $$;
CREATE FUNCTION evil.le(bigint, int) RETURNS bool LANGUAGE sql AS 'SELECT evil.tell(true)';
CREATE FUNCTION evil.eq(text, text) RETURNS bool LANGUAGE sql AS 'SELECT evil.tell(true)';
CREATE FUNCTION evil.count(int) RETURNS bigint LANGUAGE sql AS 'SELECT evil.tell(1::bigint)';
CREATE FUNCTION evil.diff(int, int) RETURNS float8 IMMUTABLE LANGUAGE sql AS 'SELECT evil.tell(1::float8)';
CREATE OPERATOR evil.<= (FUNCTION = evil.le, LEFTARG = bigint, RIGHTARG = int);
CREATE OPERATOR evil.= (FUNCTION = evil.eq, LEFTARG = text, RIGHTARG = text);
CREATE TYPE evil.span AS RANGE (SUBTYPE = int, SUBTYPE_DIFF = evil.diff);
CREATE DOMAIN evil.dom AS text CHECK (evil.tell(VALUE) IS NOT NULL);
CREATE TYPE evil.pair AS (x evil.dom, y int);
CREATE TABLE evil.t (a int, b text) USING barks;
CREATE TABLE evil.r (a evil.span) USING barks;
CREATE TABLE evil.d (a evil.dom[], c evil.pair) USING barks;
INSERT INTO evil.t SELECT i, i FROM generate_series(1, 5) i;
INSERT INTO evil.d VALUES (ARRAY['p', 'q']::evil.dom[], ROW('r', 1)::evil.pair);
\echo == indexes
CREATE INDEX ON evil.t (evil.tell(b));
CREATE INDEX ON evil.t (a) WHERE evil.tell(a) > 0;
CREATE INDEX ON evil.r USING gist (a);
CREATE TABLE evil.i (a int) USING heap;
CREATE INDEX ON evil.i (evil.tell(a));
SELECT barks.distribute_table('evil.i');
\echo == literals
SELECT count(*) FROM evil.d WHERE a = '{p,q}'::evil.dom[];
BEGIN; INSERT INTO evil.d VALUES (NULL, NULL); SELECT count(*) FROM evil.d WHERE a = '{p,q}'::evil.dom[]; ROLLBACK;
\echo == as superuser
RESET SESSION AUTHORIZATION;
SELECT * FROM evil.d;
COPY evil.d TO STDOUT;
SET barks.enabled = off;
SELECT * FROM evil.d;
RESET barks.enabled;
SET search_path = evil, pg_catalog;
SET SESSION AUTHORIZATION mallory;
\echo == commands on tables of others
CREATE STATISTICS evil.s ON (evil.tell(b)), a FROM evil.t;
CREATE MATERIALIZED VIEW evil.m USING barks AS SELECT evil.tell(b) AS b, upper(b) AS u FROM evil.t;
RESET SESSION AUTHORIZATION;
ANALYZE evil.t;
REFRESH MATERIALIZED VIEW evil.m;
SELECT barks.distribute_table('evil.t', by => 'a');
SELECT barks.distribute_table('evil.d', partitions => 2);
SELECT barks.undistribute_table('evil.m');
VACUUM FULL evil.m;
SET SESSION AUTHORIZATION mallory;
SELECT 'refreshed', count(*) FROM evil.m WHERE u = b;
\echo == operators
SELECT 'tables', count(*) > 0 FROM barks.tables;
SELECT 'partitions', count(*) > 0 FROM barks.partitions;
SELECT count(*) FROM evil.t WHERE b OPERATOR(pg_catalog.=) '1';
ANALYZE evil.t;
CREATE INDEX ON evil.t (a);
SQL
	unlike($out, qr/runs as postgres/, 'nothing of the user\'s runs as a superuser');
	like($out, qr/runs as mallory/, 'but it does run');
	my @refused = $out =~ /ERROR:  index .* calls a function that nodes do not have/g;
	is(scalar @refused, 4, 'indexes with functions of users are refused');
	like($out, qr/^\{p,q\}\|\(r,1\)$/m, 'what is stored is read');
	like($out, qr/^refreshed\|5$/m, 'commands of superusers on tables of others work');
	like($out, qr/^tables\|t\npartitions\|t\n1$/m, 'operators of users are not met');

	# Temporary types and tables stand before nothing.
	$out = session($server, <<'SQL');
SET ROLE mallory;
CREATE TEMP TABLE pg_class (a int);
CREATE TYPE pg_temp.text AS ENUM ('x');
CREATE DOMAIN pg_temp.int4 AS int CHECK (VALUE < 0);
CREATE TABLE evil.reg (a int, r regclass, b pg_catalog.text) USING barks;
INSERT INTO evil.reg VALUES (1, 'pg_catalog.pg_class', 'one'), (2, 'pg_catalog.pg_proc', 'two');
SELECT r = 'pg_catalog.pg_class'::regclass FROM evil.reg WHERE b = 'one' AND a = 1;
BEGIN; INSERT INTO evil.reg VALUES (3, 'pg_catalog.pg_type', 'three'); SELECT a, b || 'x' FROM evil.reg WHERE b = 'three' OR a = 1 ORDER BY 1; ROLLBACK;
SQL
	like($out, qr/^t\n1\|onex\n3\|threex$/m, 'temporary objects shadow nothing') or diag($out);
}

sub check_roles
{
	my $server = shift;
	my $out = session($server, <<'SQL');
CREATE ROLE "Temp Röle"; CREATE ROLE other;
GRANT SELECT ON dist.none TO "Temp Röle";
SET ROLE "Temp Röle"; SELECT count(*), max(upper(v)) FROM dist.none; RESET ROLE;
ALTER ROLE "Temp Röle" RENAME TO "renamed; DROP";
SET ROLE "renamed; DROP"; SELECT count(*), max(upper(v)) FROM dist.none; RESET ROLE;
REVOKE ALL ON dist.none FROM "renamed; DROP"; DROP ROLE "renamed; DROP";
CREATE ROLE "Temp Röle";
SET ROLE "Temp Röle"; SELECT count(*) FROM dist.none; SELECT count(*) FROM dist.dim; RESET ROLE; DROP ROLE "Temp Röle";
CREATE ROLE boss SUPERUSER;
SET SESSION AUTHORIZATION boss; SET work_mem = '8MB'; SET lc_monetary = 'C'; SELECT count(*), max(upper(v)) FROM dist.none;
RESET SESSION AUTHORIZATION;
SQL
	is($out, "20|HIDDEN\n20|HIDDEN\nERROR:  permission denied for table none\n6\n20|HIDDEN\n", 'roles made, renamed, dropped, made again');

	# dropped while its session goes on
	my $session = $server->background_psql('barks', on_error_stop => 0);
	$server->safe_psql('barks', 'CREATE ROLE gone');
	$session->query('SET ROLE gone; SELECT count(*) FROM dist.dim;');
	$server->safe_psql('barks', 'DROP ROLE gone');
	my $answer = $session->query('SELECT count(*) FROM dist.dim;');
	ok($answer eq '6' || $session->{stderr} =~ /role/, 'a dropped role reads or is told');
	$session->quit;
}

# Whoever may create schemas cannot make that of the shards first.
sub check_squatters
{
	my ($driver, @nodes) = @_;
	my ($schema) = split /\./, $driver->safe_psql('barks', q{SELECT shard FROM barks.partitions LIMIT 1});

	$driver->safe_psql('barks', 'DROP SCHEMA dist CASCADE; DROP SCHEMA evil CASCADE');
	for my $server (@nodes ? @nodes : $driver)
	{
		$server->safe_psql('barks', "ALTER EXTENSION barks DROP SCHEMA $schema") unless @nodes;
		$server->safe_psql('barks', "DROP SCHEMA $schema CASCADE; CREATE SCHEMA $schema AUTHORIZATION mallory");
	}
	denied($driver, 'postgres', 'CREATE TABLE squatted (a int) USING barks',
		qr/ERROR:  42501: schema "$schema" is owned by an ordinary role/, 'shards go into no schema of an ordinary role');
}

# ---- run

for my $nodes (0, 2)
{
	my $what = $nodes ? "$nodes nodes" : 'local mode';
	my $cluster = BarksCluster->new("rights$nodes", nodes => $nodes);
	my ($driver, @nodes) = $cluster->servers;

	$cluster->allow_log(qr/WARNING:/);	# what probes provoke
	setup_roles($driver);
	setup_schema($driver, 'heap', 'heap');
	setup_schema($driver, 'dist', 'barks');

	my $wanted = answers($driver, 'heap', '', 'session');
	my $denied = grep { /permission denied/ } values %$wanted;
	cmp_ok($denied, '>', 50, "plain PostgreSQL denies $denied probes");
	like($wanted->{'bob: SELECT id FROM doc WHERE peek(secret)'}, qr/NOTICE:  peek 3/, 'and passes notices on');
	same_answers("$what, session", answers($driver, 'dist', '', 'session'), $wanted);
	same_answers("$what, SET ROLE", answers($driver, 'dist', '', 'role'), $wanted);
	same_answers("$what, access method", answers($driver, 'dist', 'SET barks.enabled = off;', 'session'), $wanted);
	same_answers("$what, own writes", answers($driver, 'dist', '', 'role', 1), answers($driver, 'heap', '', 'role', 1));

	my $shard = check_functions($driver, !$nodes);
	check_jobs($driver);
	check_shards($driver, $shard, 'on the driver') unless $nodes;
	for my $node (@nodes)
	{
		my $name = $node->safe_psql('barks', q{SELECT c.oid::regclass FROM pg_class c WHERE relname LIKE 't\_%' AND relkind = 'r' LIMIT 1});
		$node->safe_psql('barks', 'DROP ROLE IF EXISTS mallory; CREATE ROLE mallory LOGIN');
		check_shards($node, $name, 'on a node');
		is($node->safe_psql('barks', 'SELECT count(*) FROM pg_stats', extra_params => [ '-U', 'mallory' ]) =~ /^\d+$/ &&
			$node->safe_psql('barks', q{SELECT count(*) FROM pg_stats WHERE schemaname LIKE 'barks\_%'}, extra_params => [ '-U', 'mallory' ]),
			0, 'nor do statistics show anything');
		is($node->safe_psql('barks', q{SELECT string_agg(rolname, ',') FROM pg_roles WHERE rolcanlogin AND rolname IN ('alice', 'bob', 'lead')}),
			'', 'acting roles cannot log in on nodes');
	}
	check_escalation($driver);
	check_roles($driver);
	check_squatters($driver, @nodes);
	$cluster->finish;
}

done_testing();
