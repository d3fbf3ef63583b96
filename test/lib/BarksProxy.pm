# BarksProxy: a TCP proxy before a server that does harm at a given byte.
#
#	my $proxy = BarksProxy->new($server, what => 'flip', at => 5000, times => 1);
#	... connect to 127.0.0.1 port $proxy->port ...
#	$proxy->stop;
#	$proxy = BarksProxy->new($server, port => $proxy->port, …);   # another one in its place
#
# Bytes that the server sends are counted per connection.  At byte "at" one bit
# is flipped, or the connection is dropped, or nothing more is passed on
# (stall), or 100 bytes are left out (skip): on the first "times" connections
# that get so far, others are passed on as they are.  With after => 'text' the
# count begins anew each time the client sends that text, and not before.

package BarksProxy;

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;

sub new
{
	my ($class, $server, %harm) = @_;
	my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $harm{port} // 0, Listen => 10, ReuseAddr => 1)
	  or die "cannot listen: $!";
	my $self = bless { port => $listen->sockport }, $class;
	my $target = $server->host . '/.s.PGSQL.' . $server->port;
	$self->{pid} = fork() // die "cannot fork: $!";
	if ($self->{pid} == 0)
	{
		eval { serve($listen, $target, \%harm) };
		require POSIX;
		POSIX::_exit(0);
	}
	return $self;
}

sub port { return $_[0]{port}; }

sub stop
{
	my $self = shift;
	return unless $self->{pid};
	kill 'KILL', $self->{pid};
	waitpid $self->{pid}, 0;
	$self->{pid} = undef;
}

sub DESTROY { local $?; $_[0]->stop; }

sub serve
{
	my ($listen, $target, $harm) = @_;
	my $select = IO::Select->new($listen);
	my %pipe;		# socket → [ other socket, is the server's, bytes so far or undef, stalled ]
	while (1)
	{
		for my $socket ($select->can_read)
		{
			if ($socket == $listen)
			{
				my $client = $listen->accept or next;
				my $server = IO::Socket::UNIX->new(Peer => $target) or do { close $client; next };
				$pipe{$client} = [ $server, 0, 0, 0 ];
				$pipe{$server} = [ $client, 1, $harm->{after} ? undef : 0, 0 ];
				$select->add($client, $server);
				next;
			}
			my $end = $pipe{$socket} or next;
			my $n = sysread($socket, my $data, 65536);
			my $drop = !$n;
			$pipe{ $end->[0] }[2] = 0 if $n && !$end->[1] && $harm->{after} && index($data, $harm->{after}) >= 0;
			$drop ||= !pass($end, $data, $harm) if $n;
			if ($drop)
			{
				$select->remove($socket, $end->[0]);
				delete $pipe{ $end->[0] };
				delete $pipe{$socket};
				close $end->[0];
				close $socket;
			}
		}
	}
}

# Pass data on, after doing harm; false to drop the connection.
sub pass
{
	my ($end, $data, $harm) = @_;
	my ($to, $from_server) = @$end;
	return 1 if $end->[3];
	if ($from_server && defined $end->[2])
	{
		my $at = $harm->{at} - $end->[2];
		$end->[2] += length $data;
		if ($at >= 0 && $at < length($data) && $harm->{times} > 0)
		{
			$harm->{times}--;
			if ($harm->{what} eq 'flip') { substr($data, $at, 1) ^= chr(1 << ($harm->{at} % 8)); }
			elsif ($harm->{what} eq 'skip') { substr($data, $at, 100) = ''; }
			else
			{
				$data = substr($data, 0, $at);
				$end->[3] = $harm->{what} eq 'stall';
				write_all($to, $data);
				return $end->[3];
			}
		}
	}
	return write_all($to, $data);
}

sub write_all
{
	my ($to, $data) = @_;
	local $SIG{PIPE} = 'IGNORE';
	while (length $data)
	{
		my $n = syswrite($to, $data) or return 0;
		substr($data, 0, $n) = '';
	}
	return 1;
}

1;
