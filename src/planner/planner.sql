CREATE FUNCTION barks.fallbacks(query text)
RETURNS TABLE(node text, reason text)
AS 'MODULE_PATHNAME', 'barks_fallbacks'
LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION barks.fallbacks(text) IS
'plan nodes of a SELECT that would run on the driver instead of the nodes, and why';

CREATE FUNCTION barks.join_hint_support(internal) RETURNS internal
AS 'MODULE_PATHNAME', 'barks_join_hint_support' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION barks.join_hint_support(internal) IS 'the planner''s helper of barks.join_hint()';

CREATE FUNCTION barks.join_hint(strategy text, l "any", r "any") RETURNS bool
AS 'MODULE_PATHNAME', 'barks_join_hint' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 0.01
SUPPORT barks.join_hint_support;
COMMENT ON FUNCTION barks.join_hint(text, "any", "any") IS
'true; in the condition of a join of what has the columns l and r, the strategy for this join alone';

CREATE FUNCTION barks.rdd_computes(operations text[]) RETURNS bool
AS 'MODULE_PATHNAME', 'barks_rdd_computes' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION barks.rdd_computes(text[]) IS 'true; names the operations of an RDD that a sub-select stands for';
