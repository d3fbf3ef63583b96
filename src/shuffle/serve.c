/*-------------------------------------------------------------------------
 * serve.c
 *	  COPY barks.shuffle: blocks of a job to another server.
 *
 * Only a superuser may ask.  What is asked for are numbers, and files are
 * named by them: nothing but this server's own directory of the job is read.
 */
#include "postgres.h"

#include <limits.h>

#include "libpq/libpq.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"

#include "base/virtual_copy.h"
#include "shuffle/block_file.h"
#include "shuffle/serve.h"
#include "shuffle/store.h"
#include "shuffle/stream.h"

typedef struct Request
{
	ShuffleTask task;			/* of the map being sent */
	int			first_partition;
	int			last_partition;
	const char *maps;
} Request;

static void serve_shuffle(CopyStmt *stmt);
static void check_allowed(CopyStmt *stmt);
static void read_request(CopyStmt *stmt, Request *request);
static uint64 read_number(const char **text, uint64 max, char end);
static void begin_copy(void);
static void send_map(Request *request, const char *directory, StringInfo out);
static void put_piece(StringInfo out, int32 map, int32 partition, uint32 rows,
					  const char *data, uint32 len);
static void send_message(StringInfo out);
static void malformed(const char *text) pg_attribute_noreturn();

void
serve_init(void)
{
	virtual_copy_register("shuffle", serve_shuffle);
}

static void
serve_shuffle(CopyStmt *stmt)
{
	Request		request = {0};
	StringInfoData out;
	MemoryContext context;
	MemoryContext old;
	char	   *directory;
	const char *at;

	check_allowed(stmt);
	read_request(stmt, &request);
	directory = store_directory(request.task.driver, request.task.job);
	context = AllocSetContextCreate(CurrentMemoryContext, "barks shuffle serve",
									ALLOCSET_DEFAULT_SIZES);
	initStringInfo(&out);
	begin_copy();
	at = request.maps;
	while (*at)
	{
		request.task.task = read_number(&at, INT_MAX, '.');
		request.task.attempt = read_number(&at, INT_MAX, ',');
		old = MemoryContextSwitchTo(context);
		send_map(&request, directory, &out);
		MemoryContextSwitchTo(old);
		MemoryContextReset(context);
	}
	send_message(&out);
	pq_putmessage_noblock('c', NULL, 0);	/* CopyDone; CommandComplete follows */
	MemoryContextDelete(context);
	pfree(out.data);
}

static void
check_allowed(CopyStmt *stmt)
{
	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to read blocks of a shuffle"),
				 errdetail("Only the service role, a superuser, may read them.")));
	if (whereToSendOutput != DestRemote || stmt->is_from || stmt->filename || stmt->is_program)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("barks.shuffle can only be copied to a client's STDOUT")));
}

static void
read_request(CopyStmt *stmt, Request *request)
{
	static const char *const names[] = {"driver", "job", "stage", "partitions", "maps"};
	const char *text;
	ListCell   *lc;

	foreach(lc, stmt->options)
	{
		DefElem    *option = lfirst(lc);
		bool		known = false;

		for (int i = 0; i < lengthof(names); i++)
			known |= strcmp(option->defname, names[i]) == 0;
		if (!known)
			ereport(ERROR,
					(errcode(ERRCODE_SYNTAX_ERROR),
					 errmsg("option \"%s\" not recognized", option->defname)));
	}
	text = virtual_copy_required_option(stmt, "driver");
	request->task.driver = read_number(&text, PG_UINT64_MAX, '\0');
	text = virtual_copy_required_option(stmt, "job");
	request->task.job = read_number(&text, PG_UINT64_MAX, '\0');
	text = virtual_copy_required_option(stmt, "stage");
	request->task.stage = read_number(&text, INT_MAX, '\0');
	text = virtual_copy_required_option(stmt, "partitions");
	request->first_partition = read_number(&text, INT_MAX, '-');
	request->last_partition = read_number(&text, INT_MAX, '\0');

	/* all of it is looked at before anything is sent */
	request->maps = text = virtual_copy_required_option(stmt, "maps");
	while (*text)
	{
		(void) read_number(&text, INT_MAX, '.');
		(void) read_number(&text, INT_MAX, ',');
	}
}

/* Digits up to end, which is stepped over; a text may end instead of a comma. */
static uint64
read_number(const char **text, uint64 max, char end)
{
	const char *at = *text;
	uint64		number = 0;

	if (*at < '0' || *at > '9')
		malformed(*text);
	for (; *at >= '0' && *at <= '9'; at++)
	{
		uint64		digit = *at - '0';

		if (number > (max - digit) / 10)
			malformed(*text);
		number = number * 10 + digit;
	}
	if (*at != end && !(end == ',' && *at == '\0'))
		malformed(*text);
	*text = *at ? at + 1 : at;
	return number;
}

static void
malformed(const char *text)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("malformed option of barks.shuffle at \"%.20s\"", text)));
}

static void
begin_copy(void)
{
	StringInfoData buf;

	pq_beginmessage(&buf, 'H');
	pq_sendbyte(&buf, 1);		/* binary */
	pq_sendint16(&buf, 0);		/* no columns */
	pq_endmessage(&buf);
}

static void
send_map(Request *request, const char *directory, StringInfo out)
{
	int32		map = request->task.task;
	char	   *why;
	BlockFile  *file = block_file_open(directory, &request->task, &why);
	const BlockEntry *entries;
	int			n;

	if (file == NULL)
	{
		put_piece(out, map, STREAM_LOST, 0, why, strlen(why));
		return;
	}
	entries = block_file_entries(file, request->first_partition, request->last_partition, &n);
	for (int i = 0; i < n; i++)
	{
		const BlockEntry *entry = &entries[i];

		if (out->len > 0 && out->len + entry->len > 2 * STREAM_MESSAGE_SIZE)
			send_message(out);
		put_piece(out, map, entry->partition, entry->rows, NULL, entry->len);
		if (!block_file_read(file, entry, out->data + out->len - entry->len, &why))
		{
			out->len -= sizeof(StreamHeader) + entry->len;
			put_piece(out, map, STREAM_LOST, 0, why, strlen(why));
			block_file_close(file);
			return;
		}
		if (out->len >= STREAM_MESSAGE_SIZE)
			send_message(out);
	}
	put_piece(out, map, STREAM_END, n, NULL, 0);
	block_file_close(file);
}

/* Append a piece; without data there is only room for it. */
static void
put_piece(StringInfo out, int32 map, int32 partition, uint32 rows, const char *data, uint32 len)
{
	StreamHeader header = {map, partition, rows, len};

	enlargeStringInfo(out, sizeof(header) + len);
	appendBinaryStringInfoNT(out, (char *) &header, sizeof(header));
	if (data)
		memcpy(out->data + out->len, data, len);
	out->len += len;
}

/* In one write, however long; waits until the client's side takes it. */
static void
send_message(StringInfo out)
{
	CHECK_FOR_INTERRUPTS();
	if (out->len == 0)
		return;
	pq_putmessage_noblock('d', out->data, out->len);
	if (pq_flush() == 0)
	{
		resetStringInfo(out);
		return;
	}
	CHECK_FOR_INTERRUPTS();		/* it says that the connection was lost */
	ereport(FATAL,
			(errcode(ERRCODE_CONNECTION_FAILURE),
			 errmsg("connection to client lost")));
}
