/*-------------------------------------------------------------------------
 * node.c
 *	  The nodes of the cluster.
 *
 * pg_foreign_server is the list; barks.node_credential holds what must not be
 * seen.  It is read here without permission checks, on behalf of whoever runs
 * a query, and what is read goes nowhere but into libpq.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_foreign_server.h"
#include "commands/defrem.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "cluster/cluster_state.h"
#include "cluster/monitor.h"
#include "cluster/node.h"
#include "job/protocol.h"

#define REDACTED "<hidden: may carry a password>"

typedef struct NamedNode
{
	Oid			node;
	NameData	name;
} NamedNode;

void		(*node_added_hook) (Oid node);
void		(*node_removing_hook) (Oid node, bool reachable);
char	   *(*node_bytes_sql_hook) (void);

/* The list of nodes, kept until a foreign server or wrapper changes. */
static MemoryContext list_context;
static List *cached_nodes;
static bool list_valid;

static TimestampTz hidden_statement;	/* when it began */
static int	protocol_version = BARKS_PROTOCOL_VERSION;

static void forget_list(Datum arg, int cache_id, uint32 hash_value);
static void load_list(void);
static int	compare_names(const ListCell *a, const ListCell *b);
static bool carries_password(const char *text);
static void redact(char **text);

void
node_init(void)
{
	/*
	 * Reported to every client at connect, which saves the driver a round
	 * trip and tells it at once when barks is not preloaded.
	 */
	DefineCustomIntVariable("barks.protocol_version",
							"Version of the protocol between drivers and nodes.",
							NULL, &protocol_version, BARKS_PROTOCOL_VERSION,
							BARKS_PROTOCOL_VERSION, BARKS_PROTOCOL_VERSION, PGC_INTERNAL,
							GUC_REPORT | GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE, NULL, NULL, NULL);
	cluster_state_init();
	monitor_init();
	node_sql_init();
}

List *
node_list(void)
{
	List	   *oids = NIL;
	ListCell   *lc;

	if (!list_valid)
		load_list();
	foreach(lc, cached_nodes)
		oids = lappend_oid(oids, ((NamedNode *) lfirst(lc))->node);
	return oids;
}

char *
node_name(Oid node)
{
	ForeignServer *server;

	if (!OidIsValid(node))
		return pstrdup(LOCAL_NODE_NAME);
	server = GetForeignServerExtended(node, FSV_MISSING_OK);
	return server ? server->servername : psprintf("%u", node);
}

Oid
node_by_name(const char *name, bool missing_ok)
{
	Oid			server = get_foreign_server_oid(name, true);

	if (OidIsValid(server) && node_is_one(server))
		return server;
	if (!missing_ok)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("node \"%s\" does not exist", name)));
	return InvalidOid;
}

bool
node_is_one(Oid server)
{
	ForeignServer *found = GetForeignServerExtended(server, FSV_MISSING_OK);

	return found && found->fdwid == get_foreign_data_wrapper_oid(BARKS_FDW_NAME, true);
}

bool
node_alive(Oid node)
{
	NodeState	state;

	if (!OidIsValid(node) || !node_state_get(node, &state))
		return true;
	return state.alive || !state.heard;
}

int
node_slots(Oid node)
{
	NodeState	state;
	const char *own;

	if (OidIsValid(node) && node_state_get(node, &state) && state.slots > 0)
		return state.slots;
	own = GetConfigOption("barks.executor_slots", true, false);
	return own ? Max(1, atoi(own)) : 1;
}

uint64
node_driver_id(void)
{
	return GetSystemIdentifier();
}

bool
node_same_host(Oid node)
{
	char	   *host;

	if (!OidIsValid(node))
		return true;
	host = node_option(node, "host");
	return !host || host[0] == '/' || host[0] == '@' || strcmp(host, "localhost") == 0 ||
		strcmp(host, "127.0.0.1") == 0 || strcmp(host, "::1") == 0;
}

char *
node_option(Oid node, const char *name)
{
	ForeignServer *server = GetForeignServer(node);
	ListCell   *lc;

	foreach(lc, server->options)
	{
		DefElem    *def = lfirst(lc);

		if (strcmp(def->defname, name) == 0)
			return pstrdup(defGetString(def));
	}
	return NULL;
}

