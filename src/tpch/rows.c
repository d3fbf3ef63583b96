/*-------------------------------------------------------------------------
 * rows.c
 *	  The rows of the TPC-H tables, each computed from its number.
 *
 * By clause 4.2.3 of the specification.  Money is computed in cents, exactly.
 * Lineitems take their numbers first and their text last from their stream of
 * random numbers, so that an order's price and status can be computed without
 * the text.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#include "tpch/random.h"
#include "tpch/rows.h"
#include "tpch/text.h"

#define MAX_LINES			7
#define SUPPLIERS_PER_PART	4
/* One supplier in so many has complaints in its comment, and one recommendations. */
#define COMMENTED_SUPPLIERS 2000
#define MAX_QUANTITY		50
#define MAX_PERCENT			10
#define MAX_FACTOR			100000

typedef struct Line
{
	TpchRandom	random;			/* for what comes after the numbers */
	int64		partkey;
	int64		suppkey;
	int			quantity;
	int64		price;			/* extended, in cents */
	int			discount;		/* percent */
	int			tax;
	DateADT		shipdate;
	DateADT		commitdate;
	DateADT		receiptdate;
} Line;

typedef struct Order
{
	TpchRandom	random;
	int64		key;
	int64		custkey;
	DateADT		date;
	int			nlines;
	Line		lines[MAX_LINES];
} Order;

struct TpchRows
{
	MemoryContext context;		/* owns everything */
	MemoryContext row_context;	/* reset for every row */
	TpchTableId table;
	TpchScale	scale;
	TextPool   *pool;
	int64		unit;
	Order		order;			/* of the unit, for orders and lineitem */
	int			column;			/* the next one */
	Datum		values[TPCH_MAX_COLUMNS];
	/* values that come again and again */
	Datum		quantities[MAX_QUANTITY + 1];
	Datum		percents[MAX_PERCENT + 1];
	Datum		instructions[lengthof(tpch_instructions)];
	Datum		modes[lengthof(tpch_modes)];
	DateADT		first_date;		/* of an order */
	DateADT		last_date;
	DateADT		current_date;
};

static int64 scaled(Numeric factor, int64 base, int64 least);
static void prepare_values(TpchRows *rows);
static Datum padded(const char *text, int length, int width);
static void make_order(TpchRows *rows, int64 unit, Order *order);
static void make_line(TpchRows *rows, const Order *order, int number, Line *line);
static int64 retail_price(int64 partkey);
static int64 part_supplier(const TpchRows *rows, int64 partkey, int64 number);
static void put_region(TpchRows *rows);
static void put_nation(TpchRows *rows);
static void put_supplier(TpchRows *rows);
static void put_supplier_comment(TpchRows *rows, TpchRandom *random);
static void put_customer(TpchRows *rows);
static void put_part(TpchRows *rows);
static void put_part_name(TpchRows *rows, TpchRandom *random);
static void put_partsupp(TpchRows *rows, int row);
static void put_order(TpchRows *rows);
static void put_lineitem(TpchRows *rows, int row);
static void put(TpchRows *rows, Datum value);
static void put_money(TpchRows *rows, int64 cents);
static void put_text(TpchRows *rows, const char *text, int length);
static void put_format(TpchRows *rows, int width, const char *format,...) pg_attribute_printf(3, 4);
static void put_padded(TpchRows *rows, const char *text, int width);
static void put_comment(TpchRows *rows, TpchRandom *random, int low, int high);
static void put_address(TpchRows *rows, TpchRandom *random);
static void put_phone(TpchRows *rows, TpchRandom *random, int64 nation);

TpchScale
tpch_scale(Numeric factor)
{
	TpchScale	scale;
	Datum		value = NumericGetDatum(factor);

	if (numeric_is_nan(factor) || numeric_is_inf(factor) ||
		!DatumGetBool(DirectFunctionCall2(numeric_gt, value, NumericGetDatum(int64_to_numeric(0)))) ||
		DatumGetBool(DirectFunctionCall2(numeric_gt, value, NumericGetDatum(int64_to_numeric(MAX_FACTOR)))))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("scale must be greater than 0 and at most %d", MAX_FACTOR)));
	/* the least: four suppliers for a part, a customer who may order */
	scale.suppliers = scaled(factor, 10000, SUPPLIERS_PER_PART);
	scale.parts = scaled(factor, 200000, 1);
	scale.customers = scaled(factor, 150000, 1);
	scale.clerks = scaled(factor, 1000, 1);
	scale.orders = scaled(factor, 1500000, 1);
	return scale;
}

