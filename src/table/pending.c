/*-------------------------------------------------------------------------
 * pending.c
 *	  What a DDL command did to shells, to be done to the shards.
 *
 * Notes belong to the subtransaction that made them: an abort forgets them, a
 * commit hands them to the parent.  They are applied in an order that suits
 * every command (drop, create, alter, index), not in the order they came.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "commands/seclabel.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/relfilenodemap.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "table/alter.h"
#include "table/analyze.h"
#include "table/check.h"
#include "table/local_ddl.h"
#include "table/pending.h"
#include "table/shard.h"
#include "table/writer.h"

typedef enum NoteKind
{
	NOTE_INDEX_DROPPED,
	NOTE_NEW_STORAGE,			/* may follow the old one's placement: before that goes */
	NOTE_OLD_STORAGE,
	NOTE_COLUMNS,
	NOTE_OPTIONS,
	NOTE_INDEX_BUILT,
	NOTE_ANALYZED
} NoteKind;
#define NOTE_LAST NOTE_ANALYZED

typedef struct Note
{
	NoteKind	kind;
	Oid			relid;
	Oid			object;			/* file number or index */
	Oid			old_filenode;	/* NOTE_NEW_STORAGE */
	TupleDesc	columns;		/* NOTE_COLUMNS */
	SubTransactionId subid;
} Note;

static List *notes = NIL;		/* of Note, in TopTransactionContext */
static Oid	place_like_relid;
static Oid	place_like_filenode;

static void apply_notes(NoteKind last);
static Note *add_note(NoteKind kind, Oid relid, Oid object);
static void keep_note(Note *note);
static void apply_note(Note *note, List **rebuilt);
static void apply_new_storage(Note *note, List **rebuilt);
static Oid	note_predecessor(Oid old_filenode, Relation rel);
static void inherit_label(Relation rel);
static void on_xact(XactEvent event, void *arg);
static void on_subxact(SubXactEvent event, SubTransactionId subid, SubTransactionId parent, void *arg);

void
pending_init(void)
{
	RegisterXactCallback(on_xact, NULL);
	RegisterSubXactCallback(on_subxact, NULL);
}

void
pending_relabel(Oid relid, const LayoutSpec *spec)
{
	Relation	rel = table_open(relid, AccessExclusiveLock);
	const TableLayout *layout;
	Oid			filenode = RelationFileNumber(rel);

	label_check_keys(rel, spec);
	CacheInvalidateRelcache(rel);
	if (rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE)
	{
		table_close(rel, NoLock);
		return;
	}
	check_unique_indexes(rel, spec);
	pending_apply();
	layout = table_layout(rel);
	if (layout->created && strcmp(label_print(label_of_relation(rel)), label_print(spec)) != 0)
	{
		writer_flush_all();
		if (!shards_empty(rel))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("cannot change the layout of \"%s\" because it has rows",
							RelationGetRelationName(rel)),
					 errhint("Use barks.distribute_table() to redistribute it.")));
		shards_drop(filenode);
		(void) add_note(NOTE_NEW_STORAGE, relid, filenode);
	}
	table_close(rel, NoLock);
}

void
pending_new_storage(Oid relid, Oid filenode, Oid old_filenode)
{
	add_note(NOTE_NEW_STORAGE, relid, filenode)->old_filenode = old_filenode;
}

void
pending_old_storage(Oid filenode)
{
	writer_forget(filenode);
	(void) add_note(NOTE_OLD_STORAGE, InvalidOid, filenode);
}

void
pending_index_built(Oid relid, Oid index)
{
	(void) add_note(NOTE_INDEX_BUILT, relid, index);
}

void
pending_index_dropped(Oid relid, Oid index)
{
	(void) add_note(NOTE_INDEX_DROPPED, relid, index);
}

