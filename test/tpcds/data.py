"""Make the tables and queries of TPC-DS at a small scale, as files.

usage: python data.py DIR

DuckDB's tpcds extension (a Python package holds it) generates scale factor 1
and has the 99 queries with the parameters that fit it.  Of the facts we keep
those of some customers, of the large dimensions what is referenced: so small
dimensions have their full size, keys have their rows, and customers buy as
often as they do at full scale.  The same files come out each time.

DIR gets NAME.csv and schema.sql, and queries/N.sql as DuckDB has them.
"""

import glob
import os
import sys

import duckdb
import duckdb_extension_tpcds

# One customer in 40, and those without whom some queries have no rows: who buys again what was returned, lives near a
# store or in the city of query 84, or buys in every channel in two years.
CUSTOMERS = """
SELECT c_customer_sk AS sk FROM whole.customer WHERE c_customer_sk % 40 = 0
UNION
SELECT sr_customer_sk FROM whole.store_returns
    JOIN whole.catalog_sales ON cs_bill_customer_sk = sr_customer_sk AND cs_item_sk = sr_item_sk
UNION
SELECT c_customer_sk FROM whole.customer JOIN whole.customer_address ON ca_address_sk = c_current_addr_sk
    WHERE ca_zip IN (SELECT s_zip FROM whole.store) OR ca_city = 'Edgewood' AND c_customer_sk % 8 = 0
UNION
SELECT customer FROM (
    SELECT ss_customer_sk AS customer, d_year FROM whole.store_sales JOIN whole.date_dim ON d_date_sk = ss_sold_date_sk
        WHERE d_year IN (2001, 2002)
    INTERSECT
    SELECT cs_bill_customer_sk, d_year FROM whole.catalog_sales JOIN whole.date_dim ON d_date_sk = cs_sold_date_sk
    INTERSECT
    SELECT ws_bill_customer_sk, d_year FROM whole.web_sales JOIN whole.date_dim ON d_date_sk = ws_sold_date_sk
) GROUP BY customer HAVING count(*) = 2
"""

# Prefix, customer and number of each kind of sale, and of its return.
CHANNELS = [
    ("store", "ss", "ss_customer_sk", "ss_ticket_number", "sr", "sr_ticket_number"),
    ("catalog", "cs", "cs_bill_customer_sk", "cs_order_number", "cr", "cr_order_number"),
    ("web", "ws", "ws_bill_customer_sk", "ws_order_number", "wr", "wr_order_number"),
]

# Items that queries 37 and 82 ask for, and some others.
INVENTORY = """
SELECT * FROM whole.inventory WHERE inv_item_sk % 250 = 0 OR inv_item_sk IN (
    SELECT i_item_sk FROM whole.item
    WHERE i_manufact_id IN (677, 940, 694, 808, 129, 270, 821, 423) AND i_current_price BETWEEN 60 AND 100)
"""

# Large dimensions, their keys, and how columns that refer to them end; in the order in which they are cut.
DIMENSIONS = [
    ("customer", "c_customer_sk", "customer_sk"),
    ("customer_address", "ca_address_sk", "addr_sk"),
    ("customer_demographics", "cd_demo_sk", "cdemo_sk"),
]


def generate():
    found = glob.glob(os.path.join(list(duckdb_extension_tpcds.__path__)[0], "extensions", "*", "*.duckdb_extension"))
    if len(found) != 1:
        sys.exit("no tpcds extension in the package duckdb_extension_tpcds")
    db = duckdb.connect(config={"allow_unsigned_extensions": "true", "threads": 1})
    db.execute(f"LOAD '{found[0]}'")
    db.execute("CREATE SCHEMA whole")
    db.execute("CALL dsdgen(sf = 1, schema = 'whole')")
    return db


def sample(db):
    db.execute(f"CREATE TABLE whole.chosen AS {CUSTOMERS}")
    for name, s, customer, number, r, return_number in CHANNELS:
        db.execute(
            f"CREATE TABLE {name}_sales AS FROM whole.{name}_sales "
            f"WHERE {customer} IN (FROM whole.chosen) OR {customer} IS NULL AND {number} % 40 = 0"
        )
        db.execute(
            f"CREATE TABLE {name}_returns AS FROM whole.{name}_returns SEMI JOIN {name}_sales "
            f"ON {s}_item_sk = {r}_item_sk AND {number} = {return_number}"
        )
    db.execute(f"CREATE TABLE inventory AS {INVENTORY}")
    for name, key, ending in DIMENSIONS:
        references = db.execute(
            "SELECT table_name, column_name FROM duckdb_columns() "
            "WHERE schema_name = 'main' AND ends_with(column_name, ?)",
            ["_" + ending],
        ).fetchall()
        wanted = " UNION ".join(f"SELECT {column} FROM {table}" for table, column in references)
        db.execute(f"CREATE TABLE {name} AS FROM whole.{name} WHERE {key} IN ({wanted})")
    for (name,) in db.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'whole'").fetchall():
        if name != "chosen":
            db.execute(f"CREATE TABLE IF NOT EXISTS {name} AS FROM whole.{name}")


def type_of(db, table, column, kind):
    """PostgreSQL's type; char(n) where TPC-DS has it, that is where all values are as long."""
    if kind != "VARCHAR":
        return kind.lower().replace("decimal", "numeric")
    shortest, longest = db.execute(f"SELECT min(length({column})), max(length({column})) FROM {table}").fetchone()
    if shortest is not None and shortest == longest and longest > 0:
        return f"char({longest})"
    return "varchar"


def write(db, target):
    with open(os.path.join(target, "schema.sql"), "w", encoding="utf-8") as out:
        for (name,) in db.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' ORDER BY 1").fetchall():
            columns = db.execute(
                "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = 'main' AND table_name = ? "
                "ORDER BY column_index", [name]).fetchall()
            listed = ", ".join(f"{column} {type_of(db, name, column, kind)}" for column, kind in columns)
            out.write(f"CREATE TABLE {name} ({listed});\n")
            db.execute(
                f"COPY (FROM {name} ORDER BY ALL) TO '{os.path.join(target, name)}.csv' (HEADER false, NULLSTR '\\N')")
    os.makedirs(os.path.join(target, "queries"), exist_ok=True)
    for number, text in db.execute("SELECT query_nr, query FROM tpcds_queries()").fetchall():
        with open(os.path.join(target, "queries", f"{number}.sql"), "w", encoding="utf-8") as out:
            out.write(text.strip() + "\n")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    db = generate()
    sample(db)
    write(db, sys.argv[1])


if __name__ == "__main__":
    main()
