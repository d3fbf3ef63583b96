-- number lineitem by price
SELECT count(*), max(n), sum(n * l_extendedprice)
FROM (
	SELECT l_extendedprice, row_number() OVER (ORDER BY l_extendedprice) AS n
	FROM lineitem) AS numbered;
