# Servers that are not fit to be nodes, nodes that die or hang, and secrets.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

use BarksCluster;
use BarksFaults;

my $conf = "shared_preload_libraries = 'barks,barks_test'\nbarks.heartbeat_interval = 500\n";
my $cluster = BarksCluster->new('faults', nodes => 1, conf => $conf . "log_statement = all\nlog_min_duration_statement = 0\n");
my ($driver, $n1) = $cluster->servers;
$driver->safe_psql('barks', 'CREATE EXTENSION barks_test');

sub q1 { return $cluster->query(shift) }

# The error as psql shows it, with its SQLSTATE.
sub error_of { return ($cluster->try(shift))[2] }

sub wait_for
{
	my ($server, $query, $expected) = @_;
	return $server->poll_query_until('barks', $query, $expected // 't');
}

sub add_error
{
	my ($server, $more) = @_;
	return error_of(
		sprintf(q{SELECT barks.add_node('x', '%s', %d%s)}, $server->host, $server->port, $more // ''));
}

# Servers that do not fit.
my $unfit = BarksCluster->new('unfit', nodes => 0, no_extension => 1, conf => $conf . "max_prepared_transactions = 0\n");
my $n2 = $unfit->driver;
like(add_error($n2), qr/55000: max_prepared_transactions is 0 on node "x".*HINT:  Set max_prepared_transactions there to at least \d+/s,
	'max_prepared_transactions = 0');
$n2->append_conf('postgresql.conf', "max_prepared_transactions = 10\nmax_worker_processes = 2\n");
$n2->restart;
like(add_error($n2), qr/55000: max_worker_processes is too low on node "x".*HINT/s, 'max_worker_processes = 2');
$n2->append_conf('postgresql.conf', "max_worker_processes = 40\nshared_preload_libraries = ''\n");
$n2->restart;
like(add_error($n2), qr/55000: barks is not loaded on node "x".*HINT:  Add barks to shared_preload_libraries/s, 'not preloaded');
my ($rc, $out, $err) = $n2->psql('barks', 'CREATE EXTENSION barks');
like($err, qr/barks must be loaded at server start.*HINT/s, 'CREATE EXTENSION says so too');
$n2->append_conf('postgresql.conf', $conf);
$n2->restart;
$n2->safe_psql('barks', q{CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;});
like(add_error($n2, q{, 'latin'}), qr/55000: the database on node "x" has encoding LATIN1/, 'other encoding');
$n2->safe_psql('barks', q{CREATE DATABASE icu LOCALE_PROVIDER icu ICU_LOCALE 'de' TEMPLATE template0});
like(add_error($n2, q{, 'icu'}), qr/55000: node "x" differs from the driver: locale of the database/, 'other locale');
$n2->safe_psql('barks', q{CREATE ROLE weak LOGIN});
like(add_error($n2, q{, user_name => 'weak'}), qr/42501: role "weak" is not a superuser on node "x".*HINT/s, 'no superuser');

# Passwords.
$n2->safe_psql('barks', q{SET password_encryption = 'scram-sha-256'; CREATE ROLE service SUPERUSER LOGIN PASSWORD 'opensesame'});
my $hba = $n2->data_dir . '/pg_hba.conf';
my $trust = slurp_file($hba);
open(my $file, '>', $hba) or die;
print $file "local all service scram-sha-256\n$trust";
close $file;
$n2->reload;
like(add_error($n2, q{, user_name => 'service', password => 'wrongsecret'}), qr/28P01: could not connect to node "x"/, 'wrong password');
like(add_error($n2, q{, user_name => 'service'}), qr/28P01: could not connect to node "x"/, 'no password');
like(add_error($n2, q{, user_name => 'nobody_here'}), qr/28000: could not connect to node "x"/, 'no such role');
q1(sprintf(q{SELECT barks.add_node('n2', '%s', %d, user_name => 'service', password => 'opensesame')}, $n2->host, $n2->port));
like(error_of(sprintf(q{BEGIN; SELECT barks.remove_node('n2');
	DO $$BEGIN PERFORM barks.add_node('n2', '%s', %d, user_name => 'service', password => 'opensesame'); END$$}, $n2->host, $n2->port)),
	qr/55006: the database of node "n2" is being added or removed/, 'not removed and added in one transaction');
error_of(q{PREPARE p(text) AS SELECT barks.add_node('y', password => $1); EXECUTE p('opensesame')});
$driver->psql('barks', q{SELECT barks.add_node('y', password => 'opensesame') \gdesc});
my $log = slurp_file($driver->logfile);
unlike($log, qr/opensesame|wrongsecret/, 'no password in any log');
my $seen = q1(q{SELECT (SELECT string_agg(f::text, '') FROM pg_foreign_server f), (SELECT string_agg(u::text, '') FROM pg_user_mappings u),
	(SELECT string_agg(n::text, '') FROM barks.nodes n), (SELECT string_agg(a.query, '') FROM pg_stat_activity a WHERE pid <> pg_backend_pid())});
unlike($seen, qr/opensesame/, 'nor in a view');
$driver->safe_psql('barks', 'CREATE ROLE joe LOGIN');
like(error_of('SET ROLE joe; SELECT password FROM barks.node_credential'), qr/42501/, 'nor for others');
is($driver->safe_psql('barks', 'SET ROLE joe; SELECT count(*) FROM barks.nodes'), 2, 'who may see the nodes');
is($driver->safe_psql('barks', q{SET ROLE joe; SELECT cluster_read('SELECT 1')}), 'n1=1 n2=1', 'and read them, as a query of his would');

$_->safe_psql('barks', 'CREATE TABLE t (i int)') for $n1, $n2;

# A node that hangs: every wait can be cancelled, and nobody else waits.
# Seconds from the cancel of a session that waits for a node to its prompt.
sub cancel
{
	my ($what, $session) = @_;
	wait_for($driver, q{SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event_type = 'Extension'
		AND backend_type = 'client backend' AND state = 'active' AND now() - state_change > interval '300 ms'});
	my $pid = q1(q{SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Extension' AND backend_type = 'client backend'});
	my $start = time;
	kill 'INT', $pid;
	my ($out, $err) = end_session($session);
	my $took = time - $start;
	like($err, qr/ERROR:  57014: canceling statement due to user request/, "$what: cancelled");
	return $took;
}

sub cancelled
{
	my ($what, $sql) = @_;
	my $took = quickest(0.2, sub { cancel($what, start_session($cluster, $sql)) });
	cmp_ok($took, '<', 0.2, sprintf('%s: at once (%.3f s)', $what, $took));
}

my @pids = family($n2);
kill 'STOP', @pids;
cancelled('connecting', q{SELECT cluster_read('SELECT 1')});
my $took = quickest(1, sub { my $start = time; is(q1('SELECT count(*) FROM barks.nodes'), 2, 'the view answers'); return time - $start; });
cmp_ok($took, '<', 1, 'at once');
ok(wait_for($driver, q{SELECT NOT alive FROM barks.nodes WHERE name = 'n2'}), 'and says who is not alive');
ok(wait_for($driver, q{SELECT alive AND last_seen > now() - interval '3 s' FROM barks.nodes WHERE name = 'n1'}), 'and who is');
$took = quickest(0.2, sub
{
	my ($out, $err) = end_session(start_session($cluster, '\timing', q{SET statement_timeout = '300ms'}, q{SELECT cluster_exec('n2', 'SELECT 1')}));
	like($err, qr/57014/, 'statement_timeout');
	return $out =~ /.*Time: ([\d.]+) ms/s ? $1 / 1000 - 0.3 : 100;
});
cmp_ok($took, '<', 0.2, sprintf('in time (%.3f s)', $took));
kill 'CONT', @pids;
ok(wait_for($driver, q{SELECT alive FROM barks.nodes WHERE name = 'n2'}), 'it is seen again');

# The same with sessions that were open before, and wait until "go" has a row.
q1(q{
	CREATE TABLE go (i int);
	CREATE FUNCTION paused() RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		WHILE NOT EXISTS (SELECT FROM go) LOOP PERFORM pg_sleep(0.01); END LOOP;
	END $$});
for my $case (
	['a command', q{BEGIN;; SELECT cluster_exec('n2', 'INSERT INTO public.t VALUES (1)');; SELECT paused();; SELECT cluster_exec('n2', 'INSERT INTO public.t VALUES (1)')}],
	['a subtransaction', q{BEGIN;; SELECT cluster_exec('n2', 'INSERT INTO public.t VALUES (1)');; SELECT paused();;
		DO $$BEGIN BEGIN PERFORM cluster_exec('n2', 'INSERT INTO public.t VALUES (1)'); EXCEPTION WHEN division_by_zero THEN NULL; END; END$$}],
	['a commit', q{BEGIN;; SELECT cluster_exec_all('INSERT INTO public.t VALUES (1)');; SELECT paused();; COMMIT}],
	['a snapshot', q{SELECT cluster_read('SELECT 1');; SELECT paused();; SELECT cluster_read('SELECT 1')}],
	['a load', q{BEGIN;; SELECT cluster_exec('n2', 'INSERT INTO public.t VALUES (1)');; SELECT paused();; SELECT cluster_load('n2', 'public.t', 10000000, 0)}])
{
	my ($what, $sql) = @$case;
	my $took = quickest(0.2, sub
	{
		q1('TRUNCATE go');
		my $session = start_session($cluster, split(/;;\s+/, $sql));
		wait_for($driver, q{SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
		my @pids = family($n2);
		kill 'STOP', @pids;
		q1('INSERT INTO go VALUES (1)');
		my $seconds = cancel("hung in $what", $session);
		kill 'CONT', @pids;
		ok(wait_for($driver, q{SELECT alive FROM barks.nodes WHERE name = 'n2'}), 'it is seen again');
		return $seconds;
	});
	cmp_ok($took, '<', 0.2, sprintf('hung in %s: at once (%.3f s)', $what, $took));
}
ok(wait_for($_, q{SELECT count(*) = 0 FROM pg_prepared_xacts}), 'nothing stays prepared') for $n1, $n2;
ok(wait_for($_, q{SELECT count(*) = 0 FROM pg_stat_activity WHERE state <> 'idle' AND application_name LIKE 'barks driver%'}),
	'abandoned sessions end') for $n1, $n2;

# A node killed.
($rc, $out, $err) = $driver->psql('barks', q{SELECT cluster_read('SELECT 1')});
is($rc, 0, 'both nodes answer');
@pids = family($n2);
$n2->stop('immediate');
like(error_of(q{SELECT cluster_read('SELECT 1')}), qr/08006: could not connect to node "n2"/, 'a clean error names it');
is(error_of(q{SELECT cluster_exec('n1', 'SELECT 1')}), '', 'the other node works');
$n2->start;
ok(wait_for($driver, q{SELECT cluster_read('SELECT 1')}, 'n1=1 n2=1'), 'it works again when it is back');

my @allowed = (qr/FATAL:  connection to client lost/, qr/could not start the process that watches/,
	qr/FATAL:  the database system is not yet/, qr/due to immediate shutdown command/, qr/FATAL:  (password|Peer|no pg_hba|role|permission)/,
	qr/node "n2" did not (confirm|say)/);
$_->allow_log(@allowed) for $cluster, $unfit;
$_->finish for $cluster, $unfit;
done_testing();
