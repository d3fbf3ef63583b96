/*-------------------------------------------------------------------------
 * node_sql.c
 *	  SQL functions about nodes: add, remove, show.
 *
 * Adding and removing are part of the user's transaction: what happens on
 * the node happens in the transaction's write session there.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/reloptions.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_foreign_server.h"
#include "commands/dbcommands.h"
#include "commands/defrem.h"
#include "fmgr.h"
#include "foreign/foreign.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "pgstat.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/varlena.h"

#include "cluster/cluster_state.h"
#include "cluster/connection.h"
#include "cluster/handshake.h"
#include "cluster/node.h"
#include "cluster/transaction.h"
#include "job/protocol.h"

PG_FUNCTION_INFO_V1(barks_protocol_version);
PG_FUNCTION_INFO_V1(barks_machine_traits);
PG_FUNCTION_INFO_V1(barks_node_options_validator);
PG_FUNCTION_INFO_V1(barks_add_node);
PG_FUNCTION_INFO_V1(barks_remove_node);
PG_FUNCTION_INFO_V1(barks_node_status);

/* Server options: libpq's, but for who connects and what we set ourselves. */
static const char *const text_options[] = {
	"host", "hostaddr", "dbname", "sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl",
	"sslcrldir", "sslsni", "sslcompression", "ssl_min_protocol_version",
	"ssl_max_protocol_version", "gssencmode", "krbsrvname", "requirepeer", "channel_binding",
	NULL
};
static const char *const number_options[] = {
	"port", "connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval",
	"keepalives_count", "tcp_user_timeout", NULL
};

static bool nodes_changed;		/* by this transaction */

static bool is_one_of(const char *name, const char *const *list);
static void require_superuser(const char *function);
static Oid	create_server(const char *name, const char *host, int port, const char *dbname);
static void store_credential(Oid node, const char *user_name, const char *password);
static void forget_credential(Oid node);
static void install_on_node(Oid node, const char *name);
static char *serving_key(void);
static bool try_session(Oid node);
static void refuse_only_copies(Oid node);
static int	count_partitions(Oid node, int *only_copies);
static void on_xact(XactEvent event, void *arg);
static Datum text_or_null(const char *value, bool *null);

Datum
barks_protocol_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(BARKS_PROTOCOL_VERSION);
}

/* Shards take column bytes as the driver has them. */
Datum
barks_machine_traits(PG_FUNCTION_ARGS)
{
#ifdef WORDS_BIGENDIAN
	const char *order = "big";
#else
	const char *order = "little";
#endif

	PG_RETURN_TEXT_P(cstring_to_text(psprintf("%s endian, %d-byte datums, %d-byte alignment", order,
											  (int) sizeof(Datum), MAXIMUM_ALIGNOF)));
}

Datum
barks_node_options_validator(PG_FUNCTION_ARGS)
{
	List	   *options = untransformRelOptions(PG_GETARG_DATUM(0));
	Oid			catalog = PG_GETARG_OID(1);
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *def = lfirst(lc);
		const char *value = defGetString(def);

		if (catalog != ForeignServerRelationId ||
			(!is_one_of(def->defname, text_options) && !is_one_of(def->defname, number_options)))
			ereport(ERROR,
					(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
					 errmsg("invalid option \"%s\"", def->defname),
					 catalog != ForeignServerRelationId
					 ? errhint("Only nodes, the servers of this wrapper, have options.")
					 : errhint("A node has host, port, dbname, connect_timeout, and libpq's TLS and TCP options; user and password are arguments of barks.add_node().")));
		if (is_one_of(def->defname, number_options) &&
			(strspn(value, "0123456789") != strlen(value) || !value[0] || strlen(value) > 9))
			ereport(ERROR,
					(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
					 errmsg("invalid value for option \"%s\": \"%s\"", def->defname, value)));
		if (strcmp(def->defname, "port") == 0 && (atoi(value) < 1 || atoi(value) > 65535))
			ereport(ERROR,
					(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
					 errmsg("port %s is not between 1 and 65535", value)));
		if (strncmp(def->defname, "host", 4) == 0 && strchr(value, ','))
			ereport(ERROR,
					(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
					 errmsg("a node is one server, not a list: \"%s\"", value)));
	}
	PG_RETURN_VOID();
}