void
pending_columns(Oid relid)
{
	Relation	rel;
	MemoryContext old;
	Note	   *note;

	if (pending_old_columns(relid) != NULL)
		return;
	rel = table_open(relid, NoLock);
	note = add_note(NOTE_COLUMNS, relid, RelationFileNumber(rel));
	old = MemoryContextSwitchTo(TopTransactionContext);
	note->columns = CreateTupleDescCopyConstr(RelationGetDescr(rel));
	MemoryContextSwitchTo(old);
	table_close(rel, NoLock);
}

void
pending_options(Oid relid)
{
	(void) add_note(NOTE_OPTIONS, relid, InvalidOid);
}

void
pending_analyzed(Oid relid)
{
	(void) add_note(NOTE_ANALYZED, relid, InvalidOid);
}

TupleDesc
pending_old_columns(Oid relid)
{
	ListCell   *lc;

	foreach(lc, notes)
	{
		Note	   *note = lfirst(lc);

		if (note->kind == NOTE_COLUMNS && note->relid == relid)
			return note->columns;
	}
	return NULL;
}

void
pending_place_like(Oid relid, Oid filenode)
{
	place_like_relid = relid;
	place_like_filenode = filenode;
}

Oid
pending_predecessor(Relation rel)
{
	ListCell   *lc;

	foreach(lc, notes)
	{
		Note	   *note = lfirst(lc);

		if (note->kind == NOTE_NEW_STORAGE && note->object == RelationFileNumber(rel))
			return note_predecessor(note->old_filenode, rel);
	}
	return note_predecessor(InvalidOid, rel);
}

void
pending_apply(void)
{
	apply_notes(NOTE_LAST);
}

void
pending_apply_in_analyze(void)
{
	apply_notes(NOTE_ANALYZED - 1);
}

/* Those up to a kind; the others stay. */
static void
apply_notes(NoteKind last)
{
	SubTransactionId subid = GetCurrentSubTransactionId();
	List	   *mine = NIL;
	List	   *rebuilt = NIL;
	ListCell   *lc;
	bool		pushed = false;

	foreach(lc, notes)
	{
		Note	   *note = lfirst(lc);

		if (note->subid != subid || note->kind > last)
			continue;
		mine = lappend(mine, note);
		notes = foreach_delete_current(notes, lc);
	}
	if (mine == NIL)
		return;
	CommandCounterIncrement();
	if (!ActiveSnapshotSet())
	{
		PushActiveSnapshot(GetTransactionSnapshot());
		pushed = true;
	}
	for (NoteKind kind = 0; kind <= last; kind++)
	{
		foreach(lc, mine)
			if (((Note *) lfirst(lc))->kind == kind)
				apply_note(lfirst(lc), &rebuilt);
	}
	if (pushed)
		PopActiveSnapshot();
	CommandCounterIncrement();
}

static Note *
add_note(NoteKind kind, Oid relid, Oid object)
{
	MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);
	Note	   *note = palloc0(sizeof(Note));

	note->kind = kind;
	note->relid = relid;
	note->object = object;
	note->subid = GetCurrentSubTransactionId();
	MemoryContextSwitchTo(old);
	keep_note(note);
	return note;
}

static void
keep_note(Note *note)
{
	MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);

	notes = lappend(notes, note);
	MemoryContextSwitchTo(old);
}

/* rebuilt: tables whose shards' indexes are complete. */
static void
apply_note(Note *note, List **rebuilt)
{
	Relation	rel;

	if (note->kind == NOTE_OLD_STORAGE)
	{
		shards_drop(note->object);
		return;
	}
	if (note->kind == NOTE_NEW_STORAGE)
	{
		apply_new_storage(note, rebuilt);
		return;
	}
	if (!table_is_distributed(note->relid))
		return;					/* dropped, or undistributed */
	rel = table_open(note->relid, NoLock);
	switch (note->kind)
	{
		case NOTE_INDEX_DROPPED:
			shards_drop_index(rel, note->object);
			break;
		case NOTE_COLUMNS:
			if (note->object == RelationFileNumber(rel))
				alter_shard_columns(rel, note->columns);
			break;
		case NOTE_OPTIONS:
			alter_shard_options(rel);
			break;
		case NOTE_INDEX_BUILT:
			if (!SearchSysCacheExists1(INDEXRELID, ObjectIdGetDatum(note->object)))
				break;
			if (!list_member_oid(*rebuilt, note->relid))
				shards_create_index(rel, note->object);
			relation_hide_indexes(note->relid, true);
			break;
		case NOTE_ANALYZED:
			relation_restore_hasindex(rel);
			analyze_shards(rel);
			break;
		default:
			break;
	}
	table_close(rel, NoLock);
}

