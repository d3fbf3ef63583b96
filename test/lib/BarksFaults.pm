# BarksFaults: break things under a query, see that nothing is left.
#
#	my $before = settled_state($cluster);
#	my $session = start_session($cluster, 'SELECT …');
#	stop_at($node, 'task.before_run');          # tasks on the node wait there …
#	wait_stopped($node, 'task.before_run');     # … and one does
#	go_on($node);
#	my ($out, $err) = end_session($session);
#	state_is($cluster, $before, 'the fault');

package BarksFaults;

use strict;
use warnings;

use Exporter 'import';
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

our @EXPORT = qw(settled_state state_is start_session end_session stop_at wait_stopped first_stopped stopped_pid go_on
	busy_worker family answers recovers wait_until quickest make_shuffled_tables);

my %stopped_since;

# Tables "a" and "b" of so many rows, distributed by id, so that a join by k moves
# them, and "l" of the driver's own, if it is to have rows.  The database's settings
# see to it that they do move; more of them by name.
sub make_shuffled_tables
{
	my ($cluster, $rows_a, $rows_b, $rows_l, %settings) = @_;
	my $sql = qq{
		CREATE TABLE a (id int, k int, s text);
		SELECT barks.distribute_table('a', by => 'id', partitions => 4);
		INSERT INTO a SELECT i, i % 1000, md5(i::text) FROM generate_series(1, $rows_a) i;
		CREATE TABLE b (id int, k int, s text);
		SELECT barks.distribute_table('b', by => 'id', partitions => 4);
		INSERT INTO b SELECT i, i % 700, md5(i::text) FROM generate_series(1, $rows_b) i;
		ANALYZE a; ANALYZE b;};
	$sql .= qq{
		CREATE TABLE l (k int, s text);
		INSERT INTO l SELECT i, md5(i::text) FROM generate_series(1, $rows_l) i;
		ANALYZE l;} if $rows_l;
	%settings = (shuffle_partitions => 4, join_strategy => 'shuffle', broadcast_threshold => 0, %settings);
	$cluster->query(join "\n", $sql, map { "ALTER DATABASE barks SET barks.$_ = $settings{$_};" } sort keys %settings);
	return;
}

# What must be the same before and after a fault, on every server; before it,
# decisions about transactions are carried out everywhere, and nothing goes on.
sub settled_state
{
	my $cluster = shift;
	my $state;
	wait_until(sub
	{
		$cluster->leftovers;
		$state = fault_state($cluster);
		return !grep { my $mine = $_; grep { $_ ne 'shards' && $mine->{$_} !~ /^0?$/ } keys %$mine } values %$state;
	}) or do { diag explain $state; die 'the cluster does not become quiet' };
	return $state;
}

