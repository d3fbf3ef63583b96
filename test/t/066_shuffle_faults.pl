# Rows from one node to another when processes die, connections break, files go
# and bytes change: the right rows or a clean error, and nothing is left.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;
use BarksFaults;
use BarksProxy;

my $cluster = BarksCluster->new('shuffle', nodes => 2,
	conf => "barks.executor_slots = 1\nbarks.heartbeat_interval = 500\nbarks.worker_idle_timeout = -1\nrestart_after_crash = on\n");
my ($driver, $n1, $n2) = $cluster->servers;
$cluster->query('CREATE EXTENSION lane_test');
my $schema = $cluster->query(q{SELECT 'barks_' || system_identifier || '_77' FROM pg_control_system()});
$_->safe_psql('barks', "CREATE SCHEMA $schema;
	CREATE TABLE $schema.t AS SELECT i AS a, 'row ' || i AS b, i % 50 AS k, md5(i::text) AS h FROM generate_series(1, 20000) i") for $n1, $n2;

# Two map tasks on n1, the reduce tasks on n2 read from n1.
sub shuffle
{
	my ($port, %args) = @_;
	my $conninfo = $port == $n1->port ? 'host=' . $n1->host : 'host=127.0.0.1';
	my $timeout = $args{timeout} // '1s';
	my $maps = $args{maps} // 'n1';
	my $settings = "'{barks.wire,always,barks.fetch_timeout,$timeout}'";
	return <<"SQL";
SELECT string_agg(DISTINCT CASE WHEN kind_of = 'row' THEN 'rows' WHEN kind_of LIKE '%error%' THEN kind_of END, ' ') || ' '
	|| coalesce(sum(CASE WHEN kind_of = 'row' THEN split_part(value, ',', 1)::int END), 0) || ' '
	|| coalesce(sum(CASE WHEN kind_of = 'row' THEN split_part(value, ',', 2)::bigint END), 0)
FROM lane_shuffle(ARRAY['select * from $schema.t where k < 20', 'select * from $schema.t where k >= 20'],
	'SELECT count(*), sum(a) FROM barks.exchange(1) AS x(a int, b text, k int, h text)', '{int8,int8}',
	partitions => 4, hash_columns => '{3}', step => 2, conninfo => '$conninfo port=$port dbname=barks user=postgres',
	settings => $settings, map_node => '$maps', reduce_node => 'n2', compress => false)
SQL
}
my $right = 'rows 20000 200010000';
my $user = $n1->safe_psql('barks', 'SELECT current_user');
my $direct = shuffle($n1->port) =~ s/user=postgres/user=$user/r;
my $before = settled_state($cluster);

is($cluster->query($direct), $right, 'rows travel between two nodes');
state_is($cluster, $before, 'a shuffle');

# ---- bytes on the way

# As many bytes as a reduce task gets, more or less; the first few hundred are the session's start.
for my $what ('flip', 'drop', 'skip', 'stall')
{
	my @bad;
	for my $at ($what eq 'flip' ? (0, 13, 60, 420, 480 .. 492, 600, 70_000, 300_000) : (0, 420, 600, 70_000, 300_000))
	{
		for my $times (1, 1000)
		{
			my $proxy = BarksProxy->new($n1, what => $what, at => $at, times => $times);
			my $out = $cluster->query(shuffle($proxy->port, timeout => $times == 1 ? '2s' : '300ms') =~ s/user=postgres/user=$user/r);
			push @bad, "$what $at $times: $out" unless $out eq $right || ($out =~ /^reduce error 58B01 |^reduce error 58B01 rows / && $times > 1);
			$proxy->stop;
		}
	}
	is(join("\n", @bad), '', "$what: the right rows when it happens once, else they or an error that names the input");
}
state_is($cluster, $before, 'harm on the way');

# ---- processes

for my $point ('shuffle.before_write', 'shuffle.before_publish', 'shuffle.before_fetch', 'shuffle.in_fetch')
{
	my $server = $point =~ /fetch/ ? $n2 : $n1;
	my $part = $point =~ /fetch/ ? 'reduce' : 'map';

	stop_at($server, $point);
	my $session = start_session($cluster, $direct);
	ok(wait_stopped($server, $point), "$point: waits");
	$server->safe_psql('barks', 'SELECT pg_terminate_backend(' . busy_worker($server) . ')');
	go_on($server);
	my ($out, $err) = end_session($session);
	like($out, qr/^$part error 57P01/, "$point: a worker that is terminated is an error of its task");
	state_is($cluster, $before, "$point, worker terminated");

	stop_at($server, $point);
	$session = start_session($cluster, "SET application_name = 'victim'", $direct);
	ok(wait_stopped($server, $point), "$point: waits again");
	$driver->safe_psql('barks', q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'});
	($out, $err) = end_session($session);
	like($err, qr/57014/, "$point: the query can be cancelled");
	go_on($server);
	state_is($cluster, $before, "$point, query cancelled");

	stop_at($server, $point);
	$session = start_session($cluster, "SET application_name = 'victim'", $direct);
	ok(wait_stopped($server, $point), "$point: waits once more");
	$driver->safe_psql('barks', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'});
	end_session($session);
	go_on($server);
	state_is($cluster, $before, "$point, driver terminated");

	is($cluster->query($direct), $right, "$point: rows travel after it all");
}

# ---- files

stop_at($n2, 'shuffle.before_fetch');
my $session = start_session($cluster, $direct);
ok(wait_stopped($n2, 'shuffle.before_fetch'), 'the reduce task waits');
my ($file) = glob($n1->data_dir . '/base/pgsql_tmp/pgsql_tmp_barks_*/1.1.1');
ok(defined $file, 'the second map task has a file');
is((stat $file)[2] & 07777, 0600, 'which nobody else can read');
unlink $file;
go_on($n2);
my ($out, $err) = end_session($session);
like($out, qr/^reduce error 58B01/, 'a file that is missing is an input that is lost');
state_is($cluster, $before, 'a file is missing');

# ---- a node

stop_at($n1, 'shuffle.before_publish', 'kill');
my $offset = -s $n1->logfile;
$session = start_session($cluster, $direct);
ok(recovers($n1, $offset), 'a worker is killed, and its node restarts');
end_session($session);
go_on($n1);
$cluster->allow_log(qr/terminated by signal 9|terminating connection because of crash|could not receive data|the database system is (in recovery|not yet accepting connections)|because of crash of another server process/);
state_is($cluster, $before, 'a node restarted while it wrote');
is($cluster->query($direct), $right, 'rows travel again');

$cluster->finish;
done_testing();
