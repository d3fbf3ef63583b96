# RDDs over files: each line once, in its place, however the files are cut.

use strict;
use warnings;
use utf8;

use IO::Compress::Gzip qw(gzip);
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

use BarksCluster;

my $cluster = BarksCluster->new('files', nodes => 3, no_nodes => 1, conf => "barks.executor_slots = 2\n");
my $driver = $cluster->driver;
my $dir = PostgreSQL::Test::Utils::tempdir();
chmod 0777, $dir;
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
write_file('late.txt', join('', map { "line $_\n" } 1 .. 2000) . "f\xFCnf\n");
write_file('nul.txt', "a\nb\0c\n");
write_file('records.bin', pack('N*', 0 .. 999));

sub test_lines
{
	for my $name (sort keys %shapes)
	{
		my @lines = lines_of($content{$name});
		is_lines("$dir/$name.txt", $_, \@lines, $name) for 'NULL', 1, 2, 7, 100;
	}
	is_lines("$dir/utf8.txt", 5000, [ lines_of($content{utf8}) ], 'more parts than tasks');
	is(q1("SELECT count(*), count(DISTINCT part), sum(part), max(parts) FROM rdd_parts(100000)"), '100000|100000|4999950000|100000', 'each part once');
	is(q1("SELECT string_agg(array_to_string(x, '+'), ';' ORDER BY n) FROM rdd_collect(rdd_glom(rdd_text_file('$dir/no_end.txt', 4)), NULL::text[]) WITH ORDINALITY t(x, n)"),
		'a+b;the last;;', 'parts are partitions');
	is_lines("$dir/mark.txt", $_, [ 'first', 'second' ], 'byte order mark') for 1, 3, 8, 20, 100;
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
	fails("SELECT rdd_count(rdd_text_file('$dir'))", '42809', qr{"\Q$dir\E/\w+" is a directory within}, 'directory within');
	fails("SELECT rdd_count(rdd_text_file('data/x'))", '42602', qr{is not absolute}, 'relative path');
	fails("SELECT rdd_count(rdd_text_file('hdfs://x/y'))", '0A000', qr{cannot read or write "hdfs://x/y"}, 'other storage');
	fails("SELECT rdd_count(rdd_text_file(NULL))", '22004', qr{must not be null}, 'no path');
	fails("SELECT rdd_count(rdd_text_file('$dir/one.txt', 0))", '22023', qr{number of partitions must be positive}, 'no parts');
	fails("SELECT rdd_count(rdd_text_file('$dir/broken.gz'))", '22P04', qr{decompress file "\Q$dir\E/broken.gz".*ends within}s, 'broken gzip');
	fails("SELECT rdd_count(rdd_text_file('$dir/no.gz'))", '22P04', qr{not valid gzip}, 'no gzip at all');
	fails("SELECT rdd_count(rdd_text_file('$dir/many/../x.bz2'))", '0A000', qr{cannot read compressed file}, 'bzip2');
	fails("SELECT rdd_count(rdd_text_file('$dir/latin1.txt', 2))", '22021', qr{"\Q$dir\E/latin1.txt" is not valid UTF8.*Invalid at byte 12: 0xfc}s, 'invalid encoding');
	is(q1("SELECT rdd_first(rdd_text_file('$dir/late.txt'), NULL::text), array(SELECT rdd_take(rdd_map(rdd_text_file('$dir/late.txt'), 'length(x)'), 2, NULL::int)), rdd_is_empty(rdd_text_file('$dir/late.txt'))"), 'line 1|{6,6}|f', 'a few lines are read alone');
	is(q1("SELECT rdd_first(rdd_filter(rdd_text_file('$dir/utf8.txt'), 'x LIKE ''zeile 2__ %'''), NULL::text) LIKE 'zeile 200 %', rdd_first(rdd_filter(rdd_text_file('$dir/utf8.txt'), 'x = ''x'''), NULL::text) IS NULL, rdd_is_empty(rdd_text_file('$dir/{empty,crlf}.txt')), rdd_is_empty(rdd_text_file('$dir/empty.txt'))"),
		't|t|f|t', 'and all of them if need be');
	fails("SELECT rdd_count(rdd_text_file('$dir/late.txt'))", '22021', qr{is not valid UTF8}, 'invalid encoding at the end');
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

# ---- writing

my $saves = 0;
sub new_path { return "$dir/saved" . ++$saves }

sub test_saving
{
	for my $codec ('NULL', q{'gzip'}, q{'zstd'})
	{
		my $path = new_path();
		is(q1("SELECT rdd_save_as_text_file(rdd_text_file('$dir/{random,utf8}.txt', 5), '$path', $codec)"), 3200, "saved with $codec");
		is(q1("SELECT count(*), count(*) FILTER (WHERE a.x = b.x)
			FROM rdd_collect(rdd_text_file('$dir/{random,utf8}.txt'), NULL::text) WITH ORDINALITY a(x, n)
			FULL JOIN rdd_collect(rdd_text_file('$path'), NULL::text) WITH ORDINALITY b(x, n) USING (n)"), '3200|3200', 'and read back in order');
		ok(-e "$path/_SUCCESS" && !glob("$path/_temp*"), 'complete');
		fails("SELECT rdd_save_as_text_file(rdd_range(1, 5), '$path')", '58P02', qr{directory "\Q$path\E" is not empty}, 'never over others');
		is(q1("SELECT rdd_save_as_object_file(rdd_map(rdd_text_file('$dir/{random,utf8}.txt', 5), '(length(x), row(x, null::int, ''infinity''::float8, array[[1],[2]], row(1.50, ''2020-01-01''::timestamptz)))'), '${path}o', $codec)"), 3200, "objects saved with $codec");
		is(q1("SELECT rdd_element_type(rdd_object_file('${path}o'))"),
			'(integer, (text, integer, double precision, integer[], (numeric, timestamp with time zone)))', 'types are kept');
		is(q1("SELECT count(*), count(*) FILTER (WHERE a.x = b.x AND b.k = length(a.x) AND i IS NULL AND f = 'infinity' AND r = '{{1},{2}}' AND n1::text = '1.50' AND t = '2020-01-01')
			FROM rdd_collect(rdd_text_file('$dir/{random,utf8}.txt'), NULL::text) WITH ORDINALITY a(x, n)
			FULL JOIN ROWS FROM (rdd_collect(rdd_object_file('${path}o')) AS (k int, x text, i int, f float8, r int[], n1 numeric, t timestamptz)) WITH ORDINALITY b(k, x, i, f, r, n1, t, n) USING (n)"),
			'3200|3200', 'and read back in order');
	}
	my $path = new_path();
	is(q1("SELECT rdd_save_as_text_file(rdd_parallelize(ARRAY['a', NULL, '', 'b\"c']), '$path')"), 4, 'any text is saved');
	is(q1("SELECT string_agg(x, ',' ORDER BY n) FROM rdd_collect(rdd_text_file('$path'), NULL::text) WITH ORDINALITY t(x, n)"), 'a,,,b"c', 'null is an empty line');
	is(q1("SELECT rdd_save_as_text_file(rdd_map(rdd_parallelize(ARRAY['a', NULL, 'b c']), '(x, 1)'), '$path.d/sub/sub')"), 3, 'directories are made');
	is(q1("SELECT string_agg(x, ';' ORDER BY n) FROM rdd_collect(rdd_text_file('$path.d/sub/sub'), NULL::text) WITH ORDINALITY t(x, n)"), '(a,1);(,1);("b c",1)', 'rows are written as SQL writes them');
	$path = new_path();
	is(q1("SELECT rdd_save_as_text_file(rdd_empty('int'), '$path')"), 0, 'nothing is saved');
	is(q1("SELECT rdd_count(rdd_text_file('$path'))"), 0, 'and read back');
	$path = new_path();
	fails("SELECT rdd_save_as_text_file(rdd_map(rdd_range(1, 1000), '1 / (x - 990)'), '$path')", '22012', qr{division by zero}, 'a save that fails');
	is(q1("SELECT rdd_count(rdd_text_file('$path'))"), 0, 'shows nothing');
	is(q1("SELECT rdd_save_as_text_file(rdd_range(1, 1001), '$path')"), 1000, 'and can be done again');
	is(q1("SELECT rdd_count(rdd_text_file('$path'))"), 1000, 'all is there');
	fails("SELECT rdd_save_as_text_file(rdd_range(1, 5), '$path/x', 'lzma')", '22023', qr{there is no codec "lzma"}, 'codec');
	fails("SELECT rdd_save_as_text_file(rdd_range(1, 5), 'x')", '42602', qr{not absolute}, 'relative path');
	fails("SELECT rdd_object_file('$dir/random.txt')", '22P04', qr{"\Q$dir\E/random.txt" is not an object file}, 'no object file');
	$path = new_path();
	q1("SELECT rdd_save_as_object_file(rdd_range(1, 1000, 1, 1), '$path')");
	my $whole = do { local $/; open(my $in, '<:raw', "$path/part-00000") or die; <$in> };
	for my $length (length($whole) - 1, length($whole) - 4, 100, 20, 5)
	{
		write_file('cut', substr $whole, 0, $length);
		fails("SELECT rdd_count(rdd_object_file('$dir/cut'))", '22P04', qr{is damaged|is not an object file}, "cut to $length bytes");
	}
	write_file('cut', $whole . 'x');
	fails("SELECT rdd_count(rdd_object_file('$dir/cut'))", '22P04', qr{is damaged}, 'something behind the end');
	q1("SELECT rdd_save_as_object_file(rdd_range(1, 1000), '${path}x'), rdd_save_as_object_file(rdd_parallelize('{a,b}'::text[]), '${path}y')");
	fails("SELECT rdd_count(rdd_object_file('$path\{x,y}'))", '42804', qr{has elements of other types}, 'different types');
}

sub test_pipe
{
	is(q1("SELECT string_agg(x, ' ' ORDER BY n) FROM rdd_collect(rdd_pipe(rdd_range(1, 7, 1, 2), 'cat; echo \$NAME', '{\"NAME\": \"it''s\"}'), NULL::text) WITH ORDINALITY t(x, n)"),
		"1 2 3 it's 4 5 6 it's", 'each partition has a command');
	is(q1("SELECT count(*), count(*) FILTER (WHERE a.x = b.x)
		FROM rdd_collect(rdd_text_file('$dir/{long,random,utf8}.txt'), NULL::text) WITH ORDINALITY a(x, n)
		FULL JOIN rdd_collect(rdd_pipe(rdd_text_file('$dir/{long,random,utf8}.txt', 3), 'cat'), NULL::text) WITH ORDINALITY b(x, n) USING (n)"),
		'3204|3204', 'through cat in order');
	is(q1("SELECT rdd_count(rdd_pipe(rdd_text_file('$dir/random.txt', 2), 'seq 100000 & cat > /dev/null; wait'))") % 100000, 0, 'more output than input');
	like(q1("SELECT rdd_count(rdd_pipe(rdd_text_file('$dir/{long,random}.txt', 2), 'head -1'))"), qr/^[1-9]$/, 'a command that does not read all');
	is(q1("SELECT rdd_count(rdd_pipe(rdd_text_file('$dir/random.txt'), 'exec >&-; cat > /dev/null'))"), 0, 'a command that closes its output');
	is(q1("SELECT rdd_count(rdd_pipe(rdd_empty('int'), 'echo x'))"), 0, 'no element, no command');
	is(q1("SELECT string_agg(x, ' ' ORDER BY x) FROM rdd_collect(rdd_pipe(rdd_map(rdd_range(1, 2), '(x, ''a b'')'), 'cat; printf end'), NULL::text) x"), '(1,"a b") end', 'rows, and a last line without end');
	fails("SELECT rdd_count(rdd_pipe(rdd_range(1, 5), 'cat; exit 3'))", '38000', qr{command "cat; exit 3" failed.*exit code 3}s, 'failing command');
	fails("SELECT rdd_count(rdd_pipe(rdd_range(1, 5), 'kill -9 \$\$'))", '38000', qr{signal 9}, 'killed command');
	fails("SELECT * FROM rdd_collect(rdd_pipe(rdd_range(1, 5), 'printf ''\\377\\n'''), NULL::text)", '22021', qr{invalid byte sequence}, 'output in no encoding');
	fails("SELECT rdd_pipe(rdd_range(1, 5), 'cat', '{\"a=b\": 1}')", '22023', qr{"a=b" cannot be the name}, 'environment');
	fails("SELECT rdd_pipe(rdd_range(1, 5), 'cat', '[1]')", '22023', qr{must be a JSON object}, 'environment of another kind');
	fails("SET statement_timeout = '1s'; SELECT rdd_count(rdd_pipe(rdd_range(1, 5), 'sleep 4711 & sleep 4711'))", '57014', qr{statement timeout}, 'cancelled');
	for (1 .. 100) { last if `ps -A -o args` !~ /sleep 4711/; select undef, undef, undef, 0.1 }
	unlike(`ps -A -o args`, qr/sleep 4711/, 'leaves no process');
}

sub test_unsupported
{
	fails("SELECT rdd_$_", '0A000', qr{is not supported.*HINT}s, $_)
	  for "sequence_file('/x')", "hadoop_file('/x', 'c')", "new_api_hadoop_file('/x')", "pickle_file('/x')", "barrier(rdd_range(1, 2))",
	  "save_as_hadoop_file(rdd_range(1, 2), '/x')", "save_as_sequence_file(rdd_range(1, 2), '/x')", "save_as_pickle_file(rdd_range(1, 2), '/x')";
}

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
	test_saving();
	test_pipe();
}
test_unsupported();

# ---- rights

$cluster->query('CREATE ROLE reader LOGIN; CREATE ROLE other LOGIN; GRANT pg_read_server_files TO reader');
is(q1("SET ROLE reader; SELECT rdd_count(rdd_text_file('$dir/many'))"), scalar(@many), 'a member of pg_read_server_files reads');
for my $sql ("SELECT rdd_count(rdd_text_file('$dir/many'))", "SELECT rdd_read_lines('$dir/one.txt', 0, 1, '{0,0,0}')",
	"SELECT rdd_file_text('$dir/one.txt')", "SELECT rdd_file_bytes('$dir/one.txt')", "SELECT rdd_file_list('$dir/one.txt', 1)",
	"SELECT rdd_file_names('$dir/many', 0, 1, '{0,0,0}')", "SELECT rdd_file_list('$dir/one.txt', part) FROM rdd_parts(4)",
	"SELECT rdd_file_text(x) FROM paths",
	"SELECT count(f) FROM (SELECT rdd_file_text('$dir/one.txt' || left(x, 0)) AS f FROM paths OFFSET 0) s")
{
	$cluster->query("DROP TABLE IF EXISTS paths; CREATE TABLE paths (x text) USING barks; INSERT INTO paths VALUES ('$dir/one.txt'); GRANT SELECT ON paths TO other, reader");
	fails("SET ROLE other; $sql", '42501', qr{permission denied to read files of servers}, "others may not: $sql");
	fails("SET ROLE other; SET barks.task_rights = '10 7'; $sql", '42602', qr{invalid configuration parameter name}, 'and cannot say they may') if $sql =~ /many/;
}
for my $sql ("SELECT rdd_save_as_text_file(rdd_range(1, 5), '$dir/mine')", "SELECT rdd_write_begin('$dir/mine', 'a', 1)", "SELECT rdd_write_end('$dir/mine', 'a', 1)",
	"SELECT rdd_write_lines('$dir/mine', 'a', 1, NULL, 'x')", "SELECT rdd_write_objects('$dir/mine', 'a', 1, NULL, 'x', 1)", "SELECT sum(rdd_write_begin('$dir/mine', 'a', part)) FROM rdd_parts(4)",
	"SELECT rdd_write_lines('$dir/mine', 'a', length(x), NULL, x) FROM paths GROUP BY length(x)")
{
	fails("SET ROLE reader; $sql", '42501', qr{permission denied to write files on servers}, "readers may not: $sql");
}
fails("SET ROLE reader; $_", '42501', qr{permission denied to run programs on servers}, "readers may not: $_")
  for "SELECT rdd_count(rdd_pipe(rdd_range(1, 5), 'id'))", "SELECT rdd_pipe_lines('id', NULL, 'x', true)", "SELECT rdd_pipe_lines('id', NULL, part::text, true) FROM rdd_parts(4)";
ok(!-e "$dir/mine", 'nothing was written');
$cluster->query('CREATE ROLE writer; CREATE ROLE runner; GRANT pg_write_server_files TO writer; GRANT pg_execute_server_program TO runner');
is(q1("SET ROLE writer; SELECT rdd_save_as_text_file(rdd_range(1, 5), '$dir/mine')"), 4, 'a member of pg_write_server_files writes');
is(q1("SET ROLE runner; SELECT rdd_count(rdd_pipe(rdd_range(1, 5), 'cat'))"), 4, 'a member of pg_execute_server_program runs programs');
$cluster->query("CREATE FUNCTION definer(p text) RETURNS text LANGUAGE sql SECURITY DEFINER IMMUTABLE AS 'SELECT barks.rdd_file_text(p)'; ALTER FUNCTION definer OWNER TO other");
fails("SET ROLE reader; SELECT rdd_count(rdd_filter(rdd_text_file('$dir/one.txt'), 'public.definer(''$dir/one.txt'') IS NULL'))", '42501', qr{permission denied}, 'a function of somebody without the right');

# functions in tasks: an error that is caught takes no right away, and nothing gives one
$cluster->query(q{CREATE FUNCTION careful(p text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	BEGIN PERFORM 1 / length(left(p, 0)); EXCEPTION WHEN division_by_zero THEN NULL; END;
	RETURN length(barks.rdd_file_text(p));
END $$;
CREATE FUNCTION sly(p text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	BEGIN EXECUTE 'SET ROLE reader'; EXCEPTION WHEN OTHERS THEN NULL; END;
	BEGIN EXECUTE 'SET SESSION AUTHORIZATION reader'; EXCEPTION WHEN OTHERS THEN NULL; END;
	BEGIN EXECUTE 'SET barks.task_rights = 7'; EXCEPTION WHEN OTHERS THEN NULL; END;
	BEGIN RETURN length(barks.rdd_file_text(p)); EXCEPTION WHEN insufficient_privilege THEN NULL; END;
	RETURN length(barks.rdd_file_text(p));
END $$;
SECURITY LABEL FOR barks ON FUNCTION careful(text) IS 'shippable'; SECURITY LABEL FOR barks ON FUNCTION sly(text) IS 'shippable'});
is(q1("SELECT count(*) FROM barks.fallbacks('SELECT public.careful(x), public.sly(x) FROM paths')"), 0, 'nodes call the functions');
my $length = q1("SELECT length(rdd_file_text('$dir/one.txt'))");
for my $times (1 .. 3)
{
	is(q1('SET ROLE reader; SELECT public.careful(x), public.sly(x) FROM paths'), "$length|$length", 'who may reads after an error that is caught');
	fails('SET ROLE reader; SELECT public.careful(x), 1 / length(left(x, 0)) FROM paths', '22012', qr{division by zero}, 'an error ends the task');
	fails("SET ROLE other; SELECT public.$_(x) FROM paths", '42501', qr{permission denied to read files of servers}, "others may not: $_") for 'careful', 'sly';
}

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
is(q1("SELECT rdd_save_as_text_file(rdd_range(1, 101, 1, 8), '/proc/self/cwd/saved')"), 100, 'each node writes what it has');
ok(!-e $driver->data_dir . '/saved', 'nothing on the driver');
my @parts = map { my @names = glob($_->data_dir . '/saved/part-*'); ok(-e $_->data_dir . '/saved/_SUCCESS', 'complete'); @names } map { $cluster->node($_) } 1 .. 3;
is(scalar(@parts), 8, 'one file for each partition');
fails("SET barks.enabled = off; SELECT rdd_count(rdd_text_file('$own', 12))", '0A000', qr{cannot be read on the driver}, 'not on the driver');

# ---- a worker dies while partitions are piped and saved

for my $delay (0.5, 1.5)
{
	my $path = new_path();
	my ($out, $err) = ('', '');
	my $save = IPC::Run::start([ 'psql', '-XqAt', '-d', $driver->connstr('barks'), '-c',
		"SELECT barks.rdd_save_as_text_file(barks.rdd_pipe(barks.rdd_text_file('$dir/{random,utf8}.txt', 6), 'sleep 1; cat'), '$path')" ],
		'<', \undef, '>', \$out, '2>', \$err);
	select undef, undef, undef, $delay;
	my $postmaster = (split /\n/, PostgreSQL::Test::Utils::slurp_file($cluster->node(1)->data_dir . '/postmaster.pid'))[0];
	my ($worker) = map { /^\s*(\d+) .*barks worker/ ? $1 : () } split /\n/, `ps -o pid=,args= --ppid $postmaster`;
	ok($worker && kill('TERM', $worker), "a worker ends after $delay s");
	$save->finish;
	is($out, "3200\n", 'saved all the same') or diag($err);
	is(q1("SELECT count(*), count(*) FILTER (WHERE a.x = b.x)
		FROM rdd_collect(rdd_text_file('$dir/{random,utf8}.txt'), NULL::text) WITH ORDINALITY a(x, n)
		FULL JOIN rdd_collect(rdd_text_file('$path'), NULL::text) WITH ORDINALITY b(x, n) USING (n)"), '3200|3200', 'each line once, in order');
	is(join(' ', map { s{.*/}{}r } grep { !m{/part-} } glob "$path/*"), '_SUCCESS', 'nothing else is left');
}

$cluster->allow_log(qr/38000 DETAIL:  child process was terminated by signal 9/);
$cluster->finish;
done_testing();
