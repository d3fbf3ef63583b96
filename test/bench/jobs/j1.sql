-- group lineitem by l_partkey
SELECT count(*), sum(n), sum(quantity), max(price)
FROM (
	SELECT l_partkey, count(*) AS n, sum(l_quantity) AS quantity, sum(l_extendedprice) AS price
	FROM lineitem
	GROUP BY l_partkey) AS parts;
