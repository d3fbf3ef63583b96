# Attempts to see rows without the right to, or to run as somebody else, each
# compared with heap tables where that means something.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;

my $secret = 'TOPSECRET';

# What psql says to a script, errors and notices in their places.
sub session
{
	my ($server, $sql, @args) = @_;
	my $out = '';
	IPC::Run::run([ 'psql', '-XqAt', '-v', 'VERBOSITY=default', '-v', 'SHOW_CONTEXT=never', '-d', $server->connstr('barks'), @args ], '<', \$sql, '>&', \$out);
	return $out;
}

sub make
{
	my ($server, $schema, $am) = @_;
	my $distribute = $am eq 'barks' ? q{SELECT barks.distribute_table('t', by => 'id'), barks.distribute_table('p', by => 'id'), barks.broadcast_table('m') \g /dev/null} : '';
	return session($server, <<"SQL");
CREATE SCHEMA $schema AUTHORIZATION owner;
GRANT USAGE ON SCHEMA $schema TO PUBLIC;
SET search_path = $schema;
SET ROLE owner;
CREATE TABLE t (id int, part text DEFAULT '$secret', v text, PRIMARY KEY (id, part));
CREATE TABLE p (id int, who text, v text);
CREATE TABLE m (who text, level int);
CREATE TABLE e (id int, name text) USING $am;
$distribute
INSERT INTO t (id, v) SELECT i, '$secret' FROM generate_series(1, 10) i;
INSERT INTO p SELECT i, CASE i % 2 WHEN 0 THEN 'eve' ELSE 'ann' END, CASE i % 2 WHEN 0 THEN i::text ELSE '$secret' END FROM generate_series(1, 10) i;
INSERT INTO m VALUES ('eve', 1), ('ann', 2);
INSERT INTO e SELECT i, 'e' || i FROM generate_series(1, 5) i;
ALTER TABLE p ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION level_of(text) RETURNS int LANGUAGE sql STABLE SECURITY DEFINER SET search_path = $schema AS 'SELECT max(level) FROM m WHERE who = \$1';
CREATE POLICY by_table ON p FOR SELECT TO eve USING (who IN (SELECT who FROM m WHERE level = 1));
CREATE POLICY by_function ON p FOR SELECT TO ann USING (level_of(who) = 1);
GRANT INSERT ON t TO PUBLIC;
GRANT SELECT ON p, e TO PUBLIC;
GRANT INSERT ON e TO PUBLIC;
CREATE VIEW fenced WITH (security_barrier) AS SELECT id, v FROM p WHERE who = 'eve';
CREATE FUNCTION in_view(int) RETURNS text LANGUAGE sql STABLE AS 'SELECT v FROM $schema.t WHERE id = \$1';
CREATE VIEW calls AS SELECT id, in_view(id) FROM e;
GRANT SELECT ON fenced, calls TO PUBLIC;
SQL
}

