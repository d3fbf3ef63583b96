# RDDs over files: each line once, in its place, however the files are cut.

use strict;
use warnings;
use utf8;

use IO::Compress::Gzip qw(gzip);
use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;

my $cluster = BarksCluster->new('files', nodes => 3, no_nodes => 1, conf => "barks.executor_slots = 2\n");
my $dir = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $dir;
my $search = 'SET search_path = barks, public;';

sub q1 { return $cluster->query("$search $_[0]") }
sub fails
{
	my ($sql, $state, $pattern, $name) = @_;
	my ($got, $out, $err) = $cluster->try("$search $sql");
	is($got, $state, "$name: SQLSTATE");
	like($err, $pattern, "$name: message");
}

sub write_file
{
	my ($name, $content) = @_;
	utf8::encode($content) if utf8::is_utf8($content);
	open(my $out, '>:raw', "$dir/$name") or die "cannot write $dir/$name: $!";
	print $out $content;
	close $out or die;
	return $content;
}

sub zstd
{
	my ($from, $to) = @_;
	return system('zstd', '-q', '-f', "$dir/$from", '-o', "$dir/$to") == 0;
}

# The same as barks should find.
sub lines_of
{
	my $content = shift;
	my @lines = split /\n/, $content, -1;
	my $last = pop @lines;
	s/\r\z// for @lines;
	push @lines, $last if defined $last && length $last;
	return @lines;
}

sub digest_sql { return "SELECT count(*), md5(coalesce(string_agg(x, '|' ORDER BY n), '')) FROM $_[0] WITH ORDINALITY t(x, n)" }

sub is_lines
{
	my ($path, $n, $lines, $name) = @_;
	my $literal = join '', map { "$_\n" } @$lines;
	write_file('.expected', join('|', @$lines));
	my $want = scalar(@$lines) . '|' . q1("SELECT md5(pg_read_binary_file('$dir/.expected'))");
	is(q1(digest_sql("rdd_collect(rdd_text_file('$path', $n), NULL::text)")), $want, "$name in $n parts");
	is(q1("SELECT rdd_count(rdd_text_file('$path', $n))"), scalar(@$lines), "$name in $n parts, counted");
}

my %shapes = (
	empty => '',
	newline => "\n",
	one => "a line",
	crlf => "a\r\n\r\nb\r\nc\r",
	no_end => "a\nb\nthe last",
	blank => "\n\n\nx\n\n",
	utf8 => join("\n", map { "zeile $_ äöü 日本語 \x{1F600}" } 1 .. 200) . "\n",
	long => join("\n", 'x' x 700_000, 'y', 'z' x 300_000, '') . "end",
	random => join('', map { ('abc' x int(rand 9)) . (rand() < 0.1 ? "\r\n" : "\n") } 1 .. 3000),
);
my %content = map { $_ => write_file("$_.txt", $shapes{$_}) } sort keys %shapes;
write_file('mark.txt', "\xEF\xBB\xBFfirst\nsecond\n");
mkdir "$dir/many";
my @many;
for my $i (1 .. 40)
{
	my $text = write_file(sprintf('many/part-%05d', $i), join '', map { "file $i line $_\n" } 1 .. $i % 7);
	push @many, lines_of($text);
}
write_file('many/_SUCCESS', "no data\n");
write_file('many/.part.crc', "no data\n");
for my $name (qw(random empty))
{
	gzip("$dir/$name.txt" => "$dir/$name.gz") or die "cannot compress";
}
# two members are one file
write_file('two.gz', do { local $/; my $both = ''; for (1, 2) { open(my $in, '<:raw', "$dir/random.gz"); $both .= <$in>; } $both });
my $has_zstd = zstd('random.txt', 'random.zst');
write_file('broken.gz', do { local $/; open(my $in, '<:raw', "$dir/random.gz"); substr(<$in>, 0, 500) });
write_file('x.bz2', 'BZh');
write_file('no.gz', "this is not compressed\n");
write_file('latin1.txt', "ok\nauch ok\nf\xFCnf\nok\n");
write_file('nul.txt', "a\nb\0c\n");
write_file('records.bin', pack('N*', 0 .. 999));