TpchRows *
tpch_rows_begin(TpchTableId table, const TpchScale *scale)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "barks TPC-H rows",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	TpchRows   *rows = palloc0(sizeof(TpchRows));

	rows->context = context;
	rows->row_context = AllocSetContextCreate(context, "barks TPC-H row", ALLOCSET_DEFAULT_SIZES);
	rows->table = table;
	rows->scale = *scale;
	rows->pool = text_pool_create();
	prepare_values(rows);
	MemoryContextSwitchTo(old);
	return rows;
}

int64
tpch_rows_units(const TpchRows *rows)
{
	switch (rows->table)
	{
		case TPCH_REGION:
			return TPCH_REGIONS;
		case TPCH_NATION:
			return TPCH_NATIONS;
		case TPCH_SUPPLIER:
			return rows->scale.suppliers;
		case TPCH_CUSTOMER:
			return rows->scale.customers;
		case TPCH_PART:
		case TPCH_PARTSUPP:
			return rows->scale.parts;
		case TPCH_ORDERS:
		case TPCH_LINEITEM:
			return rows->scale.orders;
	}
	return 0;
}

/* Of 32 order keys in a row only the first eight are used. */
int64
tpch_rows_key(const TpchRows *rows, int64 unit)
{
	int64		key = unit + 1;

	if (rows->table == TPCH_ORDERS || rows->table == TPCH_LINEITEM)
		return ((key >> 3) << 5) | (key & 7);
	if (rows->table == TPCH_REGION || rows->table == TPCH_NATION)
		return unit;
	return key;
}

int
tpch_rows_start(TpchRows *rows, int64 unit)
{
	rows->unit = unit;
	if (rows->table == TPCH_PARTSUPP)
		return SUPPLIERS_PER_PART;
	if (rows->table != TPCH_ORDERS && rows->table != TPCH_LINEITEM)
		return 1;
	make_order(rows, unit, &rows->order);
	return rows->table == TPCH_LINEITEM ? rows->order.nlines : 1;
}

const Datum *
tpch_rows_make(TpchRows *rows, int row)
{
	MemoryContext old;

	MemoryContextReset(rows->row_context);
	old = MemoryContextSwitchTo(rows->row_context);
	rows->column = 0;
	switch (rows->table)
	{
		case TPCH_REGION:
			put_region(rows);
			break;
		case TPCH_NATION:
			put_nation(rows);
			break;
		case TPCH_SUPPLIER:
			put_supplier(rows);
			break;
		case TPCH_CUSTOMER:
			put_customer(rows);
			break;
		case TPCH_PART:
			put_part(rows);
			break;
		case TPCH_PARTSUPP:
			put_partsupp(rows, row);
			break;
		case TPCH_ORDERS:
			put_order(rows);
			break;
		case TPCH_LINEITEM:
			put_lineitem(rows, row);
			break;
	}
	MemoryContextSwitchTo(old);
	return rows->values;
}

void
tpch_rows_end(TpchRows *rows)
{
	MemoryContextDelete(rows->context);
}

static int64
scaled(Numeric factor, int64 base, int64 least)
{
	Datum		product = DirectFunctionCall2(numeric_mul, NumericGetDatum(factor),
											  NumericGetDatum(int64_to_numeric(base)));

	return Max(least, DatumGetInt64(DirectFunctionCall1(numeric_int8, product)));
}

static void
prepare_values(TpchRows *rows)
{
	for (int i = 0; i <= MAX_QUANTITY; i++)
		rows->quantities[i] = NumericGetDatum(int64_div_fast_to_numeric(i * 100, 2));
	for (int i = 0; i <= MAX_PERCENT; i++)
		rows->percents[i] = NumericGetDatum(int64_div_fast_to_numeric(i, 2));
	for (int i = 0; i < lengthof(tpch_instructions); i++)
		rows->instructions[i] = padded(tpch_instructions[i], strlen(tpch_instructions[i]), 25);
	for (int i = 0; i < lengthof(tpch_modes); i++)
		rows->modes[i] = padded(tpch_modes[i], strlen(tpch_modes[i]), 10);
	rows->first_date = date2j(1992, 1, 1) - POSTGRES_EPOCH_JDATE;
	rows->last_date = date2j(1998, 12, 31) - 151 - POSTGRES_EPOCH_JDATE;
	rows->current_date = date2j(1995, 6, 17) - POSTGRES_EPOCH_JDATE;
}

