# A load waits for its nodes alone: a wait that only the deadlock timeout ends
# does not end here.

use strict;
use warnings;

use Test::More;

use BarksCluster;

my $cluster = BarksCluster->new('waits', nodes => 2,
	conf => "max_wal_size = '4GB'\nautovacuum = off\ndeadlock_timeout = '1h'\nstatement_timeout = '1min'\n");
my $file = $cluster->driver->basedir . '/rows';
my ($rows, $loads) = (200_000, 3);

$cluster->query(qq{
	CREATE TABLE t (id int, @{[ join ', ', map { "c$_ text" } 1 .. 10 ]});
	SELECT barks.distribute_table('t', by => 'id');
	COPY (SELECT i, @{[ join ', ', map { "md5(($_ * i)::text)" } 1 .. 10 ]} FROM generate_series(1, $rows) i) TO '$file' (FORMAT binary)});
for my $n (1 .. $loads)
{
	my ($state, undef, $error) = $cluster->try("COPY t FROM '$file' (FORMAT binary)");
	is($state, '', "load $n ends") or diag($error);
}
is($cluster->query('SELECT count(*), count(DISTINCT id) FROM t'), $rows * $loads . "|$rows", 'with all rows');
unlink $file;

$cluster->finish;
done_testing();