Datum
barks_add_node(PG_FUNCTION_ARGS)
{
	char	   *name;
	char	   *host;
	char	   *dbname;
	char	   *user_name;
	char	   *password;
	int			port;
	Oid			node;
	NodeConnection *conn;
	int			guc_level;

	node_hide_statement();
	pgstat_report_activity(STATE_RUNNING, "SELECT barks.add_node(/* arguments hidden */)");
	require_superuser("add_node");
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the name of a node cannot be null")));
	name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	host = PG_ARGISNULL(1) ? "localhost" : text_to_cstring(PG_GETARG_TEXT_PP(1));
	port = PG_ARGISNULL(2) ? DEF_PGPORT : PG_GETARG_INT32(2);
	dbname = PG_ARGISNULL(3) ? get_database_name(MyDatabaseId) : text_to_cstring(PG_GETARG_TEXT_PP(3));
	user_name = PG_ARGISNULL(4) ? GetUserNameFromId(GetUserId(), false) : text_to_cstring(PG_GETARG_TEXT_PP(4));
	password = PG_ARGISNULL(5) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(5));
	if (!name[0] || strlen(name) >= NAMEDATALEN || strcmp(name, LOCAL_NODE_NAME) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("\"%s\" cannot be the name of a node", name)));

	guc_level = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	node = create_server(name, host, port, dbname);
	store_credential(node, user_name, password);
	CommandCounterIncrement();

	conn = connection_acquire(node);
	handshake_check(conn);
	connection_release(conn);
	install_on_node(node, name);
	if (node_added_hook)
		node_added_hook(node);
	AtEOXact_GUC(true, guc_level);
	PG_RETURN_VOID();
}

Datum
barks_remove_node(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Oid			node;
	bool		reachable;
	ObjectAddress server;

	require_superuser("remove_node");
	node = node_by_name(name, false);
	LockDatabaseObject(ForeignServerRelationId, node, 0, AccessExclusiveLock);
	refuse_only_copies(node);
	reachable = try_session(node);
	if (!reachable)
		ereport(WARNING,
				(errcode(ERRCODE_CONNECTION_FAILURE),
				 errmsg("node \"%s\" cannot be reached", name),
				 errdetail("What barks created there stays there.")));
	if (node_removing_hook)
		node_removing_hook(node, reachable);
	if (reachable)
		connection_exec(transaction_session(node),
						psprintf("DELETE FROM barks.serving WHERE %s", serving_key()));
	CommandCounterIncrement();
	ObjectAddressSet(server, ForeignServerRelationId, node);
	performDeletion(&server, DROP_RESTRICT, 0);
	PG_RETURN_VOID();
}

