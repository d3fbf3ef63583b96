/*-------------------------------------------------------------------------
 * shipped_body.h
 *	  Bodies of functions that are to be shipped; for shipped*.c only.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_PLANNER_SHIPPED_BODY_H
#define BARKS_PLANNER_SHIPPED_BODY_H

#include "lib/stringinfo.h"

#include "planner/shipped.h"

typedef struct ShippedBody
{
	char	   *sql;			/* with markers for */
	List	   *called;			/* of ShippedFunction */
	/* or */
	char	   *text;
	List	   *edits;			/* of TextEdit, from left to right */
} ShippedBody;

/* Under the search path that the body has.  NULL, or why the function stays on the driver. */
extern const char *shipped_parse_sql(ShippedFunction *it, HeapTuple tuple, const FuncExpr *call,
									 ShippedBody *body);
extern const char *shipped_parse_text(ShippedFunction *it, HeapTuple tuple, ShippedBody *body);

/* Appends what follows an aggregate's arguments. */
extern const char *shipped_describe_aggregate(ShippedFunction *it, StringInfo buf);

/* Another text in place of a part of the body. */
typedef struct TextEdit
{
	int			from;
	int			to;
	const char *text;			/* or, when NULL, a call of */
	const ShippedFunction *function;
	bool		unqualified;	/* only its name */
} TextEdit;

extern char *shipped_edit_text(const char *text, List *edits, const char *own_name);

/*
 * A function that another one calls: NULL and a reason, or what nodes get, whose name
 * is not known yet when it is the caller itself.  call: NULL if its arguments are unknown.
 */
extern const ShippedFunction *shipped_called(ShippedFunction *caller, Oid function,
											 const FuncExpr *call, const char **reason);

/* Are the types of its arguments those of each call? */
extern bool shipped_is_polymorphic(Oid function);
/* Those that are not built in: nodes need them for the copy. */
extern void shipped_add_types(ShippedFunction *it, const List *types);

#endif							/* BARKS_PLANNER_SHIPPED_BODY_H */
