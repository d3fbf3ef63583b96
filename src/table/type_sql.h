/*-------------------------------------------------------------------------
 * type_sql.h
 *	  Definitions of types and collations as SQL.
 *
 * All results are palloc'd; every name in them is qualified.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TABLE_TYPE_SQL_H
#define BARKS_TABLE_TYPE_SQL_H

extern char *type_sql_name(Oid type);
/* CREATE SCHEMA and CREATE TYPE or DOMAIN; ERROR for a type with C functions. */
extern char *type_sql(Oid type);
/* 'a', 'b', … in their order. */
extern char *type_sql_enum_labels(Oid type);
extern char *type_sql_extension(Oid extension);
extern char *type_sql_collation_name(Oid collation);
extern char *type_sql_collation(Oid collation);
/* Everything about it but its name, as remote_type.c asks a node for it. */
extern char *type_sql_collation_digest(Oid collation);

#endif							/* BARKS_TABLE_TYPE_SQL_H */