static void
apply_new_storage(Note *note, List **rebuilt)
{
	Oid			relid = RelidByRelfilenode(InvalidOid, note->object);
	Relation	rel;

	if (!OidIsValid(relid) || !table_is_distributed(relid))
		return;					/* dropped again, or only passed through */
	rel = table_open(relid, NoLock);
	if (OidIsValid(rel->rd_rel->relrewrite))
		keep_note(note);		/* still being filled */
	else
	{
		List	   *indexes = relation_all_indexes(relid);
		ListCell   *lc;

		inherit_label(rel);
		if (!table_layout(rel)->created)
			shards_create(rel, note_predecessor(note->old_filenode, rel));
		else
			foreach(lc, indexes)	/* filled by a rewrite, which had none */
				shards_create_index(rel, lfirst_oid(lc));
		relation_hide_indexes(relid, true);
		*rebuilt = list_append_unique_oid(*rebuilt, relid);
	}
	table_close(rel, NoLock);
}

/* old_filenode: where the rows were, as far as the caller knows. */
static Oid
note_predecessor(Oid old_filenode, Relation rel)
{
	Oid			relid = RelationGetRelid(rel);

	if (OidIsValid(rel->rd_rel->relrewrite))
		relid = rel->rd_rel->relrewrite;
	if (place_like_relid == relid)
		return place_like_filenode;
	if (relid != RelationGetRelid(rel))
	{
		HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));

		if (HeapTupleIsValid(tuple))
		{
			old_filenode = ((Form_pg_class) GETSTRUCT(tuple))->relfilenode;
			ReleaseSysCache(tuple);
		}
	}
	return old_filenode;
}

/* A new partition of a distributed parent is laid out as the parent says. */
static void
inherit_label(Relation rel)
{
	Oid			relid = RelationGetRelid(rel);
	ObjectAddress address;
	List	   *ancestors;
	ListCell   *lc;

	if (!rel->rd_rel->relispartition)
		return;
	ObjectAddressSet(address, RelationRelationId, relid);
	if (GetSecurityLabel(&address, BARKS_LABEL_PROVIDER))
		return;
	ancestors = get_partition_ancestors(relid);
	foreach(lc, ancestors)
	{
		char	   *label;

		address.objectId = lfirst_oid(lc);
		label = GetSecurityLabel(&address, BARKS_LABEL_PROVIDER);
		if (label)
		{
			label_store(relid, label_parse(label));
			return;
		}
	}
}

static void
on_xact(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			pending_apply();
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			notes = NIL;
			label_override(InvalidOid, InvalidOid, NULL);
			pending_place_like(InvalidOid, InvalidOid);
			break;
		default:
			break;
	}
}

static void
on_subxact(SubXactEvent event, SubTransactionId subid, SubTransactionId parent, void *arg)
{
	ListCell   *lc;

	if (event == SUBXACT_EVENT_ABORT_SUB)
	{
		label_override(InvalidOid, InvalidOid, NULL);
		pending_place_like(InvalidOid, InvalidOid);
	}
	foreach(lc, notes)
	{
		Note	   *note = lfirst(lc);

		if (note->subid != subid)
			continue;
		if (event == SUBXACT_EVENT_COMMIT_SUB)
			note->subid = parent;
		else if (event == SUBXACT_EVENT_ABORT_SUB)
			notes = foreach_delete_current(notes, lc);
	}
}
