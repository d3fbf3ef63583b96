# RDDs: laws that hold for whatever elements, on 0, 1 and 3 nodes; and that a lineage
# runs with the rights of whoever runs it, planned with the query around it or not.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;

my $seed = $ENV{BARKS_TEST_SEED} // int(time);
note "BARKS_TEST_SEED=$seed";

# Two multisets of JSON that should be one.
my @laws = (
	[ 'maps in a row are one map', q{rdd_map(rdd_map(k, '(k, v * 3)'), '(v, k + 1)')}, q{rdd_map(k, '(v * 3, k + 1)')} ],
	[ 'filters commute', q{rdd_filter(rdd_filter(k, 'v > 3'), 'k % 2 = 0')}, q{rdd_filter(k, 'k % 2 = 0 AND v > 3')} ],
	[ 'a filter before a map is one after it', q{rdd_filter(rdd_map(k, '(k, v + 1)'), 'v > 4')}, q{rdd_map(rdd_filter(k, 'v > 3'), '(k, v + 1)')} ],
	[ 'map is flat_map of one', q{rdd_map(k, 'k + v')}, q{rdd_flat_map(k, 'ARRAY[k + v]')} ],
	[ 'map_values is map', q{rdd_map_values(k, 'v * 2')}, q{rdd_map(k, '(k, v * 2)')} ],
	[ 'key_by is map', q{rdd_key_by(k, 'v')}, q{rdd_map(k, '(v, x)')} ],
	[ 'union is associative', q{rdd_union(rdd_union(k, l), m)}, q{rdd_union(k, rdd_union(l, m))} ],
	[ 'union commutes', q{rdd_union(k, l)}, q{rdd_union(l, k)} ],
	[ 'intersection commutes', q{rdd_intersection(k, l)}, q{rdd_intersection(l, k)} ],
	[ 'intersection is distinct of a cogroup', q{rdd_intersection(k, l)},
		q{rdd_keys(rdd_filter_values(rdd_cogroup(rdd_map(k, '(x, 1)'), rdd_map(l, '(x, 1)')), 'x._1 <> ''{}'' AND x._2 <> ''{}'''))} ],
	[ 'subtract and what it left out', q{rdd_union(rdd_subtract(k, l), rdd_keys(rdd_filter(rdd_join(rdd_map(k, '(x, 1)'), rdd_map(rdd_distinct(l), '(x, 1)')), 'true')))}, q{k} ],
	[ 'distinct twice is distinct', q{rdd_distinct(rdd_distinct(k))}, q{rdd_distinct(k)} ],
	[ 'distinct is by key', q{rdd_distinct(k)}, q{rdd_keys(rdd_reduce_by_key(rdd_map(k, '(x, 1)'), 'a'))} ],
	[ 'repartition keeps all', q{rdd_repartition(rdd_partition_by(k, 5), 3)}, q{k} ],
	[ 'reduce_by_key is group_by_key and a sum', q{rdd_reduce_by_key(k, 'a + b')}, q{rdd_map_values(rdd_group_by_key(k), '(SELECT sum(u)::bigint FROM unnest(v) u HAVING count(*) = count(u))')} ],
	[ 'reduce_by_key by a lambda is the native one', q{rdd_reduce_by_key(k, 'a + b')}, q{rdd_reduce_by_key(k, 'a + b + 0')} ],
	[ 'fold, aggregate and combine are alike', q{rdd_fold_by_key(n, 0::bigint, 'acc + x')}, q{rdd_aggregate_by_key(n, 0::bigint, 'acc + x', 'a + b')} ],
	[ 'combine is aggregate', q{rdd_combine_by_key(n, 'x', 'acc + x', 'a + b')}, q{rdd_agg_by_key(n, 'sum(v)::bigint')} ],
	[ 'group_by is group_by_key', q{rdd_agg_by_key(rdd_flat_map_values(rdd_map_values(rdd_group_by(n, 'v % 5'), 'v._2'), 'v'), '(count(*), sum(v))')}, q{rdd_agg_by_key(rdd_map(n, '(v % 5, v)'), '(count(*), sum(v))')} ],
	[ 'join is cogroup, flattened', q{rdd_join(k, l)}, q{rdd_map_values(rdd_flat_map_values(rdd_map_values(rdd_cogroup(k, l), 'ARRAY(SELECT ROW(p, q)::two FROM unnest(v._1) p, unnest(v._2) q)'), 'v'), '(v.p, v.q)')} ],
	[ 'an outer join is a join and the rest', q{rdd_left_outer_join(k, l)}, q{rdd_union(rdd_join(k, l), rdd_map(rdd_subtract_by_key(k, l), '(k, (v, NULL::bigint))'))} ],
	[ 'outer joins mirror', q{rdd_left_outer_join(k, l)}, q{rdd_map_values(rdd_right_outer_join(l, k), '(v._2, v._1)')} ],
	[ 'a full join is two', q{rdd_full_outer_join(k, l)}, q{rdd_union(rdd_left_outer_join(k, l), rdd_map(rdd_subtract_by_key(l, k), '(k, (NULL::bigint, v))'))} ],
	[ 'joins commute', q{rdd_join(k, l)}, q{rdd_map_values(rdd_join(l, k), '(v._2, v._1)')} ],
	[ 'a join is a filtered product', q{rdd_join(k, l)}, q{rdd_map(rdd_filter(rdd_cartesian(k, l), 'k._1 IS NOT DISTINCT FROM v._1'), '(k._1, (k._2, v._2))')} ],
	[ 'keys and values make pairs', q{rdd_map(k, '(k, v)')}, q{k} ],
	[ 'text and back', q{rdd_join(k, l)}, q{rdd_join(k, l)::text::rdd} ],
);

