CREATE EXTENSION barks_test;
SELECT plan_roundtrip();
SELECT protocol_roundtrip();

-- An error keeps its parts; what ended a worker is an error here.
\set SHOW_CONTEXT always
DO $$
DECLARE
	state text; message text; detail text; hint text; context text;
BEGIN
	PERFORM remote_error('FATAL', '57P01', 'about to %s', 'Why so.', 'Do this.', 'PL/pgSQL function f() line 3');
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
		detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT;
	RAISE INFO E'% | % | % | %\n%', state, message, detail, hint, split_part(context, E'\nSQL statement', 1);
END $$;
SELECT remote_error('NOTICE', '00000', 'this goes on', 'Because.', 'Nothing to do.', 'inner');
