# RandomQuery.pm: makes queries at random over the tables of the differential test.
#
# A query is a function of a list of choices.  A random list makes a random
# query; the same list makes it again; 0 always stands for the simplest
# possibility.
#
# Queries have one right answer: LIMIT, windows and ordered aggregates order by
# all columns there are or by what decides their result, numerics that are
# grouped or compared have one scale.

package RandomQuery;

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(make_query);

# Columns by table, name:type.  Types here: int, big, num (of one scale), text,
# bool, date; "any" is a column whose values differ in text where they are equal.
my %tables = map { my ($name, @columns) = split; $name => [ map { [ split /:/ ] } @columns ] } split /\n/, <<'TABLES';
left3 a:int b:int
right3 a:int b:int
fact id:int k:int k8:big k2:int grp:text d:num q:int day:date flag:bool note:text
detail id:int line:int item:text qty:int price:num
dim k:int name:text region:text parent:int
tag k:int tag:text
cust cid:int name:text city:text since:date balance:num
ord oid_:int cid:int total:num
heap_dim k:int label:text
multi_key a:int b:text v:int
round_robin a:int b:int c:text
by_bigint k:big v:int
by_text t:text v:int
by_date dt:date v:int
by_numeric n:any v:int
by_float f:any v:int
nobody a:int b:text c:num
nobody_rr a:int b:text c:num
single_row a:int b:text
all_null id:int a:int b:text c:num
tree id:int parent:int name:text
dropped id:int v:text gone3:any
measure id:int city:text at:date val:int
measure_2024 id:int city:text at:date val:int
numbers id:int n:any i:big
words id:int w:text
v_fact id:int k:int grp:text d:num
v_total k:int n:big total:any
v_join id:int d:num name:text region:text
v_union id:int src:text
v_barrier id:int k:int d:num
mv k:int n:big most:num
TABLES
my @names = qw(left3 right3 fact detail dim tag cust ord heap_dim
	multi_key round_robin by_bigint by_text by_date by_numeric by_float nobody nobody_rr single_row all_null tree
	dropped measure measure_2024 numbers words v_fact v_total v_join v_union v_barrier mv);
# Large ones, with a column to take a small part by.
my %part_by = (fact => 'id', detail => 'id', ord => 'oid_', measure => 'id', measure_2024 => 'id',
	v_fact => 'id', v_join => 'id', v_barrier => 'id', round_robin => 'b');

# Small ones, for joins without an equality.
my @small = qw(left3 right3 single_row nobody tree heap_dim dim all_null);

my (@script, @made, $random, $aliases, $budget, @parameters, @ctes);

# ---- choices

sub make_query
{
	my ($choices, $is_random) = @_;
	($random, $aliases, $budget) = ($is_random, 0, 40);
	@script = @$choices;
	@made = ();
	@parameters = ();
	@ctes = ();
	my $prepared = pick(6) == 5;
	my $cursor = pick(8) == 7;
	my ($sql, $columns, $ordered) = top_query();
	return { sql => $sql, choices => [@made], ordered => $ordered, parameters => [@parameters],
		prepared => $prepared, cursor => $cursor };
}

# A number below n.
sub pick
{
	my $n = shift;
	my $choice = @script ? shift(@script) % $n : $random ? int(rand($n)) : 0;
	push @made, $choice;
	return $choice;
}

sub one_of { return $_[ pick(scalar @_) ]; }
sub chance { my $n = shift; return pick($n) == $n - 1; }    # one in n; 0 is no
sub alias { return 't' . ++$aliases; }

# ---- queries

# A query returns its text and its columns: [name, type].  Column names are unique.
sub top_query
{
	my ($sql, $columns) = query(2, undef);
	my $sort = pick(4);
	return ($sql, $columns, 0) if $sort < 2;
	my $a = alias();
	my $order = total_order($a, $columns) or return ($sql, $columns, 0);
	$sql = "SELECT * FROM ($sql) $a ORDER BY $order";
	$sql .= limit() if $sort == 3;
	return ($sql, $columns, 1);
}

