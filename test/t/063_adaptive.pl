# What real sizes between stages change: partitions that are too large are dealt to
# several tasks, tasks that can give no row are left out.  The answers stay.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;

for my $nodes (0, 2)
{
	my $cluster = BarksCluster->new("adaptive$nodes", nodes => $nodes, conf => "barks.executor_slots = 2\n");
	my $q = sub { return $cluster->query(shift) };

	$q->(q{
		CREATE TABLE many (id int, k int, s text);
		SELECT barks.distribute_table('many', by => 'id', partitions => 4);
		INSERT INTO many SELECT i, CASE WHEN i % 10 < 8 THEN 1 ELSE i END, md5(i::text) FROM generate_series(1, 8000) i;
		CREATE TABLE few (id int, k int, s text);
		SELECT barks.distribute_table('few', by => 'id', partitions => 4);
		INSERT INTO few SELECT i, i % 700, md5(i::text) FROM generate_series(1, 1000) i;
		ANALYZE many; ANALYZE few;
		ALTER DATABASE barks SET barks.shuffle_partitions = 4;
		ALTER DATABASE barks SET barks.join_strategy = shuffle;
		ALTER DATABASE barks SET barks.broadcast_threshold = 0;
		ALTER DATABASE barks SET barks.driver_groups = 0;
		ALTER DATABASE barks SET barks.skew_threshold = '1kB';
		ALTER DATABASE barks SET barks.skew_factor = 1.5});

	# the query, whether partitions are split, whether tasks are cut
	for my $case (
		[ 'SELECT count(*), sum(many.id + few.id), min(many.s || few.s) FROM many JOIN few ON many.k = few.k', 1, 0 ],
		[ 'SELECT count(*), count(few.id), sum(many.id) FROM many LEFT JOIN few ON many.k = few.k AND few.id < 900', 1, 0 ],
		[ 'SELECT count(*), count(many.id), count(few.id) FROM many RIGHT JOIN few ON many.k = few.k', 0, 0 ],
		[ 'SELECT count(*), count(many.id), count(few.id) FROM many FULL JOIN few ON many.k = few.k', 0, 0 ],
		[ 'SELECT count(*), sum(id) FROM many WHERE EXISTS (SELECT FROM few WHERE few.k = many.k AND few.s < many.s)', 1, 0 ],
		[ 'SELECT count(*), sum(id) FROM many WHERE NOT EXISTS (SELECT FROM few WHERE few.k = many.k AND few.s < many.s)', 1, 0 ],
		[ 'SELECT count(*), sum(id) FROM few WHERE EXISTS (SELECT FROM many WHERE few.k = many.k AND few.s < many.s)', 0, 0 ],
		[ "SELECT md5(string_agg(x::text, ' ' ORDER BY x)) FROM (SELECT many.k, array_agg(many.id + few.id ORDER BY many.id, few.id) FROM many JOIN few ON many.k = few.k GROUP BY many.k OFFSET 0) x", undef, 0 ],
		[ "SELECT md5(string_agg(x::text, ' ' ORDER BY x)) FROM (SELECT many.k, many.id, rank() OVER (PARTITION BY many.k ORDER BY many.id, few.id) FROM many JOIN few ON many.k = few.k OFFSET 0) x", undef, 0 ],
		[ 'SELECT count(*), sum(c) FROM (SELECT DISTINCT many.k, few.s, few.id AS c FROM many JOIN few ON many.k = few.k) x', undef, 0 ],
		[ 'SELECT count(*), sum(x.n) FROM (SELECT k, count(*) AS n FROM many GROUP BY k) x JOIN many ON many.k = x.k', undef, 0 ],
		[ 'SELECT count(*), sum(m.id) FROM many m JOIN many n ON m.k = n.k AND m.id < 2000 AND n.id < 300', undef, 0 ],
		[ 'SELECT count(*), sum(many.id) FROM many JOIN few ON many.k = few.k AND few.id < 0', undef, 1 ],
		[ 'SELECT many.id, few.s FROM many JOIN few ON many.k = few.k AND few.id < 0', undef, 1 ],
		[ 'SELECT count(*), sum(id) FROM many WHERE EXISTS (SELECT FROM few WHERE few.k = many.k AND few.id < 0)', undef, 1 ],
		[ 'SELECT count(*), count(few.id), sum(many.id) FROM many LEFT JOIN few ON many.k = few.k AND few.id < 0', 1, 0 ],
		[ 'SELECT count(*), sum(id) FROM many WHERE NOT EXISTS (SELECT FROM few WHERE few.k = many.k AND few.id < 0)', 1, 0 ],
		[ 'SELECT count(*), count(many.id) FROM many FULL JOIN few ON many.k = few.k AND few.id < 0', 0, 0 ],
		[ 'SELECT count(*) FROM (SELECT sum(many.id) FROM many JOIN few ON many.k = few.k AND few.id < 0 HAVING count(*) = 0) x', undef, undef ],
		[ 'SELECT k, count(*) FROM (SELECT many.k FROM many JOIN few ON many.k = few.k AND few.id < 0) x GROUP BY GROUPING SETS ((k), ())', undef, undef ])
	{
		my ($sql, $split, $cut) = @$case;
		my $plan = $q->("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) $sql");
		is($q->($sql), $q->("SET barks.enabled = off; $sql"), "$nodes nodes: right: $sql");
		if (defined $split)
		{
			$split ? like($plan, qr/Partitions Split: [1-9]/, 'split') : unlike($plan, qr/Partitions Split/, 'not split');
		}
		if (defined $cut)
		{
			$cut ? like($plan, qr/Tasks Cut: [1-9]/, 'cut') : unlike($plan, qr/Tasks Cut/, 'not cut');
		}
	}
	unlike($q->('SET barks.skew_factor = 0; EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT count(*) FROM many JOIN few ON many.k = few.k'),
		qr/Partitions Split/, 'never split when switched off');
	$cluster->finish;
}

done_testing();
