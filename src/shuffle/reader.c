/*-------------------------------------------------------------------------
 * reader.c
 *	  All blocks of a task's input, from wherever they are.
 *
 * Each node that has map output is a source.  Files are read where they can
 * be opened; from other nodes blocks are fetched, from some at a time, and
 * taken as they arrive.  While nothing has arrived, files are read.
 *
 * Blocks are immutable and come in a known order.  So when a connection is
 * lost, the next one asks for the maps that were not finished, and skips what
 * the first of them gave already.  A source that fails twice without giving
 * anything in between is lost, and so is a map that its server cannot find:
 * that is an error which names the map, for it must run again.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "base/stop_point.h"
#include "shuffle/block_file.h"
#include "shuffle/fetch.h"
#include "shuffle/reader.h"
#include "shuffle/settings.h"
#include "shuffle/store.h"
#include "shuffle/stream.h"

/* Sources to fetch from at the same time; each takes some buffers. */
#define MAX_FETCHES		8
#define FETCH_MEMORY	(4 * STREAM_MESSAGE_SIZE)
/* A source is lost when it failed so often in a row. */
#define MAX_FAILURES	2

/* One node's share of the maps. */
typedef struct Source
{
	const SourceNode *node;
	bool		local;			/* its files are read here */
	int32	   *maps;			/* task numbers, ascending */
	int			nmaps;
	int			next;			/* first map that is not finished */
	int			given;			/* blocks of it that were given to the caller */

	/* local: the file of that map */
	BlockFile  *file;
	const BlockEntry *entries;
	int			nentries;

	/* else: a fetch, when one is on */
	Fetch	   *fetch;
	int			failures;		/* since the last block */
	int			seen;			/* blocks of the map that the fetch gave */
	char	   *message;		/* being taken apart, the fetch's */
	int			message_len;
	int			message_at;
} Source;

/* A block kept for reading again. */
typedef struct KeptBlock
{
	struct KeptBlock *next;
	Size		len;
	char		data[FLEXIBLE_ARRAY_MEMBER];
} KeptBlock;

struct ShuffleReader
{
	MemoryContext context;
	MemoryContextCallback cleanup;
	uint64		driver;
	uint64		job;
	const TaskInput *input;
	const StageSources *stage;
	BatchSchema *schema;
	MemoryContext batch_parent;
	bool		force_wire;
	Source	   *sources;
	int			nsources;
	int			nfetches;		/* that are on */
	int			turn;			/* source to look at first */
	bool		stopped_in_fetch;
	WaitEventSet *wait_set;		/* NULL: to be made */
	char	   *buffer;			/* of a block from a file */
	Size		buffer_size;
	ShuffleReaderStats stats;

	/* blocks kept for a rewind */
	bool		keep;
	bool		kept_all;		/* the input was read to its end, and kept */
	KeptBlock  *kept;
	KeptBlock **kept_tail;
	KeptBlock  *kept_next;		/* reading again */
};

static void find_sources(ShuffleReader *reader);
static bool all_read(const ShuffleReader *reader);
static bool reads_map(const TaskInput *input, int32 map);
static void decide_local(ShuffleReader *reader, Source *source);
static bool next_local(ShuffleReader *reader, Batch **batch);
static Batch *read_local(ShuffleReader *reader, Source *source);
static bool open_map(ShuffleReader *reader, Source *source);
static void start_fetches(ShuffleReader *reader);
static void start_fetch(ShuffleReader *reader, Source *source);
static bool next_fetched(ShuffleReader *reader, Batch **batch);
static Batch *poll_source(ShuffleReader *reader, Source *source);
static Batch *take_piece(ShuffleReader *reader, Source *source);
static Batch *take_block(ShuffleReader *reader, Source *source, const StreamHeader *header,
						 const char *data);
static void fetch_failed(ShuffleReader *reader, Source *source, const char *why);
static void end_fetch(ShuffleReader *reader, Source *source);
static bool wait_for_fetches(ShuffleReader *reader, TimestampTz since);
static void fail_stalled(ShuffleReader *reader);
static Batch *give_block(ShuffleReader *reader, const char *data, Size len);
static void keep_block(ShuffleReader *reader, const char *data, Size len);
static void drop_kept(ShuffleReader *reader);
static Batch *next_kept(ShuffleReader *reader);
static void map_lost(ShuffleReader *reader, Source *source, const char *why) pg_attribute_noreturn();
static void close_sources(ShuffleReader *reader);
static void clean_up(void *arg);

