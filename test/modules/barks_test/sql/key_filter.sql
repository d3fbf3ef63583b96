-- Filters of keys: no key is ever missing, few others pass.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS barks_test;
RESET client_min_messages;
SELECT keys, bytes, parts, missing, passed <= 1.3 * error + 0.002 AS error_is_right, error < 0.02 AS small,
	abs(r.keys_found - keys) <= 0.05 * keys AS number_is_right, exact, wire_bytes
	FROM (VALUES (0, 1024, 1), (0, 1024, 3), (1, 1024, 1), (2, 1024, 2), (128, 1024, 1), (129, 1024, 1), (700, 1024, 4), (128, 1024, 4),
		(1000, 65536, 5), (5000, 65536, 5), (30000, 65536, 1), (30000, 65536, 8), (500000, 1048576, 3)) v(keys, bytes, parts),
	key_filter_try(keys, bytes, parts) r;
-- A full one lets everything pass.
SELECT missing, passed > 0.9 AS full, error > 0.9 AS knows FROM key_filter_try(100000, 1024, 2);
-- What is not whole is not taken for one.
SELECT key_filter_cut(k, 1024) FROM (VALUES (0), (1), (100), (1000)) v(k);
