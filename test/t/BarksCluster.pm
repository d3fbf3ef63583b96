# BarksCluster: a driver and nodes for TAP tests, on PostgreSQL::Test::Cluster.

package BarksCluster;

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Time::HiRes qw(usleep time);

# Settings every server of a test has.
our $settings = <<'CONF';
shared_preload_libraries = 'barks,barks_test'
max_prepared_transactions = 20
max_worker_processes = 16
barks.heartbeat_interval = 500
CONF
$settings =~ s/'barks,/'$ENV{BARKS_TEST_PRELOAD},barks,/ if $ENV{BARKS_TEST_PRELOAD};

sub server
{
	my ($name, $conf, %init) = @_;
	my $server = PostgreSQL::Test::Cluster->new($name);
	$server->init(%init);
	$server->append_conf('postgresql.conf', $settings);
	$server->append_conf('postgresql.conf', $conf) if defined $conf;
	$server->start;
	return $server;
}

# Started servers: the driver, with the extension and the nodes, and the nodes.
sub create
{
	my ($nodes, $conf) = @_;
	my @nodes = map { server("n$_", $conf) } 1 .. $nodes;
	my $driver = server('driver', $conf);

	$driver->safe_psql('postgres', 'CREATE EXTENSION barks; CREATE EXTENSION barks_test');
	add_node($driver, $_) for @nodes;
	return ($driver, @nodes);
}

sub add_node
{
	my ($driver, $node) = @_;
	$driver->safe_psql('postgres',
		sprintf(q{SELECT barks.add_node('%s', host => '%s', port => %d)}, $node->name, $node->host, $node->port));
}

# Wait until a query answers as expected, by default 't'.
sub wait_for
{
	my ($server, $query, $expected) = @_;
	return $server->poll_query_until('postgres', $query, $expected // 't');
}

# Wait until the server's log, from the offset on, matches.
sub wait_for_log
{
	my ($server, $pattern, $offset) = @_;
	for (1 .. 300)
	{
		return 1 if substr(slurp_file($server->logfile), $offset) =~ $pattern;
		usleep(100_000);
	}
	return 0;
}

# Run a query that must fail; the error as psql shows it with SQLSTATE.
sub error_of
{
	my ($server, $sql) = @_;
	my ($rc, $out, $err) = $server->psql('postgres', "\\set VERBOSITY verbose\n$sql");
	return $err;
}

1;