# As role eve, unless it says otherwise.  Answers as over heap tables, and no secret in them.
my @probes = (
	'INSERT INTO t (id) VALUES (1)',    # whose key is taken, is not for everybody to know
	'INSERT INTO t (id) VALUES (1) RETURNING 1', 'INSERT INTO t (id) VALUES (99)',
	'COPY t (id) FROM STDIN' . "\n1\n\\.",
	'INSERT INTO t (id) SELECT id FROM e',
	'SELECT id, v FROM p', 'SELECT count(*), max(v) FROM p WHERE v::int > 0', 'COPY p TO STDOUT',
	'SET ROLE ann; SELECT id, v FROM p; SELECT sum(v::int) FROM p',
	'SELECT id FROM fenced WHERE v::int > 0', 'SELECT id FROM fenced WHERE tell(v)', 'SELECT id FROM p WHERE tell(v)',
	'SELECT id FROM p WHERE v ~~~ 0', 'SELECT v::secret_int FROM p', 'SELECT (v::shown)::text FROM p', 'SELECT count(*) FROM p GROUP BY v::shown',
	'SELECT told(v) FROM p', 'SELECT id, told(v) OVER () FROM p', 'SELECT id FROM p ORDER BY v USING <<<', 'SELECT id FROM p ORDER BY tell(v)',
	'SELECT e.id FROM e JOIN p ON tell(p.v) AND e.id = p.id', 'SELECT e.id FROM e LEFT JOIN p ON p.v ~~~ e.id',
	'SELECT e.id FROM e, LATERAL (SELECT 1 FROM p WHERE p.id = e.id AND tell(p.v) OFFSET 0) x',
	'SELECT CASE WHEN tell(v) THEN 1 END FROM p', 'SELECT count(*) FILTER (WHERE tell(v)) FROM p', 'SELECT id FROM p GROUP BY id HAVING tell(max(v))',
	'SELECT * FROM calls', 'SELECT in_view(1)', 'SELECT v FROM t', 'SELECT 1 FROM t', 'SELECT ctid FROM t', 'SELECT t FROM t', 'SELECT count(*) FROM ONLY t',
	'WITH x AS (SELECT * FROM t) SELECT 1', 'SELECT EXISTS (SELECT FROM t)', 'SELECT (SELECT v FROM t LIMIT 1) FROM e', 'SELECT 1 FROM e WHERE id IN (SELECT id FROM t)',
	'SELECT * FROM e UNION ALL SELECT id, v FROM t', 'INSERT INTO e SELECT id, v FROM t', 'INSERT INTO e VALUES (1, (SELECT v FROM t LIMIT 1))',
	'COPY (SELECT v FROM t) TO STDOUT', 'PREPARE x AS SELECT v FROM t; EXECUTE x; DEALLOCATE x', 'DECLARE c CURSOR WITH HOLD FOR SELECT v FROM t',
	'EXPLAIN (COSTS OFF) SELECT v FROM t', 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT v FROM t', 'CREATE TEMP TABLE x AS SELECT v FROM t',
	q{SELECT query_to_xml('SELECT v FROM t', true, true, '')}, q{SELECT table_to_xml('t', true, true, '')}, q{SELECT count(*) FROM pg_stats WHERE tablename = 't'},
	q{SELECT most_common_vals FROM pg_stats WHERE tablename = 'p' AND schemaname = current_schema}, 'SELECT * FROM t TABLESAMPLE system (100)', 'LOCK t IN ACCESS EXCLUSIVE MODE',
	'CREATE TABLE pg_temp.x () INHERITS (t)', 'CREATE POLICY z ON p USING (true)', 'ALTER TABLE p NO FORCE ROW LEVEL SECURITY', 'SET row_security = off; SELECT count(*) FROM p',
	'CREATE TABLE pg_temp.x (LIKE t INCLUDING ALL)', 'CREATE RULE r AS ON INSERT TO t DO ALSO SELECT 1', 'CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION suppress_redundant_updates_trigger()',
	'CREATE STATISTICS s ON id, part FROM t', 'COMMENT ON TABLE t IS NULL', 'ANALYZE t', 'VACUUM t', 'REINDEX TABLE t', 'CREATE UNIQUE INDEX ON t (id, part, v)',
	'GRANT SELECT ON t TO eve', 'SET ROLE owner', 'SET SESSION AUTHORIZATION owner', 'SELECT set_config(\'role\', \'owner\', false)', 'RESET ROLE; SELECT v FROM t',
	# functions that look at catalogs see those of the driver, as the caller
	q{SELECT DISTINCT has_table_privilege('eve', (current_schema || '.' || substr(name, 1, 1))::regclass, 'select') FROM e WHERE id = 1},
	q{SELECT to_regclass(current_schema || '.' || left(name, 1)) IS NOT NULL FROM e WHERE id = 1}, q{SELECT DISTINCT current_setting(CASE WHEN name > '' THEN 'search_path' END) <> '' FROM e},
	q{SELECT current_setting(CASE WHEN name > '' THEN 'data_directory' END) FROM e}, q{SELECT pg_read_file(name) FROM e}, q{SELECT pg_get_viewdef('fenced'::regclass) <> name FROM e WHERE id = 1},
	q{SELECT DISTINCT current_user, session_user, user, current_role FROM e}, q{SELECT name = current_user::text FROM e WHERE id = 1}, q{SELECT pg_has_role(name, 'usage') FROM e});

