/*-------------------------------------------------------------------------
 * label.h
 *	  The layout a table should have, as its security label says it.
 *
 * {"layout": "hash", "key": ["a", "b"], "partitions": 8}
 *
 * Tables that are written once may have "copies", of each partition on as many nodes,
 * and be on nodes that are "alive" when they are made (storage of RDDs).
 *
 * A table without a label is round-robin with the default number of
 * partitions.  A partitioned parent's label is what new leaves inherit.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TABLE_LABEL_H
#define BARKS_TABLE_LABEL_H

#include "nodes/pg_list.h"
#include "utils/rel.h"

#include "table/layout.h"

#define BARKS_LABEL_PROVIDER	"barks"
#define BARKS_MAX_PARTITIONS	65536
/* Of a function: its owner says that it gives the same on every node. */
#define BARKS_LABEL_SHIPPABLE	"shippable"

typedef struct LayoutSpec
{
	LayoutKind	kind;
	List	   *keys;			/* column names, of char *; NIL unless hash */
	int			npartitions;	/* 0: the default when storage is made */
	int			ncopies;		/* of each partition, as far as there are nodes; 0 is 1 */
	bool		alive_only;		/* storage is made on nodes that answer */
} LayoutSpec;

/* ERROR invalid_parameter_value when label is not a layout. */
extern LayoutSpec *label_parse(const char *label);
extern char *label_print(const LayoutSpec *spec);
/* Keys from a comma-separated list of identifiers; NULL: round-robin. */
extern LayoutSpec *label_spec_by(const char *by, int npartitions);

/* The spec of a relation: its label, or that of the table it is a rewrite of. */
extern LayoutSpec *label_of_relation(Relation rel);
extern void label_store(Oid relid, const LayoutSpec *spec);
/* ERROR unless every key is a column whose type can be hashed everywhere alike. */
extern void label_check_keys(Relation rel, const LayoutSpec *spec);

/*
 * While a table is redistributed its new storage follows spec, though the
 * label still describes the old one.  NULL ends it.
 */
extern void label_override(Oid relid, Oid old_filenode, const LayoutSpec *spec);
/* A label as text from a user or pg_dump is now in effect for relid. */
extern void label_init(void);

extern const char *layout_kind_name(LayoutKind kind);

#endif							/* BARKS_TABLE_LABEL_H */
