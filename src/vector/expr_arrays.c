/*-------------------------------------------------------------------------
 * expr_arrays.c
 *	  x = ANY (array), x <> ALL (array), and the same with other operators.
 *
 * For an array that is the same for all rows.  Few elements are compared one by
 * one, each with the rows that are undecided yet, by the operator's own kernel.
 * Many that the operator compares by equality are put into a set: integers and
 * decimals as words, strings by their bytes.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "common/int.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "base/hash_mix.h"
#include "base/decimal.h"
#include "vector/expr_step.h"
#include "vector/text_kernels.h"

/* From so many elements a set pays. */
#define MIN_SET		5

typedef enum SetForm
{
	SET_NONE,
	SET_WORDS,
	SET_STRINGS,
	SET_BLANK_STRINGS			/* bpchar: blanks at the end do not count */
} SetForm;

typedef struct SetSlot
{
	bool		used;
	uint32		hash;
	int			len;
	union
	{
		int64		word;
		const char *data;
	}			key;
} SetSlot;

struct ArraySet
{
	MemoryContext memory;		/* of elements and slots */
	bool		is_null;		/* the array is */
	bool		has_null;		/* an element is */
	bool		has_other;		/* a numeric is no decimal */
	int			nelements;		/* that are not NULL */
	Vec		  **elements;		/* constants */
	VecType		type;			/* of these */
	SetForm		form;
	VecKind		kind;			/* of the vectors that slots are for */
	int			scale;
	SetSlot    *slots;			/* NULL: not made yet */
	uint32		nslots;
};

/* How values that a function compares by equality are put into a set. */
static const struct
{
	Oid			equal;
	Oid			unequal;
	SetForm		form;
}			set_forms[] = {
	{F_INT2EQ, F_INT2NE, SET_WORDS},
	{F_INT24EQ, F_INT24NE, SET_WORDS},
	{F_INT28EQ, F_INT28NE, SET_WORDS},
	{F_INT42EQ, F_INT42NE, SET_WORDS},
	{F_INT4EQ, F_INT4NE, SET_WORDS},
	{F_INT48EQ, F_INT48NE, SET_WORDS},
	{F_INT82EQ, F_INT82NE, SET_WORDS},
	{F_INT84EQ, F_INT84NE, SET_WORDS},
	{F_INT8EQ, F_INT8NE, SET_WORDS},
	{F_DATE_EQ, F_DATE_NE, SET_WORDS},
	{F_TIME_EQ, F_TIME_NE, SET_WORDS},
	{F_TIMESTAMP_EQ, F_TIMESTAMP_NE, SET_WORDS},
	{F_TIMESTAMPTZ_EQ, F_TIMESTAMPTZ_NE, SET_WORDS},
	{F_NUMERIC_EQ, F_NUMERIC_NE, SET_WORDS},
	{F_TEXTEQ, F_TEXTNE, SET_STRINGS},
	{F_BPCHAREQ, F_BPCHARNE, SET_BLANK_STRINGS}
};