ShuffleReader *
shuffle_reader_open(uint64 driver, uint64 job, const TaskInput *input,
					const StageSources *sources, BatchSchema *schema,
					bool force_wire, bool keep, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "barks shuffle reader",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	ShuffleReader *reader = palloc0(sizeof(ShuffleReader));

	reader->context = context;
	reader->batch_parent = parent;
	reader->driver = driver;
	reader->job = job;
	reader->input = input;
	reader->stage = sources;
	reader->schema = schema;
	reader->force_wire = force_wire;
	reader->keep = keep && input->bytes <= (int64) work_mem * 1024 / 2;
	reader->kept_tail = &reader->kept;
	reader->cleanup.func = clean_up;
	reader->cleanup.arg = reader;
	MemoryContextRegisterResetCallback(context, &reader->cleanup);
	find_sources(reader);
	MemoryContextSwitchTo(old);
	return reader;
}

Batch *
shuffle_reader_next(ShuffleReader *reader)
{
	MemoryContext old;
	TimestampTz since = 0;
	Batch	   *batch = NULL;

	if (reader->kept_all)
		return next_kept(reader);

	old = MemoryContextSwitchTo(reader->context);
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		start_fetches(reader);
		if (next_fetched(reader, &batch) || next_local(reader, &batch))
			break;
		if (all_read(reader))
		{
			reader->kept_all = reader->keep;
			break;
		}
		if (reader->nfetches == 0)
			continue;			/* one failed: again */
		if (since == 0)
			since = GetCurrentTimestamp();
		if (wait_for_fetches(reader, since))
			since = 0;
	}
	MemoryContextSwitchTo(old);
	return batch;
}

void
shuffle_reader_rewind(ShuffleReader *reader)
{
	reader->kept_next = reader->kept;
	if (reader->kept_all)
		return;
	close_sources(reader);
	drop_kept(reader);
	for (int i = 0; i < reader->nsources; i++)
	{
		reader->sources[i].next = 0;
		reader->sources[i].given = 0;
		reader->sources[i].failures = 0;
	}
}

const ShuffleReaderStats *
shuffle_reader_stats(const ShuffleReader *reader)
{
	return &reader->stats;
}

void
shuffle_reader_close(ShuffleReader *reader)
{
	close_sources(reader);
	MemoryContextDelete(reader->context);
}

/* ---------------- sources ---------------- */

static void
find_sources(ShuffleReader *reader)
{
	const StageSources *stage = reader->stage;
	int32	   *counts = palloc0(sizeof(int32) * Max(stage->nnodes, 1));
	int			n = 0;

	for (int32 map = 0; map < stage->ntasks; map++)
		if (reads_map(reader->input, map))
			counts[stage->node_of[map]]++;
	reader->sources = palloc0(sizeof(Source) * Max(stage->nnodes, 1));
	for (int node = 0; node < stage->nnodes; node++)
	{
		Source	   *source = &reader->sources[n];

		if (counts[node] == 0)
			continue;
		source->node = &stage->nodes[node];
		source->maps = palloc_extended(sizeof(int32) * counts[node], MCXT_ALLOC_HUGE);
		for (int32 map = 0; map < stage->ntasks && source->nmaps < counts[node]; map++)
			if (stage->node_of[map] == node && reads_map(reader->input, map))
				source->maps[source->nmaps++] = map;
		decide_local(reader, source);
		n++;
	}
	reader->nsources = n;
	pfree(counts);
}

/* What a source has is read only once its fetch has come to a good end, too. */
static bool
all_read(const ShuffleReader *reader)
{
	for (int i = 0; i < reader->nsources; i++)
		if (reader->sources[i].fetch || reader->sources[i].next < reader->sources[i].nmaps)
			return false;
	return true;
}

static bool
reads_map(const TaskInput *input, int32 map)
{
	return input->last_map < input->first_map ||
		(map >= input->first_map && map <= input->last_map);
}

