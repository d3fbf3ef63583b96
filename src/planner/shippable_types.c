/*-------------------------------------------------------------------------
 * shippable_types.c
 *	  May values of this type travel, as rows or as constants in SQL?
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "planner/shippable.h"

static bool is_of_catalogs_only(Oid type);

const char *
shippable_column(Oid type, Oid collation)
{
	char		kind = get_typtype(type);

	if (kind == TYPTYPE_PSEUDO || type == UNKNOWNOID || is_of_catalogs_only(type))
		return psprintf("type %s has no values that could travel", format_type_be(type));
	if (shippable_row_type(type))
		return psprintf("type %s is the row type of a table of this server",
						format_type_be(type));
	if (!shippable_collation(collation))
		return psprintf("collation \"%s\" is not known to nodes", get_collation_name(collation));
	return NULL;
}

/* Such types, pg_node_tree for one, cannot be read back; batch/schema.c names them. */
static bool
is_of_catalogs_only(Oid type)
{
	char		category;
	bool		preferred;

	get_type_category_preferred(type, &category, &preferred);
	return category == TYPCATEGORY_INTERNAL && type != CHAROID;
}

bool
shippable_row_type(Oid type)
{
	return get_typtype(type) == TYPTYPE_COMPOSITE &&
		get_rel_relkind(get_typ_typrelid(type)) != RELKIND_COMPOSITE_TYPE;
}

bool
shippable_constant_type(Oid type)
{
	Oid			base = getBaseType(type);
	Oid			element = get_element_type(base);

	/* reading a literal made of domains runs their constraints */
	if (OidIsValid(element))
		return getBaseType(element) == element && shippable_constant_type(element);
	if (shippable_names_an_object(base))
		return false;
	switch (base)
	{
		case CASHOID:			/* text form depends on lc_monetary */
		case XMLOID:			/* text form depends on xmloption */
		case UNKNOWNOID:
			return false;
		default:
			break;
	}
	switch (get_typtype(base))
	{
		case TYPTYPE_PSEUDO:
		case TYPTYPE_COMPOSITE:
			return false;
		case TYPTYPE_RANGE:
			element = get_range_subtype(base);
			return getBaseType(element) == element && shippable_constant_type(element);
		case TYPTYPE_MULTIRANGE:
			return shippable_constant_type(get_multirange_range(base));
		default:
			return true;
	}
}

bool
shippable_names_an_object(Oid type)
{
	switch (getBaseType(type))
	{
		case REGPROCOID:
		case REGPROCEDUREOID:
		case REGOPEROID:
		case REGOPERATOROID:
		case REGCLASSOID:
		case REGTYPEOID:
		case REGROLEOID:
		case REGNAMESPACEOID:
		case REGCONFIGOID:
		case REGDICTIONARYOID:
		case REGCOLLATIONOID:
		case ACLITEMOID:
			return true;
		default:
			return false;
	}
}
