/*-------------------------------------------------------------------------
 * batch_test.h
 *	  What the files of barks_test share.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TEST_BATCH_TEST_H
#define BARKS_TEST_BATCH_TEST_H

#include "batch/schema.h"

/* Run query; its rows are then in SPI_tuptable, for which a schema is returned. */
extern BatchSchema *test_run_query(const char *query);

#endif							/* BARKS_TEST_BATCH_TEST_H */
