# Nodes that were fit when they were added and are not any more: what needs them
# says so, names them, and leaves nothing behind.

use strict;
use warnings;

use IO::Socket::UNIX;
use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;
use BarksFaults;

my $cluster = BarksCluster->new('unfit', nodes => 2, no_nodes => 1,
	conf => "barks.executor_slots = 1\nbarks.heartbeat_interval = 500\nbarks.worker_idle_timeout = -1\n");
my ($driver, $n1, $n2) = $cluster->servers;

sub q1 { return $cluster->query(shift) }
sub error_of { return ($cluster->try(shift))[2] }

# The driver is a role with a password on n2.
$n2->safe_psql('barks', q{SET password_encryption = 'scram-sha-256'; CREATE ROLE service SUPERUSER LOGIN PASSWORD 'opensesame'});
my $hba = $n2->data_dir . '/pg_hba.conf';
my $trust = slurp_file($hba);
open(my $file, '>', $hba) or die;
print $file "local all service scram-sha-256\n$trust";
close $file;
$n2->reload;
$cluster->add_node(1);
q1(sprintf(q{SELECT barks.add_node('n2', '%s', %d, user_name => 'service', password => 'opensesame')}, $n2->host, $n2->port));
q1(q{
	CREATE TABLE t (id int PRIMARY KEY, s text);
	SELECT barks.distribute_table('t', by => 'id', partitions => 4);
	INSERT INTO t SELECT i, md5(i::text) FROM generate_series(1, 1000) i;
	CREATE TABLE b (id int);
	SELECT barks.broadcast_table('b');
	INSERT INTO b VALUES (1), (2);
	CREATE EXTENSION fuzzystrmatch;
	ANALYZE});
$_->safe_psql('barks', 'CREATE EXTENSION fuzzystrmatch') for $n1, $n2;
my $count = 'SELECT count(*), sum(id) FROM t';
my $counted = '1000|500500';
is(q1($count), $counted, 'without a fault');
my $before = settled_state($cluster);

# What reads and what writes fails alike; then it is as it was.
sub refused
{
	my ($what, $pattern, $mend) = @_;
	for my $sql ($count, "BEGIN ISOLATION LEVEL REPEATABLE READ; $count", "SET barks.enabled = off; $count",
		'INSERT INTO t SELECT i, i::text FROM generate_series(2000, 2100) i', 'TRUNCATE t, b',
		'SELECT barks.distribute_table(\'t\', by => \'id\', partitions => 6)', "CREATE TABLE made (i int) USING barks")
	{
		like(error_of($sql), $pattern, "$what: $sql");
	}
	$mend->();
	ok(wait_until(sub { ($cluster->try($count))[0] eq '' }), 'it is mended');
	is(q1("$count WHERE id <= 1000"), $counted, 'and all is there');
	is(q1('SELECT count(*) FROM b'), 2, 'here too');
	state_is($cluster, $before, $what);
}

sub end_sessions
{
	my $node = shift;
	$node->safe_psql('barks', q{SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE application_name LIKE 'barks driver%'});
}

# Another password.
$n2->safe_psql('barks', q{ALTER ROLE service PASSWORD 'changed'});
end_sessions($n2);
refused('a wrong password', qr/ERROR:  28P01: could not connect to node "n2"/,
	sub { $n2->safe_psql('barks', q{SET password_encryption = 'scram-sha-256'; ALTER ROLE service PASSWORD 'opensesame'}) });

# Not a superuser.
$n2->safe_psql('barks', 'ALTER ROLE service NOSUPERUSER');
end_sessions($n2);
refused('a role that lost its rights', qr/ERROR:  42501: role "service" is not a superuser on node "n2"/,
	sub { $n2->safe_psql('barks', 'ALTER ROLE service SUPERUSER') });

# Not preloaded.
$n2->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$n2->restart;
refused('barks is not loaded', qr/ERROR:  55000: barks is not loaded on node "n2"/,
	sub { $n2->append_conf('postgresql.conf', "shared_preload_libraries = 'barks'"); $n2->restart; });

