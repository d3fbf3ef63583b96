# The 22 TPC-H queries on two nodes while at random moments workers, sessions, the
# driver's own sessions and whole nodes go: each answer is right or its error is
# clean, and nothing is left.  "test/kills" runs more of it: BARKS_TEST_KILLS is
# how many kills, BARKS_TEST_SEED what they are chosen by.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

use BarksCluster;
use BarksFaults;

my $kills = $ENV{BARKS_TEST_KILLS} || ($ENV{BARKS_TEST_FULL} ? 200 : 10);
my $seed = $ENV{BARKS_TEST_SEED} || time % 100_000;
srand($seed);
note "seed $seed, $kills kills";

my $cluster = BarksCluster->new('kills', nodes => 2,
	conf => "barks.executor_slots = 2\nbarks.heartbeat_interval = 500\nrestart_after_crash = on\nfsync = off\n");
my ($driver, @nodes) = $cluster->servers;

# ---- the queries and their answers, as plain PostgreSQL gives them

my %sql;
for my $file (glob "$ENV{TESTDIR}/tpch/queries/*.sql")
{
	$sql{ $file =~ s/.*\/|\.sql//gr } = slurp_file($file) =~ s/^--[^\n]*\n//gmr =~ s/;\s*$//r =~ s/:scale\b/0.01/gr;
}
is(scalar keys %sql, 22, 'all queries are there');
$driver->command_ok([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-v', 'scale=0.01', '-v', 'partitions=4', '-o', '/dev/null',
		'-f', "$ENV{TESTDIR}/tpch/load.sql", $driver->connstr('barks') ], 'the tables are made');
$cluster->query('ALTER DATABASE barks SET search_path = dist; ALTER DATABASE barks SET barks.broadcast_threshold = 0;
	ALTER DATABASE barks SET barks.wire = always; ALTER DATABASE barks SET statement_timeout = 120000');
my (%right, %seconds);
for my $q (sort keys %sql)
{
	$right{$q} = sorted($cluster->query("SET search_path = plain; $sql{$q}"));
	my $start = time;
	is(sorted($cluster->query($sql{$q})), $right{$q}, "$q: without a fault");
	$seconds{$q} = time - $start;
}
my $before = settled_state($cluster);

# ---- a session goes with the node's snapshot, which more sessions were to read under

for my $q ('q01', 'q03', 'q22')
{
	stop_at($driver, 'snapshot.taken');
	my $session = start_session($cluster, $sql{$q});
	ok(wait_stopped($driver, 'snapshot.taken'), "$q has its snapshots");
	is($nodes[0]->safe_psql('barks', q{SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE application_name LIKE 'barks driver%' AND state LIKE 'active%' AND pid <> pg_backend_pid()}), 1, 'one goes');
	go_on($driver);
	my ($out, $err) = end_session($session);
	is(outcome($q, $out, $err), 'answer', 'and the query starts over') or diag $err;
}
state_is($cluster, $before, 'snapshots that went');

# ---- who goes, with which signal, how often of all; and what may come of a query

my $lost = qr/^(?:answer|08006)$/;
my @kinds = (
	[ 6, 'worker terminated', \@nodes, qr/barks worker/, 'TERM', qr/^answer$/ ],
	[ 2, 'worker killed', \@nodes, qr/barks worker/, 'KILL', $lost ],
	[ 5, 'session terminated', \@nodes, qr/\[local\]/, 'TERM', $lost ],
	[ 2, 'session killed', \@nodes, qr/\[local\]/, 'KILL', $lost ],
	[ 2, 'node restarted', \@nodes, undef, undef, $lost ],
	[ 3, 'query cancelled', [$driver], qr/\[local\] SELECT/, 'INT', qr/^(?:answer|57014)$/ ],
	[ 2, 'driver terminated', [$driver], qr/\[local\] SELECT/, 'TERM', qr/^(?:answer|57P01)$/ ],
	[ 1, 'driver killed', [$driver], qr/\[local\] SELECT/, 'KILL', qr/^(?:answer|57P0[23]|gone)$/ ]);
my @chances = map { ($_) x $_->[0] } @kinds;
my (%came, @bad);
my $shaky = 0;		# a node may be away because of the kill before

my $done = 0;
for (my $tries = 0; $done < $kills && $tries < 5 * $kills; $tries++)
{
	# two queries at a time
	my ($q, $other) = map { (sort keys %sql)[ rand 22 ] } 1 .. 2;
	my $kind = $chances[ rand @chances ];
	my (undef, $name, undef, undef, $signal, $clean) = @$kind;
	my $wait = rand(1.2 * $seconds{$q});
	my @sessions = map { [ $_, start_session($cluster, $sql{$_}) ] } $q, $other;
	usleep($wait * 1_000_000);
	my $killed = strike($kind);
	for my $s (@sessions)
	{
		my $got = outcome($s->[0], end_session($s->[1]));
		$came{$name}{$got}++ if $killed;
		next if $got eq 'answer' || ($killed && $got =~ $clean) || ($shaky && $got eq '08006');
		push @bad, sprintf 'kill %d, %s after %.3f s, %s: %s', $done, $name, $wait, $s->[0], $got;
	}
	next unless $killed;
	answers($driver);
	$shaky = $clean eq $lost;
	if ($shaky && rand(3) > 1)	# else queries meet a node that is starting
	{
		back();
		$shaky = 0;
	}
	next if ++$done % 25;
	back();
	state_is($cluster, $before, "$done kills");
}
is($done, $kills, 'as many kills as asked for');
is(join("\n", @bad), '', "right answers and clean errors only (seed $seed)");
back();
state_is($cluster, $before, 'all kills');
is(sorted($cluster->query($sql{$_})), $right{$_}, "$_: in the end") for sort keys %sql;
for my $name (sort keys %came)
{
	note "$name: ", join ', ', map { "$came{$name}{$_} $_" } sort keys %{ $came{$name} };
}
# a process that is killed while it gives up shared memory has removed it, and not said so
$cluster->allow_log(qr/could not remove shared memory segment "[^"]+": No such file/, qr/terminated by signal 9|connection because of crash|could not receive data|connection to client lost/,
	qr/the database system is (?:in recovery|not yet accepting connections)|because of crash of another server process/,
	qr/terminating connection due to (?:unexpected postmaster exit|immediate shutdown command)/);
$cluster->finish;
done_testing();

# Not all queries promise an order.
sub sorted { return join "\n", sort split /\n/, shift }

# Let one process of that kind go, or a node; false when there is none, for the queries are over.
sub strike
{
	my (undef, undef, $servers, $title, $signal) = @{ $_[0] };
	my $server = $servers->[ rand @$servers ];
	if (!$signal)
	{
		$server->stop('immediate');
		$server->start;
		return 1;
	}
	for (1 .. 50)
	{
		my @pids = grep { title($_) =~ $title } family($server);
		return 1 if @pids && kill $signal, $pids[ rand @pids ];
		usleep(5_000);
	}
	return 0;
}

sub title
{
	my $pid = shift;
	open(my $in, '<', "/proc/$pid/cmdline") or return '';
	return <$in> // '';
}

# What became of a query, by SQLSTATE where it failed.
sub outcome
{
	my ($q, $out, $err) = @_;
	return sorted($out) eq $right{$q} ? 'answer' : "wrong: $out" if $err eq '';
	return $1 if $err =~ /(?:ERROR|FATAL):  ([0-9A-Z]{5}):/;
	return '57P03' if $err =~ /FATAL:  the database system is/;
	return 'gone' if $err =~ /server closed the connection|connection to server was lost|Connection refused|No such file/;
	return "unclear: $err";
}

# Wait until all nodes are there, and the driver has heard of it.
sub back
{
	answers($_) for $driver, @nodes;
	$cluster->wait_for(q{SELECT bool_and(alive) FROM barks.nodes});
}
