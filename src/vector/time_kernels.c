/*-------------------------------------------------------------------------
 * time_kernels.c
 *	  Kernels of dates and timestamps.
 *
 * What depends on the session's time zone asks PostgreSQL, row by row.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/fmgroids.h"
#include "utils/timestamp.h"

#include "vector/kernels.h"
#include "vector/text_kernels.h"

/* ---------------- conversions ---------------- */

/*
 * A value on the scale of the other type, for comparisons; one that the other type
 * cannot have lies between its last finite value and infinity.
 */
static inline int64
between(int64 value, int overflow)
{
	return overflow > 0 ? DT_NOEND - 1 : overflow < 0 ? DT_NOBEGIN + 1 : value;
}

static inline int64
timestamp_of_date(DateADT date)
{
	int			overflow;
	Timestamp	value;

	if (likely(date > DATEVAL_NOBEGIN && date < TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE))
		return date * USECS_PER_DAY;
	value = date2timestamp_opt_overflow(date, &overflow);
	return between(value, overflow);
}

static inline int64
timestamptz_of_date(DateADT date)
{
	int			overflow;
	TimestampTz value = date2timestamptz_opt_overflow(date, &overflow);

	return between(value, overflow);
}

static inline int64
timestamptz_of_timestamp(Timestamp timestamp)
{
	int			overflow;
	TimestampTz value = timestamp2timestamptz_opt_overflow(timestamp, &overflow);

	return between(value, overflow);
}

/* Days and the time of the day, of a finite timestamp. */
static inline int64
split_timestamp(Timestamp timestamp, int64 *time)
{
	int64		days = timestamp / USECS_PER_DAY;

	*time = timestamp % USECS_PER_DAY;
	if (*time < 0)
	{
		*time += USECS_PER_DAY;
		days--;
	}
	return days;
}

/* ---------------- comparisons ---------------- */

