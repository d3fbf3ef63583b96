/*-------------------------------------------------------------------------
 * unsupported.c
 *	  What Spark has and makes no sense here: each says so, and what to do instead.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "rdd/query.h"

static const struct
{
	const char *name;
	const char *hint;
}			hints[] = {
	{"sequence_file", "Use barks.rdd_object_file, barks.rdd_binary_records or barks.rdd_text_file."},
	{"hadoop_file", "Use barks.rdd_text_file, barks.rdd_binary_files, or a foreign table with barks.rdd_table."},
	{"new_api_hadoop_file", "Use barks.rdd_text_file, barks.rdd_binary_files, or a foreign table with barks.rdd_table."},
	{"pickle_file", "Use barks.rdd_object_file."},
	{"save_as_hadoop_file", "Use barks.rdd_save_as_text_file or barks.rdd_save_as_object_file."},
	{"save_as_sequence_file", "Use barks.rdd_save_as_object_file."},
	{"save_as_pickle_file", "Use barks.rdd_save_as_object_file."},
	{"barrier", "Tasks of a stage do not wait for each other."},
};

static void
check_unsupported(RddStep *step, List *inputs)
{
	const char *hint = NULL;

	for (int i = 0; i < lengthof(hints); i++)
	{
		if (strcmp(hints[i].name, step->name) == 0)
			hint = hints[i].hint;
	}
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("barks.rdd_%s is not supported", step->name),
			 errhint("%s", hint)));
}

static void
compile_unsupported(RddQuery *query, const RddStep *step, StringInfo select)
{
	elog(ERROR, "barks.rdd_%s has no query", step->name);
}

const RddOperation rdd_unsupported[] = {
	{"sequence_file", check_unsupported, compile_unsupported},
	{"hadoop_file", check_unsupported, compile_unsupported},
	{"new_api_hadoop_file", check_unsupported, compile_unsupported},
	{"pickle_file", check_unsupported, compile_unsupported},
	{"save_as_hadoop_file", check_unsupported, compile_unsupported},
	{"save_as_sequence_file", check_unsupported, compile_unsupported},
	{"save_as_pickle_file", check_unsupported, compile_unsupported},
	{"barrier", check_unsupported, compile_unsupported},
	{NULL}
};