Datum
barks_node_status(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	foreach(lc, node_list())
	{
		Oid			node = lfirst_oid(lc);
		NodeState	state = {0};
		Datum		values[10];
		bool		nulls[10] = {0};
		char	   *port = node_option(node, "port");

		(void) node_state_get(node, &state);
		values[0] = CStringGetTextDatum(node_name(node));
		values[1] = text_or_null(node_option(node, "host"), &nulls[1]);
		values[2] = Int32GetDatum(port ? atoi(port) : DEF_PGPORT);
		values[3] = text_or_null(node_option(node, "dbname"), &nulls[3]);
		values[4] = BoolGetDatum(state.alive);
		nulls[4] = !state.heard;
		values[5] = Int32GetDatum(state.slots);
		nulls[5] = state.slots == 0;
		values[6] = text_or_null(state.version[0] ? state.version : NULL, &nulls[6]);
		values[7] = Int32GetDatum(count_partitions(node, NULL));
		nulls[8] = !state.sized;
		values[8] = Int64GetDatum(state.bytes);
		values[9] = TimestampTzGetDatum(state.last_seen);
		nulls[9] = state.last_seen == 0;
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* The list of nodes changes, perhaps by DROP SERVER or DROP EXTENSION … CASCADE. */
void
node_object_access(ObjectAccessType access, Oid class_id, Oid object_id, int sub_id, void *arg)
{
	if (class_id != ForeignServerRelationId)
		return;
	node_look_at_end();
	if (access != OAT_DROP || !node_is_one(object_id))
		return;
	refuse_only_copies(object_id);
	forget_credential(object_id);
}

/* Before transaction_init: callbacks are called last first, and the nodes must have committed. */
void
node_sql_init(void)
{
	RegisterXactCallback(on_xact, NULL);
}

static bool
is_one_of(const char *name, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(name, *list) == 0)
			return true;
	return false;
}

static void
require_superuser(const char *function)
{
	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be superuser to call barks.%s()", function)));
}

static Oid
create_server(const char *name, const char *host, int port, const char *dbname)
{
	CreateForeignServerStmt *stmt = makeNode(CreateForeignServerStmt);

	if (OidIsValid(get_foreign_server_oid(name, true)))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("node \"%s\" already exists", name)));
	stmt->servername = pstrdup(name);
	stmt->fdwname = BARKS_FDW_NAME;
	stmt->options = list_make3(makeDefElem("host", (Node *) makeString(pstrdup(host)), -1),
							   makeDefElem("port", (Node *) makeString(psprintf("%d", port)), -1),
							   makeDefElem("dbname", (Node *) makeString(pstrdup(dbname)), -1));
	return CreateForeignServer(stmt).objectId;
}

static Relation
open_credentials(void)
{
	Oid			schema = get_namespace_oid("barks", false);

	return table_open(get_relname_relid("node_credential", schema), RowExclusiveLock);
}

static void
store_credential(Oid node, const char *user_name, const char *password)
{
	Relation	rel = open_credentials();
	Datum		values[3];
	bool		nulls[3] = {0};
	HeapTuple	tuple;

	values[0] = ObjectIdGetDatum(node);
	values[1] = CStringGetTextDatum(user_name);
	values[2] = text_or_null(password, &nulls[2]);
	tuple = heap_form_tuple(RelationGetDescr(rel), values, nulls);
	CatalogTupleInsert(rel, tuple);
	table_close(rel, RowExclusiveLock);
}

static void
forget_credential(Oid node)
{
	Oid			schema = get_namespace_oid("barks", true);
	Relation	rel;
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple	tuple;

	if (!OidIsValid(get_relname_relid("node_credential", schema)))
		return;					/* the extension is being dropped */
	rel = open_credentials();
	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(node));
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		CatalogTupleDelete(rel, &tuple->t_self);
	systable_endscan(scan);
	table_close(rel, RowExclusiveLock);
}

/* Create the extension on the node and take the database there for us. */
static void
install_on_node(Oid node, const char *name)
{
	NodeConnection *session = transaction_session(node);
	PGresult   *res;
	char	   *other;

	connection_exec(session, "CREATE EXTENSION IF NOT EXISTS barks");
	handshake_check_extension(session);
	res = connection_query(session, psprintf("SELECT node FROM barks.serving WHERE %s", serving_key()),
						   0, NULL);
	other = PQntuples(res) > 0 ? pstrdup(PQgetvalue(res, 0, 0)) : NULL;
	PQclear(res);
	if (other && strcmp(other, name) != 0 && OidIsValid(node_by_name(other, true)))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("that database is already node \"%s\"", other)));
	/* The row is locked by whoever adds or removes it, perhaps we ourselves. */
	switch (connection_try_exec(session,
								psprintf("SET LOCAL lock_timeout = '2s';"
										 "DELETE FROM barks.serving WHERE %s;"
										 "INSERT INTO barks.serving VALUES ('" UINT64_FORMAT "', %u, %s);"
										 "SET LOCAL lock_timeout = 0",
										 serving_key(), node_driver_id(), MyDatabaseId, quote_literal_cstr(name))))
	{
		case ERRCODE_SUCCESSFUL_COMPLETION:
			break;
		case ERRCODE_LOCK_NOT_AVAILABLE:
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_IN_USE),
					 errmsg("the database of node \"%s\" is being added or removed by another transaction or earlier in this one", name)));
			break;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("could not register with node \"%s\"", name)));
	}
}