sub limit
{
	return ' LIMIT ' . integer(1, 40) . (chance(3) ? ' OFFSET ' . integer(0, 9) : '');
}

# All columns, so that rows that tie are the same; undef when some cannot be.
sub total_order
{
	my ($a, $columns) = @_;
	return undef if grep { $_->[1] eq 'any' } @$columns;
	my @order = map { "$a.$_->[0]" . one_of('', '', ' DESC', ' NULLS FIRST', ' DESC NULLS LAST') } @$columns;
	my $turn = pick(scalar @order);
	return join ', ', @order[ $turn .. $#order ], @order[ 0 .. $turn - 1 ];
}

# With the types wanted of its columns, or any.
sub query
{
	my ($depth, $types, $outer) = @_;
	$budget--;
	my $form = $depth > 0 && $budget > 0 ? pick(15) : 0;
	return set_operation($depth, $types, $outer) if $form == 7 || $form == 8;
	return with_query($depth, $types, $outer) if $form == 9 && !$outer;
	return limited($depth, $types, $outer) if $form == 10;
	return windowed($depth, $types, $outer) if $form == 11 || $form == 12;
	return distinct_on($depth, $types, $outer) if $form == 13;
	return recursive($depth, $types) if $form == 14 && !$outer;
	return grouped($depth, $types, $outer) if $form >= 4;
	return simple($depth, $types, $outer);
}

sub simple
{
	my ($depth, $types, $outer) = @_;
	my ($from, $scope) = from_clause($depth, $outer);
	my $where = where_clause($depth, $scope, $outer);
	my @columns;
	if ($types) { push @columns, expression($_, $depth, [ @$scope, @{ $outer || [] } ]) for @$types; }
	else
	{
		$types = [];
		for (0 .. pick(4))
		{
			my $type = one_of(qw(int text int num big date bool));
			push @$types, $type;
			push @columns, expression($type, $depth, $scope);
		}
	}
	my $distinct = chance(6) && !(grep { $_ eq 'any' } @$types) ? 'DISTINCT ' : '';
	return ("SELECT $distinct" . named(@columns) . " FROM $from$where", columns_of($types));
}

sub grouped
{
	my ($depth, $types, $outer) = @_;
	my ($from, $scope) = from_clause($depth, $outer);
	my $where = where_clause($depth, $scope, $outer);
	my (@groups, @columns, @given);
	my $fresh = !$types;
	for (1 .. pick(4))
	{
		my $type = one_of(qw(int text int big date bool num));
		push @groups, [ chance(3) ? expression($type, 0, $scope) : column($type, $scope), $type ];
	}
	# a constant in GROUP BY would be read as a position
	@groups = grep { $_->[0] =~ /t\d+\./ } @groups;
	if ($types)
	{
		for my $type (@$types)
		{
			my @fit = grep { $_->[1] eq $type } @groups;
			push @columns, @fit && chance(2) ? $fit[ pick(scalar @fit) ][0] : aggregate($type, $scope);
		}
	}
	else
	{
		for (@groups) { push @columns, $_->[0]; push @given, $_->[1]; }
		for (0 .. pick(4))
		{
			my $type = one_of(qw(big int big text num bool date));
			push @columns, aggregate($type, $scope);
			push @given, $type;
		}
		$types = \@given;
	}
	if ($fresh)
	{
		push @columns, over_groups(aggregate('big', $scope), @groups) and push @$types, 'big' if chance(5);
		push @columns, 'grouping(' . join(', ', map { $_->[0] } @groups) . ')' and push @$types, 'int'
		  if @groups && chance(6);
	}
	my $sql = 'SELECT ' . named(@columns) . " FROM $from$where";
	$sql .= ' GROUP BY ' . grouping(map { $_->[0] } @groups) if @groups;
	my $having = pick(5);
	$sql .= ' HAVING ' . aggregate('big', $scope) . one_of(' > ', ' < ', ' <> ') . integer(0, 9) if $having == 4;
	$sql .= ' HAVING ' . aggregate('int', $scope) . ' IS NOT NULL' if $having == 3;
	return ($sql, columns_of($types));
}

sub grouping
{
	my @by = @_;
	my $form = pick(9);
	my $all = join ', ', @by;
	return "ROLLUP ($all)" if $form == 5;
	return 'CUBE (' . join(', ', @by[ 0 .. (@by > 2 ? 2 : $#by) ]) . ')' . join('', map { ", $_" } @by[ 3 .. $#by ])
	  if $form == 6;
	return "GROUPING SETS (($all), ($by[0]), ())" if $form == 7;
	return "GROUPING SETS (ROLLUP ($all), ($by[-1]))" if $form == 8;
	return $all;
}

# A window function over groups; peers are treated alike.
sub over_groups
{
	my ($value, @groups) = @_;
	my $by = @groups && chance(2) ? "PARTITION BY $groups[0][0] " : '';
	return one_of("rank() OVER (${by}ORDER BY $value DESC)", "(sum(count(*)) OVER ($by))::bigint",
		"max($value) OVER (${by}ORDER BY count(*))", "dense_rank() OVER (${by}ORDER BY count(*))");
}

sub set_operation
{
	my ($depth, $types, $outer) = @_;
	my $op = one_of('UNION ALL', 'UNION ALL', 'UNION', 'INTERSECT', 'EXCEPT', 'EXCEPT ALL', 'INTERSECT ALL');
	$types ||= [ map { one_of(qw(int text num big date)) } 0 .. pick(3) ];
	my @branches;
	for (0 .. 1 + chance(4))
	{
		my ($sql) = query($depth - 1, $types, $outer);
		push @branches, "($sql)";
	}
	return (join(" $op ", @branches), columns_of($types));
}

sub with_query
{
	my ($depth, $types, $outer) = @_;
	my $name = 'w' . alias();
	my ($inner, $columns) = query($depth - 1, undef, undef);
	my ($sql, $result) = using_cte($name, $columns, $depth, $types);
	return ("WITH $name AS " . one_of('', 'MATERIALIZED ', 'NOT MATERIALIZED ') . "($inner) $sql", $result);
}

sub using_cte
{
	my ($name, $columns, $depth, $types) = @_;
	push @ctes, $name;
	$tables{$name} = $columns;
	my ($sql, $result) = query($depth - 1, $types, undef);
	pop @ctes;
	delete $tables{$name};
	# a WITH cannot follow a WITH
	$sql = 'SELECT * FROM (' . $sql . ') ' . alias() if $sql =~ /^WITH/;
	return ($sql, $result);
}

# Walks a tree, or counts from some numbers; ends, whatever the numbers are.
sub recursive
{
	my ($depth, $types) = @_;
	my $name = 'w' . alias();
	my ($columns, $body);
	if (chance(2))
	{
		my ($sql) = query($depth - 1, ['int'], undef);
		my $a = alias();
		$columns = [ [ 'c1', 'int' ] ];
		$body = "SELECT $a.c1 % 10 FROM ($sql) $a UNION SELECT c1 + " . integer(1, 3) . " FROM $name WHERE c1 < 12";
	}
	else
	{
		my $table = one_of('tree', 'dim');
		my ($id, $label) = $table eq 'tree' ? qw(id name) : qw(k name);
		$columns = [ [ 'c1', 'int' ], [ 'c2', 'text' ], [ 'c3', 'int' ] ];
		$body = "SELECT $id, $label, 0 FROM $table WHERE " . one_of('parent IS NULL', "$id < 3", "$label LIKE '%e%'") .
		  one_of(' UNION ALL ', ' UNION ') .
		  "SELECT x.$id, x.$label, $name.c3 + 1 FROM $name JOIN $table x ON x.parent = $name.c1 WHERE $name.c3 < 6";
	}
	my ($sql, $result) = using_cte($name, $columns, $depth, $types);
	return ("WITH RECURSIVE $name(" . join(', ', map { $_->[0] } @$columns) . ") AS ($body) $sql", $result);
}

sub limited
{
	my ($depth, $types, $outer) = @_;
	my ($sql, $columns) = query($depth - 1, $types, $outer);
	my $a = alias();
	my $order = total_order($a, $columns) or return ($sql, $columns);
	my $form = pick(6);
	return ("SELECT * FROM ($sql) $a ORDER BY $a.$columns->[0][0] FETCH FIRST " . integer(1, 9) . ' ROWS WITH TIES',
		$columns) if $form == 5;
	return ("SELECT * FROM ($sql) $a ORDER BY $order" . ($form == 4 ? '' : limit()), $columns);
}

sub distinct_on
{
	my ($depth, $types, $outer) = @_;
	my ($sql, $columns) = query($depth - 1, $types, $outer);
	my $a = alias();
	my $order = total_order($a, $columns) or return ($sql, $columns);
	my $on = join ', ', map { /^(\S+)/ } (split /, /, $order)[ 0 .. (@$columns > 1 ? pick(2) : 0) ];
	return ("SELECT DISTINCT ON ($on) * FROM ($sql) $a ORDER BY $order", $columns);
}

sub windowed
{
	my ($depth, $types, $outer) = @_;
	my $want = $types ? [@$types] : undef;
	my ($sql, $columns) = query($depth - 1, $want, $outer);
	my $a = alias();
	my $order = total_order($a, $columns) or return ($sql, $columns);
	my ($window, $type) = window_function($a, $columns, $order);
	if ($types)
	{
		# the window decides which rows are kept
		my $b = alias();
		my $list = join ', ', map { "$b.$_->[0]" } @$columns;
		my $keep = $type eq 'big' ? "${b}n <= " . integer(1, 9) : "${b}n IS " . one_of('NULL', 'NOT NULL');
		return ("SELECT $list FROM (SELECT $a.*, $window AS ${b}n FROM ($sql) $a) $b WHERE $keep", $columns);
	}
	my ($more, $its_type) = chance(3) ? window_function($a, $columns, $order) : ();
	my $list = "$a.*, $window AS ${a}n" . ($more ? ", $more AS ${a}m" : '');
	return ("SELECT $list FROM ($sql) $a", [ @$columns, [ "${a}n", $type ], $more ? [ "${a}m", $its_type ] : () ]);
}

# A call over a window, and its type.  What tells rows apart orders by all
# columns; what treats peers alike may order by some.
sub window_function
{
	my ($a, $columns, $total) = @_;
	my $some = $columns->[ pick(scalar @$columns) ];
	my ($x, $type) = ("$a.$some->[0]", $some->[1]);
	my $by = chance(2) ? 'PARTITION BY ' . join(', ', map { "$a.$_->[0]" } @$columns[ 0 .. (@$columns > 2 ? pick(2) : 0) ]) . ' ' : '';
	my $form = pick(8);
	if ($form < 3)
	{
		return (one_of('row_number()', 'rank()', 'count(*)', 'dense_rank()', 'ntile(3)::bigint',
				'(cume_dist() * 1000)::bigint', '(percent_rank() * 1000)::bigint') =~ s/(\(|^)(\w+\([^()]*\))/$1$2 OVER (${by}ORDER BY $total)/r,
			'big');
	}
	return (one_of("lag($x)", "lead($x)", "lag($x, 2)", "lead($x, 3, $x)") . " OVER (${by}ORDER BY $total)", $type)
	  if $form == 3;
	return (one_of("first_value($x)", "last_value($x)", "nth_value($x, 2)") . " OVER (${by}ORDER BY $total " .
		  frame(one_of('ROWS', 'GROUPS')) . ')', $type) if $form == 4;

	my ($call, $result) = ('count(*)', 'big');
	($call, $result) = (one_of("min($x)", "max($x)"), $type) if $type =~ /^(int|big|num|text|date)$/ && chance(2);
	($call, $result) = ("sum($x)", 'big') if $type eq 'int' && chance(2);
	$call .= ' FILTER (WHERE ' . "$x IS NOT NULL" . ')' if chance(4);
	return ("$call OVER (${by}ORDER BY $total " . frame('ROWS') . ')', $result) if $form == 5;
	return ("$call OVER ($by" . one_of('', "ORDER BY $x DESC") . ')', $result) if $form == 6 && $by;
	my $direction = one_of('', ' DESC', ' NULLS FIRST');
	return ("$call OVER (${by}ORDER BY $x$direction " . frame('RANGE', $type) . ')', $result) if chance(2);
	return ("$call OVER (${by}ORDER BY $x$direction " . frame('GROUPS') . ')', $result);
}

# RANGE knows distances of numbers and dates.
sub frame
{
	my ($mode, $type) = @_;
	my $distance = sub {
		return undef if $mode eq 'RANGE' && $type !~ /^(int|big|num|date)$/;
		return $mode eq 'RANGE' && $type eq 'date' ? "interval '" . one_of(1, 5, 40) . " days'" : one_of(1, 2, 5);
	};
	my ($before, $after) = ($distance->(), $distance->());
	my @starts = ('UNBOUNDED PRECEDING', 'CURRENT ROW', defined $before ? ("$before PRECEDING") : ());
	my @ends = ('CURRENT ROW', 'UNBOUNDED FOLLOWING', defined $after ? ("$after FOLLOWING") : ());
	return "$mode BETWEEN " . one_of(@starts) . ' AND ' . one_of(@ends) .
	  one_of('', '', ' EXCLUDE CURRENT ROW', ' EXCLUDE GROUP', ' EXCLUDE TIES');
}

sub named
{
	my $n = 0;
	return join ', ', map { "$_ AS c" . ++$n } @_;
}

sub columns_of
{
	my $n = 0;
	return [ map { [ 'c' . ++$n, $_ ] } @{ $_[0] } ];
}

# ---- FROM and WHERE

# Its text, and the scope: columns as [text, type].
sub from_clause
{
	my ($depth, $outer) = @_;
	my ($from, $scope) = table($depth, $outer);
	for (1 .. (0, 0, 1, 1, 2)[ pick(5) ])
	{
		last if $budget-- < 0;
		my $kind = one_of('JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN', 'LEFT JOIN', 'JOIN', 'LATERAL');
		if ($kind eq 'LATERAL' && $depth > 0)
		{
			my ($sql, $columns) = query(0, undef, $scope);
			my $a = alias();
			my $join = one_of('CROSS JOIN', 'LEFT JOIN');
			my $order = total_order("${a}x", $columns);
			$sql = "SELECT * FROM ($sql) ${a}x ORDER BY $order LIMIT " . integer(1, 3) if defined $order;
			$from = "$from $join LATERAL ($sql) $a" . ($join =~ /LEFT/ ? ' ON true' : '');
			$scope = [ @$scope, map { [ "$a.$_->[0]", $_->[1] ] } @$columns ];
			next;
		}
		$kind = 'JOIN' if $kind eq 'LATERAL';
		if (chance(10))
		{
			# no equality, with a small table; FULL needs one
			my $a = alias();
			my $name = $small[ pick(scalar @small) ];
			my $more = [ map { [ "$a.$_->[0]", $_->[1] ] } @{ $tables{$name} } ];
			my $on = condition(0, [ @$scope, @$more ]);
			$from = $kind eq 'FULL JOIN' ? "$from CROSS JOIN $name $a" : "$from $kind $name $a ON $on";
			$scope = [ @$scope, @$more ];
			next;
		}
		my ($right, $more) = chance(7) ? joined($depth) : table($depth, undef);
		my $on = join_condition($scope, $more);
		next if $on eq '';
		$from = chance(4) ? "$right $kind $from ON $on" : "$from $kind $right ON $on";
		$scope = [ @$scope, @$more ];
	}
	return ($from, $scope);
}

# A join in parentheses.
sub joined
{
	my $depth = shift;
	my ($left, $scope) = table($depth, undef);
	my ($right, $more) = table($depth, undef);
	my $on = join_condition($scope, $more);
	return ($left, $scope) if $on eq '';
	return ("($left " . one_of('JOIN', 'LEFT JOIN', 'FULL JOIN') . " $right ON $on)", [ @$scope, @$more ]);
}

# Rows that no table holds.
sub rows
{
	my ($a, $form) = @_;
	my $text = sub { one_of("'red'", 'NULL', "'dim 3'", "'tag1'") };
	return ("(VALUES " . join(', ', map { '(' . integer(0, 9) . ', ' . $text->() . '::text)' } 0 .. pick(4)) . ") $a(c1, c2)",
		[ [ "$a.c1", 'int' ], [ "$a.c2", 'text' ] ]) if $form == 0;
	return ('generate_series(' . integer(0, 5) . ', ' . integer(5, 40) . ") $a(c1)", [ [ "$a.c1", 'int' ] ]) if $form == 1;
	return ('unnest(ARRAY[' . integer(0, 5) . ", NULL, 7], ARRAY['red', 'Red']) WITH ORDINALITY $a(c1, c2, c3)",
		[ [ "$a.c1", 'int' ], [ "$a.c2", 'text' ], [ "$a.c3", 'big' ] ]);
}

sub table
{
	my ($depth, $outer) = @_;
	my $a = alias();
	if ($depth > 0 && $budget > 0 && chance(5))
	{
		my ($sql, $columns) = query($depth - 1, undef, undef);
		return ("($sql) $a", [ map { [ "$a.$_->[0]", $_->[1] ] } @$columns ]);
	}
	return rows($a, pick(3)) if chance(15);
	my $name = @ctes && chance(2) ? $ctes[ pick(scalar @ctes) ] : $names[ pick(scalar @names) ];
	my $scope = [ map { [ "$a.$_->[0]", $_->[1] ] } @{ $tables{$name} } ];
	if ($part_by{$name} && !chance(6))
	{
		my $low = integer(0, 60);
		return ("(SELECT * FROM $name WHERE $part_by{$name} " .
			  one_of("<= $low + 20", "BETWEEN $low AND $low + 40", "= $low") . ") $a", $scope);
	}
	return ("$name $a", $scope);
}

# An equality that keeps the join small, perhaps with more; '' when there is none.
sub join_condition
{
	my ($left, $right) = @_;
	my @pairs;
	for my $l (@$left)
	{
		for my $r (@$right)
		{
			push @pairs, [ $l, $r ] if $l->[1] eq $r->[1] && $l->[1] !~ /any|bool/ ||
			  $l->[1] =~ /^(int|big)$/ && $r->[1] =~ /^(int|big)$/;
		}
	}
	return '' unless @pairs;
	my @same = grep { ($_->[0][0] =~ /\.(.*)/)[0] eq ($_->[1][0] =~ /\.(.*)/)[0] } @pairs;
	@pairs = @same if @same && !chance(3);
	my $pair = $pairs[ pick(scalar @pairs) ];
	my $on = chance(5) ? "$pair->[1][0] = $pair->[0][0]" : "$pair->[0][0] = $pair->[1][0]";
	my $more = pick(5);
	$on .= ' AND ' . condition(0, [ @$left, @$right ]) if $more == 2;
	$on .= ' AND ' . condition(0, $left) if $more == 3;
	$on .= ' AND ' . condition(0, $right) if $more == 4;
	return $on;
}

sub where_clause
{
	my ($depth, $scope, $outer) = @_;
	my @all = ($outer && @$outer ? @$outer : ());
	my @where;
	if (@all)
	{
		# a correlated query should be
		my $on = join_condition(\@all, $scope);
		push @where, $on if $on ne '';
	}
	push @where, condition($depth, $scope, $outer) for 1 .. (0, 1, 1, 2)[ pick(4) ];
	return @where ? ' WHERE ' . join ' AND ', @where : '';
}

# ---- expressions

sub integer
{
	my ($low, $high) = @_;
	my $value = $low + pick($high - $low + 1);
	push @parameters, $value;
	return "\002$#parameters\002";
}

sub constant
{
	my $type = shift;
	return integer(0, 30) if $type eq 'int';
	return integer(0, 30) . '::bigint' if $type eq 'big';
	return one_of('1.50', '250.00', '-3.25') . '::numeric(12,2)' if $type eq 'num' || $type eq 'any';
	return one_of("'red'", "''", "'Red'", "'a'", "'dim 3'", "'Bern'", "'city 1'", "'tag1'") . '::text' if $type eq 'text';
	return one_of('true', 'false') if $type eq 'bool';
	return "date '" . one_of('2023-02-03', '2024-02-29', '2020-03-15') . "'";
}

sub column
{
	my ($type, $scope) = @_;
	my @fit = grep { $_->[1] eq $type } @$scope;
	return constant($type) unless @fit;
	return $fit[ pick(scalar @fit) ][0];
}

sub expression
{
	my ($type, $depth, $scope) = @_;
	$budget--;
	my $form = $budget > 0 ? pick(12) : 0;
	return column($type, $scope) if $form < 5;
	return constant($type) if $form == 5;
	return 'CASE WHEN ' . condition(0, $scope) . ' THEN ' . expression($type, 0, $scope) .
	  (chance(2) ? ' ELSE ' . expression($type, 0, $scope) : '') . ' END' if $form == 6;
	return 'coalesce(' . expression($type, 0, $scope) . ', ' . constant($type) . ')' if $form == 7;
	return 'nullif(' . expression($type, 0, $scope) . ', ' . constant($type) . ')' if $form == 8;
	if ($form == 9 && $depth > 0)
	{
		my ($sql) = scalar_query($type, $depth, $scope);
		return "($sql)";
	}
	return one_of('greatest', 'least') . '(' . column($type, $scope) . ', ' . column($type, $scope) . ')'
	  if $form == 10 && $type ne 'bool';
	if ($type eq 'int')
	{
		return '(' . expression('int', 0, $scope) . ' % 1000 + ' . column('int', $scope) . ' % 1000)' if chance(2);
		return one_of('length(' . column('text', $scope) . ')', 'extract(month FROM ' . column('date', $scope) . ')::int')
		  =~ s/^extract.*date '.*/3/r;
	}
	return '(' . column('big', $scope) . ' % 1000 + ' . column('int', $scope) . ' % 1000)' if $type eq 'big';
	return '(' . column('num', $scope) . ' + ' . column('int', $scope) . ' % 100)::numeric(12,2)' if $type eq 'num';
	if ($type eq 'text')
	{
		return one_of('upper(' . column('text', $scope) . ')', column('text', $scope) . " || '-' || " . column('int', $scope),
			column('int', $scope) . '::text', 'substr(' . column('text', $scope) . ', 1, 2)',
			'(' . column('bool', $scope) . ')::text');
	}
	return '(' . condition(0, $scope) . ')' if $type eq 'bool';
	return column($type, $scope);
}

# A query of one row and column.
sub scalar_query
{
	my ($type, $depth, $scope) = @_;
	my $outer = chance(2) ? $scope : undef;
	if (chance(5) && $type ne 'any')
	{
		my ($sql, $columns) = query($depth - 1, [$type], $outer);
		my $a = alias();
		return "SELECT $a.$columns->[0][0] FROM ($sql) $a ORDER BY " . total_order($a, $columns) . ' LIMIT 1';
	}
	my ($from, $own) = from_clause($depth - 1, undef);
	my $where = where_clause($depth - 1, $own, $outer);
	return 'SELECT ' . aggregate($type, $own) . " FROM $from$where";
}

# Subqueries may refer to $scope, and to $outer beyond it.
sub condition
{
	my ($depth, $scope, $outer) = @_;
	$budget--;
	my $form = $budget > 0 ? pick($depth > 0 ? 18 : 11) : 0;
	my @typed = grep { $_->[1] ne 'bool' } @$scope;
	my $some = @typed ? $typed[ pick(scalar @typed) ] : [ integer(0, 9), 'int' ];
	my ($x, $type) = @$some;
	my $op = one_of('=', '<', '>=', '<>', '>');
	return "$x $op " . constant($type) if $form < 3;
	return "$x IS " . one_of('NULL', 'NOT NULL') if $form == 3;
	return expression($type, 0, $scope) . " $op " . expression($type, 0, $scope) if $form == 4 && $type ne 'any';
	return '(' . condition(0, $scope) . one_of(' OR ', ' AND ') . condition(0, $scope) . ')' if $form == 5;
	return 'NOT (' . condition(0, $scope) . ')' if $form == 6;
	return "$x IS " . one_of('', 'NOT ') . 'DISTINCT FROM ' . column($type, $scope) if $form == 7;
	return "$x " . one_of('', 'NOT ') . 'IN (' . join(', ', map { constant($type) } 1 .. 3) . one_of('', ', NULL') . ')'
	  if $form == 8;
	return column('text', $scope) . one_of(' LIKE ', ' NOT LIKE ') . one_of("'%e%'", "'r_d'", "'d%'") if $form == 9;
	return column('bool', $scope) . ' IS ' . one_of('TRUE', 'NOT TRUE', 'UNKNOWN') if $form == 10;
	return "$x $op " . constant($type) if $type eq 'any' || $depth <= 0;
	my $seen = [ @$scope, $outer && chance(3) ? @$outer : () ];
	if ($form == 11 || $form == 12)
	{
		my ($sql) = query($depth - 1, undef, $seen);
		return one_of('EXISTS', 'NOT EXISTS') . " ($sql)";
	}
	if ($form == 16)
	{
		my ($y, $its_type) = @typed ? @{ $typed[ pick(scalar @typed) ] } : ($x, $type);
		return "$y IS NOT NULL" if $its_type eq 'any';
		my ($sql) = query($depth - 1, [ $type, $its_type ], chance(2) ? $seen : undef);
		return "($x, $y) " . one_of('IN', 'NOT IN') . " ($sql)";
	}
	if ($form == 17)
	{
		my ($sql) = scalar_query($type, $depth, $seen);
		return "$x $op ($sql)";
	}
	my ($sql) = query($depth - 1, [$type], $form == 15 ? $seen : undef);
	return "$x " . one_of('IN', 'NOT IN') . " ($sql)" if $form <= 14;
	return "$x $op " . one_of('ANY', 'ALL') . " ($sql)";
}

sub aggregate
{
	my ($type, $scope) = @_;
	my $filter = chance(5) ? ' FILTER (WHERE ' . condition(0, $scope) . ')' : '';
	my $x = sub { my $t = shift; return chance(3) ? expression($t, 0, $scope) : column($t, $scope); };
	my $any = $scope->[ pick(scalar @$scope) ][0];
	return one_of('count(*)', "count($any)", 'count(DISTINCT ' . $x->('int') . ')', 'sum(' . $x->('int') . ')',
		'rank(' . integer(0, 30) . ') WITHIN GROUP (ORDER BY ' . $x->('int') . ')',
		'count(DISTINCT ' . $x->('text') . ')') . $filter
	  if $type eq 'big';
	return one_of('sum(' . $x->('num') . ')', 'min(' . $x->('num') . ')', 'avg(' . $x->('int') . ')',
		'max(' . $x->('num') . ')', 'sum(DISTINCT ' . $x->('num') . ')', 'stddev(' . $x->('int') . ')',
		'percentile_disc(0.3) WITHIN GROUP (ORDER BY ' . $x->('num') . ')') =~ s/\z/$filter/r . '::numeric(12,2)'
	  if $type eq 'num' || $type eq 'any';
	if ($type eq 'text')
	{
		my $t = $x->('text');
		my $t2 = $x->('int') . '::text';
		return one_of("min($t)", "max($t)", "string_agg($t, ',' ORDER BY $t)", "string_agg(DISTINCT $t, ',')",
			"array_agg($t ORDER BY $t DESC)::text", "percentile_disc(0.7) WITHIN GROUP (ORDER BY $t)",
			"json_agg($t2 ORDER BY $t2)::text", "array_agg(DISTINCT $t2)::text") =~ s/\z/$filter/r
		  =~ s/::text( FILTER.*)\z/$1/r . '::text';
	}
	return one_of('bool_and', 'bool_or') . '(' . $x->('bool') . ')' . $filter if $type eq 'bool';
	return 'percentile_disc(0.5) WITHIN GROUP (ORDER BY ' . $x->($type) . ')' . $filter if chance(6);
	return one_of('min', 'max') . '(' . $x->($type) . ')' . $filter;
}

1;
