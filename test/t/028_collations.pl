# Collations of the user's on nodes: the driver's definition, or an error.

use strict;
use warnings;

use Test::More;

use BarksCluster;

my $cluster = BarksCluster->new('collations', nodes => 2, conf => "barks.executor_slots = 1\n");
my ($driver, $n1, $n2) = $cluster->servers;

sub q1 { return $cluster->query(shift) }
sub error_of { return ($cluster->try(shift))[2] }

q1(q{CREATE COLLATION de (provider = icu, locale = 'de');
	CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)});
$n2->safe_psql('barks', q{CREATE COLLATION public.ci (provider = icu, locale = 'und', deterministic = true)});

like(error_of('CREATE TABLE t (id int, w text COLLATE ci) USING barks'),
	qr/collation public\.ci has another definition on node "\w+"/, 'another definition on a node');
is($n1->safe_psql('barks', q{SELECT count(*) FROM pg_collation WHERE collname = 'ci'}), 0, 'nothing is left of it');
$n2->safe_psql('barks', 'DROP COLLATION public.ci');

q1(q{CREATE TABLE t (id int, w text COLLATE ci, g text COLLATE de) USING barks;
	INSERT INTO t SELECT i, (ARRAY['Apfel', 'apfel', 'Zebra', 'ärger'])[i % 4 + 1], (ARRAY['z', 'ä', 'b'])[i % 3 + 1]
		FROM generate_series(1, 120) i});
is($_->safe_psql('barks', q{SELECT string_agg(collname, ' ' ORDER BY collname COLLATE "C") FROM pg_collation WHERE collname IN ('ci', 'de')}),
	'ci de', 'a node has the collations') for $n1, $n2;
my $sql = q{SELECT count(*), min(g), max(g) FROM t WHERE w = 'APFEL'};
is(q1($sql), '60|ä|z', 'compared on the nodes');
is(q1("SELECT count(*) FROM barks.fallbacks(\$\$$sql\$\$)"), 0, 'wholly');
is(q1(q{SELECT string_agg(DISTINCT g, ',' ORDER BY g) FROM t}), 'ä,b,z', 'sorted');

# Nodes would know it by its former name.
for my $alter ('RENAME TO other', 'SET SCHEMA barks')
{
	like(error_of("ALTER COLLATION de $alter"), qr/cannot alter collation "de" because distributed table "t" uses it/, $alter);
}
is(q1($sql), '60|ä|z', 'as before');

# A node that came later need not have it.
my $fallbacks = 'SELECT count(*) > 0 FROM barks.fallbacks($$SELECT id FROM t ORDER BY g$$)';
is(q1($fallbacks), 'f', 'all nodes have it');
q1('CREATE TABLE few (id int, w text COLLATE "C", g text COLLATE de)');
q1(q{SELECT barks.distribute_table('few', by => 'id', partitions => 1)});
is(q1('SELECT count(*) > 0 FROM barks.fallbacks($$SELECT id FROM few ORDER BY g$$)'), 't', 'not all nodes may have it');
is(q1('SELECT count(*) FROM few f JOIN t USING (g)'), 0, 'still an answer');
q1('DROP TABLE t, few');
q1('ALTER COLLATION de RENAME TO other');

done_testing();
