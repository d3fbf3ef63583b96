# Workers, slots, the relay: what happens when one of the parties goes away.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $server = PostgreSQL::Test::Cluster->new('worker');
$server->init;
$server->append_conf('postgresql.conf', "shared_preload_libraries = 'barks'\nbarks.executor_slots = 1\n");
$server->start;

my ($ok, $out, $err);
($ok) = $server->psql('postgres', 'CREATE EXTENSION lane_test');
plan skip_all => 'test modules are not installed' if $ok != 0;

my $schema = $server->safe_psql('postgres', q{SELECT 'barks_' || system_identifier || '_1' FROM pg_control_system()});
my ($driver) = $schema =~ /_(\d+)_/;
$server->safe_psql('postgres', qq{
	CREATE SCHEMA $schema;
	CREATE TABLE $schema.t AS SELECT i AS a, md5(i::text) AS b FROM generate_series(1, 1000) i;
	CREATE TABLE $schema.big AS SELECT i AS a, md5(i::text) AS b FROM generate_series(1, 300000) i;
	ANALYZE});

my $worker = q{FROM pg_stat_activity WHERE backend_type = 'barks worker'};
my $slow = q{SELECT kind, value FROM lane_run('select count(*)::int4 from generate_series(1, 100000000)', '{int4}')};

sub q1 { return $server->safe_psql('postgres', shift) }
sub no_temp_files { return $server->poll_query_until('postgres', 'SELECT count(*) = 0 FROM pg_ls_tmpdir()') }
# A long task in a session of its own, running when this returns.
sub start_slow
{
	my %s = (in => '', out => '', err => '');
	$s{handle} = IPC::Run::start(['psql', '-XqAt', '-d', $server->connstr('postgres')], \$s{in}, \$s{out}, \$s{err}, IPC::Run::timeout(180));
	$s{in} .= "$slow;\n";
	$s{handle}->pump_nb;
	$server->poll_query_until('postgres', qq{SELECT EXISTS (SELECT 1 $worker AND state = 'active')}) or die 'the task did not start';
	return \%s;
}

sub finish
{
	my ($s) = @_;
	$s->{handle}->finish;
	return $s->{out} . $s->{err};
}

# The worker goes: its task gets a retryable error, the next one another worker.
my $s = start_slow();
q1("SELECT pg_terminate_backend(pid) $worker");
like(finish($s), qr/error 57P01\|lost the worker/, 'a terminated worker is a lost attempt');
is(q1(q{SELECT value FROM lane_run('select 1', '{int4}') WHERE kind = 'row'}), 1, 'and is replaced');

# Its task is cancelled by hand: an error like any other.
$s = start_slow();
q1("SELECT pg_cancel_backend(pid) $worker");
like(finish($s), qr/error 57014\|canceling statement/, 'a cancelled task');

