-- Roles that the corpus takes on.  Roles belong to the whole server: made once.
SELECT 'CREATE ROLE diff_reader' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'diff_reader') \gexec
SELECT 'CREATE ROLE diff_nobody' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'diff_nobody') \gexec
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS plain, twin CASCADE;
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS dist CASCADE;
