# Sessions that wait for each other on different servers: one gives way, the
# others go on.

use strict;
use warnings;

use IPC::Run;
use Test::More;
use Time::HiRes qw(time);

use BarksCluster;

my $cluster = BarksCluster->new('deadlock', nodes => 2, conf => "deadlock_timeout = 300\n");
my ($driver, $n1, $n2) = $cluster->servers;
my $before = $cluster->leftovers;

$cluster->query(<<'SQL');
CREATE TABLE u (k int PRIMARY KEY, v text);
SELECT barks.distribute_table('u', by => 'k', partitions => 8);
CREATE TABLE plain (k int PRIMARY KEY);
CREATE TABLE pick AS SELECT i FROM generate_series(1, 1) i;
SQL

# keys by node
sub keys_on
{
	my $node = shift;
	$cluster->query('TRUNCATE u; INSERT INTO u SELECT i FROM generate_series(1, 200) i');
	my @keys = split /\n/, $cluster->query(qq{SELECT DISTINCT ON (partition) partition FROM barks.partitions WHERE name = 'u'::regclass AND node = '$node'});
	my $sql = join ' UNION ALL ', map {
		my $name = $cluster->query("SELECT shard FROM barks.partitions WHERE name = 'u'::regclass AND partition = $_ AND node = '$node'");
		"SELECT k FROM $name"
	} @keys;
	my $server = $node eq 'n1' ? $n1 : $n2;
	return split /\n/, $server->safe_psql('barks', "SELECT k FROM ($sql) x ORDER BY k LIMIT 4");
}
my @a = keys_on('n1');
my @b = keys_on('n2');
is(scalar @a, 4, 'keys on n1');
is(scalar @b, 4, 'keys on n2');
$cluster->query('TRUNCATE u');

sub open_session
{
	my $self = { in => '', out => '' };
	$self->{run} = IPC::Run::start([ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $driver->connstr('barks') ],
		'<', \$self->{in}, '>', \$self->{out}, '2>&1', IPC::Run::timeout(60));
	return $self;
}

# Send SQL; done() waits for its end and gives what came.
sub start_sql { my ($self, $sql) = @_; $self->{out} = ''; $self->{in} .= "$sql\n\\echo ==\n"; $self->{run}->pump_nb; }
sub done
{
	my $self = shift;
	$self->{run}->pump until $self->{out} =~ /==\n/;
	(my $out = $self->{out}) =~ s/==\n//;
	return $out;
}
sub sql { my ($self, $sql) = @_; start_sql($self, $sql); return done($self); }
sub is_waiting { my ($server, $n) = @_; $server->poll_query_until('barks', "SELECT count(*) = $n FROM pg_locks WHERE NOT granted"); }

my ($one, $two, $three) = map { open_session() } 1 .. 3;

# A unique key that another transaction has written: wait, then fail or go on.
sql($one, "BEGIN; INSERT INTO u VALUES ($a[0], 'one');");
start_sql($two, "INSERT INTO u VALUES ($a[0], 'two');");
ok(is_waiting($n1, 1), 'the second writer of a key waits');
sql($one, 'COMMIT;');
like(done($two), qr/ERROR:  23505/, 'and fails when the first commits');
sql($one, "BEGIN; INSERT INTO u VALUES ($a[1], 'one');");
start_sql($two, "INSERT INTO u VALUES ($a[1], 'two');");
ok(is_waiting($n1, 1), 'the second writer of another key waits');
sql($one, 'ROLLBACK;');
is(done($two), '', 'and goes on when the first rolls back');
is($cluster->query('SELECT string_agg(v, \',\' ORDER BY k) FROM u'), $a[0] < $a[1] ? 'one,two' : 'two,one', 'each key once');
$cluster->query('TRUNCATE u');

# Two sessions, two nodes.
sub cross
{
	my ($name, $first1, $first2, $second1, $second2, $wait1, $n) = @_;
	sql($one, "BEGIN; $first1");
	sql($two, "BEGIN; $first2");
	start_sql($one, $second1);
	ok(is_waiting($wait1, 1), "$name: one waits");
	my $start = time;
	start_sql($two, $second2);
	my ($r1, $r2) = ('', '');
	# whoever gives way frees the other by its rollback
	until ("$one->{out}$two->{out}" =~ /ERROR/)
	{
		$_->{run}->pump_nb for $one, $two;
		last if time - $start > 30;
		select undef, undef, undef, 0.02;
	}
	my $victim = $one->{out} =~ /ERROR/ ? $one : $two;
	my $other = $victim == $one ? $two : $one;
	like(done($victim), qr/ERROR:  40P01/, "$name: one gives way");
	cmp_ok(time - $start, '<', 10, "$name: soon");
	sql($victim, 'ROLLBACK;');
	unlike(done($other), qr/ERROR/, "$name: the other goes on");
	sql($other, 'COMMIT;');
}
cross('one node', "INSERT INTO u VALUES ($a[0]);", "INSERT INTO u VALUES ($a[1]);",
	"INSERT INTO u VALUES ($a[1]);", "INSERT INTO u VALUES ($a[0]);", $n1);
