CREATE FUNCTION barks.fallbacks(query text)
RETURNS TABLE(node text, reason text)
AS 'MODULE_PATHNAME', 'barks_fallbacks'
LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION barks.fallbacks(text) IS
'plan nodes of a SELECT that would run on the driver instead of the nodes, and why';