/*
 * Without a conninfo it is this server, so the files must be here.  Those of
 * another server on the host are read if they can be: it may run as another
 * user, or in a container.
 */
static void
decide_local(ShuffleReader *reader, Source *source)
{
	const SourceNode *node = source->node;

	if (!store_directory_valid(node->directory, reader->driver, reader->job))
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("invalid directory of shuffle files: \"%s\"", node->directory)));
	source->local = node->conninfo == NULL;
	if (node->conninfo && node->same_host && !reader->force_wire)
		source->local = open_map(reader, source);
}

/* ---------------- files ---------------- */

/* Next block of any file; false when all are read. */
static bool
next_local(ShuffleReader *reader, Batch **batch)
{
	for (int i = 0; i < reader->nsources; i++)
	{
		Source	   *source = &reader->sources[i];

		if (source->local && source->next < source->nmaps &&
			(*batch = read_local(reader, source)) != NULL)
			return true;
	}
	return false;
}

static Batch *
read_local(ShuffleReader *reader, Source *source)
{
	while (source->next < source->nmaps)
	{
		const BlockEntry *entry;
		char	   *why;

		if (!source->file)
		{
			BARKS_STOP_POINT("shuffle.before_fetch");
			CHECK_FOR_INTERRUPTS();
			(void) open_map(reader, source);
		}
		if (source->given == source->nentries)
		{
			block_file_close(source->file);
			source->file = NULL;
			source->next++;
			source->given = 0;
			continue;
		}
		entry = &source->entries[source->given++];
		if (reader->buffer_size < entry->len)
		{
			if (reader->buffer)
				pfree(reader->buffer);
			reader->buffer = NULL;
			reader->buffer_size = Max(entry->len, BATCH_TARGET_BYTES);
			reader->buffer = MemoryContextAllocHuge(reader->context, reader->buffer_size);
		}
		if (!block_file_read(source->file, entry, reader->buffer, &why))
			map_lost(reader, source, why);
		if (!batch_wire_intact(reader->buffer, entry->len))
			map_lost(reader, source, _("A block's checksum is wrong."));
		reader->stats.file += entry->len;
		return give_block(reader, reader->buffer, entry->len);
	}
	return NULL;
}

/* The file of the source's next map; false only where there is another way to get at it. */
static bool
open_map(ShuffleReader *reader, Source *source)
{
	int32		map = source->maps[source->next];
	ShuffleTask task = {reader->driver, reader->job, reader->input->stage, map,
	reader->stage->attempt_of[map]};
	char	   *why;

	source->file = block_file_open(source->node->directory, &task, &why);
	if (source->file == NULL)
	{
		if (source->node->conninfo && source->next == 0)
			return false;
		map_lost(reader, source, why);
	}
	source->entries = block_file_entries(source->file, reader->input->first_partition,
										 reader->input->last_partition, &source->nentries);
	return true;
}

/* ---------------- fetches ---------------- */

static void
start_fetches(ShuffleReader *reader)
{
	int			max = Max(1, Min(MAX_FETCHES, (Size) work_mem * 1024 / FETCH_MEMORY));

	for (int i = 0; i < reader->nsources && reader->nfetches < max; i++)
	{
		Source	   *source = &reader->sources[i];

		if (!source->local && !source->fetch && source->next < source->nmaps)
			start_fetch(reader, source);
	}
}

static void
start_fetch(ShuffleReader *reader, Source *source)
{
	StringInfoData command;

	BARKS_STOP_POINT("shuffle.before_fetch");
	initStringInfo(&command);
	appendStringInfo(&command, "COPY barks.shuffle TO STDOUT (driver '" UINT64_FORMAT
					 "', job '" UINT64_FORMAT "', stage '%d', partitions '%d-%d', maps '",
					 reader->driver, reader->job, reader->input->stage,
					 reader->input->first_partition, reader->input->last_partition);
	for (int i = source->next; i < source->nmaps; i++)
		appendStringInfo(&command, "%s%d.%d", i > source->next ? "," : "", source->maps[i],
						 reader->stage->attempt_of[source->maps[i]]);
	appendStringInfoString(&command, "')");
	source->seen = 0;
	source->fetch = fetch_begin(source->node->conninfo, command.data);
	reader->nfetches++;
	pfree(command.data);
}

