-- join lineitem and partsupp on both keys
SELECT count(*), sum(ps_supplycost * l_quantity)
FROM lineitem JOIN partsupp ON ps_partkey = l_partkey AND ps_suppkey = l_suppkey;
