/*-------------------------------------------------------------------------
 * layout.c
 *	  The layout of an open table: its label and placement put together.
 *
 * The relation cache entry holds one chunk with the layout of one file number
 * (rd_amcache); PostgreSQL frees it whenever the entry is invalidated, which
 * can be at any catalog access.  Callers therefore get copies.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xlog.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "base/compat.h"
#include "cluster/node.h"
#include "table/label.h"
#include "table/layout.h"
#include "table/placement.h"

static TableLayout *build_layout(Relation rel);
static Size layout_size(const TableLayout *layout);
static void choose_alive(TableLayout *layout);
static void resolve_keys(TableLayout *layout, Relation rel, const LayoutSpec *spec);

bool
table_is_distributed(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Form_pg_class form;
	bool		result;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_class) GETSTRUCT(tuple);
	/* relam first: the access method's oid takes a second look-up */
	result = OidIsValid(form->relam) && RELKIND_HAS_TABLE_AM(form->relkind) &&
		form->relam != HEAP_TABLE_AM_OID && form->relam == barks_am_oid();
	ReleaseSysCache(tuple);
	return result;
}

const TableLayout *
table_layout(Relation rel)
{
	TableLayout *cached = rel->rd_amcache;
	TableLayout *copy;

	if (cached == NULL || cached->filenode != RelationFileNumber(rel))
	{
		TableLayout *built = build_layout(rel);

		/* building read catalogs, so only now it is ours to set */
		if (rel->rd_amcache)
			pfree(rel->rd_amcache);
		rel->rd_amcache = MemoryContextAlloc(CacheMemoryContext, layout_size(built));
		memcpy(rel->rd_amcache, built, layout_size(built));
		choose_alive(built);
		return built;
	}
	copy = palloc(layout_size(cached));
	memcpy(copy, cached, layout_size(cached));
	choose_alive(copy);
	return copy;
}

/* Behind nodes there is, of each further copy, its node and its partition. */
Oid
table_place(const TableLayout *layout, int i, int *partition)
{
	const Oid  *copy = &layout->nodes[layout->nnodes + 2 * (i - layout->nnodes)];

	if (i >= layout->nnodes)
	{
		*partition = (int) copy[1];
		return copy[0];
	}
	*partition = layout->kind == LAYOUT_BROADCAST ? 0 : i;
	return layout->nodes[i];
}

static Size
layout_size(const TableLayout *layout)
{
	return offsetof(TableLayout, nodes) + (layout->nnodes + 2 * layout->ncopies) * sizeof(Oid);
}

/* Copies change places with what is on nodes that do not answer. */
static void
choose_alive(TableLayout *layout)
{
	for (int i = 0; i < layout->ncopies; i++)
	{
		Oid		   *copy = &layout->nodes[layout->nnodes + 2 * i];
		Oid		   *node = &layout->nodes[copy[1]];
		Oid			dead = *node;

		if (node_alive(dead) || !node_alive(copy[0]))
			continue;
		*node = copy[0];
		copy[0] = dead;
	}
}

bool
table_layouts_colocated(Relation a, Relation b)
{
	const TableLayout *la = table_layout(a);
	const TableLayout *lb = table_layout(b);

	if (la->kind != LAYOUT_HASH || lb->kind != LAYOUT_HASH || la->nkeys != lb->nkeys ||
		!table_layouts_aligned(a, b))
		return false;
	for (int i = 0; i < la->nkeys; i++)
		if (!layout_types_hash_alike(TupleDescAttr(RelationGetDescr(a), la->keys[i] - 1)->atttypid,
									 TupleDescAttr(RelationGetDescr(b), lb->keys[i] - 1)->atttypid))
			return false;
	return true;
}

bool
layout_types_hash_alike(Oid a, Oid b)
{
	a = getBaseType(a);
	b = getBaseType(b);
	if (a == b)
		return true;
	if (type_is_enum(a) || type_is_enum(b) || type_is_array(a) || type_is_array(b))
		return false;
	return lookup_type_cache(a, TYPECACHE_HASH_OPFAMILY)->hash_opf ==
		lookup_type_cache(b, TYPECACHE_HASH_OPFAMILY)->hash_opf;
}