/* A block that arrived at any source, each in its turn; false when there is none now. */
static bool
next_fetched(ShuffleReader *reader, Batch **batch)
{
	if (reader->nfetches == 0)
		return false;
	for (int i = 0; i < reader->nsources; i++)
	{
		int			n = (reader->turn + i) % reader->nsources;
		Source	   *source = &reader->sources[n];

		if (!source->fetch || (*batch = poll_source(reader, source)) == NULL)
			continue;
		/* what a message brought is used up before the next source's turn */
		reader->turn = source->message ? n : n + 1;
		return true;
	}
	return false;
}

/* The source's next block, if it is here. */
static Batch *
poll_source(ShuffleReader *reader, Source *source)
{
	for (;;)
	{
		if (source->message)
		{
			Batch	   *batch = take_piece(reader, source);

			if (batch || !source->fetch)
				return batch;
			continue;
		}
		switch (fetch_poll(source->fetch, &source->message, &source->message_len))
		{
			case FETCH_NOTHING:
				return NULL;
			case FETCH_MESSAGE:
				source->message_at = 0;
				if (!reader->stopped_in_fetch)
				{
					reader->stopped_in_fetch = true;
					BARKS_STOP_POINT("shuffle.in_fetch");
				}
				break;
			case FETCH_DONE:
				if (source->next < source->nmaps)
					fetch_failed(reader, source, _("It ended before all was sent."));
				else
					end_fetch(reader, source);
				return NULL;
			case FETCH_FAILED:
				fetch_failed(reader, source, fetch_why(source->fetch));
				return NULL;
		}
	}
}

/* The next piece of the message; NULL when that was no block for the caller. */
static Batch *
take_piece(ShuffleReader *reader, Source *source)
{
	StreamHeader header;
	Size		left = source->message_len - source->message_at;
	Batch	   *batch;
	const char *data = source->message + source->message_at + sizeof(header);

	if (left >= sizeof(header))
		memcpy(&header, source->message + source->message_at, sizeof(header));
	if (left < sizeof(header) || left - sizeof(header) < header.len ||
		source->next >= source->nmaps || header.map != source->maps[source->next])
	{
		fetch_failed(reader, source, _("It sent something else than what was asked for."));
		return NULL;
	}
	source->message_at += sizeof(header) + header.len;
	batch = NULL;
	if (header.partition == STREAM_LOST)
		map_lost(reader, source, pnstrdup(data, header.len));
	if (header.partition == STREAM_END)
	{
		if (source->seen != header.rows || source->seen < source->given)
		{
			fetch_failed(reader, source, _("It left out a block."));
			return NULL;
		}
		source->next++;
		source->seen = source->given = 0;
		source->failures = 0;
	}
	else
	{
		batch = take_block(reader, source, &header, data);
		if (source->fetch == NULL)
			return NULL;		/* it failed */
	}
	if (source->message_at == source->message_len)
	{
		fetch_free_message(source->message);
		source->message = NULL;
	}
	return batch;
}

static Batch *
take_block(ShuffleReader *reader, Source *source, const StreamHeader *header, const char *data)
{
	if (header->partition < reader->input->first_partition ||
		header->partition > reader->input->last_partition ||
		!batch_wire_intact(data, header->len))
	{
		fetch_failed(reader, source, _("A block's checksum is wrong."));
		return NULL;
	}
	if (source->seen++ < source->given)
		return NULL;			/* of a fetch before */
	source->given++;
	source->failures = 0;
	reader->stats.wire += header->len;
	return give_block(reader, data, header->len);
}

/* Try again, once. */
static void
fetch_failed(ShuffleReader *reader, Source *source, const char *why)
{
	char	   *copy = pstrdup(why);

	end_fetch(reader, source);
	if (++source->failures >= MAX_FAILURES)
		map_lost(reader, source, psprintf(_("Connection to node \"%s\": %s"),
										  source->node->name, copy));
	pfree(copy);
}