for my $nodes (0, 1, 3)
{
	my $cluster = BarksCluster->new("rdd$nodes", nodes => $nodes, conf => "barks.executor_slots = 2\n");
	my $q = sub { return $cluster->query('SET search_path = public, barks; ' . shift) };

	$q->(qq{
		CREATE TYPE two AS (p bigint, q bigint);
		CREATE TABLE a (id int, k bigint, v bigint) USING barks;
		SELECT barks.distribute_table('a', by => 'id', partitions => 4);
		CREATE TABLE b (LIKE a) USING barks;
		SELECT barks.distribute_table('b', by => 'id', partitions => 3);
		CREATE TABLE c (LIKE a);
		SELECT setseed(@{[ ($seed % 1000) / 1000 ]});
		INSERT INTO a SELECT i, CASE WHEN random() > 0.1 THEN (random() ^ 2 * 20)::int END, CASE WHEN random() > 0.1 THEN (random() * 10)::int END FROM generate_series(1, 300) i;
		INSERT INTO b SELECT i, CASE WHEN random() > 0.1 THEN (random() * 30)::int END, CASE WHEN random() > 0.1 THEN (random() * 10)::int END FROM generate_series(1, 60) i;
		INSERT INTO c SELECT i, i % 3, (random() * 10)::int FROM generate_series(1, 20) i;
		CREATE TABLE empty (LIKE a) USING barks;
		SELECT barks.distribute_table('empty', by => 'id', partitions => 2);
		ANALYZE});
	for my $inputs ([ 'a', 'b', 'c' ], [ 'a', 'empty', 'b' ], [ 'empty', 'b', 'empty' ])
	{
		my ($k, $l, $m) = map {"rdd_map(rdd_table('$_'), '(x.k, x.v)')"} @$inputs;
		for my $law (@laws)
		{
			my ($name, @sides) = @$law;
			my @sql = map { my $from = "(SELECT $k AS k, $l AS l, $m AS m, rdd_filter_values($k, 'x IS NOT NULL') AS n) i"; "SELECT x FROM $from, rdd_collect_json($_) x" } @sides;
			is($q->("SELECT count(*) FROM (($sql[0] EXCEPT ALL $sql[1]) UNION ALL ($sql[1] EXCEPT ALL $sql[0])) s"),
				'0', "$nodes nodes, @$inputs: $name");
		}
		my $json = sub { return $q->("SELECT string_agg(x::text, ' ') FROM (SELECT $k AS k, $l AS l) i, rdd_collect_json($_[0]) x") };
		is($json->(q{rdd_sort_by(rdd_sort_by(k, '(v, k)'), '(v, k)')}), $json->(q{rdd_sort_by(k, '(v, k)')}), "$nodes nodes, @$inputs: sorted twice is sorted");
		is($json->(q{rdd_sort_by(k, '(v, k)')}), $q->("SELECT string_agg(jsonb_build_object('k', k, 'v', v)::text, ' ' ORDER BY v NULLS FIRST, k NULLS FIRST) FROM $inputs->[0]"), "$nodes nodes, @$inputs: sorted as SQL does");
		is($q->("SELECT rdd_count(k), rdd_sum(rdd_values(k)), rdd_max(rdd_values(k), NULL::bigint), rdd_reduce(rdd_values(k), 'coalesce(a, 0) + coalesce(b, 0)', NULL::bigint) FROM (SELECT $k AS k) i"),
			$q->("SELECT count(*), sum(v), max(v), CASE WHEN count(*) > 1 THEN coalesce(sum(v), 0) ELSE sum(v) END FROM $inputs->[0]"), "$nodes nodes, @$inputs: actions");
	}
	# planned with the query around it, or by itself
	for my $enabled ('on', 'off')
	{
		is($q->("SET barks.enabled = $enabled; SELECT count(*), sum(t.k), sum(a.v) FROM rdd_collect_pairs(rdd_reduce_by_key(rdd_map(rdd_table('b'), '(x.k, x.v)'), 'coalesce(a, 0) + coalesce(b, 0)'), NULL::bigint, NULL::bigint) t JOIN a ON a.k = t.k"),
			$q->('SELECT count(*), sum(t.k), sum(a.v) FROM (SELECT k, sum(v) FROM b GROUP BY k) t JOIN a ON a.k = t.k'), "$nodes nodes, enabled = $enabled: joined with a table");
	}
	rights($cluster, $nodes);
	$cluster->finish;
}