# Another version.  All that is checked of a server on every connection is what
# it says when a session starts, so a stand-in can say anything.
sub stand_in
{
	my ($server, %says) = @_;
	my $listener = IO::Socket::UNIX->new(Local => $server->host . '/.s.PGSQL.' . $server->port, Listen => 10) or die "no socket: $!";
	my $pid = fork // die;
	return ($pid, $listener) if $pid;
	$SIG{CHLD} = 'IGNORE';
	while (my $client = $listener->accept)
	{
		next if fork;
		my $message = '';
		sysread $client, my $header, 4;
		sysread $client, $message, unpack('N', $header) - 4;
		syswrite $client, join '', pack('aNN', 'R', 8, 0),
			(map { my $pair = "$_\0$says{$_}\0"; pack('aN', 'S', 4 + length $pair) . $pair } sort keys %says),
			pack('aNNN', 'K', 12, $$, 1), pack('aNa', 'Z', 5, 'I');
		1 while sysread $client, $message, 1000;
		require POSIX;
		POSIX::_exit(0);
	}
}
for my $case (
	[ 'another major version', { server_version => '14.13' }, qr/ERROR:  55000: node "n2" runs PostgreSQL 14, the driver \d+.*HINT:  All servers/s ],
	[ 'another protocol version', { 'barks.protocol_version' => '999' }, qr/ERROR:  55000: node "n2" speaks protocol version 999/ ],
	[ 'a standby', { in_hot_standby => 'on' }, qr/ERROR:  55000: node "n2" is in recovery/ ],
	[ 'another encoding', { server_encoding => 'LATIN1' }, qr/ERROR:  55000: the database on node "n2" has encoding LATIN1/ ])
{
	my ($what, $said, $pattern) = @$case;
	my %says = (server_version => $driver->safe_psql('postgres', 'SHOW server_version'), server_encoding => 'UTF8', client_encoding => 'UTF8',
		is_superuser => 'on', in_hot_standby => 'off', standard_conforming_strings => 'on',
		'barks.protocol_version' => $driver->safe_psql('postgres', 'SHOW barks.protocol_version'), %$said);
	$n2->stop;
	my ($pid, $listener) = stand_in($n2, %says);
	like(error_of(sprintf(q{SELECT barks.add_node('x', '%s', %d)}, $n2->host, $n2->port)), qr/ERROR:  55000: node "x" runs PostgreSQL 14/, "$what: not added")
		if $what eq 'another major version';
	refused($what, $pattern, sub
	{
		kill 'KILL', $pid;
		waitpid $pid, 0;
		close $listener;
		unlink $n2->host . '/.s.PGSQL.' . $n2->port;
		$n2->start;
	});
}

