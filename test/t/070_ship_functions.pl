# Users' functions on the nodes: other definitions before, between and during queries, rights, and nodes
# that lack what a function needs.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;
use BarksFaults;

my $cluster = BarksCluster->new('ship', nodes => 2,
	conf => "barks.executor_slots = 1\nbarks.heartbeat_interval = 500\nbarks.worker_idle_timeout = -1\n");
my ($driver, $n1, $n2) = $cluster->servers;
my $copies = q{FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname LIKE 'barks\_%\_functions'};

sub q1 { return $cluster->query(shift) }
sub on_node { return $_[0]->safe_psql('barks', $_[1]) }
sub number_of_copies { return join ' ', map { on_node($_, "SELECT count(*) $copies") } $n1, $n2 }
sub reasons { my $sql = shift; return q1("SELECT string_agg(reason, '; ') FROM barks.fallbacks(\$_\$$sql\$_\$)") }

sub define
{
	my ($name, $body) = @_;
	q1("CREATE OR REPLACE FUNCTION $name(n int) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS \$\$ BEGIN $body END \$\$");
}

q1(q{
	CREATE TABLE t (k int, a int);
	SELECT barks.distribute_table('t', by => 'k', partitions => 8);
	INSERT INTO t SELECT i, 1 FROM generate_series(1, 800) i});

# ---- other definitions

define('f', 'RETURN n;');
my $sum = 'SELECT sum(f(a)) FROM t';
is(reasons($sum), '', 'the function runs on the nodes');
is(number_of_copies(), '0 0', 'planning makes no copy');
is(q1($sum), 800, 'it is right');
is(number_of_copies(), '1 1', 'each node has a copy');
is(q1("SET default_transaction_read_only = on; $sum"), 800, 'in a transaction that only reads');
is(number_of_copies(), '1 1', 'and needs no other');
define('f', 'RETURN 2 * n;');
is(q1($sum), 1600, 'another definition');
is(number_of_copies(), '2 2', 'is another copy');
define('f', 'RETURN n;');
is(q1($sum), 800, 'and back');
is(number_of_copies(), '2 2', 'which was there');
is(q1("BEGIN; CREATE OR REPLACE FUNCTION f(n int) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 3; END'; $sum; ROLLBACK; $sum"),
	"2400\n800", 'a transaction sees its own, until it is rolled back');
define('g', 'RETURN 2 * f(n);');
is(q1("PREPARE p AS SELECT sum(g(a)) FROM t; EXECUTE p; CREATE OR REPLACE FUNCTION f(n int) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 4; END'; EXECUTE p"),
	"1600\n6400", 'a prepared statement sees another definition of what its function calls');

# during a query: tasks that begin later call what the first one called
define('f', 'RETURN n;');
for my $what ([ 'another definition', sub { define('f', 'RETURN 5;') }, 4000 ], [ 'none any more', sub { q1('DROP FUNCTION f CASCADE') } ])
{
	my ($name, $change, $after) = @$what;
	define('f', 'RETURN n;');
	stop_at($n1, 'task.before_run');
	my $session = start_session($cluster, 'SELECT 1', $sum);
	ok(wait_stopped($n1, 'task.before_run'), "$name: a task has begun");
	$change->();
	my $dropper = start_session($cluster, 'SELECT barks.drop_shipped_functions() > 0');
	$cluster->wait_for(q{SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted});
	go_on($n1);
	is((end_session($session))[0], "1\n800", "$name: the query that runs keeps its own");
	is((end_session($dropper))[0], 't', "$name: then copies can be dropped");
	is(number_of_copies(), '0 0', "$name: and were");
	is(q1($sum), $after, "$name: the next query has it") if $after;
}
is(($cluster->try($sum))[0], '42883', 'a function that is not there');

# ---- what somebody else dropped on a node

define('f', 'RETURN n;');
{
	my $session = $driver->background_psql('barks', on_error_stop => 0);
	is($session->query($sum), 800, 'made');
	on_node($n1, $_) for split /\n/, on_node($n1, "SELECT format('DROP FUNCTION %s', p.oid::regprocedure) $copies");
	is($session->query("$sum; SELECT 1"), 1, 'the session meets an error');
	is($session->query($sum), 800, 'and makes it again');
	$session->quit;
}

# ---- types made by the same transaction

