# The examples of docs/rdd.md do what the guide shows, and README.md's word count counts, on
# 0 and 2 nodes.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;

my $guide = slurp_file("$ENV{TESTDIR}/docs/rdd.md");

# Each ```sql block, and the ```text block right after it.
my @blocks;
while ($guide =~ /^```sql\n(.*?)^```\n(?:```text\n(.*?)^```\n)?/gms)
{
	push @blocks, { sql => $1, shown => $2 // '' };
}
cmp_ok(scalar @blocks, '>', 15, 'the guide has examples');

sub tidy
{
	my $text = shift;
	$text =~ s/^psql:\S+ //mg;
	$text =~ s/[ \t]+$//mg;
	$text =~ s/\s+\z//;
	return $text;
}

my $texts = PostgreSQL::Test::Utils::tempdir();
append_to_file("$texts/a.txt", "To be, or not to be\nthat is the question\n");
append_to_file("$texts/b.txt", "to sleep -\n\n");

for my $nodes (0, 2)
{
	my $cluster = BarksCluster->new("guide$nodes", nodes => $nodes, conf => "barks.executor_slots = 2\n");
	my $sql = "SET search_path = public, barks;\n" . join '', map { "\\echo block $_\n$blocks[$_]{sql}" } 0 .. $#blocks;
	my $out = '';
	IPC::Run::run([ 'psql', '-Xq', '-d', $cluster->driver->connstr('barks') ], '<', \$sql, '>&', \$out);
	my %got = $out =~ /^block (\d+)\n(.*?)(?=^block |\z)/gms;
	for my $i (0 .. $#blocks)
	{
		is(tidy($got{$i} // ''), tidy($blocks[$i]{shown}), "$nodes nodes: " . (split /\n/, $blocks[$i]{sql})[0]);
	}
	# and the one that people see first
	my ($words) = slurp_file("$ENV{TESTDIR}/README.md") =~ /^## Counting words\n.*?^```sql\n(.*?)^```/ms;
	is($words =~ s{/data/}{$texts/}, 1, 'the word count of the README reads files');
	is($cluster->query($words), "to|3\nbe|2\nis|1\nnot|1\nor|1\nquestion|1\nsleep|1\nthat|1\nthe|1",
		"$nodes nodes: the word count of the README");
	$cluster->allow_log(qr/operator does not exist: text \+ integer/);
	$cluster->finish;
}

done_testing();
