/*-------------------------------------------------------------------------
 * kept_functions.c
 *	  Copies of a driver's functions, on a node.
 *
 * Tasks call them by names that say what they are, so nobody but the service role may
 * make any: a schema or function of that name that an ordinary role owns is an error.
 * Whoever changes something holds an advisory lock until the transaction ends; who finds
 * everything there takes none.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "executor/spi.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "worker/kept_functions.h"
#include "worker/task_guard.h"

#define KEEP_LOCK_FIELD	0xba14	/* not one that SQL's advisory locks use */

/*
 * Settings that decide what a definition means.  Bodies are looked at when they first run,
 * by the role that runs them: compiling one may run code of its author (plperl's BEGIN).
 */
static const char *const settings[][2] = {
	{"search_path", "pg_catalog, pg_temp"},
	{"standard_conforming_strings", "on"},
	{"check_function_bodies", "off"},
	{"client_min_messages", "warning"},
};

static bool has_all(const char *schema, const char *role, int n, char **names);
static Oid	find_function(Oid schema, const char *name);
static Oid	find_schema(const char *schema);
static void lock_schema(const char *schema);
static void make_schema(const char *schema, const char *role);
static void make_function(const char *schema, const char *role, const char *name,
						  const char *definition);
static void run(const char *command);

void
kept_functions_make(const char *schema, const char *role, int n, char **names, char **definitions)
{
	int			level;

	if (has_all(schema, role, n, names))
		return;
	lock_schema(schema);
	if (!task_role_exists(role))
		task_role_create(role);
	level = NewGUCNestLevel();
	for (int i = 0; i < lengthof(settings); i++)
		(void) set_config_option(settings[i][0], settings[i][1], PGC_SUSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	make_schema(schema, role);
	for (int i = 0; i < n; i++)
		make_function(schema, role, names[i], definitions[i]);
	SPI_finish();
	AtEOXact_GUC(true, level);
}

int64
kept_functions_drop(const char *schema)
{
	int64		n;

	lock_schema(schema);
	if (!OidIsValid(find_schema(schema)))
		return 0;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	if (SPI_execute(psprintf("SELECT FROM pg_catalog.pg_proc WHERE pronamespace = %s::pg_catalog.regnamespace",
							 quote_literal_cstr(quote_identifier(schema))), true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not count functions");
	n = SPI_processed;
	run(psprintf("DROP SCHEMA %s CASCADE", quote_identifier(schema)));
	SPI_finish();
	return n;
}

/* May the role call all of them? */
static bool
has_all(const char *schema, const char *role, int n, char **names)
{
	Oid			schema_id = find_schema(schema);
	Oid			role_id = get_role_oid(role, true);

	if (!OidIsValid(schema_id) || !OidIsValid(role_id) ||
		pg_namespace_aclcheck(schema_id, role_id, ACL_USAGE) != ACLCHECK_OK)
		return false;
	for (int i = 0; i < n; i++)
	{
		Oid			function = find_function(schema_id, names[i]);

		if (!OidIsValid(function) ||
			pg_proc_aclcheck(function, role_id, ACL_EXECUTE) != ACLCHECK_OK)
			return false;
	}
	return true;
}

/* ERROR when somebody else made it. */
static Oid
find_function(Oid schema, const char *name)
{
	CatCList   *list = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(name));
	Oid			found = InvalidOid;
	bool		foreign = false;

	for (int i = 0; i < list->n_members; i++)
	{
		Form_pg_proc form = (Form_pg_proc) GETSTRUCT(&list->members[i]->tuple);

		if (form->pronamespace != schema)
			continue;
		foreign |= OidIsValid(found) || !superuser_arg(form->proowner) || form->prosecdef;
		found = form->oid;
	}
	ReleaseSysCacheList(list);
	if (foreign)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("function \"%s\" was not made by barks", name),
				 errhint("Drop it: barks makes its own.")));
	return found;
}

static Oid
find_schema(const char *schema)
{
	Oid			oid = get_namespace_oid(schema, true);
	HeapTuple	tuple;
	bool		ordinary;

	if (!OidIsValid(oid))
		return InvalidOid;
	tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(oid));
	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	ordinary = !superuser_arg(((Form_pg_namespace) GETSTRUCT(tuple))->nspowner);
	ReleaseSysCache(tuple);
	if (ordinary)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("schema \"%s\" is owned by an ordinary role", schema),
				 errhint("Drop it: barks makes its own.")));
	return oid;
}

/* And see what was done by who had the lock before. */
static void
lock_schema(const char *schema)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId,
						 hash_bytes((const unsigned char *) schema, strlen(schema)), 0,
						 KEEP_LOCK_FIELD);
	(void) LockAcquire(&tag, ExclusiveLock, false, false);
	AcceptInvalidationMessages();
}

static void
make_schema(const char *schema, const char *role)
{
	Oid			oid = find_schema(schema);

	if (!OidIsValid(oid))
		run(psprintf("CREATE SCHEMA %s", quote_identifier(schema)));
	if (pg_namespace_aclcheck(get_namespace_oid(schema, false), get_role_oid(role, false),
							  ACL_USAGE) != ACLCHECK_OK)
		run(psprintf("GRANT USAGE ON SCHEMA %s TO %s", quote_identifier(schema),
					 quote_identifier(role)));
}

static void
make_function(const char *schema, const char *role, const char *name, const char *definition)
{
	Oid			schema_id = get_namespace_oid(schema, false);
	char	   *full = psprintf("%s.%s", quote_identifier(schema), quote_identifier(name));
	Oid			function = find_function(schema_id, name);

	if (!OidIsValid(function))
	{
		const char *space = strchr(definition, ' ');

		if (space == NULL)
			elog(ERROR, "unexpected definition of a function: %s", definition);
		run(psprintf("CREATE %.*s %s%s", (int) (space - definition), definition, full, space));
		run(psprintf("REVOKE ALL ON FUNCTION %s FROM PUBLIC", full));
		function = find_function(schema_id, name);
	}
	if (pg_proc_aclcheck(function, get_role_oid(role, false), ACL_EXECUTE) != ACLCHECK_OK)
		run(psprintf("GRANT EXECUTE ON FUNCTION %s TO %s", full, quote_identifier(role)));
}

static void
run(const char *command)
{
	int			result = SPI_execute(command, false, 0);

	if (result != SPI_OK_UTILITY)
		elog(ERROR, "could not run \"%s\": %s", command, SPI_result_code_string(result));
}
