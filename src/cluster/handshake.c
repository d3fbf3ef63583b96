/*-------------------------------------------------------------------------
 * handshake.c
 *	  What is checked once, when a node is added.
 *
 * The same queries run here and on the node; where an answer must be equal and
 * is not, rows would be stored, hashed, sorted or printed differently there.
 * connect.c checks what may change later on every connection.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "postmaster/postmaster.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "cluster/cluster_state.h"
#include "cluster/extensions.h"
#include "cluster/handshake.h"
#include "cluster/node.h"

/* Something that must be equal on all servers. */
typedef struct EqualCheck
{
	const char *what;
	const char *sql;
	const char *hint;
} EqualCheck;

static const EqualCheck equal_checks[] = {
	{"integer_datetimes", "SELECT pg_catalog.current_setting('integer_datetimes')", NULL},
	{"locale of the database",
		"SELECT pg_catalog.concat_ws(' ', datlocprovider, datcollate, datctype, daticulocale)"
		" FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()",
	"Create the database there with the same locale, from template0."},
	{"version of the database's collation",
		"SELECT coalesce(pg_catalog.pg_database_collation_actual_version(oid), '')"
		" FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()",
	"Use the same version of the operating system's locale library on all servers."},
	{"version of the ICU collations",
		"SELECT coalesce(max(pg_catalog.pg_collation_actual_version(oid)), '')"
		" FROM pg_catalog.pg_collation WHERE collname = 'en-x-icu' AND collprovider = 'i'",
	"Use the same version of ICU on all servers."},
	{"time zone data",
		"SELECT pg_catalog.md5(pg_catalog.string_agg(extract(epoch FROM pg_catalog.timezone(z, t))::pg_catalog.text, ','"
		" ORDER BY z COLLATE \"C\", t))"
		" FROM pg_catalog.unnest('{America/New_York,America/Sao_Paulo,America/Mexico_City,America/Chihuahua,"
		"Europe/London,Europe/Moscow,Europe/Volgograd,Europe/Istanbul,Africa/Cairo,Africa/Casablanca,Asia/Amman,"
		"Asia/Tehran,Asia/Almaty,Asia/Kolkata,Asia/Tokyo,Australia/Sydney,Pacific/Fiji}'::pg_catalog.text[]) z,"
		" pg_catalog.generate_series('1971-01-10'::pg_catalog.timestamp, '2037-12-31', '88 days') t",
	"Install the same time zone data on all servers."},
};

static void check_session_pid(NodeConnection *conn);
static void check_no_pooler(NodeConnection *conn);
static void check_not_self(NodeConnection *conn);
static void check_equal(NodeConnection *conn, const EqualCheck *check);
static void check_collations(NodeConnection *conn);
static void check_settings(NodeConnection *conn);
static char *ask_node(NodeConnection *conn, const char *sql);
static char *ask_here(const char *sql);

void
handshake_check(NodeConnection *conn)
{
	check_session_pid(conn);
	check_no_pooler(conn);
	check_not_self(conn);
	check_settings(conn);
	for (int i = 0; i < lengthof(equal_checks); i++)
		check_equal(conn, &equal_checks[i]);
	check_collations(conn);
}

void
handshake_check_extension(NodeConnection *conn)
{
	static const EqualCheck version = {
		"version of the extension barks",
		"SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'barks'",
		"Run ALTER EXTENSION barks UPDATE where it is older."
	};
	static const EqualCheck traits = {
		"machine architecture", "SELECT barks.machine_traits()", NULL
	};
	char	   *slots;

	check_equal(conn, &version);
	check_equal(conn, &traits);
	slots = ask_node(conn, "SELECT coalesce(pg_catalog.current_setting('barks.executor_slots', true), '0')");
	node_state_seen(connection_node(conn), atoi(slots), NULL);
	(void) extensions_learn(connection_node(conn), ask_node(conn, psprintf("SELECT %s", extensions_sql())));
}

/* A pooler makes up the process id it reports. */
static void
check_session_pid(NodeConnection *conn)
{
	if (atoi(ask_node(conn, "SELECT pg_catalog.pg_backend_pid()")) != connection_backend_pid(conn))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("there is a connection pooler before node \"%s\"", connection_node_name(conn)),
				 errhint("Connect to the server directly.")));
}

/*
 * Behind a transaction pooler a second session gets the server process of the
 * first, which is idle now.
 */
