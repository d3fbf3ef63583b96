# Cluster snapshots: all of a distributed transaction is seen, or nothing.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;

my $cluster = BarksCluster->new('snapshots', nodes => 2,
	conf => "shared_preload_libraries = 'barks,barks_test'\nbarks.heartbeat_interval = 500\n");
my ($driver, $n1, $n2) = $cluster->servers;
$driver->safe_psql('barks', 'CREATE EXTENSION barks_test; CREATE TABLE h (v int); INSERT INTO h VALUES (0)');
$_->safe_psql('barks', 'CREATE TABLE a (v int); INSERT INTO a VALUES (1000)') for $n1, $n2;
my $before = $cluster->leftovers;

# Money moves from one node to the other; what readers see adds up, always.
my %script = (
	write => q{BEGIN; UPDATE h SET v = v + 1; SELECT cluster_exec('n1', 'UPDATE public.a SET v = v - 1');
		SELECT cluster_exec('n2', 'UPDATE public.a SET v = v + 1'); COMMIT;},
	read => q{DO $$DECLARE m text[]; BEGIN
		m := regexp_match(cluster_read('SELECT v FROM public.a'), 'n1=(-?\d+) n2=(-?\d+)');
		IF m[1]::int + m[2]::int <> 2000 THEN RAISE 'half: %', m; END IF; END$$;},
	repeatable => q{BEGIN ISOLATION LEVEL REPEATABLE READ; DO $$DECLARE m text[]; again text[]; here int; BEGIN
		SELECT v INTO here FROM h;
		m := regexp_match(cluster_read('SELECT v FROM public.a'), 'n1=(-?\d+) n2=(-?\d+)');
		again := regexp_match(cluster_read('SELECT v FROM public.a'), 'n1=(-?\d+) n2=(-?\d+)');
		IF m[1]::int + m[2]::int <> 2000 THEN RAISE 'half: %', m; END IF;
		IF m <> again THEN RAISE 'changed: % %', m, again; END IF;
		IF m[2]::int - 1000 <> here THEN RAISE 'out of step: % %', here, m; END IF; END$$; COMMIT;});

my $dir = PostgreSQL::Test::Utils::tempdir();
my $transactions = 200;		# of each client; all scripts run at the same time
my (%run, %out);
for my $name (sort keys %script)
{
	append_to_file("$dir/$name.sql", $script{$name} =~ s/\s+/ /gr . "\n");
	$out{$name} = '';
	$run{$name} = IPC::Run::start(
		[ 'pgbench', '-n', '-t', $transactions, '-c', 2, '-f', "$dir/$name.sql", $name eq 'repeatable' ? '--max-tries=1000000' : (), $driver->connstr('barks') ],
		'<', \undef, '>', \$out{$name}, '2>&1');
}
$_->finish for values %run;
for my $name (sort keys %script)
{
	unlike($out{$name}, qr/aborted|ERROR/, "$name: no error");
	my ($processed) = $out{$name} =~ /actually processed: (\d+)/;
	is($processed, 2 * $transactions, "$name: all transactions");
}
is($cluster->query(q{SELECT cluster_read('SELECT v FROM public.a')}), sprintf('n1=%d n2=%d', map { 1000 + $_ * $cluster->query('SELECT v FROM h') } -1, 1),
	'nothing is lost');

# REPEATABLE READ sees the nodes as of its first query, even one of another table.
my ($in, $out) = ('', '');
my $reader = IPC::Run::start([ 'psql', '-XAtq', '-d', $driver->connstr('barks') ], '<', \$in, '>', \$out, '2>&1');
$in .= "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 'started';\n";
$reader->pump until $out =~ /started/;
my $old = $cluster->query(q{SELECT cluster_read('SELECT v FROM public.a')});
$cluster->query(q{SELECT cluster_exec_all('UPDATE public.a SET v = 0')});
$in .= "SELECT cluster_read('SELECT v FROM public.a'); COMMIT; SELECT 'new', cluster_read('SELECT v FROM public.a');\n\\q\n";
$reader->finish;
is($out, "started\n$old\nnew|n1=0 n2=0\n", 'as of its first query');

# A snapshot that must be extended by a node later than a distributed commit.
$driver->safe_psql('barks', 'CREATE TABLE gate (i int)');
my $until_awaited = q{DO $$BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE relation = 'gate'::regclass AND NOT granted) LOOP
	PERFORM pg_sleep(0.01); END LOOP; END$$};
my $holder = IPC::Run::start([ 'psql', '-XAtq', '-d', $driver->connstr('barks'), '-c', 'BEGIN', '-c', 'LOCK gate', '-c',
	$until_awaited, '-c', q{SELECT cluster_exec('n2', 'UPDATE public.a SET v = 1')}, '-c', 'COMMIT' ], '<', \undef, '>', \my $held);
$driver->poll_query_until('barks', q{SELECT count(*) = 1 FROM pg_locks WHERE relation = 'gate'::regclass AND granted});
my ($state) = $cluster->try(q{SELECT cluster_extend('n1', 'n2', 'LOCK gate IN ACCESS SHARE MODE')});
$holder->finish;
is($state, '40001', 'refused rather than mixed');
is($cluster->query(q{SELECT cluster_extend('n1', 'n2', 'SELECT 1')}), '', 'fine when nothing was committed');

$cluster->leaves_nothing($before, 'all that');
$cluster->finish;
done_testing();