static char *
serving_key(void)
{
	return psprintf("driver = '" UINT64_FORMAT "' AND database = %u", node_driver_id(), MyDatabaseId);
}

/* Open the write session; false when the node cannot be reached. */
static bool
try_session(Oid node)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool reachable = true;

	BeginInternalSubTransaction(NULL);
	PG_TRY();
	{
		NodeConnection *conn = connection_acquire(node);

		connection_release(conn);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_CONNECTION_EXCEPTION)
			PG_RE_THROW();
		FlushErrorState();
		FreeErrorData(error);
		RollbackAndReleaseCurrentSubTransaction();
		reachable = false;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return reachable;
}

static void
refuse_only_copies(Oid node)
{
	int			only;
	char	   *name = node_name(node);

	(void) count_partitions(node, &only);
	if (only > 0)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("node \"%s\" holds the only copy of data", name),
				 errdetail_plural("%d partition is nowhere else.", "%d partitions are nowhere else.",
								  only, only),
				 errhint("Redistribute, undistribute or drop the tables that have partitions there; view barks.partitions shows them.")));
}

/*
 * Partitions that barks.placement has on the node; *only_copies those that no
 * other node has.  None while that catalog does not exist.
 */
static int
count_partitions(Oid node, int *only_copies)
{
	Oid			schema = get_namespace_oid("barks", true);
	Oid			relid = get_relname_relid("placement", schema);
	HTAB	   *elsewhere = NULL;
	HASHCTL		ctl = {.keysize = sizeof(Datum) * 2, .entrysize = sizeof(Datum) * 2,
		.hcxt = CurrentMemoryContext};
	Relation	rel;
	SysScanDesc scan;
	HeapTuple	tuple;
	int			count = 0;

	if (only_copies)
	{
		*only_copies = 0;
		elsewhere = hash_create("barks partitions elsewhere", 1024, &ctl,
								HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	if (!OidIsValid(relid))
		return 0;
	rel = table_open(relid, AccessShareLock);
	for (int pass = only_copies ? 0 : 1; pass < 2; pass++)
	{
		scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
		while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		{
			bool		null;
			Datum		part[2] = {heap_getattr(tuple, 1, RelationGetDescr(rel), &null),
			heap_getattr(tuple, 2, RelationGetDescr(rel), &null)};
			bool		here = DatumGetObjectId(heap_getattr(tuple, 3, RelationGetDescr(rel), &null)) == node;

			if (pass == 0 && !here)
				(void) hash_search(elsewhere, part, HASH_ENTER, NULL);
			if (pass == 1 && here)
			{
				count++;
				if (only_copies && !hash_search(elsewhere, part, HASH_FIND, NULL))
					(*only_copies)++;
			}
		}
		systable_endscan(scan);
	}
	table_close(rel, AccessShareLock);
	if (elsewhere)
		hash_destroy(elsewhere);
	return count;
}

/* The monitor must see the committed list of nodes, and nodes as this transaction left them. */
void
node_look_at_end(void)
{
	nodes_changed = true;
}

static void
on_xact(XactEvent event, void *arg)
{
	if (!nodes_changed || (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT))
		return;
	nodes_changed = false;
	monitor_state_wake(true);
}

static Datum
text_or_null(const char *value, bool *null)
{
	*null = value == NULL;
	return value ? CStringGetTextDatum(value) : (Datum) 0;
}
