/*-------------------------------------------------------------------------
 * shippable_functions.c
 *	  May nodes call this function, which is built in or of an extension?
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/pg_proc.h"
#include "tsearch/ts_cache.h"
#include "utils/lsyscache.h"

#include "base/listed.h"
#include "planner/shippable.h"
#include "table/placement.h"
#include "table/remote_type.h"

/*
 * Stable built-in functions that depend on nothing but their arguments and
 * settings that tasks run under (TimeZone, DateStyle, lc_time …).  Not here on
 * purpose: input functions of date and time types (the strings 'now' and
 * 'today' would be read by the node's clock) and all that reads catalogs.
 */
static const char *const stable_names[] = {
	"array_out", "array_to_json", "array_to_string",
	"concat", "concat_ws", "convert", "convert_from", "convert_to",
	"date", "date_cmp_timestamptz", "date_eq_timestamptz", "date_ge_timestamptz",
	"date_gt_timestamptz", "date_le_timestamptz", "date_lt_timestamptz",
	"date_ne_timestamptz", "date_out", "date_part", "date_trunc", "enum_in", "enum_out",
	"extract", "format", "generate_series", "interval_out", "interval_pl_timestamptz",
	"json_agg", "json_build_array", "json_build_object", "json_object_agg",
	"json_to_tsvector", "jsonb_agg", "jsonb_build_array", "jsonb_build_object",
	"jsonb_object_agg", "jsonb_path_exists_tz", "jsonb_path_match_tz",
	"jsonb_path_query_array_tz", "jsonb_path_query_first_tz", "jsonb_to_tsvector",
	"length", "make_timestamptz", "multirange_out", "overlaps",
	"quote_literal", "quote_nullable", "range_out", "textanycat", "anytextcat",
	"time", "timestamp", "timestamp_cmp_timestamptz", "timestamp_eq_timestamptz",
	"timestamp_ge_timestamptz", "timestamp_gt_timestamptz", "timestamp_le_timestamptz",
	"timestamp_lt_timestamptz", "timestamp_ne_timestamptz", "timestamp_out",
	"timestamptz", "timestamptz_cmp_date", "timestamptz_cmp_timestamp",
	"timestamptz_eq_date", "timestamptz_eq_timestamp", "timestamptz_ge_date",
	"timestamptz_ge_timestamp", "timestamptz_gt_date", "timestamptz_gt_timestamp",
	"timestamptz_le_date", "timestamptz_le_timestamp", "timestamptz_lt_date",
	"timestamptz_lt_timestamp", "timestamptz_mi_interval", "timestamptz_ne_date",
	"timestamptz_ne_timestamp", "timestamptz_out", "timestamptz_pl_interval", "timetz",
	"timezone", "to_char", "to_date", "to_json", "to_jsonb", "to_number",
	"to_timestamp", "to_tsquery", "to_tsvector", "plainto_tsquery", "phraseto_tsquery",
	"websearch_to_tsquery",
};

/*
 * Volatile functions that may run anywhere, once for each row: they depend on
 * no session and change nothing.
 */
static const char *const volatile_names[] = {
	"clock_timestamp", "gen_random_uuid", "random", "timeofday",
};

/* Immutable by name, but over OIDs or bytes that only this server knows. */
static const char *const node_local_names[] = {
	"hashenum", "hashenumextended", "hash_array", "hash_array_extended",
	"hash_record", "hash_record_extended", "hash_range", "hash_range_extended",
	"hash_multirange", "hash_multirange_extended", "hashchar",
};

/* Of our own: what it calls only calls in queries show. */
static const char *const program_names[] = {
	"rdd_combine",
};

/* Functions of our own that depend on the node they run on, as they should. */
static const char *const own_names[] = {
	"rdd_file_bytes", "rdd_file_list", "rdd_file_names", "rdd_file_text",
	"rdd_numbered_file_names", "rdd_numbered_lines", "rdd_numbered_objects", "rdd_numbered_pipe_lines",
	"rdd_numbered_records", "rdd_object_field", "rdd_object_header", "rdd_pipe_lines",
	"rdd_read_lines", "rdd_read_objects", "rdd_read_records", "rdd_row_text",
	"rdd_write_begin", "rdd_write_end",
};

/* … and may be called in any task as volatile ones, like random() */
static const char *const own_volatile_names[] = {
	"rdd_task_context", "task_context",
};

static bool is_own_function(Oid funcid, const char *name, const char *const *names, int n);

bool
shippable_runs_anywhere(Oid funcid)
{
	return LISTED(get_func_name(funcid), volatile_names);
}

const char *
shippable_builtin_reason(Oid funcid)
{
	char	   *name = get_func_name(funcid);
	char		volatility = func_volatile(funcid);

	if (volatility == PROVOLATILE_VOLATILE)
		return psprintf("function %s is volatile", name);
	if ((volatility == PROVOLATILE_STABLE && !LISTED(name, stable_names)) ||
		LISTED(name, node_local_names))
		return psprintf("function %s may depend on the server it runs on", name);
	if (shippable_needs_search_config(funcid) && !shippable_search_config())
		return psprintf("function %s uses a text search configuration of this server", name);
	return NULL;
}

const char *
shippable_extension_reason(Oid funcid)
{
	char	   *name = get_func_name(funcid);
	char		volatility = func_volatile(funcid);
	const char *lacking;

	if (volatility == PROVOLATILE_VOLATILE)
		return is_own_function(funcid, name, own_volatile_names, lengthof(own_volatile_names)) ? NULL
			: psprintf("function %s is volatile", name);
	if (LISTED(name, program_names) &&
		getExtensionOfObject(ProcedureRelationId, funcid) == barks_extension_oid())
		return psprintf("function %s runs a program", name);
	lacking = remote_extension_lacking(ProcedureRelationId, funcid);
	if (lacking)
		return psprintf("function %s: %s", name, lacking);
	return volatility == PROVOLATILE_IMMUTABLE ||
		is_own_function(funcid, name, own_names, lengthof(own_names)) ? NULL
		: psprintf("function %s is not immutable", name);
}

/* to_tsvector(text) and its kin, unlike to_tsvector(regconfig, text), which is immutable. */
bool
shippable_needs_search_config(Oid function)
{
	static const char *const names[] = {
		"to_tsvector", "json_to_tsvector", "jsonb_to_tsvector", "to_tsquery", "plainto_tsquery",
		"phraseto_tsquery", "websearch_to_tsquery",
	};

	return function < FirstNormalObjectId && func_volatile(function) == PROVOLATILE_STABLE &&
		LISTED(get_func_name(function), names);
}

bool
shippable_search_config(void)
{
	return getTSCurrentConfig(false) < FirstNormalObjectId;
}

static bool
is_own_function(Oid funcid, const char *name, const char *const *names, int n)
{
	return listed(name, names, n) &&
		getExtensionOfObject(ProcedureRelationId, funcid) == barks_extension_oid();
}
