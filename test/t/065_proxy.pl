# Queries whose rows go from node to node through a proxy that drops, stalls, cuts
# out and flips: the right answer when it happens once, else that or an error which
# says whose rows could not be read; and nothing is left.

use strict;
use warnings;

use Test::More;

use BarksCluster;
use BarksFaults;
use BarksProxy;

my $cluster = BarksCluster->new('proxy', nodes => 2, no_nodes => 1,
	conf => "barks.executor_slots = 1\nbarks.heartbeat_interval = 500\nbarks.worker_idle_timeout = -1\nfsync = off\n");
my ($driver, $n1, $n2) = $cluster->servers;

# Everybody comes to n1 by one port, behind which proxies change.
my $proxy = BarksProxy->new($n1, what => 'none', at => 0, times => 0);
my $port = $proxy->port;
$cluster->query("SELECT barks.add_node('n1', host => '127.0.0.1', port => $port)");
$cluster->add_node(2);
make_shuffled_tables($cluster, 20000, 3000, 0, compression => 'off', wire => 'always');
my $query = 'SELECT count(*), sum(a.id + b.id), min(a.s), max(b.s) FROM a JOIN b ON a.k = b.k';
my $right = $cluster->query("SET barks.enabled = off; $query");
is($cluster->query($query), $right, 'without harm');
my $before = settled_state($cluster);

for my $what ('flip', 'drop', 'skip', 'stall')
{
	my (@bad, %came);
	for my $at ($what =~ /flip|drop/ ? (0, 12, 70, 500, 20_000) : (12, 20_000))
	{
		for my $times (1, 1000)
		{
			$proxy->stop;
			$proxy = BarksProxy->new($n1, what => $what, at => $at, times => $times, after => 'COPY barks.shuffle', port => $port);
			$cluster->wait_for(q{SELECT bool_and(alive) FROM barks.nodes});
			my ($state, $out, $err) = $cluster->try('SET barks.fetch_timeout = ' . ($times == 1 ? 2000 : 300) . "; $query");
			my $got = $out eq $right && $err eq '' ? 'answer' : $state || "wrong: $out $err";
			$came{$got}++;
			push @bad, "$what at $at, $times times: $got $err" unless $got eq 'answer' || ($times > 1 && $got eq '58B01' && $err =~ /could not read the output of task \d+ of stage \d+ from node "n1"/);
		}
	}
	is(join("\n", @bad), '', "$what: the right rows, or an error that says which are missing");
	note "$what: ", join ', ', map { "$came{$_} $_" } sort keys %came;
	state_is($cluster, $before, $what);
}
$proxy->stop;
$proxy = BarksProxy->new($n1, what => 'none', at => 0, times => 0, port => $port);
$cluster->wait_for(q{SELECT bool_and(alive) FROM barks.nodes});
is($cluster->query($query), $right, 'and in the end');
$cluster->finish;
$proxy->stop;
done_testing();