static Vec *eval_array(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
static void read_array(VecExpr *expr, const Vec *array);
static bool decide(VecExpr *expr, const Vec *vec, uint16 *rows, int *n);
static int	find_members(ArraySet *set, const Vec *vec, const uint16 *sel, int n, uint16 *out);
static void make_slots(ArraySet *set, const Vec *vec);
static bool element_word(const ArraySet *set, const Vec *element, int64 *word);
static SetSlot *find_slot(const ArraySet *set, uint32 hash, int64 word, const char *data, int len);

VecExpr *
expr_compile_array(VecExprContext *context, ScalarArrayOpExpr *node)
{
	VecExpr    *step = expr_step_new(context, (Node *) node, eval_array);
	ArraySet   *set;

	set_sa_opfuncid(node);
	expr_compile_args(step, node->args, false);
	expr_find_function(step, (Node *) node, node->opfuncid, node->inputcollid);
	step->fallback = expr_compile_fallback(context, (Expr *) node);
	if (!step->strict || step->function == NULL || step->function->selector == NULL ||
		!step->args[1]->is_constant)
		return step->fallback;
	step->any = node->useOr;
	set = step->set = palloc0(sizeof(ArraySet));
	set->memory = AllocSetContextCreate(CurrentMemoryContext, "barks array", ALLOCSET_SMALL_SIZES);
	vec_type_init(&set->type, get_base_element_type(exprType(lsecond(node->args))), -1, node->inputcollid);
	for (int i = 0; i < lengthof(set_forms); i++)
		if (node->opfuncid == (node->useOr ? set_forms[i].equal : set_forms[i].unequal))
			set->form = set_forms[i].form;
	return step;
}

/* As ExecEvalScalarArrayOp() says for strict functions. */
static Vec *
eval_array(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	ArraySet   *set = expr->set;
	const Vec  *vec = expr_eval(expr->args[0], batch, sel, n);
	const Vec  *array = expr_eval(expr->args[1], batch, sel, n);
	bool	   *values = VEC_BOOLS(expr->result);
	uint16		left[VEC_MAX_ROWS];
	int			nleft = 0;

	expr_begin_result(expr);
	if (expr->context->gave_up)
		return expr->result;
	if (!expr->known)
		read_array(expr, array);
	VEC_FOR_EACH(row, sel, n,
				 values[row] = !expr->any;
				 left[nleft] = row;
				 nleft += !VEC_IS_NULL(vec, row));
	if (set->is_null)
		VEC_FOR_EACH(row, sel, n, expr_put_null(expr, row));
	if (set->is_null || (set->nelements == 0 && !set->has_null))
		return expr->result;
	if (vec->nulls)
		VEC_FOR_EACH(row, sel, n, if (VEC_IS_NULL(vec, row)) expr_put_null(expr, row));
	if (!decide(expr, vec, left, &nleft))
		return expr_eval(expr->fallback, batch, sel, n);
	if (set->has_null)
		for (int i = 0; i < nleft; i++)
			expr_put_null(expr, left[i]);
	return expr->result;
}

static void
read_array(VecExpr *expr, const Vec *constant)
{
	ArraySet   *set = expr->set;
	MemoryContext old;
	ArrayType  *array;
	Datum	   *values;
	bool	   *nulls;
	int			n;
	char		align;

	expr->known = true;
	MemoryContextReset(set->memory);
	set->slots = NULL;
	set->nelements = 0;
	set->has_null = set->has_other = false;
	set->is_null = VEC_IS_NULL(constant, 0);
	if (set->is_null)
		return;
	old = MemoryContextSwitchTo(set->memory);
	array = DatumGetArrayTypeP(VEC_DATUMS(constant)[0]);
	get_typlenbyvalalign(ARR_ELEMTYPE(array), &set->type.typlen, &set->type.typbyval, &align);
	deconstruct_array(array, ARR_ELEMTYPE(array), set->type.typlen, set->type.typbyval, align, &values, &nulls, &n);
	set->elements = palloc(sizeof(Vec *) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		set->has_null |= nulls[i];
		if (nulls[i])
			continue;
		set->elements[set->nelements] = vec_create(set->type.kind, 1);
		vec_set_constant(set->elements[set->nelements], &set->type, values[i], false);
		set->has_other |= set->type.typid == NUMERICOID && set->elements[set->nelements]->kind != VEC_DECIMAL;
		set->nelements++;
	}
	MemoryContextSwitchTo(old);
}

/* Leave rows that no element decides; what those decide is the opposite of what all rows have now. */
static bool
decide(VecExpr *expr, const Vec *vec, uint16 *rows, int *n)
{
	ArraySet   *set = expr->set;
	bool	   *values = VEC_BOOLS(expr->result);
	uint16		met[VEC_MAX_ROWS];
	int			nmet;

	if (*n == 0)
		return true;
	if (set->form != SET_NONE && set->nelements >= MIN_SET)
	{
		nmet = find_members(set, vec, rows, *n, met);
		if (nmet < 0)
			return false;
		for (int i = 0; i < nmet; i++)
			values[met[i]] = expr->any;
		*n = expr_select_others(rows, *n, met, nmet, rows);
		return true;
	}
	expr->operands[0] = vec;
	for (int i = 0; i < set->nelements && *n > 0; i++)
	{
		expr->operands[1] = set->elements[i];
		nmet = expr_call_selector(expr, rows, *n, met);
		if (nmet < 0)
			return false;
		if (expr->any)
		{
			for (int j = 0; j < nmet; j++)
				values[met[j]] = true;
			*n = expr_select_others(rows, *n, met, nmet, rows);
		}
		else
		{
			int			nothers = expr_select_others(rows, *n, met, nmet, rows);

			for (int j = 0; j < nothers; j++)
				values[rows[j]] = false;
			memcpy(rows, met, sizeof(uint16) * nmet);
			*n = nmet;
		}
	}
	return true;
}

/* ---------------- sets ---------------- */

/* The rows whose values are elements; -1: PostgreSQL has to say. */
static int
find_members(ArraySet *set, const Vec *vec, const uint16 *sel, int n, uint16 *out)
{
	int			k = 0;

	if (set->form == SET_WORDS && (vec->kind == VEC_DATUM || set->has_other))
		return -1;
	if (set->slots == NULL || set->kind != vec->kind || (vec->kind == VEC_DECIMAL && set->scale != vec->scale))
		make_slots(set, vec);
	if (set->form == SET_WORDS)
		for (int i = 0; i < n; i++)
		{
			int			row = VEC_ROW(vec, sel[i]);
			int64		word = vec->kind == VEC_INT32 ? VEC_INT32S(vec)[row] : VEC_INT64S(vec)[row];

			out[k] = sel[i];
			k += find_slot(set, (uint32) hash_mix(word), word, NULL, 0)->used;
		}
	else
		for (int i = 0; i < n; i++)
		{
			Datum		value = VEC_DATUMS(vec)[VEC_ROW(vec, sel[i])];
			const char *data = VARDATA_ANY(DatumGetPointer(value));
			int			len;

			if (!text_is_plain(value))
				return -1;
			len = VARSIZE_ANY_EXHDR(DatumGetPointer(value));
			if (set->form == SET_BLANK_STRINGS)
				len = text_blank_length(data, len);
			out[k] = sel[i];
			k += find_slot(set, hash_bytes((const unsigned char *) data, len), 0, data, len)->used;
		}
	return k;
}

static void
make_slots(ArraySet *set, const Vec *vec)
{
	set->kind = vec->kind;
	set->scale = vec->scale;
	set->nslots = 16;
	while (set->nslots < set->nelements * 2)
		set->nslots *= 2;
	if (set->slots)
		pfree(set->slots);
	set->slots = MemoryContextAllocExtended(set->memory, sizeof(SetSlot) * (Size) set->nslots,
											MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int i = 0; i < set->nelements; i++)
	{
		const Vec  *element = set->elements[i];
		const char *data = NULL;
		int			len = 0;
		int64		word = 0;
		uint32		hash;
		SetSlot    *slot;

		if (set->form == SET_WORDS)
		{
			if (!element_word(set, element, &word))
				continue;
			hash = (uint32) hash_mix(word);
		}
		else
		{
			data = VARDATA_ANY(DatumGetPointer(VEC_DATUMS(element)[0]));
			len = VARSIZE_ANY_EXHDR(DatumGetPointer(VEC_DATUMS(element)[0]));
			if (set->form == SET_BLANK_STRINGS)
				len = text_blank_length(data, len);
			hash = hash_bytes((const unsigned char *) data, len);
		}
		slot = find_slot(set, hash, word, data, len);
		slot->used = true;
		slot->hash = hash;
		slot->len = len;
		if (data)
			slot->key.data = data;
		else
			slot->key.word = word;
	}
}

/* An element as a word of the vector; false: no value of the vector is equal to it. */
static bool
element_word(const ArraySet *set, const Vec *element, int64 *word)
{
	int64		power;

	if (element->kind == VEC_INT32)
		*word = VEC_INT32S(element)[0];
	else if (element->kind == VEC_INT64)
		*word = VEC_INT64S(element)[0];
	else
	{
		*word = VEC_INT64S(element)[0];
		if (*word == VEC_DECIMAL_NAN)
			return true;
		if (element->scale <= set->scale)
			return !pg_mul_s64_overflow(*word, decimal_powers[set->scale - element->scale], word) &&
				*word <= DECIMAL_LIMIT && *word >= -DECIMAL_LIMIT;
		power = decimal_powers[element->scale - set->scale];
		if (*word % power != 0)
			return false;
		*word /= power;
	}
	return true;
}

/* The slot of a key, or the free one where it belongs. */
static SetSlot *
find_slot(const ArraySet *set, uint32 hash, int64 word, const char *data, int len)
{
	uint32		place = hash & (set->nslots - 1);

	for (;; place = (place + 1) & (set->nslots - 1))
	{
		SetSlot    *slot = &set->slots[place];

		if (!slot->used)
			return slot;
		if (slot->hash == hash && slot->len == len &&
			(data ? memcmp(slot->key.data, data, len) == 0 : slot->key.word == word))
			return slot;
	}
}
