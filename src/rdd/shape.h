/*-------------------------------------------------------------------------
 * shape.h
 *	  What the elements of an RDD look like.
 *
 * An element is a value of one SQL type, or a row of several: a pair (k, v), a
 * tuple (_1, _2, …) or the columns of a named row type, whose fields have shapes
 * again.  A row has no value of its own anywhere in the engine: its leaves are
 * columns, named by their path.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_RDD_SHAPE_H
#define BARKS_RDD_SHAPE_H

#include "nodes/primnodes.h"

typedef struct RddShape
{
	Oid			type;			/* of a leaf; of a row, its named type or InvalidOid */
	int32		typmod;			/* of a leaf */
	Oid			collation;		/* likewise */
	bool		not_null;		/* a leaf that is never null, found when compiled */
	List	   *names;			/* of a row's fields, char *; NIL for a leaf */
	List	   *fields;			/* RddShape * */
} RddShape;

/* One column of an element. */
typedef struct RddLeaf
{
	const char *path;			/* with the variable's name in front: x, k, v._1 (rdd_shape_path) */
	const RddShape *shape;
} RddLeaf;

/* all of these are made in the current context, and share what they are given */
extern RddShape *rdd_shape_leaf(Oid type, int32 typmod, Oid collation);
extern RddShape *rdd_shape_pair(const RddShape *key, const RddShape *value);
extern RddShape *rdd_shape_tuple(List *fields);
extern RddShape *rdd_shape_of_type(Oid type);
/* columns in the list, by their addresses, are never null */
extern RddShape *rdd_shape_of_expr(Node *expr, List *not_null);
extern RddShape *rdd_shape_of_rows(ArrayExpr *array);

extern bool rdd_shape_is_leaf(const RddShape *shape);
extern bool rdd_shape_is_pair(const RddShape *shape);
extern bool rdd_shape_equal(const RddShape *a, const RddShape *b);
extern int	rdd_shape_width(const RddShape *shape);
/* key and value of a pair */
extern const RddShape *rdd_shape_key(const RddShape *shape);
extern const RddShape *rdd_shape_value(const RddShape *shape);
/* columns of an element: of a pair k…, v…, of others x… */
extern List *rdd_shape_columns(const RddShape *shape);
/* the column of a row's field, however long its name is */
extern char *rdd_shape_path(const char *path, const char *name);
/* columns of a variable of that name */
extern List *rdd_shape_leaves(const RddShape *shape, const char *variable);
/* (integer, text) and the like, for messages and for people */
extern char *rdd_shape_text(const RddShape *shape);
/* a type as a cast in SQL needs it: never with a length that it does not have */
extern char *rdd_type_name(Oid type, int32 typmod);
/* with columns that may all be null, or may not where neither may */
extern RddShape *rdd_shape_nullable(const RddShape *shape);
/* likewise, and of any length, as results of expressions are */
extern RddShape *rdd_shape_without_lengths(const RddShape *shape);
extern RddShape *rdd_shape_either(const RddShape *a, const RddShape *b);

/* as nodes that nodeToString knows, and back */
extern List *rdd_shape_to_list(const RddShape *shape);
extern RddShape *rdd_shape_from_list(List *list);

#endif							/* BARKS_RDD_SHAPE_H */
