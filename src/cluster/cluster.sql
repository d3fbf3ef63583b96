-- The cluster: nodes, who to connect to them as, distributed transactions in doubt.

CREATE FUNCTION barks.protocol_version() RETURNS int
    AS 'MODULE_PATHNAME', 'barks_protocol_version' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION barks.protocol_version() IS 'version of the protocol between drivers and nodes';

CREATE FUNCTION barks.machine_traits() RETURNS text
    AS 'MODULE_PATHNAME', 'barks_machine_traits' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION barks.machine_traits() IS 'how this machine stores values; equal on all servers of a cluster';

CREATE FUNCTION barks.node_options_validator(options text[], catalog oid) RETURNS void
    AS 'MODULE_PATHNAME', 'barks_node_options_validator' LANGUAGE C STRICT;
COMMENT ON FUNCTION barks.node_options_validator(text[], oid) IS 'checks the options of a node';

CREATE FOREIGN DATA WRAPPER barks NO HANDLER VALIDATOR barks.node_options_validator;
COMMENT ON FOREIGN DATA WRAPPER barks IS 'the nodes of the cluster are its servers';

CREATE TABLE barks.node_credential (
    node oid PRIMARY KEY,
    user_name text NOT NULL,
    password text
);
REVOKE ALL ON barks.node_credential FROM PUBLIC;
COMMENT ON TABLE barks.node_credential IS 'whom to connect to each node as; read by the extension alone';

CREATE TABLE barks.dist_transaction (
    gid text PRIMARY KEY,
    node oid NOT NULL
);
REVOKE ALL ON barks.dist_transaction FROM PUBLIC;
COMMENT ON TABLE barks.dist_transaction IS 'decisions to commit prepared transactions that nodes may not know yet';

CREATE TABLE barks.serving (
    driver text,
    database oid,
    node text NOT NULL,
    PRIMARY KEY (driver, database)
);
REVOKE ALL ON barks.serving FROM PUBLIC;
COMMENT ON TABLE barks.serving IS 'the drivers that this database is a node of, by system identifier and database, and under which name';

CREATE FUNCTION barks.add_node(name text, host text DEFAULT 'localhost', port int DEFAULT 5432,
                               dbname text DEFAULT current_database(),
                               user_name text DEFAULT NULL, password text DEFAULT NULL) RETURNS void
    AS 'MODULE_PATHNAME', 'barks_add_node' LANGUAGE C VOLATILE;
REVOKE ALL ON FUNCTION barks.add_node(text, text, int, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION barks.add_node(text, text, int, text, text, text) IS 'checks a server and makes it a node of the cluster';

CREATE FUNCTION barks.remove_node(name text) RETURNS void
    AS 'MODULE_PATHNAME', 'barks_remove_node' LANGUAGE C VOLATILE STRICT;
REVOKE ALL ON FUNCTION barks.remove_node(text) FROM PUBLIC;
COMMENT ON FUNCTION barks.remove_node(text) IS 'takes a node out of the cluster unless it holds the only copy of data';

CREATE FUNCTION barks.node_status(OUT name text, OUT host text, OUT port int, OUT dbname text,
                                  OUT alive bool, OUT slots int, OUT version text, OUT partitions int,
                                  OUT bytes bigint, OUT last_seen timestamptz) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'barks_node_status' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION barks.node_status() IS 'what is known about each node, without asking it';

CREATE VIEW barks.nodes AS SELECT * FROM barks.node_status();
GRANT SELECT ON barks.nodes TO PUBLIC;
COMMENT ON VIEW barks.nodes IS 'the nodes of the cluster and their state by the last heartbeat';

GRANT USAGE ON SCHEMA barks TO PUBLIC;
