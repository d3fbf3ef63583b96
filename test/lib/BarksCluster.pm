# BarksCluster: a driver and nodes inside a TAP test.
#
#	my $cluster = BarksCluster->new('name', nodes => 2, conf => "barks.executor_slots = 1\n");
#	my $driver = $cluster->driver;              # PostgreSQL::Test::Cluster objects
#	my $node = $cluster->node(1);
#	is($cluster->query('SELECT 1'), '1', 'works');
#	my $before = $cluster->leftovers;           # to compare with is_deeply later
#	$cluster->allow_log(qr/terminated by signal 9/);
#	$cluster->kill9($cluster->node(1));         # and ->restart($node)
#	$cluster->finish;                           # stops all, checks the logs; then done_testing()

package BarksCluster;

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

use BarksLog;

sub new
{
	my ($class, $name, %args) = @_;
	my $self = bless { servers => [], allowed => [] }, $class;
	my $count = $args{nodes} // 2;

	for my $i (0 .. $count)
	{
		my $server = PostgreSQL::Test::Cluster->new($name . ($i == 0 ? '_driver' : "_n$i"));
		$server->init(extra => [ '--locale=C.UTF-8', '-E', 'UTF8' ], allows_streaming => 0);
		$server->append_conf('postgresql.conf', <<"CONF" . ($args{conf} // ''));
shared_preload_libraries = 'barks'
max_connections = 100
max_prepared_transactions = 100
max_worker_processes = 40
timezone = 'UTC'
log_line_prefix = '%m [%p] %b %e '
barks.commit_timeout = 60
barks.snapshot_timeout = 60
CONF
		$server->start;
		$server->safe_psql('postgres', 'CREATE DATABASE barks');
		push @{ $self->{servers} }, $server;
	}
	$self->driver->safe_psql('barks', 'CREATE EXTENSION barks') unless $args{no_extension};
	unless ($args{no_extension} || $args{no_nodes})
	{
		$self->add_node($_) for 1 .. $count;
	}
	return $self;
}

# Add node number i as the cluster's node "n<i>".
sub add_node
{
	my ($self, $i) = @_;
	my $node = $self->node($i);
	my ($host, $port) = ($node->host, $node->port);
	$self->query("SELECT barks.add_node('n$i', host => '$host', port => $port)");
}

sub driver { return $_[0]{servers}[0]; }
sub node { return $_[0]{servers}[ $_[1] ]; }
sub servers { return @{ $_[0]{servers} }; }

sub query
{
	my ($self, $sql, %args) = @_;
	return $self->driver->safe_psql('barks', $sql, %args);
}

# Run SQL that may fail: (SQLSTATE or '', standard output, standard error).
sub try
{
	my ($self, $sql, %args) = @_;
	my ($out, $err) = ('', '');
	$self->driver->psql('barks', "\\set VERBOSITY verbose\n$sql",
		stdout => \$out, stderr => \$err, on_error_stop => 1, %args);
	my ($state) = $err =~ /(?:ERROR|FATAL):\s+([0-9A-Z]{5}):/;
	return ($state // '', $out, $err);
}

# Wait until a query on the driver (or on a server given) answers "t".
sub wait_for
{
	my ($self, $sql, $server) = @_;
	($server // $self->driver)->poll_query_until('barks', $sql) or die "waited in vain for: $sql";
}

# What must be the same before and after a fault, on every server.  Taken when
# nothing goes on any more, so that it can be compared with later.
sub leftovers
{
	my $self = shift;
	my $state;
	for (1 .. 300)
	{
		$state = $self->state_now;
		return $state unless grep { "$_->{prepared} $_->{active} $_->{files}" ne '0 0 ' } values %$state;
		usleep(100_000);
	}
	diag explain $state;
	die 'the cluster does not become quiet';
}

# The same at this very moment.
sub state_now
{
	my $self = shift;
	my %state;
	for my $server ($self->servers)
	{
		my $name = $server->name;
		$state{$name}{prepared} = $server->safe_psql('barks', 'SELECT count(*) FROM pg_prepared_xacts');
		# but for autovacuum and heartbeats, which come and go
		$state{$name}{active} = $server->safe_psql('barks', <<'SQL');
SELECT count(*) FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND (state LIKE 'active%' OR state LIKE 'idle in transaction%')
	AND backend_type NOT LIKE 'autovacuum%' AND query NOT LIKE 'SELECT pg_catalog.current_setting(''barks.executor_slots'', true)%'
	AND query NOT LIKE '%FROM pg_catalog.pg_prepared_xacts%' -- a heartbeat
SQL
		$state{$name}{files} = join ' ', grep { !/^\.\.?$/ } map { read_dir($_) }
		  ($server->data_dir . '/base/pgsql_tmp', $server->data_dir . '/pg_snapshots');
	}
	return \%state;
}

# Is everything as it was?  Cleaning up may take a moment.
sub leaves_nothing
{
	my ($self, $before, $what) = @_;
	my $after;
	for (1 .. 300)
	{
		$after = $self->state_now;
		last if _same($before, $after);
		usleep(100_000);
	}
	is_deeply($after, $before, "$what: nothing is left behind");
}

sub _same
{
	my ($a, $b) = @_;
	for my $name (keys %$a)
	{
		$a->{$name}{$_} eq $b->{$name}{$_} or return 0 for keys %{ $a->{$name} };
	}
	return 1;
}

sub read_dir
{
	my $dir = shift;
	opendir(my $handle, $dir) or return ();
	return readdir $handle;
}

# Kill a postmaster and wait until its children are gone too.  Its pid may stay
# a zombie where nobody reaps it, so its lock files are removed.
sub kill9
{
	my ($self, $server) = @_;
	my $data = $server->data_dir;
	my $pid = (split /\n/, slurp_file("$data/postmaster.pid"))[0];
	kill 'KILL', $pid;
	for (1 .. 1000)
	{
		last unless grep { (readlink("$_/cwd") // '') eq $data } glob '/proc/[0-9]*';
		usleep(10_000);
	}
	my $port = $server->port;
	unlink "$data/postmaster.pid", map {; "$_/.s.PGSQL.$port", "$_/.s.PGSQL.$port.lock" } $server->host;
	$server->{_pid} = undef;
}

sub restart
{
	my ($self, $server) = @_;
	$server->{_pid} = undef;
	$server->start;
}

sub allow_log
{
	my ($self, @patterns) = @_;
	push @{ $self->{allowed} }, @patterns;
}

sub finish
{
	my $self = shift;
	for my $server ($self->servers)
	{
		$server->stop('fast', fail_ok => 1);
		my @lines = BarksLog::unexpected_lines($server->logfile, @{ $self->{allowed} });
		is(join("\n", @lines), '', 'the log of ' . $server->name . ' holds nothing unexpected');
	}
}

1;