# All by one query a server, for it is asked often.  Not counted: autovacuum and heartbeats, which come and go.
my $state_query = <<'SQL';
SELECT (SELECT count(*) FROM pg_prepared_xacts),
	(SELECT count(*) FROM pg_stat_activity
		WHERE pid <> pg_backend_pid() AND (state LIKE 'active%' OR state LIKE 'idle in transaction%')
			AND backend_type NOT LIKE 'autovacuum%' AND query NOT LIKE 'SELECT pg_catalog.current_setting(''barks.executor_slots'', true)%'
			AND query NOT LIKE '%FROM pg_catalog.pg_prepared_xacts%'),
	(SELECT count(*) FROM barks.workers WHERE state NOT IN ('free', 'idle')),
	(SELECT coalesce(string_agg(n.nspname || '.' || c.relname, ' ' ORDER BY n.nspname, c.relname), '')
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname ~ '^barks_[0-9]+' AND c.relkind = 'r'),
	(SELECT count(*) FROM barks.dist_transaction),
	(SELECT coalesce(string_agg(s::text, ' '), '') FROM barks.shuffle_jobs s),
	(SELECT count(*) FROM barks.jobs WHERE state = 'running'),
	(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory')
SQL

sub fault_state
{
	my $cluster = shift;
	my %state;
	for my $server ($cluster->servers)
	{
		my $mine = $state{ $server->name } = {};
		@$mine{qw(prepared active slots shards decisions leases jobs advisory)} = split /\|/, $server->safe_psql('barks', $state_query), -1;
		my $data = $server->data_dir;
		$mine->{files} = join ' ', map { s{.*/}{}r } glob("$data/base/pgsql_tmp/* $data/base/pgsql_tmp/*/* $data/pg_snapshots/*");
	}
	return \%state;
}

# Is everything as it was?  Cleaning up and recovery may take a moment.
sub state_is
{
	my ($cluster, $before, $what) = @_;
	my $after;
	wait_until(sub { $after = fault_state($cluster); same($after, $before) });
	is_deeply($after, $before, "$what: nothing is left behind");
}

sub same
{
	my ($x, $y) = @_;
	return !grep { my $name = $_; grep { $x->{$name}{$_} ne $y->{$name}{$_} } keys %{ $x->{$name} } } keys %$x;
}

# SQL in a psql of its own; each statement of the list is sent by itself.
sub start_session
{
	my ($cluster, @statements) = @_;
	my %s = (out => '', err => '');
	$s{handle} = IPC::Run::start(
		['psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-v', 'ON_ERROR_STOP=1', '-d', $cluster->driver->connstr('barks'),
			map { ('-c', $_) } @statements],
		'<', \undef, '>', \$s{out}, '2>', \$s{err}, IPC::Run::timeout(180));
	return \%s;
}

sub end_session
{
	my $s = shift;
	$s->{handle}->finish;
	chomp $s->{out};
	return ($s->{out}, $s->{err});
}

# Processes of this server, and those that start, wait at the point (or fail, are killed).
sub stop_at
{
	my ($server, $point, $action) = @_;
	$action //= 'wait';
	$stopped_since{ $server->name } = -s $server->logfile;
	set_points($server, "$point=$action");
}

sub go_on { set_points(shift, '') }

sub set_points
{
	my ($server, $value) = @_;
	$server->safe_psql('postgres', $value eq '' ? 'ALTER SYSTEM RESET barks.stop_points' : "ALTER SYSTEM SET barks.stop_points = '$value'");
	$server->reload;
	wait_until(sub { $server->safe_psql('postgres', 'SHOW barks.stop_points') eq $value }) or die 'no reload';
}

sub wait_stopped
{
	my ($server, $point) = @_;
	my $since = $stopped_since{ $server->name };
	return wait_until(sub { substr(slurp_file($server->logfile), $since) =~ /stop point $point: / });
}

# The one of some servers on which something waits there; undef: on none.
sub first_stopped
{
	my ($point, @servers) = @_;
	my $found;
	wait_until(sub { ($found) = grep { defined stopped_pid($_, $point) } @servers; defined $found });
	return $found;
}

# The process that waits there first.
sub stopped_pid
{
	my ($server, $point) = @_;
	my ($pid) = substr(slurp_file($server->logfile), $stopped_since{ $server->name }) =~ /\[(\d+)\][^\n]*stop point $point: /;
	return $pid;
}

sub busy_worker
{
	my $server = shift;
	return $server->safe_psql('barks', q{SELECT min(pid) FROM barks.workers WHERE state = 'busy'});
}

# A postmaster and its children.
sub family
{
	my $server = shift;
	my ($pid) = split /\n/, slurp_file($server->data_dir . '/postmaster.pid');
	return ($pid, split ' ', `pgrep -P $pid`);
}

# Wait until the server takes connections.
sub answers
{
	my $server = shift;
	return wait_until(sub { is_up($server) });
}

# Wait until the server, of which a process was killed after its log had this
# length, has been through recovery.
sub recovers
{
	my ($server, $offset) = @_;
	return wait_until(sub { substr(slurp_file($server->logfile), $offset) =~ /server processes terminated; reinitializing/ })
		&& answers($server);
}

# Not by a script on standard input, which a psql that cannot connect does not read.
sub is_up
{
	my ($out, $err) = ('', '');
	return IPC::Run::run([ 'psql', '-XAtq', '-d', shift->connstr('barks'), '-c', 'SELECT 1' ], '<', \undef, '>', \$out, '2>', \$err);
}

# Seconds that the quickest of several tries took: what else the machine does may
# delay any one of them, so only the best says what we make wait.
sub quickest
{
	my ($limit, $try) = @_;
	my $best;
	for (1 .. 8)
	{
		my $took = $try->();
		$best = $took if !defined $best || $took < $best;
		last if $best < $limit;
	}
	return $best;
}

sub wait_until
{
	my $condition = shift;
	my $deadline = time + 120;
	until ($condition->())
	{
		return 0 if time > $deadline;
		usleep(20_000);
	}
	return 1;
}

1;
