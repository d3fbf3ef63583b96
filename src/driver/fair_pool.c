/*-------------------------------------------------------------------------
 * fair_pool.c
 *	  Pools of jobs, which share the slots of nodes by their weights.
 *
 * The driver knows the weights, and sends that of a job's pool with the job;
 * nodes need no setting of their own.  Who is served next, worker/pool.c says.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/guc.h"

#include "driver/fair_pool.h"

#define MAX_WEIGHT	10000

char	   *fair_pool;

static char *weights;

static bool check_pool(char **newval, void **extra, GucSource source);
static bool check_weights(char **newval, void **extra, GucSource source);
static bool next_weight(const char **pos, char *name, int *weight);

void
fair_pool_init(void)
{
	DefineCustomStringVariable("barks.pool",
							   "Name of the pool whose share of the executor slots queries take.",
							   "Any name will do; see barks.pool_weights.",
							   &fair_pool, "default", PGC_USERSET, 0,
							   check_pool, NULL, NULL);
	DefineCustomStringVariable("barks.pool_weights",
							   "Shares of pools in the executor slots that several wait for.",
							   "A list such as \"etl = 1, dashboards = 4\"; pools that are not in it weigh 1.",
							   &weights, "", PGC_SIGHUP, 0,
							   check_weights, NULL, NULL);
}

int
fair_pool_weight(void)
{
	const char *pos = weights;
	char		name[NAMEDATALEN];
	int			weight;

	while (*pos && next_weight(&pos, name, &weight))
		if (strcmp(name, fair_pool) == 0)
			return weight;
	return 1;
}

static bool
check_pool(char **newval, void **extra, GucSource source)
{
	if (**newval != '\0' && strlen(*newval) < NAMEDATALEN &&
		strpbrk(*newval, "=, \t\r\n") == NULL)
		return true;
	GUC_check_errdetail("The name of a pool has 1 to %d bytes, no spaces, commas or equals signs.",
						NAMEDATALEN - 1);
	return false;
}

static bool
check_weights(char **newval, void **extra, GucSource source)
{
	const char *pos = *newval;
	char		name[NAMEDATALEN];
	int			weight;

	pos += strspn(pos, " \t\r\n");
	while (*pos)
		if (!next_weight(&pos, name, &weight))
		{
			GUC_check_errdetail("A list of \"name = weight\" is expected, with weights from 1 to %d.",
								MAX_WEIGHT);
			return false;
		}
	return true;
}

/* Take "name = weight" and the comma after it, if more follows; false: it is none. */
static bool
next_weight(const char **pos, char *name, int *weight)
{
	static const char space[] = " \t\r\n";
	const char *p = *pos + strspn(*pos, space);
	Size		len = strcspn(p, "=, \t\r\n");
	char	   *end;
	long		value;

	if (len == 0 || len >= NAMEDATALEN)
		return false;
	strlcpy(name, p, len + 1);
	p += len;
	p += strspn(p, space);
	if (*p++ != '=')
		return false;
	value = strtol(p, &end, 10);
	if (end == p || value < 1 || value > MAX_WEIGHT)
		return false;
	*weight = value;
	end += strspn(end, space);
	if (*end == ',')
	{
		end++;
		end += strspn(end, space);
		if (*end == '\0')
			return false;
	}
	else if (*end != '\0')
		return false;
	*pos = end;
	return true;
}