#define DEFINE_COMPARISONS_AS(name, a_type, A, AS_A, b_type, B, AS_B) \
	VEC_DEFINE_COMPARISON(name##_eq, a_type, A, b_type, B, AS_A(a) == AS_B(b)) \
	VEC_DEFINE_COMPARISON(name##_ne, a_type, A, b_type, B, AS_A(a) != AS_B(b)) \
	VEC_DEFINE_COMPARISON(name##_lt, a_type, A, b_type, B, AS_A(a) < AS_B(b)) \
	VEC_DEFINE_COMPARISON(name##_le, a_type, A, b_type, B, AS_A(a) <= AS_B(b)) \
	VEC_DEFINE_COMPARISON(name##_gt, a_type, A, b_type, B, AS_A(a) > AS_B(b)) \
	VEC_DEFINE_COMPARISON(name##_ge, a_type, A, b_type, B, AS_A(a) >= AS_B(b))
#define AS_IT_IS(value)	(value)

DEFINE_COMPARISONS_AS(date_timestamp, int32, VEC_INT32S, timestamp_of_date, int64, VEC_INT64S, AS_IT_IS)
DEFINE_COMPARISONS_AS(timestamp_date, int64, VEC_INT64S, AS_IT_IS, int32, VEC_INT32S, timestamp_of_date)
DEFINE_COMPARISONS_AS(date_timestamptz, int32, VEC_INT32S, timestamptz_of_date, int64, VEC_INT64S, AS_IT_IS)
DEFINE_COMPARISONS_AS(timestamptz_date, int64, VEC_INT64S, AS_IT_IS, int32, VEC_INT32S, timestamptz_of_date)
DEFINE_COMPARISONS_AS(timestamp_timestamptz, int64, VEC_INT64S, timestamptz_of_timestamp,
					  int64, VEC_INT64S, AS_IT_IS)
DEFINE_COMPARISONS_AS(timestamptz_timestamp, int64, VEC_INT64S, AS_IT_IS,
					  int64, VEC_INT64S, timestamptz_of_timestamp)

/* ---------------- arithmetic ---------------- */

/* Infinite dates stay so. */
#define DEFINE_DATE_SHIFT(name, op) \
VEC_DEFINE_KERNEL(name, int32, VEC_INT32S, int32, VEC_INT32S, int32, VEC_INT32S, \
				  int64		value = (int64) a op b; \
				  bool		infinite = DATE_NOT_FINITE(a); \
				  failed |= !infinite && !IS_VALID_DATE(value); \
				  values[row] = infinite ? a : (int32) value)

DEFINE_DATE_SHIFT(date_plus, +)
DEFINE_DATE_SHIFT(date_minus, -)
VEC_DEFINE_KERNEL(date_difference, int32, VEC_INT32S, int32, VEC_INT32S, int32, VEC_INT32S,
				  failed |= DATE_NOT_FINITE(a) || DATE_NOT_FINITE(b);
				  values[row] = (int32) ((uint32) a - (uint32) b))

VEC_DEFINE_KERNEL_1(date_to_timestamp, int32, VEC_INT32S, int64, VEC_INT64S,
					int			overflow;

					values[row] = date2timestamp_opt_overflow(a, &overflow);
					failed |= overflow != 0)
VEC_DEFINE_KERNEL_1(timestamp_to_date, int64, VEC_INT64S, int32, VEC_INT32S,
					int64		time;

					values[row] = TIMESTAMP_IS_NOBEGIN(a) ? DATEVAL_NOBEGIN : TIMESTAMP_IS_NOEND(a) ? DATEVAL_NOEND :
					(int32) split_timestamp(a, &time))

/* The day so many months later, or the last of its month where that is shorter. */
static bool
add_months(int64 *days, int months)
{
	int			year;
	int			month;
	int			day;
	int64		months_of_era;

	j2date((int) *days + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	months_of_era = (int64) year * MONTHS_PER_YEAR + month - 1 + months;
	if (months_of_era < 0 || months_of_era / MONTHS_PER_YEAR >= JULIAN_MAXYEAR)
		return false;			/* before our era: PostgreSQL's own */
	year = months_of_era / MONTHS_PER_YEAR;
	month = months_of_era % MONTHS_PER_YEAR + 1;
	day = Min(day, day_tab[isleap(year)][month - 1]);
	if (!IS_VALID_JULIAN(year, month, day))
		return false;
	*days = date2j(year, month, day) - POSTGRES_EPOCH_JDATE;
	return true;
}

/* Months first, then days, then the time, as timestamp_pl_interval() has it. */
static bool
shift(const Vec *interval_arg, Timestamp timestamp, int sign, Timestamp *value)
{
	const Interval *interval = DatumGetIntervalP(VEC_DATUMS(interval_arg)[0]);
	int64		time;
	int64		days;

	*value = timestamp;
	if (TIMESTAMP_NOT_FINITE(timestamp))
		return true;
	if (interval->month > 1000000 || interval->month < -1000000 || interval->day > 10000000 ||
		interval->day < -10000000 || interval->time == PG_INT64_MIN)
		return false;
	days = split_timestamp(timestamp, &time);
	if (interval->month != 0 && !add_months(&days, sign * interval->month))
		return false;
	*value = days * USECS_PER_DAY + time;
	if (!IS_VALID_TIMESTAMP(*value))
		return false;
	*value += sign * interval->day * USECS_PER_DAY;
	if (!IS_VALID_TIMESTAMP(*value))
		return false;
	return !__builtin_add_overflow(*value, sign * interval->time, value) && IS_VALID_TIMESTAMP(*value);
}

#define DEFINE_SHIFT(name, from_type, FROM, TO_TIMESTAMP, sign) \
static bool \
name(const Vec *const *args, Vec *out, const uint16 *sel, int n) \
{ \
	bool		failed = !args[1]->constant; \
	if (!failed) \
		VEC_FOR_EACH(row, sel, n, \
					 Timestamp	from; \
					 failed |= TO_TIMESTAMP(FROM(args[0])[VEC_ROW(args[0], row)], &from) || \
					 !shift(args[1], from, sign, &VEC_INT64S(out)[row])); \
	return !failed; \
}

/* True: it has none. */
static inline bool
find_timestamp(DateADT date, Timestamp *timestamp)
{
	int			overflow;

	*timestamp = date2timestamp_opt_overflow(date, &overflow);
	return overflow != 0;
}

static inline bool
same_timestamp(Timestamp from, Timestamp *timestamp)
{
	*timestamp = from;
	return false;
}

DEFINE_SHIFT(date_plus_interval, int32, VEC_INT32S, find_timestamp, 1)
DEFINE_SHIFT(date_minus_interval, int32, VEC_INT32S, find_timestamp, -1)
DEFINE_SHIFT(timestamp_plus_interval, int64, VEC_INT64S, same_timestamp, 1)
DEFINE_SHIFT(timestamp_minus_interval, int64, VEC_INT64S, same_timestamp, -1)

/* ---------------- fields ---------------- */

typedef enum Field
{
	FIELD_YEAR,
	FIELD_QUARTER,
	FIELD_MONTH,
	FIELD_DAY,
	FIELD_DOW,
	FIELD_ISODOW,
	FIELD_DOY,
	FIELD_HOUR,
	FIELD_MINUTE,
	FIELD_SECOND,
	FIELD_OTHER
} Field;

static const char *const field_names[] = {
	"year", "quarter", "month", "day", "dow", "isodow", "doy", "hour", "minute", "second"
};

static Field
find_field(const Vec *name)
{
	Datum		value = VEC_DATUMS(name)[0];

	if (!name->constant || !text_is_plain(value))
		return FIELD_OTHER;
	for (Field field = 0; field < FIELD_OTHER; field++)
		if (VARSIZE_ANY_EXHDR(DatumGetPointer(value)) == strlen(field_names[field]) &&
			pg_strncasecmp(VARDATA_ANY(DatumGetPointer(value)), field_names[field], strlen(field_names[field])) == 0)
			return field;
	return FIELD_OTHER;
}

/* Seconds are in microseconds. */
static int
field_of(Field field, int64 days, int64 time)
{
	int			julian = (int) days + POSTGRES_EPOCH_JDATE;
	int			year;
	int			month;
	int			day;

	switch (field)
	{
		case FIELD_HOUR:
			return time / USECS_PER_HOUR;
		case FIELD_MINUTE:
			return time / USECS_PER_MINUTE % MINS_PER_HOUR;
		case FIELD_SECOND:
			return time % USECS_PER_MINUTE;
		case FIELD_DOW:
			return j2day(julian);
		case FIELD_ISODOW:
			return j2day(julian) == 0 ? 7 : j2day(julian);
		default:
			break;
	}
	j2date(julian, &year, &month, &day);
	switch (field)
	{
		case FIELD_YEAR:
			return year > 0 ? year : year - 1;	/* there is no year 0 */
		case FIELD_QUARTER:
			return (month - 1) / 3 + 1;
		case FIELD_MONTH:
			return month;
		case FIELD_DAY:
			return day;
		default:
			return julian - date2j(year, 1, 1) + 1;
	}
}

static bool
extract_date(const Vec *const *args, Vec *out, const uint16 *sel, int n)
{
	Field		field = find_field(args[0]);
	bool		failed = false;

	if (field >= FIELD_HOUR)
		return false;
	out->kind = VEC_DECIMAL;
	out->scale = 0;
	VEC_FOR_EACH(row, sel, n,
				 DateADT		date = VEC_INT32S(args[1])[VEC_ROW(args[1], row)];

				 failed |= DATE_NOT_FINITE(date);
				 VEC_INT64S(out)[row] = DATE_NOT_FINITE(date) ? 0 : field_of(field, date, 0));
	return !failed;
}

static bool
extract_timestamp(const Vec *const *args, Vec *out, const uint16 *sel, int n)
{
	Field		field = find_field(args[0]);
	bool		failed = false;

	if (field == FIELD_OTHER)
		return false;
	out->kind = VEC_DECIMAL;
	out->scale = field == FIELD_SECOND ? 6 : 0;
	VEC_FOR_EACH(row, sel, n,
				 Timestamp	timestamp = VEC_INT64S(args[1])[VEC_ROW(args[1], row)];
				 int64		time;
				 int64		days = split_timestamp(timestamp, &time);

				 failed |= TIMESTAMP_NOT_FINITE(timestamp);
				 VEC_INT64S(out)[row] = TIMESTAMP_NOT_FINITE(timestamp) ? 0 : field_of(field, days, time));
	return !failed;
}

/* The same as float8. */
static bool
date_part_timestamp(const Vec *const *args, Vec *out, const uint16 *sel, int n)
{
	Field		field = find_field(args[0]);

	if (!extract_timestamp(args, out, sel, n))
		return false;
	out->kind = VEC_FLOAT64;
	VEC_FOR_EACH(row, sel, n,
				 int64		value = VEC_INT64S(out)[row];

				 /* as it is computed there: seconds, and millionths */
				 VEC_FLOAT64S(out)[row] = field == FIELD_SECOND ? value / USECS_PER_SEC + value % USECS_PER_SEC / 1000000.0 :
				 value);
	return true;
}

static bool
truncate_timestamp(const Vec *const *args, Vec *out, const uint16 *sel, int n)
{
	Field		field = find_field(args[0]);
	bool		failed = false;

	if (field == FIELD_OTHER || field == FIELD_DOW || field == FIELD_ISODOW || field == FIELD_DOY)
		return false;
	VEC_FOR_EACH(row, sel, n,
				 Timestamp	timestamp = VEC_INT64S(args[1])[VEC_ROW(args[1], row)];
				 int64		time;
				 int64		days = split_timestamp(timestamp, &time);
				 int			year;
				 int			month;
				 int			day;

				 if (!TIMESTAMP_NOT_FINITE(timestamp))
				 {
					 if (field >= FIELD_HOUR)
						 time -= time % (field == FIELD_HOUR ? USECS_PER_HOUR : field == FIELD_MINUTE ? USECS_PER_MINUTE :
										 USECS_PER_SEC);
					 else
					 {
						 time = 0;
						 if (field != FIELD_DAY)
						 {
							 j2date((int) days + POSTGRES_EPOCH_JDATE, &year, &month, &day);
							 month = field == FIELD_YEAR ? 1 : field == FIELD_QUARTER ? (month - 1) / 3 * 3 + 1 : month;
							 failed |= !IS_VALID_JULIAN(year, month, 1);
							 days = date2j(year, month, 1) - POSTGRES_EPOCH_JDATE;
						 }
					 }
					 timestamp = days * USECS_PER_DAY + time;
					 failed |= !IS_VALID_TIMESTAMP(timestamp);
				 }
				 VEC_INT64S(out)[row] = timestamp);
	return !failed;
}

/* ---------------- which function has which kernel ---------------- */

const VecFunction vec_time_functions[] = {
	VEC_COMPARISONS_(F_DATE, date_timestamp, _TIMESTAMP),
	VEC_COMPARISONS_(F_TIMESTAMP, timestamp_date, _DATE),
	VEC_COMPARISONS_(F_DATE, date_timestamptz, _TIMESTAMPTZ),
	VEC_COMPARISONS_(F_TIMESTAMPTZ, timestamptz_date, _DATE),
	VEC_COMPARISONS_(F_TIMESTAMP, timestamp_timestamptz, _TIMESTAMPTZ),
	VEC_COMPARISONS_(F_TIMESTAMPTZ, timestamptz_timestamp, _TIMESTAMP),
	{F_DATE_PLI, date_plus},
	{F_DATE_MII, date_minus},
	{F_DATE_MI, date_difference},
	{F_TIMESTAMP_DATE, date_to_timestamp},
	{F_DATE_TIMESTAMP, timestamp_to_date},
	{F_DATE_PL_INTERVAL, date_plus_interval},
	{F_DATE_MI_INTERVAL, date_minus_interval},
	{F_TIMESTAMP_PL_INTERVAL, timestamp_plus_interval},
	{F_TIMESTAMP_MI_INTERVAL, timestamp_minus_interval},
	{F_EXTRACT_TEXT_DATE, extract_date},
	{F_EXTRACT_TEXT_TIMESTAMP, extract_timestamp},
	{F_DATE_PART_TEXT_TIMESTAMP, date_part_timestamp},
	{F_DATE_TRUNC_TEXT_TIMESTAMP, truncate_timestamp},
	{InvalidOid}
};