is(q1(q{BEGIN; CREATE TYPE mood AS ENUM ('sad', 'glad');
	CREATE TABLE moods (k int, m mood); SELECT barks.distribute_table('moods', by => 'k', partitions => 4);
	INSERT INTO moods SELECT i, CASE WHEN i % 4 = 0 THEN 'sad' ELSE 'glad' END::mood FROM generate_series(1, 100) i;
	CREATE FUNCTION better(m mood) RETURNS mood LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN CASE WHEN m = 'sad' THEN 'glad' ELSE m END; END $$;
	SELECT better(m), count(*) FROM moods GROUP BY 1; COMMIT;
	SELECT better(m), count(*) FROM moods GROUP BY 1}), "\nglad|100\nglad|100", 'a type of the transaction that goes on');
is(reasons('SELECT better(m) FROM moods'), '', 'on the nodes');

# ---- rights

q1(q{CREATE ROLE alice; CREATE ROLE bob; GRANT SELECT ON t TO alice, bob;
	CREATE FUNCTION who(n int) RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN current_user; END $$});
like(reasons('SELECT who(k) FROM t'), qr/not immutable/, 'a stable function stays on the driver');
like(($cluster->try(q{SECURITY LABEL FOR barks ON FUNCTION who(int) IS 'quick'}))[2], qr/ERROR:  22023: invalid label/, 'a label that is none');
is(($cluster->try(q{SET ROLE alice; SECURITY LABEL FOR barks ON FUNCTION who(int) IS 'shippable'}))[0], '42501', 'only the owner labels it');
q1(q{SECURITY LABEL FOR barks ON FUNCTION who(int) IS 'shippable'});
is(reasons('SELECT who(k) FROM t'), '', 'unless its owner says otherwise');
is(q1('SET ROLE alice; SELECT DISTINCT who(k) FROM t; SET ROLE bob; SELECT DISTINCT who(k) FROM t'), "alice\nbob", 'it runs as who calls it');
q1('SECURITY LABEL FOR barks ON FUNCTION who(int) IS NULL');
like(reasons('SELECT who(k) FROM t'), qr/not immutable/, 'without the label not');

is(on_node($n1, "SELECT count(*) $copies AND (prosecdef OR NOT (SELECT rolsuper FROM pg_roles r WHERE r.oid = proowner))"), 0, 'copies are the service role\'s');
is(on_node($n1, "SELECT count(*) $copies AND proname LIKE 'who%' AND has_function_privilege('alice', p.oid, 'EXECUTE')"), 1, 'who called it may');
is(on_node($n1, "SELECT count(*) $copies AND proname LIKE 'f\\_%' AND has_function_privilege('alice', p.oid, 'EXECUTE')"), 0, 'others may not');
is(on_node($n1, q{SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'barks\_%\_functions' AND has_schema_privilege('alice', oid, 'CREATE')}), 0,
	'nobody may plant one');
{
	my ($out, $err);
	for my $call (q{barks.keep_functions('x', 'alice', ARRAY['f'], ARRAY['()'])}, q{barks.drop_kept_functions('x')})
	{
		$n1->psql('barks', "SET ROLE alice; SELECT $call", stderr => \$err);
		like($err, qr/permission denied/, "nobody else makes or drops copies: $call");
	}
	like(($cluster->try('SET ROLE alice; SELECT barks.drop_shipped_functions()'))[2], qr/42501/, 'nor has it done');
	q1('SELECT barks.drop_shipped_functions()');
	my $schema = q1(q{SELECT format('barks_%s_%s_functions', system_identifier, (SELECT oid FROM pg_database WHERE datname = 'barks')) FROM pg_control_system()});
	on_node($n1, "CREATE SCHEMA $schema AUTHORIZATION alice");
	($out, undef, $err) = $cluster->try($sum);
	is($out, '42501', 'a schema that somebody else made is not used');
	like($err, qr/schema "$schema" is owned by an ordinary role/, 'which is said');
	like($err, qr/copy of function f\(integer\)/, 'and for what');
	on_node($n1, "DROP SCHEMA $schema");
	is(q1($sum), 800, 'without it all is well');
	on_node($n1, "DROP SCHEMA $schema CASCADE; CREATE SCHEMA $schema; CREATE FUNCTION $schema.x() RETURNS int LANGUAGE sql AS 'SELECT 1'");
	on_node($n1, "ALTER FUNCTION $schema.x() OWNER TO alice; ALTER FUNCTION $schema.x() RENAME TO " . on_node($n2, "SELECT quote_ident(proname) $copies LIMIT 1"));
	is(($cluster->try($sum))[0], '42501', 'nor is a function');
	on_node($n1, "DROP SCHEMA $schema CASCADE");
	is(q1($sum), 800, 'nor is it needed');
}