sub test_lines
{
	for my $name (sort keys %shapes)
	{
		my @lines = lines_of($content{$name});
		is_lines("$dir/$name.txt", $_, \@lines, $name) for 'NULL', 1, 2, 7, 100;
	}
	is_lines("$dir/mark.txt", 3, [ 'first', 'second' ], 'byte order mark');
	is_lines("$dir/many", $_, \@many, 'a directory') for 'NULL', 1, 3, 100;
	is_lines("file://$dir/many/part-*", 5, \@many, 'a pattern');
	is_lines("$dir/{crlf,one,no_[e]nd}.txt", 4,
		[ map { lines_of($content{$_}) } qw(crlf no_end one) ], 'a pattern with alternatives');
	my @random = lines_of($content{random});
	is_lines("$dir/random.gz", $_, \@random, 'gzip') for 'NULL', 1, 5;
	is_lines("$dir/two.gz", 3, [ @random, @random ], 'two gzip members');
	is_lines("$dir/empty.gz", 3, [], 'empty gzip');
	is_lines("$dir/random.zst", 5, \@random, 'zstd') if $has_zstd;
	is_lines("$dir/{random,random}.{txt,gz}", 6, [ (@random) x 4 ], 'plain and compressed');
}

sub test_whole_files
{
	my $glob = "$dir/{crlf,empty,utf8,random}.{txt,gz}";
	is(q1("SELECT string_agg(k || ' ' || md5(v), ',' ORDER BY n) FROM ROWS FROM (rdd_collect_pairs(rdd_whole_text_files('$glob', 3), NULL::text, NULL::text)) WITH ORDINALITY t(k, v, n)"),
		q1("SELECT string_agg(p || ' ' || md5(pg_read_binary_file(regexp_replace(p, 'gz\$', 'txt'))), ',' ORDER BY p COLLATE \"C\") FROM unnest('{crlf.txt,empty.gz,empty.txt,random.gz,random.txt,utf8.txt}'::text[]) f, LATERAL (SELECT '$dir/' || f) s(p)"),
		'whole text files');
	is(q1("SELECT bool_and(v = pg_read_binary_file(k)), count(*) FROM rdd_collect_pairs(rdd_binary_files('$glob'), NULL::text, NULL::bytea)"),
		't|6', 'binary files are not decompressed');
	is(q1("SELECT string_agg(k, ',') FROM rdd_collect(rdd_keys(rdd_whole_text_files('$dir/latin1.txt')), NULL::text) k"),
		"$dir/latin1.txt", 'content that nobody asks for is not read');
	for my $n (1, 7, 2000)
	{
		is(q1("SELECT count(*), string_agg(x, '' ORDER BY n) = pg_read_binary_file('$dir/records.bin') FROM rdd_collect(rdd_binary_records('$dir/records.bin', 4, $n), NULL::bytea) WITH ORDINALITY t(x, n)"),
			'1000|t', "records in $n parts");
	}
}

sub test_errors
{
	fails("SELECT rdd_count(rdd_text_file('$dir/nothing'))", '58P01', qr{"\Q$dir\E/nothing": No such file}, 'missing file');
	fails("SELECT rdd_count(rdd_text_file('$dir/nothing*'))", '58P01', qr{no file matches "\Q$dir\E/nothing\*"}, 'pattern without a match');
	fails("SELECT rdd_count(rdd_text_file('$dir'))", '42809', qr{"\Q$dir\E/many" is a directory within}, 'directory within');
	fails("SELECT rdd_count(rdd_text_file('data/x'))", '42602', qr{is not absolute}, 'relative path');
	fails("SELECT rdd_count(rdd_text_file('hdfs://x/y'))", '0A000', qr{cannot read or write "hdfs://x/y"}, 'other storage');
	fails("SELECT rdd_count(rdd_text_file(NULL))", '22004', qr{must not be null}, 'no path');
	fails("SELECT rdd_count(rdd_text_file('$dir/one.txt', 0))", '22023', qr{number of partitions must be positive}, 'no parts');
	fails("SELECT rdd_count(rdd_text_file('$dir/broken.gz'))", '22P04', qr{decompress file "\Q$dir\E/broken.gz".*ends within}s, 'broken gzip');
	fails("SELECT rdd_count(rdd_text_file('$dir/no.gz'))", '22P04', qr{not valid gzip}, 'no gzip at all');
	fails("SELECT rdd_count(rdd_text_file('$dir/many/../x.bz2'))", '0A000', qr{cannot read compressed file}, 'bzip2');
	fails("SELECT rdd_count(rdd_text_file('$dir/latin1.txt', 2))", '22021', qr{"\Q$dir\E/latin1.txt" is not valid UTF8.*Invalid at byte 12: 0xfc}s, 'invalid encoding');
	fails("SELECT rdd_count(rdd_text_file('$dir/nul.txt'))", '22021', qr{Invalid at byte 3: 0x00}, 'a zero byte');
	fails("SELECT rdd_collect(rdd_values(rdd_whole_text_files('$dir/latin1.txt')), NULL::text)", '22021', qr{Invalid at byte 12}, 'invalid encoding of a whole file');
	fails("SELECT rdd_count(rdd_binary_records('$dir/records.bin', 7))", '22P04', qr{does not consist of records of 7 bytes}, 'length of records');
}