# The session goes: so does its task.
$s = start_slow();
q1(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%lane_run%' AND backend_type = 'client backend' AND pid <> pg_backend_pid()});
finish($s);
ok($server->poll_query_until('postgres', qq{SELECT NOT EXISTS (SELECT 1 $worker AND state = 'active')}), 'no task without its session');

# Stop points.
for my $case (['task.before_run=error', 'XX000'], ['task.after_batch=fatal', '57P01'], ['task.before_done=error', 'XX000'])
{
	$server->safe_psql('postgres', "ALTER SYSTEM SET barks.stop_points = '$case->[0]'");
	$server->reload;
	$server->poll_query_until('postgres', "SELECT current_setting('barks.stop_points') <> ''");
	is(q1("SELECT kind FROM lane_run('select a from $schema.t', '{int4}') WHERE kind <> 'row'"), "error $case->[1]", "stop point $case->[0]");
}
q1('ALTER SYSTEM RESET barks.stop_points');
$server->reload;
$server->poll_query_until('postgres', "SELECT current_setting('barks.stop_points') = ''");

# A paused consumer's task is spooled; within temp_file_limit.
q1("ALTER SYSTEM SET temp_file_limit = '1MB'");
$server->reload;
$out = q1(qq{
	SET temp_file_limit = -1;
	BEGIN;
	DECLARE c CURSOR FOR SELECT (lane_run('select a, b from $schema.big', '{int4,text}')).kind;
	MOVE 1 c;
	SELECT value FROM lane_run('select 7', '{int4}') WHERE kind = 'row';
	MOVE 200 c;
	CREATE FUNCTION pg_temp.rest() RETURNS text LANGUAGE plpgsql AS \$\$
	DECLARE c refcursor := 'c'; k text; last text;
	BEGIN LOOP FETCH c INTO k; EXIT WHEN NOT FOUND; last := k; END LOOP; RETURN last; END \$\$;
	SELECT pg_temp.rest();
	COMMIT});
is($out, "7\nerror 53400", 'a spool honours temp_file_limit');
q1('ALTER SYSTEM RESET temp_file_limit');
$server->reload;
ok(no_temp_files(), 'no temporary files are left');

# Twenty sessions, one slot, paused cursors, queries within queries: all finish.
my $nested = qq{
	BEGIN;
	DECLARE c1 CURSOR FOR SELECT lane_run('select a, b from $schema.big where a <= 60000', '{int4,text}');
	DECLARE c2 CURSOR FOR SELECT lane_run('select a, b from $schema.big where a <= 40000', '{int4,text}', tasks => 2, lanes => 2);
	MOVE 1 c1; MOVE 1 c2;
	DO \$\$
	DECLARE a record; b record; n int := 0;
	BEGIN
		FOR a IN SELECT lane_run('select generate_series(1, 3)', '{int4}') LOOP
			FOR b IN SELECT lane_run('select generate_series(1, 9)', '{int4}') LOOP n := n + 1; END LOOP;
		END LOOP;
		IF n <> 40 THEN RAISE EXCEPTION 'rounds: %', n; END IF;
	END \$\$;
	MOVE ALL c1; MOVE ALL c2;
	COMMIT;
	SELECT 'finished'};
my @sessions;
for (1 .. 20)
{
	my %n = (in => $nested, out => '', err => '');
	$n{handle} = IPC::Run::start(['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', $server->connstr('postgres')],
		\$n{in}, \$n{out}, \$n{err}, IPC::Run::timeout(600));
	$n{handle}->pump_nb while length $n{in};
	push @sessions, \%n;
}
$_->{handle}->finish for @sessions;
is(scalar(grep { $_->{out} eq "finished\n" && $_->{err} eq '' } @sessions), 20, 'twenty sessions share a slot');
ok(no_temp_files(), 'and leave no files');

# Another database takes the slot; a database can be dropped.
q1('CREATE DATABASE other');
$server->safe_psql('other', 'CREATE EXTENSION lane_test');
is($server->safe_psql('other', q{SELECT value FROM lane_run('select 2', '{int4}') WHERE kind = 'row'}), 2, 'the slot serves another database');
q1(q{SELECT lane_evict(oid) FROM pg_database WHERE datname = 'other'});
q1('DROP DATABASE other');
pass('workers leave a database that is dropped');

# The relay.
sub relay
{
	my ($script) = @_;
	my ($o, $e) = ('', '');
	IPC::Run::run(['lane_client', $server->connstr('postgres')], \$script, \$o, \$e, IPC::Run::timeout(180));
	return $o . $e;
}
my $open = "exec begin isolation level repeatable read read only\nopen\njob $driver postgres\n";
is(relay($open . "tasks 2000 select a from $schema.t where a < 10\nanswers 2000\nend\nexec select 'alive'\nexec commit\n"),
	"B=2000 D=2000 \nended: PGRES_COMMAND_OK \nalive\n", 'two thousand tasks');
like(relay($open . "task 0 select 1/0\ntask 1 select a from $schema.t\nanswers 2\nend\nexec select 'alive'\nexec commit\n"),
	qr/^E task 0:.*division by zero.*\nB=1 D=1 E=1 \n.*\nalive\n$/, 'an error leaves transaction and stream usable');
like(relay($open . "task 0 select a, b from $schema.big\nframes 2\nsleep 200\ncancel\nanswers 1\ntask 1 select a from $schema.t\nanswers 1\nend\n"),
	qr/^B=2 \n(B=\d+ )?X=1 \nB=1 D=1 \n/, 'a cancel in the stream');
like(relay($open . "snapshot\nframes 1\nend\n"), qr/^snapshot [0-9A-F]+-[0-9A-F]+-\d+\nS=1 \n/, 'an exported snapshot');
is(relay("exec begin\nexec insert into $schema.t values (-1)\nopen inline\njob $driver postgres\n"
		. "task 0 select a, b from $schema.t where a < 0\ntask 1 select a from $schema.t where a < -1\nanswers 2\nend\nexec rollback\n"),
	"B=1 D=2 \nended: PGRES_COMMAND_OK \n", 'inline tasks see own writes');
like(relay("exec create role joe\nexec set role joe\nopen\n"), qr/permission denied to run tasks/, 'for superusers only');
relay($open . "task 0 select count(*) from generate_series(1, 100000000)\nsleep 300\ndie\n");
ok($server->poll_query_until('postgres', qq{SELECT NOT EXISTS (SELECT 1 $worker AND state = 'active')}), 'a driver that dies takes its task along');
ok(no_temp_files(), 'no files after all of it');

# No worker can be had.
$server->append_conf('postgresql.conf', 'max_worker_processes = 2');
$server->restart;
my $kind = q1(q{SELECT kind FROM lane_run('select 1', '{int4}')});
ok($kind eq 'lost 53400' || $kind =~ /^row/, "workers refused: $kind");

$server->stop;
done_testing();
