# Local mode: workers need locks that the transaction which waits for them may
# hold itself.  Nothing hangs.

use strict;
use warnings;

use IPC::Run;
use Test::More;
use Time::HiRes qw(time);

use BarksCluster;

my $cluster = BarksCluster->new('locks', nodes => 0, conf => "barks.executor_slots = 2\ndeadlock_timeout = 200\n");
my $driver = $cluster->driver;
$cluster->query(<<'SQL');
CREATE TABLE d (k int, v text);
SELECT barks.distribute_table('d', by => 'k', partitions => 4);
INSERT INTO d SELECT i, i FROM generate_series(1, 100) i;
CREATE TABLE plain (i int);
SQL
my @shards = split /\n/, $cluster->query(q{SELECT shard FROM barks.partitions WHERE name = 'd'::regclass ORDER BY 1});
my $all = join ', ', @shards;

# The same answer, whatever is locked before.
for my $lock ('d', $all, 'pg_class', 'pg_proc, pg_type, pg_statistic', 'pg_database, pg_authid')
{
	# workers that know nothing yet need the most
	$cluster->query(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'barks worker'});
	my ($state, $out) = $cluster->try("SET statement_timeout = '10s'; BEGIN; LOCK $lock; SELECT count(*), sum(k) FROM d; SET barks.enabled = off; SELECT count(*) FROM d; COMMIT;");
	is("$state$out", "100|5050\n100", "LOCK $lock");
}
for my $ddl ('ALTER TABLE d ADD COLUMN x int DEFAULT 1', 'CREATE INDEX ON d (v)', 'ALTER TABLE d ALTER COLUMN v TYPE varchar', 'ANALYZE d',
	'REINDEX TABLE d', "COMMENT ON TABLE d IS 'x'", 'GRANT SELECT ON d TO PUBLIC')
{
	my ($state, $out) = $cluster->try("SET statement_timeout = '10s'; BEGIN; $ddl; SELECT count(*), sum(k) FROM d; ROLLBACK;");
	is("$state$out", '100|5050', $ddl);
}

# A worker waits for another session, which waits for the session of the worker.
my @session = map {
	my $self = { in => '', out => '' };
	$self->{run} = IPC::Run::start([ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $driver->connstr('barks') ],
		'<', \$self->{in}, '>', \$self->{out}, '2>&1', IPC::Run::timeout(60));
	$self;
} 1 .. 2;
sub send_sql { my ($s, $sql) = @_; $s->{out} = ''; $s->{in} .= "$sql\n\\echo ==\n"; $s->{run}->pump_nb; }
sub answer { my $s = shift; $s->{run}->pump until $s->{out} =~ /==\n/; return $s->{out} =~ s/==\n//r; }
my ($one, $two) = @session;
send_sql($two, "SET deadlock_timeout = '60s'; BEGIN; LOCK $shards[0];");
answer($two);
send_sql($one, 'BEGIN; LOCK plain;');
answer($one);
send_sql($one, 'SELECT count(*) FROM d;');
$cluster->wait_for('SELECT count(*) = 1 FROM pg_locks WHERE NOT granted');
send_sql($two, 'LOCK plain;');
like(answer($one), qr/ERROR:  40P01.*A worker waits for a lock/s, 'found');
send_sql($one, 'ROLLBACK;');
is(answer($two), '', 'the other goes on');
send_sql($two, 'COMMIT;');
answer($_) for $one, $two;
$_->{in} .= "\\q\n", $_->{run}->finish for @session;

$cluster->allow_log(qr/deadlock detected/, qr/terminating background worker/, qr/administrator command/);
$cluster->finish;
done_testing();