static void
check_no_pooler(NodeConnection *conn)
{
	NodeConnection *other = connection_acquire(connection_node(conn));
	char	   *mine = ask_node(conn, "SELECT pg_catalog.pg_backend_pid()");
	char	   *theirs;

	connection_exec(other, "BEGIN");
	theirs = ask_node(other, "SELECT pg_catalog.pg_backend_pid()");
	if (strcmp(mine, theirs) == 0 ||
		strcmp(mine, ask_node(conn, "SELECT pg_catalog.pg_backend_pid()")) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("there is a transaction pooler before node \"%s\"", connection_node_name(conn)),
				 errhint("Connect to the server directly.")));
	connection_exec(other, "COMMIT");
	connection_release(other);
}

/*
 * Servers made by copying a data directory have the same system identifier, so
 * the time of the start tells them apart.
 */
static void
check_not_self(NodeConnection *conn)
{
	static const char *const sql =
	"SELECT pg_catalog.concat_ws(' ', (SELECT system_identifier FROM pg_catalog.pg_control_system()),"
	" (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()),"
	" extract(epoch FROM pg_catalog.pg_postmaster_start_time()))";

	if (strcmp(ask_node(conn, sql), ask_here(sql)) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("node \"%s\" is this very database", connection_node_name(conn)),
				 errhint("Without nodes barks runs on this server alone; give another server or another database.")));
}

static void
check_settings(NodeConnection *conn)
{
	const char *name = connection_node_name(conn);
	int			prepared = atoi(ask_node(conn, "SELECT pg_catalog.current_setting('max_prepared_transactions')"));
	int			workers = atoi(ask_node(conn, "SELECT pg_catalog.current_setting('max_worker_processes')"));
	int			slots = atoi(ask_node(conn, "SELECT coalesce(pg_catalog.current_setting('barks.executor_slots', true), '1')"));

	if (prepared == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("max_prepared_transactions is 0 on node \"%s\"", name),
				 errdetail("Distributed transactions are committed in two phases."),
				 errhint("Set max_prepared_transactions there to at least %d and restart the server.",
						 Max(MaxConnections, 10))));
	if (workers < slots + 3)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("max_worker_processes is too low on node \"%s\"", name),
				 errdetail("It is %d; barks.executor_slots there is %d, and 3 more processes are needed.",
						   workers, slots),
				 errhint("Set max_worker_processes there to at least %d and restart the server.",
						 slots + 8)));
}

static void
check_equal(NodeConnection *conn, const EqualCheck *check)
{
	char	   *there = ask_node(conn, check->sql);
	char	   *here = ask_here(check->sql);

	if (strcmp(there, here) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("node \"%s\" differs from the driver: %s", connection_node_name(conn), check->what),
				 errdetail("It is \"%s\" there and \"%s\" here.", there, here),
				 check->hint ? errhint("%s", check->hint) : 0));
}

/* Collations that columns here use, where the node has one of that name. */
static void
check_collations(NodeConnection *conn)
{
	char	   *list = ask_here(
								"SELECT coalesce(pg_catalog.string_agg(pg_catalog.format('(%L,%L)', c.name, c.version), ','), '')"
								" FROM (SELECT DISTINCT attcollation::pg_catalog.regcollation::pg_catalog.text AS name,"
								" coalesce(pg_catalog.pg_collation_actual_version(attcollation), '') AS version"
								" FROM pg_catalog.pg_attribute WHERE attcollation NOT IN (0, 100, 950, 951)"
								" AND attrelid >= 16384) c");
	char	   *differing;

	if (!list[0])
		return;
	differing = ask_node(conn, psprintf(
										"SELECT coalesce(pg_catalog.string_agg(name, ', '), '') FROM (VALUES %s) v(name, version)"
										" WHERE pg_catalog.to_regcollation(name) IS NOT NULL AND"
										" coalesce(pg_catalog.pg_collation_actual_version(pg_catalog.to_regcollation(name)), '') <> version",
										list));
	if (differing[0])
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("node \"%s\" differs from the driver: versions of collations", connection_node_name(conn)),
				 errdetail("Collations: %s.", differing),
				 errhint("Use the same version of the locale libraries on all servers.")));
}

/* The single value of a query there, "" for NULL or no row. */
static char *
ask_node(NodeConnection *conn, const char *sql)
{
	PGresult   *res = connection_query(conn, sql, 0, NULL);
	char	   *value = pstrdup(PQntuples(res) > 0 ? PQgetvalue(res, 0, 0) : "");

	PQclear(res);
	return value;
}

/* The same here.  The caller has set search_path. */
static char *
ask_here(const char *sql)
{
	MemoryContext caller = CurrentMemoryContext;
	char	   *value = NULL;

	SPI_connect();
	if (SPI_execute(sql, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not run \"%s\"", sql);
	if (SPI_processed > 0)
		value = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	value = MemoryContextStrdup(caller, value ? value : "");
	SPI_finish();
	return value;
}
