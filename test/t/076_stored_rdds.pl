# What is kept of RDDs, when it is lost before an action or while one runs: the answer is
# right, accumulators are exact, it is kept again, and copies save computing it.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;
use BarksFaults;

my $cluster = BarksCluster->new('stored', nodes => 3,
	conf => "barks.executor_slots = 1\nbarks.heartbeat_interval = 500\nbarks.worker_idle_timeout = -1\nbarks.reconnect_timeout = 1s\n"
		. "barks.insert_rows = 0\nrestart_after_crash = on\n");
my ($driver, $n1, $n2, $n3) = $cluster->servers;
my $count = 200000;
my ($stored, $kept) = ("FROM barks.storage WHERE level <> 'LOST'", 'SELECT string_agg(level || rows, \' \' ORDER BY rows)');

sub q1 { return $cluster->query(shift) }

# Elements from no table: a lineage that any node can run.  Two shuffles; each element is counted.
sub lineage
{
	my ($level, $n) = (@_, 700);
	return "barks.rdd_persist(barks.rdd_reduce_by_key(barks.rdd_map(barks.rdd_join(barks.rdd_map(barks.rdd_range(0, $count, 1, 6), "
		. "'(x % $n, x + barks.acc_add(''n'', 1) - 1)'), barks.rdd_map(barks.rdd_range(0, $n, 1, 3), '(x, x)')), '(k, v._1 + v._2)'), 'a + b'), '$level')";
}

my @begin = ("SELECT barks.accumulator('n', 'sum(bigint)')");
my $value = "SELECT coalesce(barks.acc_value('n', NULL::numeric), 0)";
my $answer = q1("SELECT sum(x + x % 700) FROM generate_series(0, $count - 1) x");

# An action, and how many elements were computed for it.
sub sum_of
{
	return ('SELECT coalesce(sum(v), 0) FROM (SELECT barks.rdd_sum(barks.rdd_values(' . lineage(@_) . ')) AS v) s');
}

sub in_from
{
	return 'SELECT sum(v) FROM barks.rdd_collect_pairs(' . lineage(@_) . ', NULL::bigint, NULL::bigint)';
}

sub start { return start_session($cluster, @begin, @_, $value) }

sub finished
{
	my ($out, $err) = end_session(shift);
	$out =~ s/^\s+|\s+$//g;
	return join ' ', split(/\s+/, $out), $err =~ /ERROR:\s+(\w+)/ ? $1 : '';
}

sub run_actions { return finished(start(@_)) }

sub goes
{
	my $server = shift;
	$server->stop('immediate');
	return;
}

# Whichever node gets to the point first is the session's server.
sub start_and_stop
{
	my ($sql, $point) = @_;
	stop_at($_, $point) for $n1, $n2, $n3;
	my $session = start($sql);
	my $server;
	ok(wait_until(sub { ($server) = grep { stopped_pid($_, $point) } $n1, $n2, $n3; $server }), "$point: waits");
	$session->{server} = $server;
	return $session;
}

# But for one that is gone, which will not stop again.
sub all_go_on
{
	my $gone = shift;
	for my $server ($n1, $n2, $n3)
	{
		if ($gone && $server == $gone) { $server->append_conf('postgresql.auto.conf', "barks.stop_points = ''") }
		else { go_on($server) }
	}
	return;
}

sub back
{
	$_->start for @_;
	wait_until(sub { q1('SELECT bool_and(alive) FROM barks.nodes') eq 't' }) or die 'not all nodes are alive';
	return;
}

sub known_dead
{
	return wait_until(sub { q1('SELECT bool_and(alive) FROM barks.nodes') eq 'f' });
}

