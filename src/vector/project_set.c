/*-------------------------------------------------------------------------
 * project_set.c
 *	  Sets in a target list over batches: the words of strings.
 *
 * PostgreSQL calls a function for each string, which fills a tuplestore of its words.
 * Here the words of a batch's strings are its rows, as far as they are cut by one ASCII
 * character: no other character has its byte in any encoding of a server.  All other
 * sets are PostgreSQL's.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "vector/node.h"

/* Words are put together in pieces of this size. */
#define ARENA_BYTES		(32 * 1024)

typedef struct VecWords
{
	VecNode		node;
	int			set;			/* column of the words */
	int			string;			/* column of the input that they are in */
	char		separator;
	AttrNumber *inputs;			/* by column: of the input; 0: a constant or the words */
	bool	  **nulls;

	VecBatch   *input;			/* NULL: none is at hand */
	int			next;			/* of its selected rows, the one to be cut */
	const char *rest;			/* of its string; NULL: it is not begun */
	const char *end;
	MemoryContext strings;		/* detoasted ones of the input */

	VecBatch	batch;
	uint16		rows[VEC_MAX_ROWS]; /* of the input, by row given */
	MemoryContext words;		/* of the batch */
	char	   *arena;
	Size		room;
} VecWords;

static VecBatch *words_next(VecNode *node);
static void words_rescan(VecNode *node);
static FuncExpr *find_set(Expr *expr);
static Expr *without_relabels(Expr *expr);
static bool cuts_by_character(FuncExpr *call);
static bool begin_string(VecWords *words);
static void cut(VecWords *words);
static Datum add_word(VecWords *words, const char *word, Size len);
static void gather(VecWords *words, int column, const Vec *from);

static const VecNodeMethods methods = {
	.name = "Words",
	.next = words_next,
	.rescan = words_rescan
};

bool
vec_project_set_supported(Plan *plan)
{
	ListCell   *lc;
	int			sets = 0;

	foreach(lc, plan->targetlist)
	{
		Expr	   *expr = lfirst_node(TargetEntry, lc)->expr;

		if (IsA(expr, FuncExpr) && ((FuncExpr *) expr)->funcretset)
		{
			if (find_set(expr) == NULL)
				return false;
			sets++;
		}
		else if (!IsA(expr, Const) && !(IsA(expr, Var) && ((Var *) expr)->varattno > 0))
			return false;
	}
	return sets == 1;
}

/* The call that cuts a column, if it is string_to_table(column, 'c') or unnest(string_to_array(column, 'c')). */
static FuncExpr *
find_set(Expr *expr)
{
	FuncExpr   *call = (FuncExpr *) expr;

	if (call->funcid == F_UNNEST_ANYARRAY)
	{
		call = (FuncExpr *) linitial(call->args);
		return IsA(call, FuncExpr) && call->funcid == F_STRING_TO_ARRAY_TEXT_TEXT &&
			cuts_by_character(call) ? call : NULL;
	}
	return call->funcid == F_STRING_TO_TABLE_TEXT_TEXT && cuts_by_character(call) ? call : NULL;
}

static bool
cuts_by_character(FuncExpr *call)
{
	Expr	   *string = without_relabels(linitial(call->args));
	Const	   *separator = lsecond(call->args);
	text	   *value;

	if (!IsA(string, Var) || ((Var *) string)->varattno <= 0 || !IsA(separator, Const) ||
		separator->constisnull || !OidIsValid(call->inputcollid) ||
		!get_collation_isdeterministic(call->inputcollid))
		return false;
	value = DatumGetTextPP(separator->constvalue);
	return VARSIZE_ANY_EXHDR(value) == 1 && *VARDATA_ANY(value) > 0;
}

static Expr *
without_relabels(Expr *expr)
{
	while (IsA(expr, RelabelType))
		expr = ((RelabelType *) expr)->arg;
	return expr;
}

VecNode *
vec_project_set_create(VecQuery *query, Plan *plan, bool careful)
{
	VecWords   *words = palloc0(sizeof(VecWords));
	ListCell   *lc;

	vec_node_init(&words->node, &methods, query, plan, careful);
	words->node.left = vec_node_create(query, outerPlan(plan), careful);
	words->batch.ncolumns = words->node.ncolumns;
	words->batch.columns = palloc(sizeof(Vec *) * words->node.ncolumns);
	words->inputs = palloc0(sizeof(AttrNumber) * words->node.ncolumns);
	words->nulls = palloc0(sizeof(bool *) * words->node.ncolumns);
	foreach(lc, plan->targetlist)
	{
		Expr	   *expr = lfirst_node(TargetEntry, lc)->expr;
		int			i = foreach_current_index(lc);
		Vec		   *vec = words->batch.columns[i] = vec_create(words->node.types[i].kind, VEC_MAX_ROWS);

		words->nulls[i] = palloc(sizeof(bool) * VEC_MAX_ROWS);
		if (IsA(expr, Const))
			vec_set_constant(vec, &words->node.types[i], ((Const *) expr)->constvalue,
							 ((Const *) expr)->constisnull);
		else if (IsA(expr, Var))
			words->inputs[i] = ((Var *) expr)->varattno;
		else
		{
			FuncExpr   *call = find_set(expr);

			words->set = i;
			words->string = ((Var *) without_relabels(linitial(call->args)))->varattno - 1;
			words->separator = *VARDATA_ANY(DatumGetTextPP(lsecond_node(Const, call->args)->constvalue));
		}
	}
	words->strings = AllocSetContextCreate(CurrentMemoryContext, "barks vector strings",
										   ALLOCSET_DEFAULT_SIZES);
	words->words = AllocSetContextCreate(CurrentMemoryContext, "barks vector words",
										 ALLOCSET_DEFAULT_SIZES);
	return &words->node;
}

