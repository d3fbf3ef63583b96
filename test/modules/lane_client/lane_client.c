/*-------------------------------------------------------------------------
 * lane_client.c
 *	  A libpq client that speaks COPY barks.lane, driven by a script.
 *
 * lane_client CONNINFO < SCRIPT.  A line of the script is one of
 *
 *	  exec SQL          run SQL, print errors
 *	  open [inline]     enter the stream
 *	  job DRIVER ROLE   send a job setup
 *	  task N SQL        send a task; N tasks numbered from 0 with "tasks N SQL"
 *	  cancel | snapshot send the frame
 *	  answers N         read until N tasks were answered ('D' or 'E'), or 'X'
 *	  frames N          read N frames
 *	  sleep MS          read nothing meanwhile
 *	  end               leave the stream
 *	  die               exit without a word
 *
 * Per frame type a count is kept; "answers" prints the counts and the errors.
 *-------------------------------------------------------------------------
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libpq-fe.h"

static PGconn *conn;
static char buf[1 << 20];
static int	len;
static long counts[256];
static long bytes;

static void
put_int32(int32_t value)
{
	uint32_t	n = htonl(value);

	memcpy(buf + len, &n, 4);
	len += 4;
}

static void
put_int64(uint64_t value)
{
	put_int32(value >> 32);
	put_int32(value);
}

static void
put_string(const char *s)
{
	put_int32(strlen(s));
	memcpy(buf + len, s, strlen(s));
	len += strlen(s);
}

static void
fail(const char *what)
{
	printf("%s: %s", what, PQerrorMessage(conn));
	fflush(stdout);
	exit(1);
}

static void
send_frame(void)
{
	if (PQputCopyData(conn, buf, len) != 1 || PQflush(conn) < 0)
		fail("send");
}

static void
send_task(int task, const char *sql)
{
	len = 0;
	buf[len++] = 'T';
	put_int32(1);
	put_int32(task);
	put_int32(1);
	buf[len++] = 0;
	buf[len++] = 1;
	put_int32(1024);
	put_string(sql);
	buf[len++] = 0;				/* rows go to the driver */
	put_int32(0);				/* and come from tables only */
	send_frame();
}

static void
send_job(const char *driver, const char *role)
{
	len = 0;
	buf[len++] = 'J';
	put_int64(strtoull(driver, NULL, 10));
	put_int64(getpid());
	put_int32(1);				/* weight of the pool */
	memcpy(buf + len, "default", sizeof("default"));
	len += sizeof("default");
	put_string(role);
	put_int32(0);
	send_frame();
}

/* Read a frame; its type, or 0 when the stream has ended. */
static int
read_frame(void)
{
	char	   *data;
	int			n = PQgetCopyData(conn, &data, 0);
	int			type;

	if (n < 0)
	{
		PGresult   *res = PQgetResult(conn);

		printf("ended: %s %s", PQresStatus(PQresultStatus(res)), PQerrorMessage(conn));
		if (PQresultErrorMessage(res)[0] == '\0')
			printf("\n");
		return 0;
	}
	type = data[0];
	counts[type]++;
	bytes += n;
	if (type == 'E' || type == 'N')
	{
		/* task, level, then code and message in some order: print the text in it */
		printf("%c task %d:", type, (int) ntohl(*(uint32_t *) (data + 1)));
		for (int i = 13; i < n; i++)
			if (data[i] >= ' ' && data[i] < 127)
				putchar(data[i]);
		putchar('\n');
	}
	else if (type == 'S')
		printf("snapshot %.*s\n", n - 5, data + 5);
	PQfreemem(data);
	return type;
}

static void
print_counts(void)
{
	for (int i = 0; i < 256; i++)
		if (counts[i])
			printf("%c=%ld ", i, counts[i]);
	printf("\n");
	memset(counts, 0, sizeof(counts));
}

static void
read_answers(long n)
{
	while (counts['D'] + counts['E'] < n)
	{
		int			type = read_frame();

		if (type == 0 || type == 'X')
			break;
	}
	print_counts();
}

static void
leave_stream(void)
{
	PGresult   *res;

	if (PQputCopyEnd(conn, NULL) != 1)
		fail("end");
	while (read_frame() != 0)
		;
	while ((res = PQgetResult(conn)) != NULL)
		PQclear(res);
}

static void
run_line(char *line)
{
	char	   *word = strtok(line, " ");
	char	   *rest = strtok(NULL, "");
	char	   *arg;

	if (!word)
		return;
	if (strcmp(word, "exec") == 0)
	{
		PGresult   *res = PQexec(conn, rest);

		if (PQresultStatus(res) == PGRES_TUPLES_OK && PQntuples(res) > 0)
			printf("%s\n", PQgetvalue(res, 0, 0));
		else if (PQresultStatus(res) == PGRES_FATAL_ERROR)
			printf("%s", PQerrorMessage(conn));
		PQclear(res);
	}
	else if (strcmp(word, "open") == 0)
	{
		PGresult   *res = PQexec(conn, rest ?
								 "COPY barks.lane TO STDOUT (mode 'inline')" :
								 "COPY barks.lane TO STDOUT");

		if (PQresultStatus(res) != PGRES_COPY_BOTH)
			printf("%s", PQerrorMessage(conn));
		PQclear(res);
	}
	else if (strcmp(word, "job") == 0)
	{
		arg = strtok(rest, " ");
		send_job(arg, strtok(NULL, " "));
	}
	else if (strcmp(word, "task") == 0 || strcmp(word, "tasks") == 0)
	{
		arg = strtok(rest, " ");
		rest = strtok(NULL, "");
		if (strcmp(word, "task") == 0)
			send_task(atoi(arg), rest);
		else
			for (int i = 0; i < atoi(arg); i++)
				send_task(i, rest);
	}
	else if (strcmp(word, "cancel") == 0 || strcmp(word, "snapshot") == 0)
	{
		buf[0] = strcmp(word, "cancel") == 0 ? 'X' : 'S';
		len = 1;
		send_frame();
	}
	else if (strcmp(word, "answers") == 0)
		read_answers(atol(rest));
	else if (strcmp(word, "frames") == 0)
	{
		for (int i = 0; i < atoi(rest); i++)
			if (read_frame() == 0)
				break;
		print_counts();
	}
	else if (strcmp(word, "sleep") == 0)
		usleep(1000L * atol(rest));
	else if (strcmp(word, "end") == 0)
		leave_stream();
	else if (strcmp(word, "die") == 0)
		_exit(0);
	else
		printf("unknown: %s\n", word);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	static char line[1 << 16];

	conn = PQconnectdb(argc > 1 ? argv[1] : "");
	if (PQstatus(conn) != CONNECTION_OK)
		fail("connect");
	while (fgets(line, sizeof(line), stdin))
	{
		line[strcspn(line, "\n")] = '\0';
		run_line(line);
	}
	PQfinish(conn);
	return 0;
}