sub rights
{
	my ($cluster, $nodes) = @_;
	my $q = sub { return $cluster->query('SET search_path = public, barks; ' . shift) };

	$q->(q{
		CREATE ROLE ann; CREATE ROLE eve; CREATE ROLE mallory;
		GRANT USAGE ON SCHEMA barks, public TO PUBLIC;
		CREATE TABLE secrets (id int, who text) USING barks;
		SELECT barks.distribute_table('secrets', by => 'id', partitions => 3);
		INSERT INTO secrets SELECT i, CASE i % 3 WHEN 0 THEN 'ann' ELSE 'eve' END FROM generate_series(1, 30) i;
		GRANT SELECT ON secrets TO ann, eve;
		ALTER TABLE secrets ENABLE ROW LEVEL SECURITY;
		CREATE POLICY own ON secrets FOR SELECT USING (who = current_user);
		CREATE VIEW secrets_rdd AS SELECT * FROM rdd_collect(rdd_table('secrets'), NULL::secrets);
		GRANT SELECT ON secrets_rdd TO PUBLIC;
		CREATE FUNCTION as_owner() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public, barks
			AS $$ SELECT count(*) FROM rdd_collect(rdd_table('secrets'), NULL::secrets) $$;
		CREATE FUNCTION as_caller() RETURNS bigint LANGUAGE plpgsql SET search_path = public, barks
			AS $$ BEGIN RETURN (SELECT count(*) FROM rdd_collect(rdd_table('secrets'), NULL::secrets)); END $$;
		CREATE TABLE kept (r rdd);
		GRANT SELECT ON kept TO PUBLIC;
		INSERT INTO kept VALUES (rdd_map(rdd_range(0, 2), '(SELECT count(*) FROM secrets WHERE id > x)'))});

	# a plan that is kept serves one role alone
	is($q->(q{
		PREPARE p AS SELECT count(*) FROM rdd_collect(rdd_table('secrets'), NULL::secrets);
		EXECUTE p; SET ROLE ann; EXECUTE p; SET ROLE eve; EXECUTE p; RESET ROLE; EXECUTE p}),
		"30\n10\n20\n30", "$nodes nodes: a prepared statement shows each role its rows");
	is($q->(q{SELECT as_caller(); SET ROLE ann; SELECT as_caller(); SET ROLE eve; SELECT as_caller()}),
		"30\n10\n20", "$nodes nodes: so does a function of PL/pgSQL");
	is($q->(q{SET ROLE ann; SELECT count(*) FROM secrets_rdd; SET ROLE eve; SELECT count(*) FROM secrets_rdd}),
		"10\n20", "$nodes nodes: and a view");
	is($q->(q{SET ROLE mallory; SELECT as_owner()}), '30', "$nodes nodes: a SECURITY DEFINER function reads as its owner");
	is($q->(q{SET ROLE eve; SELECT rdd_max(r, NULL::bigint) FROM kept}), '20', "$nodes nodes: a kept RDD runs as who runs it");

	for my $probe (
		q{SELECT rdd_count(rdd_table('secrets'))},
		q{SELECT * FROM rdd_collect(rdd_table('secrets'), NULL::secrets)},
		q{SELECT * FROM secrets_rdd},
		q{SELECT as_caller()},
		q{SELECT rdd_max(r, NULL::bigint) FROM kept},
		q{SELECT * FROM rdd_collect(rdd_map(rdd_range(0, 2), '(SELECT who FROM secrets LIMIT 1)'), NULL::text)},
		q{SELECT rdd_first(rdd_filter(rdd_range(0, 2), 'EXISTS (SELECT FROM secrets WHERE who = ''ann'')'), NULL::bigint)},
		q{SELECT rdd_count(rdd_query('SELECT * FROM secrets'))},
		q{SELECT rdd_count('rdd_table(''secrets'')'::rdd)})
	{
		my ($state, $out) = $cluster->try("SET search_path = public, barks; SET ROLE mallory; $probe");
		is("$state $out", '42501 ', "$nodes nodes: no rights: $probe");
	}
	# what is called is called as the one who runs it, not as the one who made it
	$q->(q{CREATE TABLE marks (who text); GRANT INSERT ON marks TO PUBLIC;
		CREATE FUNCTION mark(bigint) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN INSERT INTO marks VALUES (current_user); RETURN $1; END $$;
		UPDATE kept SET r = rdd_map(rdd_range(0, 2), 'public.mark(x)')});
	is($q->(q{SET ROLE eve; SELECT rdd_sum(r) FROM kept; RESET ROLE; SELECT DISTINCT who FROM marks}), "1\neve", "$nodes nodes: a volatile function runs as who runs it");
	# plans are made anew when what they read changes
	is($q->(q{
		CREATE TABLE changing (a int, b text);
		INSERT INTO changing VALUES (1, 'x');
		PREPARE p AS SELECT * FROM rdd_collect(rdd_map(rdd_table('changing'), '(x.a, x.b)')) AS f(a int, b text);
		EXECUTE p;
		ALTER TABLE changing ADD c int; INSERT INTO changing VALUES (2, 'y', 3);
		EXECUTE p;
		ALTER TABLE changing RENAME TO changed;
		CREATE TABLE changing (a int, b text);
		EXECUTE p}), "1|x\n1|x\n2|y", "$nodes nodes: a prepared statement follows its table");
	my ($state) = $cluster->try(q{SET search_path = public, barks;
		PREPARE p AS SELECT * FROM rdd_collect(rdd_map(rdd_table('changed'), '(x.a, x.b)')) AS f(a int, b text);
		ALTER TABLE changed ALTER a TYPE bigint;
		EXECUTE p});
	is($state, '42804', "$nodes nodes: and says when it does not fit any more");
	is($q->(q{BEGIN; INSERT INTO secrets VALUES (99, 'ann');
		SELECT rdd_count(rdd_table('secrets')), (SELECT count(*) FROM rdd_collect(rdd_table('secrets'), NULL::secrets)); ROLLBACK}),
		'31|31', "$nodes nodes: a transaction sees what it wrote");
}

done_testing();
