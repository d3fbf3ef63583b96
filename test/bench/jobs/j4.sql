-- count the words of l_comment
-- duckdb: SELECT count(*), sum(n), max(n) FROM (SELECT word, count(*) AS n FROM (SELECT unnest(string_split(l_comment, ' ')) AS word FROM lineitem) GROUP BY word)
-- spark: SELECT count(*), sum(n), max(n) FROM (SELECT word, count(*) AS n FROM (SELECT explode(split(l_comment, ' ')) AS word FROM lineitem) GROUP BY word)
SELECT count(*), sum(n), max(n)
FROM (
	SELECT word, count(*) AS n
	FROM lineitem, string_to_table(l_comment, ' ') AS word
	GROUP BY word) AS words;
