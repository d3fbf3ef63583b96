# HeapConfigs.pm: how queries over heap tables run over batches, and how they are planned.
#
# A configuration is one of the first and one of the second, such as
# "force_rows_3+parallel".  What it says of planning holds for both sides of a
# comparison, so that only what runs the plan differs.

package HeapConfigs;

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(@vector_configs @plannings heap_settings missing_setting);

our @vector_configs = (
	[ force => ['barks.vectorize=force'] ],
	[ on => ['barks.vectorize=on'] ],
	map({ [ "force_rows_$_" => [ 'barks.vectorize=force', "barks.vector_batch_rows=$_" ] ] } 1, 3, 63, 64, 65, 1024),
	map({ [ "force_isa_$_" => [ 'barks.vectorize=force', "barks.vector_isa=$_" ] ] } qw(baseline avx2)),
);
my @parallel = qw(parallel_setup_cost=0 parallel_tuple_cost=0 min_parallel_table_scan_size=0
  min_parallel_index_scan_size=0 max_parallel_workers_per_gather=3);
my @tiny = qw(work_mem=64kB hash_mem_multiplier=1);
our @plannings = (
	[ '' => [] ],
	[ parallel => [@parallel] ],
	[ tiny => [@tiny] ],
	[ hash => [qw(enable_mergejoin=off enable_nestloop=off enable_sort=off enable_indexscan=off enable_bitmapscan=off)] ],
	[ parallel_hash => [ @parallel, qw(enable_mergejoin=off enable_nestloop=off enable_indexscan=off enable_bitmapscan=off) ] ],
	[ parallel_tiny => [ @parallel, @tiny, 'enable_nestloop=off' ] ],
	[ workers_only => [ @parallel, 'parallel_leader_participation=off' ] ],
	[ sort => [qw(enable_hashjoin=off enable_nestloop=off enable_hashagg=off)] ],
	[ parallel_sort => [ @parallel, qw(enable_hashjoin=off enable_nestloop=off enable_hashagg=off) ] ],
	[ nestloop => [qw(enable_hashjoin=off enable_mergejoin=off enable_material=off enable_memoize=off)] ],
	[ partitionwise => [qw(enable_partitionwise_join=on enable_partitionwise_aggregate=on)] ],
	[ index => [qw(enable_seqscan=off)] ],
	[ shared_parts => [ @parallel, qw(enable_partitionwise_join=on enable_partitionwise_aggregate=on enable_parallel_hash=off) ] ],
);
my %planning_of = map { $_->[0] => $_->[1] } @plannings;
my %vector_of = map { $_->[0] => $_->[1] } @vector_configs;

# Settings of a configuration: of the side over batches, and of both.
sub heap_settings
{
	my ($vector, $planning) = split /\+/, shift;
	return ($vector_of{$vector}, $planning_of{ $planning // '' });
}

# Given lines "name|values" of a server's settings, a function that says which
# of some settings of barks it does not have, or not with this value.
sub missing_setting
{
	my %known = map { /^(.*?)\|(.*)/ ? ($1 => $2) : () } @_;
	return sub {
		for my $setting (@_)
		{
			my ($name, $value) = split /=/, $setting;
			next unless $name =~ /^barks\./;
			return $name unless exists $known{$name};
			return $setting if $known{$name} && !grep { $_ eq $value } split /,/, $known{$name} =~ tr/{}//dr;
		}
		return undef;
	};
}

1;