/* A char(width) */
static Datum
padded(const char *text, int length, int width)
{
	char	   *value = palloc(VARHDRSZ + width);

	SET_VARSIZE(value, VARHDRSZ + width);
	memset(VARDATA(value), ' ', width);
	memcpy(VARDATA(value), text, Min(length, width));
	return PointerGetDatum(value);
}

/* ---- what several tables agree on */

static void
make_order(TpchRows *rows, int64 unit, Order *order)
{
	TpchRandom	random = tpch_random_for(TPCH_ORDERS, unit);
	int64		customers = rows->scale.customers;
	int64		chosen;

	/* every third customer never orders */
	chosen = tpch_random_range(&random, 0, customers - customers / 3 - 1);
	order->custkey = chosen / 2 * 3 + chosen % 2 + 1;
	order->key = tpch_rows_key(rows, unit);
	order->date = (DateADT) tpch_random_range(&random, rows->first_date, rows->last_date);
	order->nlines = (int) tpch_random_range(&random, 1, MAX_LINES);
	for (int i = 0; i < order->nlines; i++)
		make_line(rows, order, i, &order->lines[i]);
	order->random = random;
}

static void
make_line(TpchRows *rows, const Order *order, int number, Line *line)
{
	TpchRandom	random = tpch_random_for(TPCH_LINEITEM, rows->unit * 8 + number);

	line->partkey = tpch_random_range(&random, 1, rows->scale.parts);
	line->suppkey = part_supplier(rows, line->partkey,
								  tpch_random_range(&random, 0, SUPPLIERS_PER_PART - 1));
	line->quantity = (int) tpch_random_range(&random, 1, MAX_QUANTITY);
	line->price = line->quantity * retail_price(line->partkey);
	line->discount = (int) tpch_random_range(&random, 0, 10);
	line->tax = (int) tpch_random_range(&random, 0, 8);
	line->shipdate = order->date + (DateADT) tpch_random_range(&random, 1, 121);
	line->commitdate = order->date + (DateADT) tpch_random_range(&random, 30, 90);
	line->receiptdate = line->shipdate + (DateADT) tpch_random_range(&random, 1, 30);
	line->random = random;
}

static int64
retail_price(int64 partkey)
{
	return 90000 + (partkey / 10) % 20001 + 100 * (partkey % 1000);
}

/*
 * The specification's formula, but that with few suppliers it could give one of
 * them twice: then the step is kept below a third of their number.
 */
static int64
part_supplier(const TpchRows *rows, int64 partkey, int64 number)
{
	int64		suppliers = rows->scale.suppliers;
	int64		quarter = suppliers / SUPPLIERS_PER_PART;
	int64		more = ((partkey - 1) / suppliers) % ((suppliers - 1) / 3 - quarter + 1);

	return (partkey + number * (quarter + more)) % suppliers + 1;
}

/* ---- the tables, column by column */

static void
put_region(TpchRows *rows)
{
	TpchRandom	random = tpch_random_for(TPCH_REGION, rows->unit);

	put(rows, Int64GetDatum(rows->unit));
	put_padded(rows, tpch_regions[rows->unit], 25);
	put_comment(rows, &random, 31, 115);
}

static void
put_nation(TpchRows *rows)
{
	TpchRandom	random = tpch_random_for(TPCH_NATION, rows->unit);

	put(rows, Int64GetDatum(rows->unit));
	put_padded(rows, tpch_nations[rows->unit], 25);
	put(rows, Int64GetDatum(tpch_nation_region[rows->unit]));
	put_comment(rows, &random, 31, 114);
}

static void
put_supplier(TpchRows *rows)
{
	TpchRandom	random = tpch_random_for(TPCH_SUPPLIER, rows->unit);
	int64		key = rows->unit + 1;
	int64		nation = tpch_random_range(&random, 0, TPCH_NATIONS - 1);

	put(rows, Int64GetDatum(key));
	put_format(rows, 25, "Supplier#%09lld", (long long) key);
	put_address(rows, &random);
	put(rows, Int64GetDatum(nation));
	put_phone(rows, &random, nation);
	put_money(rows, tpch_random_range(&random, -99999, 999999));
	put_supplier_comment(rows, &random);
}