static void
end_fetch(ShuffleReader *reader, Source *source)
{
	if (source->message)
		fetch_free_message(source->message);
	source->message = NULL;
	if (!source->fetch)
		return;
	fetch_end(source->fetch);
	source->fetch = NULL;
	reader->nfetches--;
}

/*
 * Until something may have arrived, or nothing did for too long since the time
 * given.  True when the time begins anew.
 */
static bool
wait_for_fetches(ShuffleReader *reader, TimestampTz since)
{
	WaitEventSet *set = CreateWaitEventSet(reader->context, reader->nfetches + 2);
	WaitEvent	event;
	long		timeout = -1;
	int			nevents;

	reader->wait_set = set;		/* freed by clean_up after an error */
	AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	for (int i = 0; i < reader->nsources; i++)
	{
		Source	   *source = &reader->sources[i];
		uint32		events;

		if (source->fetch)
		{
			pgsocket	socket = fetch_socket(source->fetch, &events);

			AddWaitEventToSet(set, events, socket, NULL, NULL);
		}
	}
	if (shuffle_fetch_timeout > 0)
		timeout = TimestampDifferenceMilliseconds(GetCurrentTimestamp(),
												  TimestampTzPlusMilliseconds(since, (int64) shuffle_fetch_timeout));
	nevents = WaitEventSetWait(set, timeout, &event, 1, PG_WAIT_EXTENSION);
	reader->wait_set = NULL;
	FreeWaitEventSet(set);
	ResetLatch(MyLatch);
	if (nevents == 0)
		fail_stalled(reader);
	return nevents == 0 || event.events != WL_LATCH_SET;
}

/* None of them sent anything. */
static void
fail_stalled(ShuffleReader *reader)
{
	for (int i = 0; i < reader->nsources; i++)
		if (reader->sources[i].fetch)
			fetch_failed(reader, &reader->sources[i],
						 _("It sent nothing for as long as barks.fetch_timeout."));
}

/* ---------------- blocks ---------------- */

static Batch *
give_block(ShuffleReader *reader, const char *data, Size len)
{
	if (reader->keep)
		keep_block(reader, data, len);
	return batch_decode(reader->schema, data, len, reader->batch_parent);
}

static void
keep_block(ShuffleReader *reader, const char *data, Size len)
{
	KeptBlock  *block = MemoryContextAllocHuge(reader->context, offsetof(KeptBlock, data) + len);

	block->next = NULL;
	block->len = len;
	memcpy(block->data, data, len);
	*reader->kept_tail = block;
	reader->kept_tail = &block->next;
}

static void
drop_kept(ShuffleReader *reader)
{
	while (reader->kept)
	{
		KeptBlock  *block = reader->kept;

		reader->kept = block->next;
		pfree(block);
	}
	reader->kept_tail = &reader->kept;
}

static Batch *
next_kept(ShuffleReader *reader)
{
	KeptBlock  *block = reader->kept_next;

	if (block == NULL)
		return NULL;
	reader->kept_next = block->next;
	reader->stats.memory += block->len;
	return batch_decode(reader->schema, block->data, block->len, reader->batch_parent);
}

/* ---------------- endings ---------------- */

static void
map_lost(ShuffleReader *reader, Source *source, const char *why)
{
	int32		map = source->maps[source->next];

	remote_error_note_input(reader->input->stage, map);
	ereport(ERROR,
			(errcode(ERRCODE_BARKS_INPUT_LOST),
			 errmsg("could not read the output of task %d of stage %d from node \"%s\"",
					map, reader->input->stage, source->node->name),
			 errdetail_internal("%s", why)));
}

static void
close_sources(ShuffleReader *reader)
{
	for (int i = 0; i < reader->nsources; i++)
	{
		Source	   *source = &reader->sources[i];

		end_fetch(reader, source);
		if (source->file)
			block_file_close(source->file);
		source->file = NULL;
	}
}

/*
 * Memory goes, perhaps after an error: connections and the wait set are ours
 * to close, files are their resource owner's.
 */
static void
clean_up(void *arg)
{
	ShuffleReader *reader = arg;

	for (int i = 0; i < reader->nsources; i++)
		end_fetch(reader, &reader->sources[i]);
	if (reader->wait_set)
		FreeWaitEventSet(reader->wait_set);
}