$cluster->query('TRUNCATE u');
cross('two nodes', "INSERT INTO u VALUES ($a[0]);", "INSERT INTO u VALUES ($b[0]);",
	"INSERT INTO u VALUES ($b[0]);", "INSERT INTO u VALUES ($a[0]);", $n2);
is($cluster->query('SELECT count(*) FROM u'), 2, 'the other wrote both');
$cluster->query('TRUNCATE u');
cross('node and driver', "INSERT INTO u VALUES ($a[0]);", 'INSERT INTO plain VALUES (1);',
	'INSERT INTO plain VALUES (1);', "INSERT INTO u VALUES ($a[0]);", $driver);
$cluster->query('TRUNCATE u; TRUNCATE plain');

# Three sessions in a circle, one of them on the driver.
sql($one, "BEGIN; INSERT INTO u VALUES ($a[0]);");
sql($two, "BEGIN; INSERT INTO u VALUES ($b[0]);");
sql($three, "BEGIN; INSERT INTO plain VALUES (1);");
start_sql($one, "INSERT INTO u VALUES ($b[0]);");
start_sql($two, "INSERT INTO plain VALUES (1);");
ok(is_waiting($n2, 1) && is_waiting($driver, 1), 'three: two wait');
start_sql($three, "INSERT INTO u VALUES ($a[0]);");
until ("$one->{out}$two->{out}$three->{out}" =~ /ERROR/) { $_->{run}->pump_nb for $one, $two, $three; select undef, undef, undef, 0.02; }
is(scalar(grep { $_->{out} =~ /ERROR:  40P01/ } $one, $two, $three), 1, 'three: one gives way');
my $start = time;
while (time - $start < 30 && grep { !$_->{ended} } $one, $two, $three)
{
	$_->{run}->pump_nb for $one, $two, $three;
	for my $s (grep { $_->{out} =~ /==\n/ && !$_->{ended} } $one, $two, $three)
	{
		sql($s, $s->{out} =~ /ERROR/ ? 'ROLLBACK;' : 'COMMIT;');
		$s->{ended} = 1;
	}
	select undef, undef, undef, 0.02;
}
is(scalar(grep { $_->{ended} } $one, $two, $three), 3, 'three: the others go on');

# Waiting for long is no deadlock.
$cluster->query('TRUNCATE u; TRUNCATE plain');
sql($one, "BEGIN; INSERT INTO u VALUES ($a[0]), ($b[0]);");
sql($two, "BEGIN; INSERT INTO u VALUES ($a[1]);");
start_sql($two, "INSERT INTO u VALUES ($a[0]);");
start_sql($three, "BEGIN; INSERT INTO u VALUES ($b[1]); INSERT INTO u VALUES ($b[0]);");
ok(is_waiting($n1, 1) && is_waiting($n2, 1), 'two wait for one');
sql($one, 'SELECT pg_sleep(2); ROLLBACK;');
is(done($two), '', 'no deadlock: first');
is(done($three), '', 'no deadlock: second');
sql($_, 'COMMIT;') for $two, $three;

# The last connection to a node is had by who waits for one that waits for a connection.
$cluster->query('TRUNCATE u; TRUNCATE plain');
$_->{in} .= "\\q\n", $_->{run}->finish for $one, $two, $three;
$driver->append_conf('postgresql.conf', 'barks.max_node_connections = 1');
$driver->reload;
$cluster->wait_for(q{SELECT current_setting('barks.max_node_connections') = '1'});
($one, $two, $three) = map { open_session() } 1 .. 3;
sql($two, 'SELECT count(*) FROM u;');	# so that nothing but rows must be fetched
sql($one, "BEGIN; INSERT INTO u VALUES ($a[0]);");
sql($two, 'BEGIN; LOCK plain;');
start_sql($two, 'SELECT count(*) FROM u;');
$cluster->wait_for(q{SELECT count(*) = 1 FROM pg_stat_activity WHERE state = 'active' AND wait_event_type = 'Extension' AND query LIKE '%count(*) FROM u%'});
start_sql($one, 'LOCK plain;');
is(done($two), "0\n", 'gets one nevertheless');
sql($two, 'COMMIT;');
is(done($one), '', 'and so the other goes on');
sql($one, 'COMMIT;');

$_->{in} .= "\\q\n", $_->{run}->finish for $one, $two, $three;
$cluster->leaves_nothing($before, 'deadlocks');
$cluster->allow_log(qr/deadlock detected/, qr/duplicate key value/);
$cluster->finish;
done_testing();
