-- What the planner of a task expects of the rows of other stages.
\set exchanges 'FROM barks.exchange(1) AS a (x int, y text) JOIN barks.exchange(2) AS b (x int, y text) USING (x)'
-- as many values as the driver said
SELECT task_plan_rows('SELECT 1 ' || :'exchanges', 1000000, 1000);
-- not said: as many as rows
SELECT task_plan_rows('SELECT 1 ' || :'exchanges', 1000000, 0);
SELECT task_plan_rows('SELECT 1 FROM barks.exchange(1) AS a (x int) GROUP BY x', 5000, 25);
SELECT task_plan_rows('SELECT 1 FROM barks.exchange(1) AS a (x int) GROUP BY x', 10, 25);
-- what can be asked of the rows alone was asked before
SELECT task_plan_rows('SELECT 1 FROM barks.exchange(1) AS a (x int) WHERE x = 1 AND x % 2 = 1', 1000, 100);