sub test_words
{
	is(q1(<<"SQL"), "the|600\nfile|100\nline|100", 'words are counted');
SELECT k, v
FROM rdd_collect_pairs(
	rdd_filter_values(
		rdd_reduce_by_key(
			rdd_map(
				rdd_flat_map(rdd_text_file('$dir/words.txt'), 'regexp_split_to_array(rtrim(lower(x), ''.''), ''\\W+'')'),
				'(x, 1)'),
			'a + b'),
		'x >= 100'),
	NULL::text, NULL::int)
ORDER BY v DESC, k
SQL
}
write_file('words.txt', join '', map { "The file, the line: THE the the, the $_.\n" } 1 .. 100);

for my $nodes (0, 1, 3)
{
	note("with $nodes nodes");
	while (@{ [ split /\n/, $cluster->query('SELECT name FROM barks.nodes WHERE name <> \'local\'') ] } < $nodes)
	{
		$cluster->add_node(1 + @{ [ split /\n/, $cluster->query('SELECT name FROM barks.nodes WHERE name <> \'local\'') ] });
	}
	test_lines();
	test_whole_files();
	test_errors();
	test_words();
}

# ---- rights

$cluster->query('CREATE ROLE reader LOGIN; CREATE ROLE other LOGIN; GRANT pg_read_server_files TO reader');
is(q1("SET ROLE reader; SELECT rdd_count(rdd_text_file('$dir/many'))"), scalar(@many), 'a member of pg_read_server_files reads');
for my $sql ("SELECT rdd_count(rdd_text_file('$dir/many'))", "SELECT rdd_read_lines('$dir/one.txt', 0, 1, '{0,0,0}')",
	"SELECT rdd_file_text('$dir/one.txt')", "SELECT rdd_file_bytes('$dir/one.txt')", "SELECT rdd_file_list('$dir/one.txt', 1)",
	"SELECT rdd_file_names('$dir/many', 0, 1, '{0,0,0}')", "SELECT rdd_file_list('$dir/one.txt', part) FROM rdd_parts(4)",
	"SELECT rdd_file_text(x) FROM paths",
	"SELECT count(f) FROM (SELECT rdd_file_text('$dir/one.txt' || left(x, 0)) AS f FROM paths OFFSET 0) s")
{
	$cluster->query("DROP TABLE IF EXISTS paths; CREATE TABLE paths (x text) USING barks; INSERT INTO paths VALUES ('$dir/one.txt'); GRANT SELECT ON paths TO other");
	fails("SET ROLE other; $sql", '42501', qr{permission denied to read files of servers}, "others may not: $sql");
	fails("SET ROLE other; SET barks.task_rights = '10 7'; $sql", '55P02', qr{cannot be changed}, 'and cannot say they may') if $sql =~ /many/;
}
$cluster->query("CREATE FUNCTION definer(p text) RETURNS text LANGUAGE sql SECURITY DEFINER IMMUTABLE AS 'SELECT barks.rdd_file_text(p)'; ALTER FUNCTION definer OWNER TO other");
fails("SET ROLE reader; SELECT rdd_count(rdd_filter(rdd_text_file('$dir/one.txt'), 'public.definer(''$dir/one.txt'') IS NULL'))", '42501', qr{permission denied}, 'a function of somebody without the right');

# ---- every node has its own files (of the data directory, which backends are in)

my $own = '/proc/self/cwd/own';
sub write_own { my ($server, $text) = @_; open(my $out, '>', $server->data_dir . '/own') or die; print $out $text; close $out; }
write_own($_, "a\nb\nc\nd\n") for map { $cluster->node($_) } 1 .. 3;
is(q1("SELECT string_agg(x, '' ORDER BY x) FROM rdd_collect(rdd_text_file('$own', 12), NULL::text) x"), 'abcd', 'a copy on each node');
for my $i (1 .. 3)
{
	unlink $cluster->node($i)->data_dir . '/own';
	fails("SELECT rdd_count(rdd_text_file('$own', 12))", '58P01', qr{could not read "$own": No such file.*on node "n$i"}s, "missing on node $i");
	write_own($cluster->node($i), "a\nb\nc\nd\ne\n");
	fails("SELECT rdd_count(rdd_text_file('$own', 12))", '55000', qr{files "$own" are not the same for all tasks.*on node "n}s, "another one on node $i");
	write_own($cluster->node($i), "a\nb\nc\nd\n");
}
fails("SET barks.enabled = off; SELECT rdd_count(rdd_text_file('$own', 12))", '0A000', qr{cannot be read on the driver}, 'not on the driver');

$cluster->finish;
done_testing();
