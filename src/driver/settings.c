/*-------------------------------------------------------------------------
 * settings.c
 *	  The driver's own settings, and the user's that tasks must run under.
 *
 * A fragment gives the same text on a node as on the driver only under the
 * same settings.  Those that decide what an expression means are shipped with
 * every job; those that only decide how fast it runs (enable_*, costs) are
 * shipped when the user changed them in the session.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "utils/guc.h"
#include "utils/guc_tables.h"

#include "base/task_rights.h"
#include "driver/settings.h"
#include "planner/shippable.h"
#include "job/protocol.h"

int			task_attempts = 4;
bool		speculation_on = false;
double		speculation_quantile = 0.75;
double		speculation_multiplier = 1.5;
double		skew_factor = 5;
int			skew_threshold = 64 * 1024;
int			exclude_after = 2;
int			rows_per_batch = 8192;
int			wire_mode = WIRE_AUTO;
int			compression_mode = COMPRESSION_AUTO;
int			shuffle_partitions = 0;

static const struct config_enum_entry wire_options[] = {
	{"auto", WIRE_AUTO, false},
	{"always", WIRE_ALWAYS, false},
	{NULL, 0, false}
};

static const struct config_enum_entry compression_options[] = {
	{"auto", COMPRESSION_AUTO, false},
	{"off", COMPRESSION_OFF, false},
	{"zstd", COMPRESSION_ZSTD, false},
	{NULL, 0, false}
};

/* Settings that decide what an expression means or how its text looks. */
static const char *const shipped_settings[] = {
	"TimeZone", "DateStyle", "IntervalStyle", "extra_float_digits", "bytea_output",
	"lc_monetary", "lc_numeric", "lc_time", "xmlbinary", "xmloption",
	"default_text_search_config", "array_nulls", "backslash_quote",
	"client_min_messages", "work_mem", "hash_mem_multiplier", "timezone_abbreviations",
	"gin_fuzzy_search_limit", "barks.wire", "barks.fetch_timeout", "barks.vectorize",
	"barks.vector_batch_rows", NULL
};

static void define_speculation(void);
static void define_skew(void);

void
settings_init(void)
{
	DefineCustomIntVariable("barks.task_attempts",
							"How often a task is tried before its query fails.",
							"Only lost workers, nodes and connections are tried again; an SQL error never is.",
							&task_attempts, 4, 1, 100, PGC_USERSET, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("barks.exclude_after",
							"Failed attempts of a query on a node after which its tasks avoid the node.",
							"Only tasks that can run elsewhere do; 0 excludes no node.",
							&exclude_after, 2, 0, 1000, PGC_USERSET, 0,
							NULL, NULL, NULL);
	define_speculation();
	define_skew();
	DefineCustomIntVariable("barks.batch_rows",
							"Rows in a batch.",
							NULL,
							&rows_per_batch, 8192, 1, 65536, PGC_USERSET, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("barks.shuffle_partitions",
							"Partitions a shuffle makes.",
							"0 chooses by the size of the data and the slots of the cluster.",
							&shuffle_partitions, 0, 0, 100000, PGC_USERSET, 0,
							NULL, NULL, NULL);
	DefineCustomEnumVariable("barks.wire",
							 "Whether blocks and results may be read past libpq.",
							 "\"always\" sends every block and result over the network protocol even on one host.",
							 &wire_mode, WIRE_AUTO, wire_options, PGC_USERSET, 0,
							 NULL, NULL, NULL);
	DefineCustomEnumVariable("barks.compression",
							 "Compression of batches between nodes.",
							 "\"auto\" compresses between hosts and not within one.",
							 &compression_mode, COMPRESSION_AUTO, compression_options,
							 PGC_USERSET, 0, NULL, NULL, NULL);
}

static void
define_speculation(void)
{
	DefineCustomBoolVariable("barks.speculation",
							 "Run a task a second time on another node when it takes much longer than others.",
							 "Only tasks between two shuffles, which read no table or one that every node has.",
							 &speculation_on, false, PGC_USERSET, 0,
							 NULL, NULL, NULL);
	DefineCustomRealVariable("barks.speculation_quantile",
							 "Part of a stage's tasks that must be done before others count as late.",
							 NULL,
							 &speculation_quantile, 0.75, 0, 1, PGC_USERSET, 0,
							 NULL, NULL, NULL);
	DefineCustomRealVariable("barks.speculation_multiplier",
							 "How many times the median of its stage's tasks a late task has run.",
							 NULL,
							 &speculation_multiplier, 1.5, 1, 1000, PGC_USERSET, 0,
							 NULL, NULL, NULL);
}

static void
define_skew(void)
{
	DefineCustomRealVariable("barks.skew_factor",
							 "How many times the median a partition of a shuffle must have to be dealt to several tasks.",
							 "0 never does.",
							 &skew_factor, 5, 0, 1000000, PGC_USERSET, 0,
							 NULL, NULL, NULL);
	DefineCustomIntVariable("barks.skew_threshold",
							"Size from which on a partition of a shuffle may be dealt to several tasks.",
							NULL,
							&skew_threshold, 64 * 1024, 1, INT_MAX, PGC_USERSET, GUC_UNIT_KB,
							NULL, NULL, NULL);
}

static TaskSetting *
rights_setting(void)
{
	TaskSetting *setting = palloc(sizeof(TaskSetting));

	setting->name = pstrdup(TASK_RIGHTS_SETTING);
	setting->value = task_rights_of_user();
	return setting;
}

List *
settings_to_ship(void)
{
	List	   *settings = list_make1(rights_setting());
	struct config_generic **all = get_guc_variables();
	int			n = GetNumConfigOptions();

	for (int i = 0; shipped_settings[i]; i++)
	{
		TaskSetting *setting;

		if (strcmp(shipped_settings[i], "default_text_search_config") == 0 && !shippable_search_config())
			continue;			/* tasks that need it were not made */
		setting = palloc(sizeof(TaskSetting));
		setting->name = pstrdup(shipped_settings[i]);
		setting->value = pstrdup(GetConfigOption(shipped_settings[i], false, false));
		settings = lappend(settings, setting);
	}
	for (int i = 0; i < n; i++)
	{
		struct config_generic *guc = all[i];

		if (guc->source == PGC_S_SESSION && guc->context == PGC_USERSET &&
			(strncmp(guc->name, "enable_", 7) == 0 ||
			 (guc->group == QUERY_TUNING_COST && strncmp(guc->name, "parallel", 8) != 0)))
		{
			TaskSetting *setting = palloc(sizeof(TaskSetting));

			setting->name = pstrdup(guc->name);
			setting->value = pstrdup(GetConfigOption(guc->name, false, false));
			settings = lappend(settings, setting);
		}
	}
	return settings;
}