/* In one comment of a block of suppliers customers complain, in one they recommend. */
static void
put_supplier_comment(TpchRows *rows, TpchRandom *random)
{
	char		text[100];
	int			length = text_pool_cut(rows->pool, random, 25, 100, text);
	int64		block = rows->unit / COMMENTED_SUPPLIERS;
	int64		place = rows->unit % COMMENTED_SUPPLIERS;
	int64		places = Min(COMMENTED_SUPPLIERS, rows->scale.suppliers);
	TpchRandom	choice = tpch_random_for(TPCH_SUPPLIER, ~(uint64) block);
	int64		complained = tpch_random_range(&choice, 0, places - 1);
	int64		recommended = (complained + tpch_random_range(&choice, 1, places - 1)) % places;

	if (place == complained || place == recommended)
	{
		const char *end = place == complained ? "Complaints" : "Recommends";
		int			noise = (int) tpch_random_range(random, 0, length - 19);
		char	   *start = text + tpch_random_range(random, 0, length - 19 - noise);

		memcpy(start, "Customer ", 9);
		memcpy(start + 9 + noise, end, 10);
	}
	put_text(rows, text, length);
}

static void
put_customer(TpchRows *rows)
{
	TpchRandom	random = tpch_random_for(TPCH_CUSTOMER, rows->unit);
	int64		key = rows->unit + 1;
	int64		nation = tpch_random_range(&random, 0, TPCH_NATIONS - 1);

	put(rows, Int64GetDatum(key));
	put_format(rows, 0, "Customer#%09lld", (long long) key);
	put_address(rows, &random);
	put(rows, Int64GetDatum(nation));
	put_phone(rows, &random, nation);
	put_money(rows, tpch_random_range(&random, -99999, 999999));
	put_padded(rows, tpch_segments[tpch_random_range(&random, 0, 4)], 10);
	put_comment(rows, &random, 29, 116);
}

static void
put_part(TpchRows *rows)
{
	TpchRandom	random = tpch_random_for(TPCH_PART, rows->unit);
	int64		key = rows->unit + 1;
	int			maker = (int) tpch_random_range(&random, 1, 5);
	int			first;
	int			second;
	int			third;

	put(rows, Int64GetDatum(key));
	put_part_name(rows, &random);
	put_format(rows, 25, "Manufacturer#%d", maker);
	put_format(rows, 10, "Brand#%d%d", maker, (int) tpch_random_range(&random, 1, 5));
	first = (int) tpch_random_range(&random, 0, lengthof(tpch_type_first) - 1);
	second = (int) tpch_random_range(&random, 0, lengthof(tpch_type_second) - 1);
	third = (int) tpch_random_range(&random, 0, lengthof(tpch_type_third) - 1);
	put_format(rows, 0, "%s %s %s", tpch_type_first[first], tpch_type_second[second],
			   tpch_type_third[third]);
	put(rows, Int32GetDatum((int32) tpch_random_range(&random, 1, 50)));
	first = (int) tpch_random_range(&random, 0, lengthof(tpch_container_first) - 1);
	second = (int) tpch_random_range(&random, 0, lengthof(tpch_container_second) - 1);
	put_format(rows, 10, "%s %s", tpch_container_first[first], tpch_container_second[second]);
	put_money(rows, retail_price(key));
	put_comment(rows, &random, 5, 22);
}

/* Five different colours. */
static void
put_part_name(TpchRows *rows, TpchRandom *random)
{
	int			chosen[5];
	int			count = 0;

	while (count < lengthof(chosen))
	{
		bool		again = false;

		chosen[count] = (int) tpch_random_range(random, 0, TPCH_COLORS - 1);
		for (int i = 0; i < count; i++)
			again |= chosen[i] == chosen[count];
		count += !again;
	}
	put_format(rows, 0, "%s %s %s %s %s", tpch_colors[chosen[0]], tpch_colors[chosen[1]],
			   tpch_colors[chosen[2]], tpch_colors[chosen[3]], tpch_colors[chosen[4]]);
}

static void
put_partsupp(TpchRows *rows, int row)
{
	TpchRandom	random = tpch_random_for(TPCH_PARTSUPP, rows->unit * SUPPLIERS_PER_PART + row);
	int64		partkey = rows->unit + 1;

	put(rows, Int64GetDatum(partkey));
	put(rows, Int64GetDatum(part_supplier(rows, partkey, row)));
	put(rows, Int32GetDatum((int32) tpch_random_range(&random, 1, 9999)));
	put_money(rows, tpch_random_range(&random, 100, 100000));
	put_comment(rows, &random, 49, 198);
}