static VecBatch *
words_next(VecNode *node)
{
	VecWords   *words = (VecWords *) node;
	VecBatch   *batch = &words->batch;

	MemoryContextReset(words->words);
	words->room = 0;
	batch->nrows = 0;
	while (batch->nrows == 0)
	{
		if (words->input == NULL || words->next == words->input->nsel)
		{
			MemoryContextReset(words->strings);
			words->rest = NULL;
			words->next = 0;
			words->input = vec_node_next(node->left);
			if (words->input == NULL)
				return NULL;
		}
		cut(words);
	}
	batch->nsel = batch->nrows;
	batch->sel = NULL;
	for (int i = 0; i < batch->ncolumns; i++)
		if (words->inputs[i] > 0)
			gather(words, i, vec_batch_column(words->input, words->inputs[i] - 1));
	return batch;
}

static void
words_rescan(VecNode *node)
{
	VecWords   *words = (VecWords *) node;

	words->input = NULL;
	vec_node_rescan(node->left);
}

/* Strings of the input from where the last batch ended, until there are enough words. */
static void
cut(VecWords *words)
{
	VecBatch   *batch = &words->batch;
	Datum	   *values = VEC_DATUMS(batch->columns[words->set]);
	int			max = vec_batch_rows();

	for (; words->next < words->input->nsel; words->next++, words->rest = NULL)
	{
		int			row = words->input->sel ? words->input->sel[words->next] : words->next;

		if (words->rest == NULL && !begin_string(words))
			continue;
		for (;;)
		{
			const char *at = words->rest;

			if (batch->nrows == max)
				return;
			while (at < words->end && *at != words->separator)
				at++;
			values[batch->nrows] = add_word(words, words->rest, at - words->rest);
			words->rows[batch->nrows++] = row;
			if (at == words->end)
				break;
			words->rest = at + 1;
		}
	}
}

/* False when it has no words: NULL, or empty. */
static bool
begin_string(VecWords *words)
{
	Vec		   *vec = vec_batch_column(words->input, words->string);
	int			row = VEC_ROW(vec, words->input->sel ? words->input->sel[words->next] : words->next);
	struct varlena *string;

	if (vec->nulls && vec->nulls[row])
		return false;
	string = (struct varlena *) DatumGetPointer(VEC_DATUMS(vec)[row]);
	if (VARATT_IS_COMPRESSED(string) || VARATT_IS_EXTERNAL(string))
	{
		MemoryContext old = MemoryContextSwitchTo(words->strings);

		string = pg_detoast_datum_packed(string);
		MemoryContextSwitchTo(old);
	}
	words->rest = VARDATA_ANY(string);
	words->end = words->rest + VARSIZE_ANY_EXHDR(string);
	return words->rest < words->end;
}

/* Short ones with a header of one byte, as they are in rows on pages. */
static Datum
add_word(VecWords *words, const char *word, Size len)
{
	char	   *value;

	if (len > VARATT_SHORT_MAX - VARHDRSZ_SHORT)
	{
		value = MemoryContextAlloc(words->words, len + VARHDRSZ);
		SET_VARSIZE(value, len + VARHDRSZ);
		memcpy(VARDATA(value), word, len);
		return PointerGetDatum(value);
	}
	if (words->room < len + VARHDRSZ_SHORT)
	{
		words->arena = MemoryContextAlloc(words->words, ARENA_BYTES);
		words->room = ARENA_BYTES;
	}
	value = words->arena;
	SET_VARSIZE_SHORT(value, len + VARHDRSZ_SHORT);
	memcpy(VARDATA_SHORT(value), word, len);
	words->arena += len + VARHDRSZ_SHORT;
	words->room -= len + VARHDRSZ_SHORT;
	return PointerGetDatum(value);
}

/* A column of the input, once for each word. */
static void
gather(VecWords *words, int column, const Vec *from)
{
	Vec		   *to = words->batch.columns[column];
	int			n = words->batch.nrows;

	to->kind = from->kind;
	to->scale = from->scale;
	to->nulls = from->nulls ? words->nulls[column] : NULL;
	if (from->nulls)
		for (int i = 0; i < n; i++)
			to->nulls[i] = from->nulls[VEC_ROW(from, words->rows[i])];

#define GATHER_LOOP(type) \
	for (int i = 0; i < n; i++) \
		((type *) to->values)[i] = ((const type *) from->values)[VEC_ROW(from, words->rows[i])]

	switch (vec_kind_size(from->kind))
	{
		case sizeof(uint8):
			GATHER_LOOP(uint8);
			break;
		case sizeof(uint32):
			GATHER_LOOP(uint32);
			break;
		default:
			GATHER_LOOP(uint64);
			break;
	}
#undef GATHER_LOOP
}