bool
table_layouts_aligned(Relation a, Relation b)
{
	const TableLayout *la = table_layout(a);
	const TableLayout *lb = table_layout(b);

	return la->created && lb->created &&
		(la->kind == LAYOUT_BROADCAST) == (lb->kind == LAYOUT_BROADCAST) &&
		la->nnodes == lb->nnodes &&
		memcmp(la->nodes, lb->nodes, la->nnodes * sizeof(Oid)) == 0;
}

int
table_layout_nodes(const TableLayout *layout, int *slots)
{
	List	   *nodes = NIL;
	ListCell   *lc;

	for (int i = 0; i < layout->nnodes; i++)
		nodes = list_append_unique_oid(nodes, layout->nodes[i]);
	if (slots)
	{
		*slots = 0;
		foreach(lc, nodes)
			*slots += node_slots(lfirst_oid(lc));
	}
	return list_length(nodes);
}

const char *
table_shard_schema(void)
{
	static char name[NAMEDATALEN];

	snprintf(name, sizeof(name), "barks_" UINT64_FORMAT "_%u",
			 GetSystemIdentifier(), MyDatabaseId);
	return name;
}

char *
table_function_schema(void)
{
	return psprintf("%s_functions", table_shard_schema());
}

char *
table_shard_name(const TableLayout *layout, int partition)
{
	/* digits, lower-case letters and underscores: never needs quotes */
	return psprintf("%s.t_%u_%d", table_shard_schema(), layout->filenode, partition);
}

static TableLayout *
build_layout(Relation rel)
{
	LayoutSpec *spec = label_of_relation(rel);
	Oid			filenode = RelationFileNumber(rel);
	int			count;
	Placement  *placements = placement_read(filenode, &count);
	TableLayout *layout = palloc0(offsetof(TableLayout, nodes) + 2 * count * sizeof(Oid));
	Oid		   *copy;

	layout->kind = spec->kind;
	layout->filenode = filenode;
	layout->created = (count > 0);
	layout->nnodes = spec->kind == LAYOUT_BROADCAST || count == 0 ? count : placements[count - 1].partition + 1;
	layout->ncopies = count - layout->nnodes;
	layout->npartitions = spec->kind == LAYOUT_BROADCAST ? 1 : layout->nnodes;
	copy = layout->nodes + layout->nnodes;
	for (int i = 0; i < count; i++)
	{
		if (spec->kind == LAYOUT_BROADCAST)
			layout->nodes[i] = placements[i].node;
		else if (i == 0 || placements[i].partition != placements[i - 1].partition)
			layout->nodes[placements[i].partition] = placements[i].node;
		else
		{
			*copy++ = placements[i].node;
			*copy++ = placements[i].partition;
		}
	}
	if (!layout->created && spec->kind != LAYOUT_BROADCAST)
		layout->npartitions = Max(spec->npartitions, 1);
	resolve_keys(layout, rel, spec);
	return layout;
}

static void
resolve_keys(TableLayout *layout, Relation rel, const LayoutSpec *spec)
{
	ListCell   *lc;
	TupleDesc	desc = RelationGetDescr(rel);

	foreach(lc, spec->keys)
	{
		AttrNumber	attnum = InvalidAttrNumber;

		for (int i = 0; i < desc->natts; i++)
			if (!TupleDescAttr(desc, i)->attisdropped &&
				strcmp(NameStr(TupleDescAttr(desc, i)->attname), lfirst(lc)) == 0)
				attnum = i + 1;
		if (attnum == InvalidAttrNumber || layout->nkeys == INDEX_MAX_KEYS)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("key column \"%s\" of distributed table \"%s\" does not exist",
							(char *) lfirst(lc), RelationGetRelationName(rel))));
		layout->keys[layout->nkeys++] = attnum;
	}
}