/*
 * A node without a row, as after a restore from pg_dump, is connected to as
 * the extension's schema owner, without a password of ours (libpq's password
 * file may still have one).
 */
void
node_credential(Oid node, char **user_name, char **password)
{
	Oid			schema = get_namespace_oid("barks", false);
	Relation	rel = table_open(get_relname_relid("node_credential", schema), AccessShareLock);
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple	tuple;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(node));
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 1, &key);
	tuple = systable_getnext(scan);
	*password = NULL;
	if (HeapTupleIsValid(tuple))
	{
		bool		null;
		Datum		value = heap_getattr(tuple, 2, RelationGetDescr(rel), &null);

		*user_name = TextDatumGetCString(value);
		value = heap_getattr(tuple, 3, RelationGetDescr(rel), &null);
		if (!null)
			*password = TextDatumGetCString(value);
	}
	else
		*user_name = GetUserNameFromId(rel->rd_rel->relowner, false);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

void
node_hide_statement(void)
{
	hidden_statement = GetCurrentStatementStartTimestamp();
}

/*
 * Statements that may carry a password are not logged: neither as themselves
 * nor beside an error.  The text of an error itself stays.
 */
void
node_redact_log(ErrorData *edata)
{
	bool		plain_log = edata->elevel == LOG || edata->elevel == LOG_SERVER_ONLY;
	bool		secret = carries_password(debug_query_string) ||
		(hidden_statement != 0 && hidden_statement == GetCurrentStatementStartTimestamp());

	if (secret)
		edata->hide_stmt = true;
	if (plain_log && (carries_password(edata->message) || carries_password(edata->detail)))
	{
		redact(&edata->message);
		redact(&edata->detail);
	}
	if (plain_log && secret)
		redact(&edata->detail);
	if (carries_password(edata->context) ||
		(secret && edata->context && strstr(edata->context, "parameters")))
		redact(&edata->context);
	if (carries_password(edata->internalquery))
		redact(&edata->internalquery);
}

static bool
carries_password(const char *text)
{
	return text && (strcasestr(text, "add_node") || strcasestr(text, "node_credential"));
}

static void
redact(char **text)
{
	if (*text)
		*text = MemoryContextStrdup(ErrorContext, REDACTED);
}

static void
forget_list(Datum arg, int cache_id, uint32 hash_value)
{
	list_valid = false;
}

/* Read all servers of our wrapper into the cache, sorted by name. */
static void
load_list(void)
{
	Oid			fdw;
	Relation	rel;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *found = NIL;

	if (!list_context)
	{
		list_context = AllocSetContextCreate(TopMemoryContext, "barks nodes",
											 ALLOCSET_SMALL_SIZES);
		CacheRegisterSyscacheCallback(FOREIGNSERVEROID, forget_list, (Datum) 0);
		CacheRegisterSyscacheCallback(FOREIGNDATAWRAPPEROID, forget_list, (Datum) 0);
	}
	cached_nodes = NIL;
	MemoryContextReset(list_context);
	list_valid = true;			/* an invalidation while we read unsets it */

	fdw = get_foreign_data_wrapper_oid(BARKS_FDW_NAME, true);
	if (!OidIsValid(fdw))
		return;
	rel = table_open(ForeignServerRelationId, AccessShareLock);
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_foreign_server form = (Form_pg_foreign_server) GETSTRUCT(tuple);
		NamedNode  *named;
		MemoryContext old;

		if (form->srvfdw != fdw)
			continue;
		old = MemoryContextSwitchTo(list_context);
		named = palloc(sizeof(NamedNode));
		named->node = form->oid;
		named->name = form->srvname;
		found = lappend(found, named);
		MemoryContextSwitchTo(old);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	list_sort(found, compare_names);
	cached_nodes = found;
}

static int
compare_names(const ListCell *a, const ListCell *b)
{
	return strcmp(NameStr(((NamedNode *) lfirst(a))->name),
				  NameStr(((NamedNode *) lfirst(b))->name));
}
