/*-------------------------------------------------------------------------
 * rdd.h
 *	  The value of type barks.rdd: a lineage of steps.
 *
 * A step applies one operation to earlier steps and constants.  Steps that two
 * lineages share are one step of what is made of both, so a value grows with
 * what was called, not with how often results were used.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_RDD_RDD_H
#define BARKS_RDD_RDD_H

#include "fmgr.h"
#include "nodes/primnodes.h"

#include "rdd/shape.h"

typedef struct RddStep
{
	const char *name;			/* the operation: the SQL function without rdd_ */
	List	   *inputs;			/* integers: numbers of earlier steps, from 0 */
	List	   *args;			/* Const *: the function's other arguments, in order */
	RddShape   *shape;			/* of its elements */
	int			partitions;		/* 0: as many as the engine likes */
	bool		by_key;			/* equal keys are in one partition */
	bool		is_volatile;	/* not the same rows when computed again */
	const char *body;			/* all but the inputs, as it is stored; NULL in a new step */
	bool		unread;			/* of a stored lineage: only inputs and body are known yet */
} RddStep;

typedef struct Rdd
{
	List	   *steps;			/* RddStep *; the last one is the value; see rdd_read_steps() */
} Rdd;

/* in the current context */
extern Rdd *rdd_from_datum(Datum datum);
extern Datum rdd_to_datum(const Rdd *rdd);
/* all steps of several lineages, each once, and the numbers that the lineages end at */
extern Rdd *rdd_merge(List *rdds, List **ends);
/* one line for each step, as a function call; the first step is $1 */
extern char *rdd_text(const Rdd *rdd);
extern char *rdd_step_text(const RddStep *step);
/* the lineage that ends at a step of another one; its steps are in an order that depends on nothing else */
extern Rdd *rdd_lineage_of(const Rdd *rdd, int number);
extern RddStep *rdd_last(const Rdd *rdd);
/* before others than the last one are looked at */
extern void rdd_read_steps(const Rdd *rdd);

/* OIDs of the types, looked up when first needed */
extern Oid	rdd_type(void);
extern Oid	fn_type(void);

/*
 * For hooks.c: calls in FROM whose arguments are known become sub-selects, analyzed
 * for the role that plans.  True if there were any: the plan is for that role alone.
 */
extern bool rdd_on_plan(Query *query);

#endif							/* BARKS_RDD_RDD_H */