sub unpersist { q1('SELECT barks.rdd_unpersist(' . lineage('NONE' ne ($_[0] // '') ? ('DISK_ONLY') : @_) . ')'); return }

# rows move between nodes
my %settings = (shuffle_partitions => 4, join_strategy => 'shuffle', broadcast_threshold => 0, driver_groups => 0, runtime_filters => 'off');
q1("ALTER DATABASE barks SET barks.$_ = $settings{$_}") for sort keys %settings;
my $before = settled_state($cluster);

is(run_actions(sum_of('DISK_ONLY')), "$answer $count ", 'computed');
is(q1("$kept $stored"), 'DISK_ONLY700', 'and kept');
is(run_actions(sum_of('DISK_ONLY')), "$answer 0 ", 'read');
like(q1('SELECT string_agg(e, chr(10)) FROM barks.rdd_explain(' . lineage('DISK_ONLY') . ') e'), qr/rdd_\d+_/, 'as the plan shows');

# ---- before an action

goes($n2);
is(run_actions(sum_of('DISK_ONLY')), "$answer $count ", 'a node is gone: computed');
is(q1("$kept $stored"), 'DISK_ONLY700', 'and kept on the others');
is(q1("SELECT count(*) FROM barks.storage WHERE level = 'LOST'"), 1, 'what was there waits');
is(run_actions(sum_of('DISK_ONLY'), in_from('DISK_ONLY')), "$answer $answer 0 ", 'read from the others');
unpersist();
is(run_actions(in_from('DISK_ONLY')), "$answer $count ", 'computed anew without the node');
back($n2);
is(run_actions(sum_of('DISK_ONLY', 300)) =~ / $count $/, 1, 'another RDD, once the node is back');
is(q1("SELECT count(*) FROM barks.storage WHERE level = 'LOST'"), 0, 'what was lost is dropped');
q1('SELECT barks.rdd_unpersist(' . lineage('DISK_ONLY', 300) . ')');
unpersist();
state_is($cluster, $before, 'a node that was gone');

is(run_actions(sum_of('DISK_ONLY')), "$answer $count ", 'computed');
goes($n1);
back($n1);
is(run_actions(sum_of('DISK_ONLY'), in_from('DISK_ONLY')), "$answer $answer 0 ", 'a crash of a node loses nothing');
my $schema = $n1->safe_psql('barks', "SELECT nspname FROM pg_namespace WHERE nspname ~ '^barks_[0-9]+_[0-9]+\$'");
$n1->safe_psql('barks', "DROP SCHEMA $schema CASCADE");
is(run_actions(sum_of('DISK_ONLY')), "$answer $count ", 'shards are gone: computed');
is(run_actions(in_from('DISK_ONLY')), "$answer 0 ", 'and kept');
$n1->safe_psql('barks', "DROP SCHEMA $schema CASCADE");
q1('SELECT pg_sleep(1.1)');
is(run_actions(in_from('DISK_ONLY')), "$answer $count ", 'likewise in FROM');
is(q1("$kept FROM barks.storage"), 'DISK_ONLY700', 'kept once');
unpersist();
state_is($cluster, $before, 'shards that were gone');
my ($state) = $cluster->try('SELECT barks.rdd_count(' . lineage('DISK_ONLY') . " || ', rdd_query(''TABLE no_such'')')");
isnt($state, '', 'other errors stay errors');

# ---- while an action computes, stores, reads

for my $point ('task.before_run', 'shuffle.before_publish', 'shuffle.before_fetch', 'task.before_done', 'insert.before_store', 'insert.after_batch')
{
	for my $how ('killed', 'gone')
	{
		my $session = start_and_stop(sum_of('MEMORY_AND_DISK'), $point);
		my $server = $session->{server};
		if ($how eq 'killed')
		{
			my $pid = stopped_pid($server, $point);
			$server->safe_psql('barks', "SELECT pg_terminate_backend($pid)");
		}
		else
		{
			goes($server);
		}
		all_go_on($how eq 'gone' ? $server : undef);
		is(finished($session), "$answer $count ", "$point, $how: right, and counted once");
		back($server) if $how eq 'gone';
		is(run_actions(sum_of('MEMORY_AND_DISK')), "$answer 0 ", "$point, $how: kept");
		unpersist();
		is(q1('SELECT count(*) FROM barks.storage'), 0, "$point, $how: unpersisted");
		state_is($cluster, $before, "$point, $how");
	}
}
is(run_actions(sum_of('MEMORY_AND_DISK')), "$answer $count ", 'computed');
my $session = start_and_stop(sum_of('MEMORY_AND_DISK'), 'task.before_done');
goes($session->{server});
all_go_on($session->{server});
is(finished($session), "$answer $count ", 'a node goes while its part is read: computed');
is(run_actions(in_from('MEMORY_AND_DISK')), "$answer 0 ", 'and kept');
back($session->{server});
unpersist();
is(run_actions(sum_of('MEMORY_AND_DISK', 300)) =~ / $count $/, 1, 'something else is stored');
q1('SELECT barks.rdd_unpersist(' . lineage('DISK_ONLY', 300) . ')');
is(q1('SELECT count(*) FROM barks.storage'), 0, 'nothing is stored any more');
state_is($cluster, $before, 'reading');

# A transaction that wrote to the node that goes cannot do without it.
q1("CREATE TABLE t (a int); SELECT barks.distribute_table('t', partitions => 6)");
$session = start_and_stop('BEGIN; INSERT INTO t SELECT generate_series(1, 6000); ' . sum_of('MEMORY_AND_DISK') . '; COMMIT', 'insert.before_store');
goes($session->{server});
all_go_on($session->{server});
like(finished($session), qr/ 08/, 'it fails');
back($session->{server});
is(q1('SELECT count(*) FROM t'), 0, 'all of it');
q1('DROP TABLE t');
state_is($cluster, $before, 'a transaction that wrote');

# ---- copies

for my $level ('MEMORY_ONLY_2', 'DISK_ONLY_3')
{
	is(run_actions(sum_of($level)), "$answer $count ", "$level: computed");
	# one whose rows the driver makes
	my $small = "SELECT barks.rdd_sum(barks.rdd_persist(barks.rdd_map(barks.rdd_range(0, 1000), 'x + barks.acc_add(''n'', 1) - 1'), '$level'))";
	is(run_actions($small), '499500 1000 ', "$level: a small one, too");
	is(q1("SELECT max(c), min(c) FROM (SELECT count(DISTINCT node) AS c FROM barks.partitions p JOIN barks.storage s ON s.rel = p.name GROUP BY partition) s"),
		$level =~ /2/ ? '2|2' : '3|3', "$level: copies on other nodes");
	for my $server ($n1, $n3)
	{
		my $name = $server->name;
		goes($server);
		is(run_actions(sum_of($level)), "$answer 0 ", "$level, $name is gone: a copy is read");
		is(run_actions(in_from($level)), "$answer 0 ", "$level, $name is gone: likewise in FROM");
		is(run_actions($small), '499500 0 ', "$level, $name is gone: the small one");
		back($server);
	}
	$session = start_and_stop(sum_of($level), 'task.before_done');
	goes($session->{server});
	all_go_on($session->{server});
	is(finished($session), "$answer 0 ", "$level, a node goes: a copy is read");
	back($session->{server});
	if ($level eq 'DISK_ONLY_3')
	{
		goes($_) for $n1, $n3;
		is(run_actions(sum_of($level), in_from($level)), "$answer $answer 0 ", "$level: two are gone");
		back($n1, $n3);
	}
	is(q1("SELECT count(*) FROM barks.storage WHERE level = 'LOST'"), 0, "$level: nothing was lost");
	$small =~ s/SELECT barks.rdd_sum\((.*)\)$/$1/;
	q1("SELECT barks.rdd_unpersist($small)");
	unpersist();
	state_is($cluster, $before, $level);
}

# ---- checkpoints

q1('CREATE TABLE kept (name text, r barks.rdd)');
q1($begin[0] . '; INSERT INTO kept VALUES (\'one\', barks.rdd_checkpoint(' . lineage('NONE') . ')), (\'two\', barks.rdd_checkpoint(' . lineage('NONE') . ', 2)), '
	. '(\'local\', barks.rdd_local_checkpoint(barks.rdd_range(0, 7)))');
my $two = q{SELECT barks.rdd_sum(barks.rdd_values(r)) FROM kept WHERE name = 'two'};
is(q1($two), $answer, 'a checkpoint');
$session = start_and_stop($two, 'task.before_done');
goes($session->{server});
all_go_on($session->{server});
is(finished($session), "$answer 0 ", 'a node goes: a copy is read');
is(q1($two), $answer, 'and again');
($state) = $cluster->try(q{SELECT barks.rdd_count(r) FROM kept WHERE name = 'one'});
like($state, qr/^08/, 'without a copy it is an error');
is(q1(q{SELECT barks.rdd_is_checkpointed(r) FROM kept WHERE name = 'one'}), 't', 'though it is one');
back($session->{server});
is(q1(q{SELECT barks.rdd_sum(barks.rdd_values(r)) FROM kept WHERE name = 'one'}), $answer, 'until the node is back');
is(q1(q{SELECT string_agg(barks.rdd_drop_checkpoint(r)::text, ' ') FROM kept WHERE name <> 'local'}), 'true true', 'dropped');
is(run_actions(sum_of('DISK_ONLY')), "$answer $count ", 'an action that stores');
is(q1("$kept FROM barks.storage"), 'DISK_ONLY700', 'drops local checkpoints of sessions that have ended');
unpersist();
q1('DROP TABLE kept');
state_is($cluster, $before, 'checkpoints');

# A node of which all has copies can be removed.
is(run_actions(sum_of('DISK_ONLY_2')), "$answer $count ", 'computed');
q1(q{SELECT barks.remove_node('n3')});
is(run_actions(sum_of('DISK_ONLY_2'), in_from('DISK_ONLY_2')), "$answer $answer 0 ", 'a node is removed: copies are read');
unpersist();
is(q1('SELECT count(*) FROM barks.placement'), 0, 'nothing is placed any more');

$cluster->allow_log(qr/terminated by signal 9|terminating (?:connection|background worker)|because of crash of another server process|the database system is /);
$cluster->finish;
done_testing();