# An extension that a node lost: what needs it falls back, in plans made before too.
my $call = q{SELECT count(*) FROM t WHERE soundex(s) <> ''};
my $called = q1('SET barks.enabled = off; ' . $call);
sub reasons { return q1(sprintf q{SELECT string_agg(reason, '; ') FROM barks.fallbacks($q$%s$q$)}, shift // $call) }
is(reasons(), '', 'nodes have the extension');
is(q1($call), $called, 'a function of it');
q1('CREATE TABLE go (i int)');
my $session = start_session($cluster, 'SET plan_cache_mode = force_generic_plan', "PREPARE p AS $call", 'EXECUTE p', 'INSERT INTO go VALUES (1)',
	q{DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM go WHERE i = 2) LOOP PERFORM pg_sleep(0.02); END LOOP; END $$}, 'EXECUTE p');
ok(wait_until(sub { q1('SELECT count(*) FROM go') }), 'a prepared plan that calls it on nodes');
$n2->safe_psql('barks', 'DROP EXTENSION fuzzystrmatch');
ok(wait_until(sub { reasons() =~ /^function soundex: extension "fuzzystrmatch" \S+ is not on node "n2"/ }), 'the planner hears that it went');
is(q1($call), $called, 'the answer is the same');
q1('INSERT INTO go VALUES (2)');
is(join('|', end_session($session)), "$called\n$called|", 'from the prepared plan too');
q1('DROP TABLE go');
$n2->safe_psql('barks', q{CREATE SCHEMA elsewhere; CREATE EXTENSION fuzzystrmatch SCHEMA elsewhere});
q1('SELECT count(*) FROM t');
like(reasons(), qr/^function soundex: extension/, 'one in another schema is not the same');
is(q1($call), $called, 'and not called');
$n2->safe_psql('barks', 'DROP EXTENSION fuzzystrmatch; DROP SCHEMA elsewhere; CREATE EXTENSION fuzzystrmatch');
ok(wait_until(sub { reasons() eq '' }), 'the planner hears that it came back');
is(q1($call), $called, 'called there again');

# The planner cannot know that a member of it is missing.
$n2->safe_psql('barks', 'ALTER EXTENSION fuzzystrmatch DROP FUNCTION soundex(text); ALTER EXTENSION fuzzystrmatch DROP FUNCTION text_soundex(text);
	DROP FUNCTION soundex(text), text_soundex(text)');
like(error_of($call), qr/ERROR:  42883: function .*soundex.* does not exist.*CONTEXT:  .*node "n2"/s, 'a function that a node lacks');
is(q1("SET barks.enabled = off; $call"), $called, 'the access method needs none');
state_is($cluster, $before, 'a function that a node lacks');
$n2->safe_psql('barks', 'DROP EXTENSION fuzzystrmatch; CREATE EXTENSION fuzzystrmatch');
is(q1($call), $called, 'it is back');

# Extensions that only the driver has: their functions, operators, types, aggregates over them.
q1('CREATE EXTENSION pg_trgm; CREATE EXTENSION citext; CREATE EXTENSION hstore');
for my $sql (q{SELECT count(*) FROM t WHERE s % 'c4ca4238'}, q{SELECT bool_or(similarity(s, 'abc') > 0.05) FROM t},
	q{SELECT count(*) FROM t WHERE s::citext = 'C4CA4238A0B923820DCC509A6F75849B'}, q{SELECT hstore('a', s) -> 'a' FROM t WHERE id = 7},
	q{SELECT 'a=>1'::hstore, s FROM t WHERE id = 7}, q{SELECT array[s::citext] FROM t WHERE id = 7}, q{SELECT min(s::citext) FROM t},
	q{SELECT s::citext, count(*) FROM t WHERE id < 9 GROUP BY 1 ORDER BY 1})
{
	is(q1($sql), q1("SET barks.enabled = off; $sql"), "only the driver has the extension: $sql");
	like(reasons($sql), qr/extension "\w+" \S+ is not on node "n1"|function similarity_op is not immutable/, 'that is the reason');
}
q1('CREATE TABLE c (c citext); SELECT barks.distribute_table(\'c\', by => \'c\', partitions => 4); INSERT INTO c SELECT \'a\' || i FROM generate_series(1, 9) i');
ok(wait_until(sub { reasons(q{SELECT * FROM c WHERE c = 'A1'}) eq '' }), 'a column brings its extension to the nodes');
is(q1(q{SELECT * FROM c WHERE c = 'A1'}), 'a1', 'and it is used there');
q1('DROP TABLE c; DROP EXTENSION citext, hstore, pg_trgm');
$_->safe_psql('barks', 'DROP EXTENSION citext') for $n1, $n2;
state_is($cluster, $before, 'extensions');

# Objects of the user's that no column brings to the nodes.
q1(q{
	CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE span AS RANGE (subtype = int); CREATE DOMAIN word AS text;
	CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
	CREATE OPERATOR >>> (LEFTARG = int, RIGHTARG = int, FUNCTION = int4gt); CREATE OPERATOR <<< (LEFTARG = int, RIGHTARG = int, FUNCTION = int4lt);
	CREATE FUNCTION down(int, int) RETURNS int LANGUAGE internal IMMUTABLE AS 'btint4cmp';
	CREATE OPERATOR CLASS down FOR TYPE int USING btree AS OPERATOR 1 >>>, OPERATOR 3 =, OPERATOR 5 <<<, FUNCTION 1 down(int, int);
	CREATE CAST (bytea AS text) WITHOUT FUNCTION; CREATE CAST (box AS float8) WITH FUNCTION area(box);
	CREATE CAST (date AS float8) WITH INOUT; CREATE CAST (text AS int) WITH INOUT AS IMPLICIT;
	CREATE TEXT SEARCH CONFIGURATION terse (COPY = simple)});
for my $sql (q{SELECT 'ok'::mood, s FROM t WHERE id = 7}, q{SELECT count(*) FROM t WHERE CASE WHEN id < 7 THEN 'ok' ELSE 'sad' END::mood = 'ok'},
	q{SELECT array['ok'::mood], s FROM t WHERE id = 7}, q{SELECT count(*) FROM t WHERE '[1,4)'::span @> id}, q{SELECT s::word FROM t WHERE id = 7},
	q{SELECT count(*) FROM t WHERE id === 7}, q{SELECT count(*) FROM t WHERE id === ANY (ARRAY[7, 8])}, q{SELECT id FROM t ORDER BY id USING >>> LIMIT 3},
	q{SELECT substr(s, 1, 3)::bytea::text FROM t WHERE id = 7}, q{SELECT box(point(id, id), point(0, 0))::float8 FROM t WHERE id = 7},
	q{SELECT count(*) FROM t WHERE id < 7 AND (date '2020-01-01' + id)::float8 IS NULL AND id < 0}, q{SELECT count(*) FROM t WHERE id = rpad('7', id / 2000 + 1)})
{
	is(join('|', $cluster->try($sql)), join('|', $cluster->try("SET barks.enabled = off; $sql")), "only the driver has it: $sql");
	like(reasons($sql), qr/is not (?:shipped to|known to be on|on) |order of|operator/, 'that is the reason');
}
$session = q{SET default_text_search_config = 'public.terse'; };
is(q1("$session$count"), $counted, 'with a text search configuration of the user\'s');
is(q1("${session}SELECT to_tsvector(s) FROM t WHERE id = 7"), q1("$session SET barks.enabled = off; SELECT to_tsvector(s) FROM t WHERE id = 7"), 'and using it');
like(error_of(qq{SET plan_cache_mode = force_generic_plan; PREPARE p AS SELECT to_tsvector(s) FROM t WHERE id = 7; EXECUTE p; $session EXECUTE p}),
	qr/ERROR:  0A000: function to_tsvector was planned for nodes/, 'not in a plan made for another');
q1('DROP CAST (bytea AS text); DROP CAST (box AS float8); DROP CAST (date AS float8); DROP CAST (text AS int); DROP TEXT SEARCH CONFIGURATION terse;
	DROP OPERATOR CLASS down USING btree; DROP OPERATOR FAMILY IF EXISTS down USING btree; DROP FUNCTION down; DROP OPERATOR === (int, int), >>> (int, int), <<< (int, int); DROP TYPE mood, span, word');
state_is($cluster, $before, 'objects of the user\'s');

# A type that a node lost, with the column of it.
q1(q{
	CREATE TYPE mood AS ENUM ('ok', 'bad');
	CREATE TABLE m (id int, m mood);
	SELECT barks.distribute_table('m', by => 'id', partitions => 4);
	INSERT INTO m SELECT i, 'ok' FROM generate_series(1, 100) i});
my $with_m = settled_state($cluster);
$n2->safe_psql('barks', 'DROP TYPE mood CASCADE');
for my $sql ('SELECT m, count(*) FROM m GROUP BY m', 'SET barks.enabled = off; SELECT m, count(*) FROM m GROUP BY m',
	q{INSERT INTO m SELECT i, 'bad' FROM generate_series(1, 100) i})
{
	my ($state, $out, $err) = $cluster->try($sql);
	like($state, qr/^(42|XX001)/, "a type that a node lacks: $sql") or diag $out, $err;
	like($err, qr/node "n2"/, 'it is named');
}
state_is($cluster, $with_m, 'a type that a node lacks');
q1('DROP TABLE m; DROP TYPE mood');
is(q1(q{CREATE TYPE mood AS ENUM ('ok', 'bad'); CREATE TABLE m (id int, m mood) USING barks; INSERT INTO m SELECT i, 'ok' FROM generate_series(1, 100) i;
	SELECT m, count(*) FROM m GROUP BY m}), 'ok|100', 'made anew');
q1('DROP TABLE m; DROP TYPE mood');
state_is($cluster, $before, 'and dropped');

# No place for a worker.
$n2->append_conf('postgresql.conf', 'max_worker_processes = 1');
$n2->restart;
my ($state, $out, $err) = $cluster->try($count);
like($state, qr/^53/, 'max_worker_processes = 1: no worker') or diag $out, $err;
like($err, qr/node "n2"/, 'of which node');
is(($cluster->try('INSERT INTO b VALUES (3)'))[0], '', 'a load needs none');
q1('TRUNCATE b; INSERT INTO b VALUES (1), (2)');
$n2->append_conf('postgresql.conf', 'max_worker_processes = 40');
$n2->restart;
is(q1($count), $counted, 'max_worker_processes is mended');
$before = settled_state($cluster);

# No place for a second prepared transaction.
$n2->append_conf('postgresql.conf', 'max_prepared_transactions = 1');
$n2->restart;
stop_at($driver, 'commit.after_prepare');
my $first = start_session($cluster, 'INSERT INTO b VALUES (3)');
ok(wait_stopped($driver, 'commit.after_prepare'), 'one transaction is prepared');
like(error_of(q{SET barks.stop_points = ''; INSERT INTO b VALUES (4)}), qr/ERROR:  53200: maximum number of prepared transactions reached.*node "n2"/s,
	'max_prepared_transactions = 1: not another');
go_on($driver);
is(join('|', end_session($first)), '|', 'the first commits');
is(q1('SELECT string_agg(id::text, \' \' ORDER BY id) FROM b'), '1 2 3', 'on all nodes');
is($_->safe_psql('barks', 'SELECT count(*) FROM pg_prepared_xacts'), 0, 'nothing stays prepared on ' . $_->name) for $n1, $n2;
q1('TRUNCATE b; INSERT INTO b VALUES (1), (2)');
$n2->append_conf('postgresql.conf', 'max_prepared_transactions = 100');
$n2->restart;
$before->{ $_->name }{shards} = settled_state($cluster)->{ $_->name }{shards} for $n1, $n2;
state_is($cluster, $before, 'all that');

$cluster->allow_log(qr/FATAL:  password authentication failed for user "service"/, qr/FATAL:  permission denied to set parameter/,
	qr/FATAL:  connection to client lost/, qr/could not start the process that watches/,
	qr/XX001 ERROR:  invalid batch of rows/);
$cluster->finish;
done_testing();
