# BarksLog: which lines of a server's log no test should cause.

package BarksLog;

use strict;
use warnings;

# Lines start with "%m [%p] %b %e": time, process, backend type, SQLSTATE.
my $suspicious = qr/
	\b(?:WARNING|PANIC|FATAL):\s
	| \ XX\d{3}\ ERROR:				# internal error, corrupted data
	| \bTRAP:						# a failed assertion
	| was\ terminated\ by\ signal
	| \bLOG:\ \ (?:.*leak|could\ not\ (?!receive\ data|send\ data))
/x;

# What every server says in ordinary life.
my @ordinary = (
	qr/FATAL:  the database system is (starting up|shutting down)/,
	# A server that a test stopped for a while, or that has no time.
	qr/FATAL:  canceling authentication due to timeout/,
	# A driver whose statement failed on one node, or that died, hangs up on the others.
	qr/FATAL:  connection to (client|the driver was) lost/,
	qr/FATAL:  terminating (connection|background worker .*) due to administrator command/,
);

sub unexpected_lines
{
	my ($file, @allowed) = @_;
	open(my $in, '<', $file) or return ("cannot read $file");
	my @lines;
	while (my $line = <$in>)
	{
		chomp $line;
		next unless $line =~ $suspicious;
		next if grep { $line =~ $_ } @ordinary, @allowed;
		push @lines, $line;
	}
	return @lines;
}

# One pattern a line; empty lines and comments do not count.
sub allowed_patterns
{
	my $file = shift;
	open(my $in, '<', $file) or return ();
	my @patterns = grep { /\S/ && !/^#/ } <$in>;
	chomp @patterns;
	return map { qr/$_/ } @patterns;
}

1;
