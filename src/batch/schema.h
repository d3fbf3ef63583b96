/*-------------------------------------------------------------------------
 * schema.h
 *	  The column types of a batch, and how each travels between nodes.
 *
 * A column travels raw (the bytes PostgreSQL itself stores) only when those
 * bytes mean the same on every node: built-in types without OIDs of user
 * types inside, domains over them, and arrays and ranges
 * of them.  Everything else (enums, composites, reg*, arrays of domains,
 * extension types) travels as text through its output and input functions,
 * run under fixed settings (batch_text_settings_begin).  Domains always
 * travel as their base type: their constraints were checked where the value
 * was made.  Both ends derive the codec from their own catalog; the schema's
 * hash in each wire batch proves they agree.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_BATCH_SCHEMA_H
#define BARKS_BATCH_SCHEMA_H

#include "access/tupdesc.h"
#include "fmgr.h"

typedef enum BatchCodec
{
	BATCH_CODEC_FIXED = 1,		/* raw, typlen > 0 */
	BATCH_CODEC_VARLENA,		/* raw varlena payload, detoasted, no header */
	BATCH_CODEC_TEXT			/* output function's text */
} BatchCodec;

typedef struct BatchColumn
{
	Oid			typid;
	Oid			basetype;		/* of a domain, else typid */
	int32		typmod;
	int16		typlen;
	bool		typbyval;
	char		typalign;
	BatchCodec	codec;
	/* text codec only: looked up on first use */
	FmgrInfo	out;
	FmgrInfo	in;
	Oid			ioparam;
	Oid			reader;			/* role that the input function runs as, or InvalidOid */
} BatchColumn;

typedef struct BatchSchema
{
	MemoryContext context;		/* owns the schema and its FmgrInfos */
	uint32		hash;			/* of the codecs and, where raw, built-in types */
	bool		has_text;		/* some column uses the text codec */
	int			ncolumns;
	BatchColumn columns[FLEXIBLE_ARRAY_MEMBER];
} BatchSchema;

/*
 * Schema for the non-dropped columns of desc, allocated in context.  Dropped
 * columns are not allowed in desc.
 */
extern BatchSchema *batch_schema_create(TupleDesc desc, MemoryContext context);

/*
 * The codec a type travels by; ERROR feature_not_supported for pseudo-types
 * (but cstring, unknown and void, which have text forms) and for types whose
 * input function takes nothing, such as pg_node_tree.
 */
extern BatchCodec batch_codec_for_type(Oid typid);

/*
 * Bracket text-codec work with settings that make output and input exact
 * whatever the session's own are (DateStyle, IntervalStyle,
 * extra_float_digits, bytea_output, lc_monetary …).  Returns a nest level for
 * batch_text_settings_end.  Does nothing (returns 0) when no column of schema
 * uses the text codec.
 */
extern int	batch_text_settings_begin(const BatchSchema *schema);
extern void batch_text_settings_end(int nestlevel);

/* A value of a text-codec column to text and back, in the current context. */
extern char *batch_text_out(BatchSchema *schema, int column, Datum value);
extern Datum batch_text_in(BatchSchema *schema, int column, char *text);

#endif							/* BARKS_BATCH_SCHEMA_H */