my $evil = <<'SQL';
CREATE FUNCTION tell(text) RETURNS bool LANGUAGE plpgsql COST 0.0001 AS $$BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END$$;
CREATE FUNCTION told(text) RETURNS text IMMUTABLE PARALLEL SAFE LANGUAGE plpgsql COST 0.0001 AS $$BEGIN RAISE NOTICE 'saw % as %', $1, current_user; RETURN $1; END$$;
CREATE FUNCTION like_int(text, int) RETURNS bool IMMUTABLE PARALLEL SAFE LANGUAGE plpgsql COST 0.0001 AS $$BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END$$;
CREATE OPERATOR ~~~ (FUNCTION = like_int, LEFTARG = text, RIGHTARG = int);
CREATE FUNCTION lt(text, text) RETURNS bool IMMUTABLE PARALLEL SAFE LANGUAGE plpgsql COST 0.0001 AS $$BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END$$;
CREATE OPERATOR <<< (FUNCTION = lt, LEFTARG = text, RIGHTARG = text);
CREATE DOMAIN shown AS text CHECK (tell(VALUE));
CREATE TYPE secret_int AS (i int);
CREATE FUNCTION to_secret(text) RETURNS secret_int IMMUTABLE LANGUAGE plpgsql COST 0.0001 AS $$BEGIN RAISE NOTICE 'saw %', $1; RETURN ROW(1); END$$;
CREATE CAST (text AS secret_int) WITH FUNCTION to_secret(text) AS IMPLICIT;
SQL

# Answers by probe.
sub answers
{
	my ($server, $schema, $settings) = @_;
	my %answer;
	for my $probe (@probes)
	{
		my $out = session($server, "SET SESSION AUTHORIZATION eve; SET search_path = $schema, evil; $settings\nBEGIN;\n$probe;\nROLLBACK;\n");
		$out =~ s/\b(?:heap|dist)\.//g;
		$out =~ s/^psql:\S+ //mg;
		$out =~ s/^LINE \d+:.*\n\s*\^\n//mg;
		$answer{$probe} = join "\n", sort split /\n/, $out;
	}
	return \%answer;
}

