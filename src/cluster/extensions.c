/*-------------------------------------------------------------------------
 * extensions.c
 *	  Which extensions the nodes have.
 *
 * What is kept of a node's extension is a digest of its name, schema and
 * version, computed there as it is here.  Plans that depend on it hang on the
 * catalog of foreign servers, as all plans hang on the list of nodes: an
 * invalidation of that catalog makes them anew.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_foreign_server.h"
#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "cluster/cluster_state.h"
#include "cluster/extensions.h"
#include "cluster/node.h"

static uint64 extension_digest(Oid extension, char **what);

const char *
extensions_sql(void)
{
	return "(SELECT pg_catalog.string_agg(pg_catalog.hashtextextended(pg_catalog.concat_ws(E'\\n', extname, nspname, extversion), 0)::pg_catalog.text, ' ' ORDER BY extname)"
		" FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = extnamespace)";
}

bool
extensions_learn(Oid node, const char *answer)
{
	int			n = 0;
	uint64	   *digests = palloc(sizeof(uint64) * (strlen(answer) / 2 + 1));
	bool		changed;

	for (char *at = unconstify(char *, answer); *at;)
		digests[n++] = (uint64) strtoll(at, &at, 10);
	changed = node_state_set_extensions(node, digests, n);
	pfree(digests);
	return changed;
}

void
extensions_invalidate_plans(void)
{
	StartTransactionCommand();
	CacheInvalidateCatalog(ForeignServerRelationId);
	CommitTransactionCommand();
}

Oid
extensions_lacking_node(Oid extension, char **what)
{
	uint64		digest = extension_digest(extension, what);
	ListCell   *lc;

	foreach(lc, node_list())
		if (!node_state_has_extension(lfirst_oid(lc), digest))
			return lfirst_oid(lc);
	return InvalidOid;
}

bool
extensions_row(Oid extension, FormData_pg_extension *row, char **version)
{
	Relation	rel = table_open(ExtensionRelationId, AccessShareLock);
	bool		isnull;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found;

	ScanKeyInit(&key, Anum_pg_extension_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(extension));
	scan = systable_beginscan(rel, ExtensionOidIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	found = HeapTupleIsValid(tuple);
	if (found)
		*row = *(Form_pg_extension) GETSTRUCT(tuple);
	if (found && version)
		*version = TextDatumGetCString(heap_getattr(tuple, Anum_pg_extension_extversion,
													RelationGetDescr(rel), &isnull));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

static uint64
extension_digest(Oid extension, char **what)
{
	FormData_pg_extension row;
	char	   *version;
	char	   *schema;
	char	   *text;

	*what = "";
	if (!extensions_row(extension, &row, &version))
		return 0;
	schema = get_namespace_name(row.extnamespace);
	text = psprintf("%s\n%s\n%s", NameStr(row.extname), schema ? schema : "", version);
	*what = psprintf("\"%s\" %s", NameStr(row.extname), version);
	return hash_bytes_extended((unsigned char *) text, strlen(text), 0);
}