# what a copy does it does as the role, which on a node has no right on shards
q1(q{CREATE FUNCTION peek(n int, shard text) RETURNS text LANGUAGE plpgsql STABLE AS $$ DECLARE r text; BEGIN EXECUTE 'SELECT count(*) FROM ' || shard INTO r; RETURN r; END $$;
	SECURITY LABEL FOR barks ON FUNCTION peek(int, text) IS 'shippable'; GRANT EXECUTE ON FUNCTION peek TO alice});
my $shard = q1(q{SELECT shard FROM barks.partitions WHERE name = 't'::regclass AND node = 'n1' LIMIT 1});
is(($cluster->try("SET ROLE alice; SELECT peek(k, '$shard') FROM t"))[0], '42501', 'shards cannot be read');
for my $escape (q{PERFORM set_config('role', 'none', false)}, q{PERFORM set_config('session_authorization', 'default', false)}, 'RESET ROLE')
{
	q1(qq{CREATE OR REPLACE FUNCTION peek(n int, shard text) RETURNS text LANGUAGE plpgsql STABLE AS \$\$ DECLARE r text; BEGIN $escape; EXECUTE 'SELECT count(*) FROM ' || shard INTO r; RETURN r; END \$\$});
	like(($cluster->try("SET ROLE alice; SELECT peek(k, '$shard') FROM t"))[0], qr/42501|0A000/, "nor after $escape");
}

# ---- nodes that lack a language or an extension

q1(q{CREATE EXTENSION citext; CREATE FUNCTION h(a int) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT max(x::text::citext::text || 'é') FROM generate_series(1, a) x $$});
like(reasons('SELECT max(h(a)) FROM t'), qr/citext/, 'an extension that nodes lack');
is(q1('SELECT max(h(a)) FROM t'), '1é', 'is the driver\'s business');
on_node($_, 'CREATE EXTENSION citext') for $n1, $n2;
$cluster->wait_for(q{SELECT NOT EXISTS (SELECT FROM barks.fallbacks('SELECT max(h(a)) FROM t'))});
is(q1('SELECT max(h(a)) FROM t'), '1é', 'until they have it');

on_node($n2, 'DROP EXTENSION plpgsql CASCADE');
$cluster->wait_for(qq{SELECT EXISTS (SELECT FROM barks.fallbacks('$sum'))});
like(reasons($sum), qr/function f: language plpgsql: extension "plpgsql" 1.0 is not on node "n2"/, 'a language that a node lacks');
is(q1($sum), 800, 'is the driver\'s business too');
on_node($n2, 'CREATE EXTENSION plpgsql');
$cluster->wait_for(qq{SELECT NOT EXISTS (SELECT FROM barks.fallbacks('$sum'))});
is(q1($sum), 800, 'until it has it');

# gone between two heartbeats: said by the node
q1('ALTER SYSTEM SET barks.heartbeat_interval = 3600000');
$driver->reload;
q1('SELECT barks.drop_shipped_functions()');
on_node($n2, 'DROP EXTENSION plpgsql CASCADE');
{
	my ($state, undef, $err) = $cluster->try($sum);
	is($state, '42704', 'a language that is just gone');
	like($err, qr/language "plpgsql" does not exist.*node "n2"/s, 'and where');
}
on_node($n2, 'CREATE EXTENSION plpgsql');

# ---- a node that goes

is(q1($sum), 800, 'both nodes have copies again');
like(on_node($n1, "SELECT count(*) $copies"), qr/^[1-9]/, 'one that is to go, too');
q1(q{DROP TABLE t, moods; SELECT barks.remove_node('n1')});
is(on_node($n1, q{SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'barks\_%\_functions'}), 0, 'a node that was removed keeps none');
$cluster->allow_log(qr/schema "barks_\d+_\d+_functions" is owned by an ordinary role|was not made by barks/);
$cluster->finish;
done_testing();