for my $nodes (0, 2)
{
	my $what = $nodes ? "$nodes nodes" : 'local mode';
	my $cluster = BarksCluster->new("attacks$nodes", nodes => $nodes, no_nodes => 1);
	my ($driver, @nodes) = $cluster->servers;
	$cluster->allow_log(qr/WARNING:/);

	# Rights that the service role gives away by default are not given on shards.
	for my $server ($driver, @nodes)
	{
		$server->safe_psql('barks', 'CREATE EXTENSION IF NOT EXISTS barks; CREATE ROLE eve LOGIN; ' .
			'ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC, eve; ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO PUBLIC, eve');
	}
	$cluster->add_node($_) for 1 .. $nodes;
	is(session($driver, 'CREATE ROLE owner; CREATE ROLE ann LOGIN; GRANT ann TO eve; CREATE SCHEMA evil AUTHORIZATION eve; SET ROLE eve; SET search_path = evil;' . $evil),
		'', 'the tools of eve');
	is(make($driver, 'heap', 'heap'), '', 'heap tables');
	is(make($driver, 'dist', 'barks'), '', 'distributed tables');
	session($driver, 'ANALYZE');

	my $wanted = answers($driver, 'heap', '');
	for my $settings ('', 'SET barks.enabled = off;', 'SET barks.wire = always;')
	{
		my $got = answers($driver, 'dist', $settings);
		my @differ;
		for my $probe (@probes)
		{
			next if $got->{$probe} eq $wanted->{$probe};
			next if $probe =~ /^EXPLAIN|ctid|TABLESAMPLE|^CREATE (RULE|TRIGGER|TABLE)/ && $got->{$probe} =~ /ERROR/ && $got->{$probe} !~ /$secret/;
			push @differ, "$probe\n  got: $got->{$probe}\n  plain: $wanted->{$probe}";
		}
		is(join("\n", @differ), '', "$what, $settings: as in plain PostgreSQL");
		my @leaks = grep { $got->{$_} =~ /$secret/ && $wanted->{$_} !~ /$secret/ } @probes;
		is(join("\n", @leaks), '', "$what, $settings: nothing secret");
	}

	# Straight to where the shards are
	for my $server ($nodes ? @nodes : $driver)
	{
		my ($shard, $schema) = split /\|/, $server->safe_psql('barks',
			q{SELECT format('%I.%I', nspname, relname), nspname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relname LIKE 't\_%' AND relkind = 'r' AND nspname LIKE 'barks\_%' LIMIT 1});
		for my $sql ("TABLE $shard", "SELECT count(*) FROM $shard", "COPY $shard TO STDOUT", "INSERT INTO $shard DEFAULT VALUES", "TRUNCATE $shard", "CREATE VIEW pg_temp.v AS SELECT * FROM $shard",
			"CREATE TABLE pg_temp.x (LIKE $shard)", "SELECT table_to_xml('$shard'::regclass, true, true, '')", "CREATE TABLE $schema.x ()", 'COPY barks.lane TO STDOUT (mode \'inline\')',
			'COPY barks.load FROM STDIN', 'COPY barks.insert FROM STDIN', 'TABLE barks.serving', 'TABLE barks.node_credential')
		{
			like(session($server, "SET SESSION AUTHORIZATION eve; $sql;\n"), qr/ERROR:  permission denied/, $server->name . ': ' . $sql =~ s/barks_\d+_\d+\.t_\d+_\d+/shard/r);
		}
		is($server->safe_psql('barks', "SELECT has_table_privilege('eve', '$shard', 'select') OR has_schema_privilege('eve', '$schema', 'usage')"), 'f', $server->name . ': no right by default');
		is($server->safe_psql('barks', q{SELECT count(*) FROM pg_stats WHERE schemaname LIKE 'barks\_%'}, extra_params => [ '-U', 'eve' ]), 0, $server->name . ': no statistics');
	}

	if ($nodes)
	{
		# A password is in no place where others look.
		$driver->safe_psql('barks', q{CREATE ROLE watcher LOGIN; GRANT pg_monitor TO watcher});
		my ($host, $port) = ($nodes[1]->host, $nodes[1]->port);
		my $adder = $driver->background_psql('barks', on_error_stop => 0);
		$adder->query(qq{SELECT barks.add_node('twice', host => '$host', port => $port, password => '$secret')});
		unlike($driver->safe_psql('barks', 'SELECT * FROM pg_stat_activity', extra_params => [ '-U', 'watcher' ]), qr/$secret/, 'no password in pg_stat_activity');
		$adder->quit;
		unlike(slurp_file($driver->logfile), qr/password => '$secret/, 'nor in the log');
		is($driver->safe_psql('barks', "SELECT count(*) FROM barks.jobs j WHERE j::text LIKE '%password%$secret%'", extra_params => [ '-U', 'watcher' ]), 0, 'nor in jobs');
		my $dump = '';
		IPC::Run::run([ 'pg_dump', '-s', '-d', $driver->connstr('barks') ], '>', \$dump);
		unlike($dump, qr/PASSWORD|password '/i, 'nor in a dump');

		# Whoever calls himself a driver is none.
		my $id = $driver->safe_psql('barks', 'SELECT system_identifier FROM pg_control_system()');
		my $name = "barks driver $id backend 1";
		like(session($nodes[0], "SET SESSION AUTHORIZATION eve; SET application_name = '$name'; COPY barks.lane TO STDOUT;\n"), qr/permission denied to run tasks/, 'a name gives no right');
	}
	$cluster->finish;
}

done_testing();
