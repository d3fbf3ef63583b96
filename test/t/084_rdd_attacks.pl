# RDDs in hostile hands: lambdas that would be more than an expression, rights that the
# caller does not have, lineages written by hand, every function of ours called with anything.
# Each is refused with an error that says what is wrong, or runs with the caller's rights.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;

my $secret = 'TOPSECRET';

# What psql says to a script, errors with their SQLSTATE.
sub session
{
	my ($server, $sql, @args) = @_;
	my $out = '';
	IPC::Run::run([ 'psql', '-XqAt', '-v', 'VERBOSITY=verbose', '-v', 'SHOW_CONTEXT=never', '-d', $server->connstr('barks'), @args ], '<', \$sql, '>&', \$out);
	return $out;
}

my $r = 'rdd_range(0, 3)';
my $pairs = q{rdd_map(rdd_range(0, 6), '(x % 2, x)')};

# As a plain user: [SQL, SQLSTATE or what it answers]
my @lambdas = (
	# more than one expression
	(map { [ "SELECT rdd_map($r, $_)", '42601' ] }
		q{'x; DROP TABLE mine'}, q{'x) FROM mine; --'}, q{'x FROM mine'}, q{'1) UNION SELECT (2'}, q{'x /* '}, q{'x) AS y, (x'}, q{'x, x'}, q{'x AS "y"'}, q{'$q$x'},
		q{'''x'}, q{'"x'}, q{'x ORDER BY 1'}, q{'x LIMIT 1'}, q{'x FOR UPDATE'}, q{'x INTO mine'}, q{'SELECT x'}, q{'DELETE FROM mine'}, q{'VALUES (1)'}, q{'TABLE mine'},
		q{'DISTINCT x'}, q{'x WINDOW w AS ()'}, q{'x HAVING true'}, q{'x INTERSECT SELECT 1'}, q{E'x\\\\gexec'}, q{E'\\\\! id'}, q{':x'}, q{'x \gset'}, q{E'x\n;\nSELECT 1'},
		q{E'U&"\\\\0078" ; SELECT 1'}, q{'*'}, q{''}, q{'--'}, q{'/**/'}, q{E'x\n--\n;'}, q{'COPY mine TO STDOUT'}, q{'x)'}, q{'(x'}, q{'x,'}, q{'CREATE TABLE y ()'}, q{E'x\001'}),
	# remarks, quotes and escapes within one expression are just that
	[ "SELECT sum(x) FROM rdd_collect(rdd_map($r, 'x -- and'), NULL::bigint) x", '3' ],
	[ "SELECT sum(x) FROM rdd_collect(rdd_map($r, E'x /* ; */ -- )\\n'), NULL::bigint) x", '3' ],
	[ "SELECT min(x) FROM rdd_collect(rdd_map($r, '''; DROP TABLE mine; --'''), NULL::text) x", '; DROP TABLE mine; --' ],
	[ "SELECT min(x) FROM rdd_collect(rdd_map($r, '\$q\$) FROM mine\$q\$'), NULL::text) x", ') FROM mine' ],
	[ "SELECT min(x) FROM rdd_collect(rdd_map($r, 'U&''\\0027 \\003B'''), NULL::text) x", q{' ;} ],
	[ "SELECT min(x) FROM rdd_collect(rdd_map($r, fn('\$1', \$q\$'; DROP TABLE mine; --\$q\$)), NULL::text) x", q{'; DROP TABLE mine; --} ],
	[ "SELECT min(x) FROM rdd_collect(rdd_map($r, fn('''\$1'' || \$1', E'\\\\''x')), NULL::text) x", q{$1\'x} ],
	# names of ours
	(map { [ "SELECT rdd_map($r, '$_')", '42P01' ] } 'barks_lambda."1.1"', 'barks_lambda."0.0"', 'barks_lambda."-1.9"', 's.x', '"rdd 1".x', '(SELECT barks_lambda."1.1")', '(SELECT y FROM barks_lambda)'),
	[ 'SELECT barks_lambda."1.1"', '42P01' ],
	[ q{SELECT barks_lambda."1.1" FROM (SELECT 7 AS "1.1") AS barks_lambda}, '7' ],
	[ "SELECT sum(x) FROM rdd_collect(rdd_map($r, '(SELECT barks_lambda.\"1.1\" FROM (SELECT 7 AS \"1.1\") AS barks_lambda)'), NULL::int) x", '21' ],
	(map { [ "SELECT rdd_query('$_')", '42939' ] } 'SELECT barks_lambda."9.9"', 'SELECT * FROM "rdd 1"', 'SELECT (SELECT barks_lambda."1.1")'),
	[ "SELECT rdd_query('SELECT 1 AS a) AS q(x); DROP TABLE mine; --')", '42601' ],
	[ "SELECT rdd_query('SELECT 1; SELECT 2')", '22023' ],
	[ "SELECT rdd_query('WITH d AS (DELETE FROM mine RETURNING *) SELECT * FROM d')", '22023' ],
	# parameters that nobody gave
	(map { [ "SELECT rdd_map($r, '$_')", '42P02' ] } '$2', '$0', '$65535', '(SELECT $7)'),
	[ "SELECT fn('\$1 + \$3', 1, 2)", '42P02' ], [ "SELECT fn('\$0', 1)", '42P02' ],
	[ "SELECT sum(x) FROM rdd_collect(rdd_map($r, '\$1 + 1'), NULL::bigint) x", '6' ],
	# deep and long
	(map { [ "SELECT rdd_element_type(rdd_map($r, $_))", qr/^(?:bigint|54001|42601)$/ ] } q{repeat('(', 10000) || 'x' || repeat(')', 10000)}, q{repeat('-', 1) || repeat(' - ', 20000) || 'x'},
		q{repeat('abs(', 10000) || 'x' || repeat(')', 10000)}, q{repeat('CASE WHEN true THEN ', 10000) || 'x' || repeat(' END', 10000)}, q{repeat('NOT ', 20000) || 'true'}),
	[ "SELECT rdd_element_type(rdd_map($r, repeat('NOT ', 2000) || 'true'))", 'boolean' ],
	[ "SELECT rdd_element_type(rdd_map($r, repeat('ARRAY[', 10000) || 'x' || repeat(']', 10000)))", qr/^(?:54000|54001|42601)$/ ],
	[ "SELECT rdd_element_type(rdd_map($r, repeat('ROW(', 10000) || 'x' || repeat(', 1)', 10000)))", qr/^(?:\(\(|54001|42601)/ ],
	[ "SELECT rdd_element_type(rdd_map($r, repeat('(SELECT ', 3000) || 'x' || repeat(')', 3000)))", qr/^(?:bigint|54001)$/ ],
	[ "SELECT max(x) FROM rdd_collect(rdd_map($r, 'length(''' || repeat('a', 10000000) || ''')'), NULL::int) x", '10000000' ],
	[ "SELECT rdd_map($r, repeat('a', 10000000))", '42703' ],
	[ "SELECT rdd_map($r, repeat('x + ', 1000000) || 'x')", '54001' ],
	[ "SELECT rdd_element_type(rdd_map($r, repeat('x,', 1000000) || 'x'))", '42601' ],
	[ "SELECT length(rdd_query('SELECT ' || repeat('1 + ', 1000) || '1')::text) > 1000", 't' ],
	[ q{DO $$ DECLARE r rdd := rdd_range(0, 3); BEGIN FOR i IN 1..1000 LOOP r := rdd_map(r, 'x + 1'); END LOOP; RAISE EXCEPTION '%', rdd_sum(r); END $$}, 'P0001' ],
	# each in its place
	(map { [ "SELECT $_", '42809' ] } "rdd_map($r, 'sum(x)')", "rdd_filter($r, 'generate_series(1, 2) > 1')", "rdd_reduce_by_key($pairs, 'max(a)')", "rdd_fold_by_key($pairs, 0, 'count(*) OVER ()')"),
	[ "SELECT rdd_map($r, 'DEFAULT')", '42601' ], [ "SELECT rdd_map($r, 'GROUPING(x)')", '42809' ],
	[ "SELECT rdd_map($r, 'CURRENT OF c')", '42601' ],
);

# Rights: tables, functions and files that the caller may not have.
my @rights = (
	(map { [ "SELECT rdd_count(rdd_filter($r, '$_'))", '42501' ] } 'EXISTS (SELECT FROM secrets)', '(SELECT count(*) FROM secrets) > x', q{(SELECT max(v) FROM secrets s WHERE s.id = x) > ''''},
		q{EXISTS (SELECT FROM pg_authid WHERE rolpassword > '''')}, 'EXISTS (SELECT FROM barks.storage_entry)', 'EXISTS (SELECT FROM barks.async_job)', 'EXISTS (SELECT FROM barks.async_result)', 'EXISTS (SELECT FROM barks.node_credential)',
		q{pg_read_file(''/etc/passwd'') > ''''}, q{cardinality(ARRAY(SELECT pg_ls_dir(''.''))) > x}, q{lo_import(''/etc/passwd'') > 0}, q{pg_read_binary_file(''postgresql.conf'') > ''''},
		q{(SELECT max(passwd) FROM pg_shadow) > ''''}, 'private(x) > 0', q{barks.add_node(''n'') IS NULL}),
	(map { [ "SELECT $_", '42501' ] } "rdd_count(rdd_table('secrets'))", "rdd_count(rdd_query('SELECT * FROM secrets'))", "rdd_count(rdd_text_file('/etc/passwd'))", "rdd_count(rdd_binary_files('/etc/passwd'))",
		"rdd_count(rdd_pipe(rdd_map($r, 'x::text'), 'id'))", "rdd_save_as_text_file($r, '/tmp/x')", "rdd_count(rdd_table('pg_authid'))", "rdd_count(rdd_union(rdd_map(rdd_table('secrets'), 'x.id'), rdd_map(rdd_table('secrets'), 'x.id')))",
		"count(*) FROM rdd_collect(rdd_table('secrets'), NULL::secrets)", "count(*) FROM rdd_explain(rdd_table('secrets'), true)", "rdd_count('rdd_table(''secrets'')'::rdd)",
		"rdd_to_cursor(rdd_table('secrets'))", "rdd_save_as_table(rdd_table('secrets'), 'stolen')", "rdd_count(rdd_cache(rdd_table('secrets')))", "job_result(rdd_submit(rdd_table('secrets'), 'count'))",
		"rdd_reduce(rdd_map($r, 'x::int'), 'private(a::bigint)::int + b', NULL::int)", "rdd_sum(rdd_values(rdd_reduce_by_key($pairs, 'private(a) + b')))", "rdd_count(rdd_map_partitions($r, 'private_rows(refcursor)'))",
		"rdd_sum(rdd_map($r, 'private(bigint)'::regprocedure))", "barks.rdd_read_lines('/etc/passwd', 0, 1, '{}')", "barks.rdd_file_text('/etc/passwd')", "barks.rdd_file_list('/etc/*', 0)", "barks.rdd_pipe_lines('id', '{}', 'x', true)",
		"barks.rdd_write_begin('/tmp/x', 'x', 0)", "barks.exchange(0)", "barks.keep_functions('x', 'mallory', '{}', '{}')", "barks.drop_kept_functions('x')", "barks.drop_shipped_functions()", "barks.remove_node('n1')"),
	# what the caller may do, as the caller
	[ "SELECT DISTINCT x FROM rdd_collect(rdd_map($r, 'current_user::text || session_user'), NULL::text) x", 'mallorymallory' ],
	[ "SELECT DISTINCT x FROM rdd_collect(rdd_map($r, 'definer()'), NULL::text) x", 'victim' ],
	[ "SELECT DISTINCT x FROM rdd_collect(rdd_map($r, 'invoker(x)'), NULL::text) x", 'mallory' ],
	[ "SELECT rdd_sum(rdd_map($r, 'nextval(''mine_id'')')); SELECT last_value FROM mine_id", "6\n3" ],
	[ "SELECT rdd_sum(rdd_map($r, 'nextval(''secrets_id'')'))", '42501' ],
	[ "SELECT rdd_sum(rdd_map($r, 'put(x)')); SELECT count(*), min(v) FROM mine", "3\n3|mallory" ],
	[ "SELECT rdd_sum(rdd_map($r, 'put_secret(x)'))", '42501' ],
	# another role, another session
	(map { my $f = $_; map { [ "SELECT rdd_count(rdd_filter($_, '$f'))", '42501' ] } $r, 'rdd_table(\'spread\')' } q{set_config(''role'', ''victim'', false) > ''''}, q{set_config(''role'', ''postgres'', true) > ''''},
		q{set_config(''session_authorization'', ''victim'', false) > ''''}, q{set_config(''session_preload_libraries'', ''x'', false) > ''''}),
	[ "SELECT rdd_count(rdd_filter($r, 'set_config(''barks.task_rights'', ''x'', false) > '''''))", qr/^(?:55P02|42602)$/ ],
	(map { [ "SELECT rdd_count(rdd_filter(rdd_table('spread'), '$_(x.id) > 0'))", '42501' ] } 'to_victim', 'to_victim_quietly', 'to_session'),
	[ "SELECT rdd_count(rdd_filter(rdd_table('spread'), 'sets(x.id) > 0'))", '0A000' ],
	[ "SELECT rdd_count(rdd_filter(rdd_table('spread'), 'writes(x.id) > 0'))", '0A000' ],
	[ "SELECT rdd_count(rdd_filter(rdd_table('spread'), 'commits(x.id) > 0'))", qr/^(?:0A000|2D000)$/ ],
	[ "SELECT rdd_count(rdd_filter(rdd_table('spread'), 'loops(x.id) > 0'))", '54001' ],
);

my @lineages = (
	(map { [ "SELECT '$_'::rdd", '22P02' ] } '', '1', 'x', 'rdd_range(1, 2) FROM mine', 'rdd_range(1, 2) WHERE true', 'rdd_range(1, 2) ORDER BY 1', 'rdd_range(1, 2) LIMIT 1', 'DISTINCT rdd_range(1, 2)', 'rdd_range(1, 2) AS r',
		'barks.rdd_range(1, 2)', 'pg_catalog.now()', '(SELECT 1)', 'rdd_range(1, length(current_user))', 'rdd_range(1, (SELECT 2))', 'rdd_range(1, public.evil())', q{rdd_map(rdd_range(1, 2), ''x'')}, q{fn(''x'')}, q{fn_from_text(''x'')},
		'rdd_range(1, 2)::text', '(rdd_range(1, 2))[1]', 'rdd_parallelize(ARRAY(SELECT 1))', 'rdd_range(1, 2 + 3)', 'rdd_parallelize(ARRAY[public.evil()])', q{rdd_parallelize(''{1}''::int[]::evil_type[])}),
	(map { [ "SELECT '$_'::rdd", '42883' ] } 'now()', 'evil()', 'rdd_nothing()', 'rdd_map()', 'rdd_map(1)', q{pg_read_file(''/etc/passwd'')}, 'rdd_rdd_map(1)'),
	[ q{SELECT 'rdd_map($1, ''x'')'::rdd}, '42P02' ], [ q{SELECT 'rdd_range(1, 2), rdd_map($2, ''x'')'::rdd}, '42P02' ], [ q{SELECT 'rdd_range(1, 2), rdd_map($0, ''x'')'::rdd}, '42P02' ],
	[ q{SELECT 'rdd_range(1, 2), rdd_map($99999999999, ''x'')'::rdd}, qr/^42(?:P02|601)$/ ],
	(map { [ "SELECT '$_'::rdd", '42601' ] } ';', 'rdd_range(1, 2);', 'rdd_range(1, 2', 'rdd_range(1, 2),', 'rdd_range(1, 2); DROP TABLE mine', '/*', q{rdd_range(1, 2), rdd_map($1, ''x; DROP TABLE mine'')}, 'rdd_range(1, 2) INTO mine'),
	[ q{SELECT 'rdd_count(rdd_range(1, 2))'::rdd}, '22P02' ], [ q{SELECT 'rdd_range(1, 2), rdd_unpersist($1)'::rdd}, '22P02' ], [ q{SELECT 'rdd_range(1, 2), rdd_random_split($1, ''{1,1}'', 1)'::rdd}, '22P02' ],
	[ q{SELECT 'rdd_in(''rdd_range(1, 2)'')'::rdd}, 'rdd_range(1, 2, 1)' ], [ q{SELECT 'rdd_cache($1)'::rdd}, '42P02' ],
	[ q{SELECT rdd_count('rdd_range(1, 2) -- remark'::rdd)}, '1' ],
	[ q{SELECT rdd_count(E'rdd_range(1, 20),\n/* remark */ rdd_filter($1, ''x > 9''), rdd_union($2, $1)'::rdd)}, '29' ],
	[ q{SELECT rdd_num_partitions((repeat('rdd_range(1, 2), ', 20000) || 'rdd_empty(''int'')')::rdd)}, '0' ],
	[ q{SELECT (repeat('rdd_map(', 20000) || repeat(')', 20000))::rdd}, qr/^(?:54001|42601)$/ ],
	[ q{SELECT 'rdd_call_partitions(''private(bigint)''::regprocedure, false)'::rdd}, qr/^(?:22P02|42883)$/ ],
	[ q{SELECT rdd_count('rdd_sample(rdd_range(0, 3), true, 1e308, 1)'::rdd)}, '22P02' ],
	# a text that runs nothing of its author's while it is read
	[ q{SELECT 'rdd_empty(''evil_type'')'::rdd IS NULL; SELECT count(*) FROM ran}, "f\n0" ],
	[ q{SELECT rdd_map(rdd_range(0, 1), 'evil()') IS NULL; SELECT 'rdd_range(0, 1), rdd_map($1, ''public.evil()'')'::rdd IS NULL; SELECT count(*) FROM ran}, "f\nf\n0" ],
	# bytes that are no lineage
	[ q{SELECT barks.rdd_in('\x00')}, '42601' ], [ q{SELECT barks.rdd_out('x')}, '22P02' ],
	# an action is a call of one of ours
	(map { [ "SELECT rdd_submit($r, $_)", qr/^(?:22023|42601|42883|42P01|42703)$/ ] } q{'count; DROP TABLE mine'}, q{'count() x'}, q{'"count"() "; DROP TABLE mine; --"'}, q{'take/*(1) UNION SELECT v FROM secrets --*/(1, NULL::bigint)'},
		q{E'count --(\n()'}, q{'(count())'}, q{'DISTINCT (count())'}, q{'count(), evil()'}, q{'"rdd_count"()'}, q{'evil()'}, q{'pg_catalog.now()'}, q{''}, q{'count UNION SELECT 1'}, q{'count() FROM secrets'},
		q{'take(1, NULL::bigint) FILTER (WHERE true)'}, q{'count(*)'}, q{'text()'}, q{'out()'}, q{'submit(''count'')'} ),
	[ "SELECT job_result(rdd_submit($r, E'take(1, NULL::bigint) -- all\\n'))", '0' ],
);

# What stands beside the tables: as the superuser.
my $tools = <<"SQL";
CREATE ROLE victim LOGIN; CREATE ROLE mallory LOGIN;
GRANT ALL ON SCHEMA public TO victim, mallory;
GRANT CREATE ON DATABASE barks TO mallory;
SET ROLE victim;
SET search_path = public, barks;
CREATE TABLE secrets (id int, v text) USING barks;
INSERT INTO secrets SELECT i, '$secret' FROM generate_series(1, 10) i;
CREATE SEQUENCE secrets_id;
CREATE FUNCTION private(bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT \$1';
CREATE FUNCTION private_rows(refcursor) RETURNS SETOF int LANGUAGE sql AS 'SELECT 1';
REVOKE EXECUTE ON FUNCTION private(bigint), private_rows(refcursor) FROM PUBLIC;
CREATE FUNCTION definer() RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = public AS 'SELECT current_user::text';
-- what the victim keeps, and shares with itself
SELECT rdd_count(rdd_cache(rdd_map(rdd_table('secrets'), 'x.v'))) \\g /dev/null
CREATE FUNCTION share() RETURNS bool LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, barks AS \$\$ BEGIN
	PERFORM broadcast('shared', '$secret'::text); PERFORM accumulator('shared', 'max(text)'); PERFORM acc_add('shared', '$secret'::text); RETURN acc_value('shared', NULL::text) = bc('shared', NULL::text); END \$\$;
CREATE FUNCTION adds() RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = public, barks AS \$\$ SELECT acc_add('mine', '$secret'::text) \$\$;
CREATE FUNCTION submits() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public, barks AS \$\$ SELECT rdd_submit(rdd_map(rdd_table('secrets'), 'x.v'), 'collect') \$\$;
SET ROLE mallory;
CREATE TABLE mine (id bigint, v text);
CREATE TABLE spread (id int) USING barks;
SELECT distribute_table('spread', by => 'id', partitions => 4) \\g /dev/null
INSERT INTO spread SELECT generate_series(1, 20);
CREATE SEQUENCE mine_id;
CREATE FUNCTION invoker(bigint) RETURNS text LANGUAGE plpgsql STABLE AS 'BEGIN RETURN current_user; END';
CREATE FUNCTION put(bigint) RETURNS bigint LANGUAGE plpgsql AS 'BEGIN INSERT INTO mine VALUES (\$1, current_user); RETURN \$1; END';
CREATE FUNCTION put_secret(bigint) RETURNS bigint LANGUAGE plpgsql AS 'BEGIN INSERT INTO secrets VALUES (\$1, current_user); RETURN \$1; END';
CREATE FUNCTION to_victim(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS \$\$ BEGIN PERFORM set_config('role', 'victim', false); RETURN \$1; END \$\$;
CREATE FUNCTION to_victim_quietly(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS \$\$ BEGIN
	BEGIN PERFORM set_config('role', 'victim', false); EXCEPTION WHEN OTHERS THEN NULL; END;
	IF current_user <> 'mallory' THEN RETURN 1; END IF;
	PERFORM set_config('role', 'victim', true); RETURN \$1; END \$\$;
CREATE FUNCTION to_session(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS \$\$ BEGIN PERFORM set_config('session_authorization', 'victim', false); RETURN \$1; END \$\$;
CREATE FUNCTION sets(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN SET ROLE victim; RETURN \$1; END';
CREATE FUNCTION writes(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN INSERT INTO mine VALUES (\$1, current_user); RETURN \$1; END';
CREATE FUNCTION commits(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN COMMIT; RETURN \$1; END';
CREATE FUNCTION loops(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN loops(\$1 + 1); END';
CREATE TABLE ran (who text);
CREATE FUNCTION evil() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN INSERT INTO ran VALUES (current_user); RETURN 1; END';
CREATE FUNCTION evil_ok(int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RAISE EXCEPTION ''evil ran as %'', current_user; END';
CREATE DOMAIN evil_type AS int CHECK (evil_ok(VALUE));
SQL

# Each in a transaction of its own that is rolled back.
sub probe
{
	my ($server, $what, @probes) = @_;
	my @wrong;
	for my $probe (@probes)
	{
		my ($sql, $wanted) = @$probe;
		my $out = session($server, "SET search_path = public, barks; SET statement_timeout = '60s';\nBEGIN;\n$sql;\nROLLBACK;\n", '-U', 'mallory');
		my $got = $out =~ /(?:ERROR|FATAL):\s+([0-9A-Z]{5}):/ ? $1 : $out =~ s/\n\z//r;
		my $short = length $sql > 200 ? substr($sql, 0, 200) . '…' : $sql;
		push @wrong, "$short\n  got: " . substr($out, 0, 500) . "\n  wanted: $wanted" unless ref $wanted ? $got =~ $wanted : $got eq $wanted;
		push @wrong, "$short\n  tells the secret" if $out =~ /$secret/ && $sql !~ /$secret/;
	}
	is(join("\n", @wrong), '', "$what: " . scalar(@probes) . ' probes');
	return;
}

# Every function of ours that a plain user may call, with nulls and with odd values.
my $fuzz = <<'SQL';
CREATE FUNCTION pg_temp.values_of(type text) RETURNS text[] LANGUAGE sql AS $$ SELECT CASE type
	WHEN 'integer' THEN '{NULL::int,0,-1,1,2147483647,-2147483648}' WHEN 'bigint' THEN '{NULL::bigint,0::bigint,-1::bigint,9223372036854775807,-9223372036854775808}'
	WHEN 'double precision' THEN '{NULL::float8,0::float8,-1::float8,''NaN''::float8,''Infinity''::float8,1e300::float8}' WHEN 'boolean' THEN '{NULL::bool,true}'
	WHEN 'text' THEN ARRAY['NULL::text', '''''', '''x''', '''/nowhere''', '''x''''"); --''', 'repeat(''x'', 100000)']
	WHEN 'barks.rdd' THEN ARRAY['NULL::barks.rdd', 'barks.rdd_range(0, 3)', 'barks.rdd_empty(''text'')', 'barks.rdd_map(barks.rdd_range(0, 3), ''(x % 2, x)'')', 'barks.rdd_range(0, 1, 1, 2147483647)']
	WHEN 'barks.rdd[]' THEN ARRAY['NULL::barks.rdd[]', '''{}''::barks.rdd[]', 'ARRAY[NULL::barks.rdd]', 'ARRAY[barks.rdd_range(0, 3), NULL]']
	WHEN 'barks.fn' THEN ARRAY['NULL::barks.fn', '''x''::barks.fn', '''(1, 2)''::barks.fn', '''NULL''::barks.fn', '''a''::barks.fn', '''acc''::barks.fn']
	WHEN 'jsonb' THEN ARRAY['NULL::jsonb', '''{}''::jsonb', '''[1]''::jsonb', '''{"0": 1e400}''::jsonb', '''{"0": "x"}''::jsonb', '''null''::jsonb']
	WHEN 'regprocedure' THEN ARRAY['NULL::regprocedure', '0::regprocedure', '999999::regprocedure', '''abs(int)''::regprocedure', '''sum(bigint)''::regprocedure', '''barks.rdd_count(barks.rdd)''::regprocedure']
	WHEN 'regclass' THEN ARRAY['NULL::regclass', '0::regclass', '999999::regclass', '''pg_class''::regclass', '''pg_class_oid_index''::regclass', '''barks.async_job_id''::regclass']
	WHEN 'regtype' THEN ARRAY['NULL::regtype', '0::regtype', '999999::regtype', '''record''::regtype', '''internal''::regtype', '''pg_class''::regtype', '''cstring''::regtype']
	WHEN 'bytea' THEN ARRAY['NULL::bytea', '''''::bytea', '''\x00''::bytea', '''\x7fffffff''::bytea', '''\xffffffffffffffff''::bytea', '''\x0000000100000004ffffffff''::bytea', '''\x00000001ffffffff00''::bytea']
	WHEN 'interval' THEN ARRAY['NULL::interval', '''0''::interval', '''-1 year''::interval'] WHEN 'cstring' THEN ARRAY['NULL::cstring', '''x''::cstring', '''rdd_range(0, 1)''::cstring']
	WHEN 'anyelement' THEN ARRAY['NULL::int', 'NULL::bigint', '1', '''x''::text', 'NULL::record', 'ROW(1, ''x'')', 'NULL::pg_class', '''{1}''::int[]', 'NULL::barks.rdd', '''1''::xid', '''NaN''::numeric', '''(1,2)''::point', 'NULL::refcursor', '''{1,2}''::int2vector']
	WHEN 'anycompatible' THEN ARRAY['NULL::int', '''x''::text', 'NULL::record'] WHEN '"any"' THEN ARRAY['NULL', '1', '''x''::text', 'ROW(1, 2)', '''{1,NULL}''::int[]', '''x''::json', 'barks.rdd_range(0, 1)', '''(1,2)''::point', '''NaN''::float8', '''-0''::float8']
	WHEN 'anyarray' THEN ARRAY['NULL::int[]', '''{}''::text[]', '''{{1,2},{3,4}}''::int[]', 'ARRAY[ROW(1, 2)]', 'ARRAY[NULL::pg_class]', '''{NULL}''::float8[]']
	WHEN 'text[]' THEN ARRAY['NULL::text[]', '''{}''::text[]', '''{NULL,NULL}''::text[]', '''{{a,b},{c,d}}''::text[]', 'ARRAY[NULL, NULL, ''SELECT 1'', ''SELECT 1'']', 'ARRAY[NULL, NULL, ''SELECT a FROM (SELECT NULL::int AS a, NULL::int AS x) s'', ''SELECT s FROM (SELECT NULL::int AS a, NULL::int AS x) s'']']
	WHEN 'bigint[]' THEN ARRAY['NULL::bigint[]', '''{}''::bigint[]', '''{1,NULL,-1}''::bigint[]', '''{{1},{2}}''::bigint[]'] WHEN 'double precision[]' THEN ARRAY['NULL::float8[]', '''{}''::float8[]', '''{NULL}''::float8[]', '''{1,1}''::float8[]', '''{NaN,-1}''::float8[]', '''{{1,2}}''::float8[]', '''{1e308,1e308}''::float8[]']
	WHEN 'oid' THEN ARRAY['NULL::oid', '0::oid', '999999::oid'] ELSE ARRAY[format('NULL::%s', type)] END $$;
DO $$
DECLARE f record; call text; began timestamptz; n bigint := 0; args text[]; types text[]; choices text[]; state text; m text;
BEGIN
	PERFORM setseed(SEED);
	FOR f IN SELECT p.oid, p.proname, p.prokind, p.proretset, p.provariadic <> 0 AS variadic, ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY u(t, o) ORDER BY o) AS types
			FROM pg_proc p WHERE p.pronamespace = 'barks'::regnamespace AND has_function_privilege(p.oid, 'execute')
				AND NOT EXISTS (SELECT FROM unnest(p.proargtypes) t WHERE t IN ('internal'::regtype, 'trigger'::regtype)) AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype) AND p.proname NOT IN ('rdd_parts', 'rdd_slices')
			ORDER BY p.proname, p.oid LOOP
		types := f.types;
		FOR round IN 0 .. CASE WHEN cardinality(types) = 0 THEN 0 ELSE ROUNDS END LOOP
			args := '{}';
			FOR i IN 1 .. cardinality(types) LOOP
				choices := pg_temp.values_of(types[i]);
				args := args || choices[CASE round WHEN 0 THEN 1 ELSE 1 + floor(random() * cardinality(choices))::int END];
			END LOOP;
			call := format('barks.%I(%s%s%s)', f.proname, array_to_string(args[:cardinality(args) - 1], ', '), CASE WHEN cardinality(args) > 1 THEN ', ' ELSE '' END || CASE WHEN f.variadic AND types[cardinality(types)] <> '"any"' THEN 'VARIADIC ' ELSE '' END, args[cardinality(args)]);
			call := CASE WHEN f.prokind = 'a' THEN format('SELECT %s FROM generate_series(1, 3)', call) WHEN f.proretset THEN format('SELECT count(*) FROM (SELECT %s LIMIT 10) s', call) ELSE format('SELECT %s IS NULL', call) END;
			n := n + 1;
			began := clock_timestamp();
			BEGIN
				EXECUTE call;
			EXCEPTION WHEN OTHERS THEN
				GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, m = MESSAGE_TEXT;
				IF state IN ('XX000', 'XX001', 'XX002') THEN RAISE WARNING '% % in %', state, m, left(call, 500); END IF;
			END;
			IF clock_timestamp() > began + interval '15 s' THEN RAISE WARNING 'took % : %', clock_timestamp() - began, left(call, 500); END IF;
		END LOOP;
	END LOOP;
	RAISE WARNING 'in all % calls', n;
END $$;
SQL

for my $nodes (0, 2)
{
	my $what = $nodes ? "$nodes nodes" : 'local mode';
	my $cluster = BarksCluster->new("rddattacks$nodes", nodes => $nodes, conf => "barks.executor_slots = 2\n");
	$cluster->allow_log(qr/(?:WARNING|FATAL):/);
	my $driver = $cluster->driver;
	my $seed = $ENV{BARKS_TEST_SEED} // int(time);
	note "BARKS_TEST_SEED=$seed";

	is(session($driver, $tools), '', "$what: the tools");
	probe($driver, "$what: lambdas", @lambdas);
	probe($driver, "$what: rights", @rights);
	probe($driver, "$what: lineages", @lineages);

	# operators of one's own in front of those that run as the extension's owner
	my $evil = <<'SQL';
CREATE SCHEMA evil;
CREATE TABLE evil.ran (who text);
GRANT INSERT ON evil.ran TO PUBLIC; GRANT USAGE ON SCHEMA evil TO PUBLIC;
DO $$
DECLARE t text; o text;
BEGIN
	FOREACH t IN ARRAY ARRAY['bigint', 'oid', 'text', 'timestamptz', 'int'] LOOP
		FOREACH o IN ARRAY ARRAY['=', '<', '>', '<=', '>=', '<>'] LOOP
			EXECUTE format('CREATE FUNCTION evil.f%s(%s, %s) RETURNS bool LANGUAGE plpgsql AS $f$ BEGIN IF current_user <> ''mallory'' THEN INSERT INTO evil.ran VALUES (current_user); END IF; RETURN $1 OPERATOR(pg_catalog.%s) $2; END $f$', md5(o), t, t, o);
			EXECUTE format('CREATE OPERATOR evil.%s (FUNCTION = evil.f%s, LEFTARG = %s, RIGHTARG = %s)', o, md5(o), t, t);
		END LOOP;
	END LOOP;
END $$;
CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE plpgsql AS $f$ BEGIN IF current_user <> 'mallory' THEN INSERT INTO evil.ran VALUES (current_user); END IF; RETURN pg_catalog.now(); END $f$;
CREATE FUNCTION evil.minus(timestamptz, interval) RETURNS timestamptz LANGUAGE plpgsql AS $f$ BEGIN IF current_user <> 'mallory' THEN INSERT INTO evil.ran VALUES (current_user); END IF; RETURN pg_catalog.now(); END $f$;
CREATE OPERATOR evil.- (FUNCTION = evil.minus, LEFTARG = timestamptz, RIGHTARG = interval);
SET search_path = evil, pg_catalog;
SELECT barks.rdd_count(barks.rdd_cache(barks.rdd_range(0, 11)));
SELECT barks.rdd_count(barks.rdd_cache(barks.rdd_range(0, 11)));
SELECT barks.rdd_submit(barks.rdd_range(0, 12), 'count') AS job \gset
SELECT barks.job_wait(:job);
SELECT * FROM barks.job_result(:job);
SELECT barks.job_cancel(:job);
SELECT barks.job_forget(:job);
SELECT count(barks.rdd_unpersist(barks.rdd_cache(barks.rdd_range(0, 11))));
SELECT count(*) >= 0 FROM barks.async_jobs;
SELECT count(*) FROM barks.storage;
SELECT barks.cancel_group('x');
SQL
	is(session($driver, $evil, '-U', 'mallory'), "11\n11\nfinished\n12\nf\nt\n1\nt\n0\n0\n", "$what: with operators of one's own");
	is(session($driver, 'SELECT DISTINCT who FROM evil.ran'), '', "$what: which nobody else ran");

	# what another role keeps, shares and submits
	my $as = sub { return session($driver, "SET search_path = public, barks;\n$_[0]\n", '-U', 'mallory') };
	is($as->('SELECT count(*) FROM storage; SELECT share(); SELECT 1;'), "0\nt\n1\n", "$what: nothing is seen of another role's storage");
	like($as->(q{SELECT share(); SELECT bc('shared', NULL::text);}), qr/ERROR:  42704: there is no broadcast value/, "$what: nor of its broadcast values");
	like($as->(q{SELECT share(); SELECT acc_value('shared');}), qr/ERROR:  42704: there is no accumulator/, "$what: nor of its accumulators");
	is($as->(q{SELECT share(); SELECT acc_add_to('max(text)', 'shared', 'x'::text); SELECT acc_value('shared'); SELECT share();}), "t\nx\n\"x\"\nt\n", "$what: nor in another way");
	like($as->(q{SELECT accumulator('mine', 'max(text)'); SELECT adds();}), qr/ERROR:  42704: there is no accumulator/, "$what: and nobody adds to those of the caller");
	my ($table) = split /\n/, session($driver, q{SELECT rel FROM barks.storage});
	like($as->("TABLE $table;"), qr/ERROR:  42501/, "$what: what is stored is its role's");
	like($as->("DROP TABLE $table;"), qr/ERROR:  42501/, "$what: and stays");
	like($as->('SELECT submits() AS job \gset' . "\nSELECT job_result(:job);"), qr/ERROR:  42501: job \d+ belongs to another role/, "$what: results of another role's job");
	like($as->('SELECT submits() AS job \gset' . "\nSELECT job_wait(:job);"), qr/ERROR:  42501/, "$what: its state");
	like($as->('SELECT submits() AS job \gset' . "\nSELECT job_forget(:job);"), qr/ERROR:  42501|^f$/m, "$what: and it stays");

	my $crashes = session($driver, "SET client_min_messages = warning; SET statement_timeout = '120s';\n" . ($fuzz =~ s/SEED/($seed % 1000) \/ 1000.0/er =~ s/ROUNDS/8/r), '-U', 'mallory');
	like($crashes, qr/in all \d+ calls/, "$what: every function answered");
	is(join("\n", grep { /WARNING/ && !/in all/ } split /\n/, $crashes), '', "$what: and none by an internal error");
	$cluster->finish;
}

done_testing();
