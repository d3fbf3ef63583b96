/*-------------------------------------------------------------------------
 * lambda_text.h
 *	  Texts of lambdas, and constants in them.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_RDD_LAMBDA_TEXT_H
#define BARKS_RDD_LAMBDA_TEXT_H

#include "nodes/nodes.h"

/* The text for a message: cut when it is long. */
extern char *lambda_shown(const char *text);
/* Raise an error, with its position, unless the text is exactly one expression. */
extern void lambda_check_text(const char *text);
/* Likewise, and what the parser makes of it, not analyzed. */
extern Node *lambda_parse_text(const char *text);
/* Of an ErrorContextCallback, with the text: errors point into it, not into the statement that has it. */
extern void lambda_position_callback(void *text);
/* The text with $1, $2, … replaced by constants. */
extern char *lambda_capture(const char *text, int nvalues, const Datum *values, const bool *nulls,
							const Oid *types);
/* A value as an expression that means the same in every session. */
extern char *lambda_constant(Oid type, Datum value, bool isnull);
/* Its text alone, for a literal. */
extern char *lambda_constant_text(Oid type, Datum value);
/* For texts that are read elsewhere; undone by AtEOXact_GUC(true, the result). */
extern int	lambda_plain_settings(void);

#endif							/* BARKS_RDD_LAMBDA_TEXT_H */
