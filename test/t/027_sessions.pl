# What a transaction that wrote runs on nodes can be cancelled, and it goes on;
# shards have statistics; databases come and go.

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);

use BarksCluster;

my $cluster = BarksCluster->new('sessions', nodes => 2, conf => "autovacuum = off\n");
my ($driver, $n1, $n2) = $cluster->servers;
my $before = $cluster->leftovers;
$cluster->query(<<'SQL');
CREATE TABLE d (k int, v int);
SELECT barks.distribute_table('d', by => 'k', partitions => 4);
INSERT INTO d SELECT i, i % 3 FROM generate_series(1, 20000) i;
SQL

# Without a row no task looks at what its connection says.
my $slow = q{SELECT count(*) FROM d WHERE length(repeat(md5(k::text), 200000)) < 5};
my ($state, $out, $err) = $cluster->try(<<"SQL", on_error_stop => 0);
BEGIN;
INSERT INTO d SELECT i, i FROM generate_series(1, 100) i;
SAVEPOINT s;
SET LOCAL statement_timeout = 300;
$slow;
ROLLBACK TO s;
SET LOCAL statement_timeout = 0;
SELECT 'clock', extract(epoch FROM clock_timestamp());
SELECT 'count', count(*) FROM d;
SELECT 'clock', extract(epoch FROM clock_timestamp());
INSERT INTO d VALUES (0, 0);
COMMIT;
SELECT 'count', count(*) FROM d;
SQL
is($state, '57014', 'cancelled');
like($out, qr/count\|20100\n.*count\|20101/s, 'the transaction goes on');
my ($from, $to) = $out =~ /clock\|([\d.]+)/g;
cmp_ok($to - $from, '<', 4, sprintf('soon, after %.1f s', $to - $from));
unlike($err, qr/ERROR.*ERROR/s, 'without another error') or diag($err);

my $start = time;
($state) = $cluster->try("BEGIN; INSERT INTO d VALUES (0, 0); SET LOCAL statement_timeout = 300; $slow; COMMIT");
cmp_ok(time - $start, '<', 5, 'cancelled: the prompt comes back');
is($state, '57014', 'and says why');
$cluster->leaves_nothing($before, 'cancelled');
is($cluster->query('SELECT count(*) FROM d'), 20101, 'and nothing of it stays');

# Statistics of shards
sub analyzed
{
	my $server = shift;
	return $server->safe_psql('barks', q{SELECT count(*), count(*) FILTER (WHERE reltuples > 0),
		count(*) FILTER (WHERE EXISTS (SELECT FROM pg_statistic WHERE starelid = c.oid)) FROM pg_class c WHERE relname LIKE 't\_%' AND relkind = 'r'});
}
is(analyzed($_), '2|0|0', 'not analyzed yet: ' . $_->name) for $n1, $n2;
$cluster->query('ANALYZE d');
is(analyzed($_), '2|2|2', 'analyzed: ' . $_->name) for $n1, $n2;
$cluster->query(q{CREATE TABLE b (k int); SELECT barks.broadcast_table('b'); BEGIN; INSERT INTO b SELECT generate_series(1, 100); ANALYZE b; COMMIT});
is(analyzed($_), '3|3|3', 'analyzed by the transaction that wrote: ' . $_->name) for $n1, $n2;
my $xid = $cluster->query('SELECT txid_current()');
$cluster->query($_) for 'VACUUM ANALYZE', 'ANALYZE';
is($cluster->query('SELECT count(*) FROM b'), 100, 'the command without a table is fine');
is($cluster->query("SELECT count(*) FROM barks.dist_transaction WHERE xmin::text::bigint > $xid"), 0, 'and needs no distributed commit');

# A database that is dropped leaves its schema on the nodes; one that is copied has no rows there.
$cluster->query('CREATE DATABASE copy TEMPLATE barks');
my ($rc) = $driver->psql('copy', 'SELECT count(*) FROM d', stderr => \$err);
like($err, qr/relation "barks_\d+_\d+\.t_\d+_\d" does not exist|does not exist/, 'a copy has no shards');
is($driver->psql('copy', 'DROP TABLE d, b'), 0, 'its tables can be dropped');
$cluster->query('DROP DATABASE copy');
is($cluster->query('SELECT (SELECT count(*) FROM d), (SELECT count(*) FROM b)'), '20101|100', 'which does nothing to the first one');
my $schema = $cluster->query(q{SELECT format('barks_%s_%s', system_identifier, (SELECT oid FROM pg_database WHERE datname = 'barks')) FROM pg_control_system()});
$driver->safe_psql('postgres', 'DROP DATABASE barks');
is($n1->safe_psql('barks', "SELECT count(*) FROM pg_namespace WHERE nspname = '$schema'"), 1, 'what a dropped driver leaves');
$n1->safe_psql('barks', "DROP SCHEMA $schema CASCADE");

$cluster->allow_log(qr/canceling statement due to/, qr/connection to client lost/, qr/does not exist/, qr/driver's connection/);
$cluster->finish;
done_testing();