static void
put_order(TpchRows *rows)
{
	const Order *order = &rows->order;
	TpchRandom	random = order->random;
	int64		total = 0;		/* in cents of a cent of a cent */
	int			open = 0;

	for (int i = 0; i < order->nlines; i++)
	{
		const Line *line = &order->lines[i];

		total += line->price * (100 - line->discount) * (100 + line->tax);
		open += line->shipdate > rows->current_date;
	}
	put(rows, Int64GetDatum(order->key));
	put(rows, Int64GetDatum(order->custkey));
	put_padded(rows, open == 0 ? "F" : open == order->nlines ? "O" : "P", 1);
	put_money(rows, (total + 5000) / 10000);
	put(rows, DateADTGetDatum(order->date));
	put_padded(rows, tpch_priorities[tpch_random_range(&random, 0, 4)], 15);
	put_format(rows, 15, "Clerk#%09lld", (long long) tpch_random_range(&random, 1, rows->scale.clerks));
	put(rows, Int32GetDatum(0));
	put_comment(rows, &random, 19, 78);
}

static void
put_lineitem(TpchRows *rows, int row)
{
	const Line *line = &rows->order.lines[row];
	TpchRandom	random = line->random;

	put(rows, Int64GetDatum(rows->order.key));
	put(rows, Int64GetDatum(line->partkey));
	put(rows, Int64GetDatum(line->suppkey));
	put(rows, Int32GetDatum(row + 1));
	put(rows, rows->quantities[line->quantity]);
	put_money(rows, line->price);
	put(rows, rows->percents[line->discount]);
	put(rows, rows->percents[line->tax]);
	if (line->receiptdate > rows->current_date)
		put_padded(rows, "N", 1);
	else
		put_padded(rows, tpch_random_range(&random, 0, 1) ? "R" : "A", 1);
	put_padded(rows, line->shipdate > rows->current_date ? "O" : "F", 1);
	put(rows, DateADTGetDatum(line->shipdate));
	put(rows, DateADTGetDatum(line->commitdate));
	put(rows, DateADTGetDatum(line->receiptdate));
	put(rows, rows->instructions[tpch_random_range(&random, 0, lengthof(tpch_instructions) - 1)]);
	put(rows, rows->modes[tpch_random_range(&random, 0, lengthof(tpch_modes) - 1)]);
	put_comment(rows, &random, 10, 43);
}

/* ---- columns */

static void
put(TpchRows *rows, Datum value)
{
	rows->values[rows->column++] = value;
}

static void
put_money(TpchRows *rows, int64 cents)
{
	put(rows, NumericGetDatum(int64_div_fast_to_numeric(cents, 2)));
}

static void
put_text(TpchRows *rows, const char *text, int length)
{
	put(rows, PointerGetDatum(cstring_to_text_with_len(text, length)));
}

static void
put_padded(TpchRows *rows, const char *text, int width)
{
	put(rows, padded(text, strlen(text), width));
}

/* A char(width), or a varchar when that is 0. */
static void
put_format(TpchRows *rows, int width, const char *format,...)
{
	char		text[100];
	int			length;
	va_list		args;

	va_start(args, format);
	length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (width > 0)
		put(rows, padded(text, length, width));
	else
		put_text(rows, text, length);
}

static void
put_comment(TpchRows *rows, TpchRandom *random, int low, int high)
{
	char	   *value = palloc(VARHDRSZ + high);

	SET_VARSIZE(value, VARHDRSZ + text_pool_cut(rows->pool, random, low, high, VARDATA(value)));
	put(rows, PointerGetDatum(value));
}

static void
put_address(TpchRows *rows, TpchRandom *random)
{
	static const char letters[] =
	"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ,";
	char		text[40];
	int			length = (int) tpch_random_range(random, 10, 40);

	for (int i = 0; i < length; i++)
		text[i] = letters[tpch_random_range(random, 0, 63)];
	put_text(rows, text, length);
}

static void
put_phone(TpchRows *rows, TpchRandom *random, int64 nation)
{
	int			area = (int) tpch_random_range(random, 100, 999);
	int			office = (int) tpch_random_range(random, 100, 999);
	int			number = (int) tpch_random_range(random, 1000, 9999);

	put_format(rows, 15, "%02d-%03d-%03d-%04d", (int) nation + 10, area, office, number);
}
