# The harness itself: a driver with two nodes answers.

use strict;
use warnings;

use Test::More;

use BarksCluster;

my $cluster = BarksCluster->new('cluster', nodes => 2);
is($cluster->query('SELECT name FROM barks.nodes ORDER BY name'), "n1\nn2", 'both nodes are there');
is($cluster->query('SELECT bool_and(alive) FROM barks.nodes'), 't', 'both nodes are alive');

my $before = $cluster->leftovers;
my ($state, $out, $err) = $cluster->try('SELECT 1 / 0');
is($state, '22012', 'an error has its SQLSTATE');
$cluster->leaves_nothing($before, 'a failed query');

$cluster->query('SELECT barks.remove_node(\'n2\')');
is($cluster->query('SELECT name FROM barks.nodes'), 'n1', 'a node is removed');

$cluster->finish;
done_testing();
