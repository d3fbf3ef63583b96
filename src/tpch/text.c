/*-------------------------------------------------------------------------
 * text.c
 *	  Words, and sentences made of them, for columns of text.
 *
 * The lists, their weights and the grammar are those of the TPC-H
 * specification (4.2.2.13 and 4.2.3).  As there, a comment is a piece of one
 * long text, from anywhere to anywhere; ours is shorter, to stay in the cache.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "tpch/text.h"

#define POOL_BYTES	(512 * 1024)
#define POOL_STREAM	0xff		/* of random numbers, apart from all tables' */

const char *const tpch_regions[TPCH_REGIONS] = {"AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST"};

const char *const tpch_nations[TPCH_NATIONS] = {
	"ALGERIA", "ARGENTINA", "BRAZIL", "CANADA", "EGYPT", "ETHIOPIA", "FRANCE", "GERMANY", "INDIA",
	"INDONESIA", "IRAN", "IRAQ", "JAPAN", "JORDAN", "KENYA", "MOROCCO", "MOZAMBIQUE", "PERU", "CHINA",
	"ROMANIA", "SAUDI ARABIA", "VIETNAM", "RUSSIA", "UNITED KINGDOM", "UNITED STATES"
};
const int	tpch_nation_region[TPCH_NATIONS] = {
	0, 1, 1, 1, 4, 0, 3, 3, 2, 2, 4, 4, 2, 4, 0, 0, 0, 1, 2, 3, 4, 2, 3, 3, 1
};

const char *const tpch_colors[TPCH_COLORS] = {
	"almond", "antique", "aquamarine", "azure", "beige", "bisque", "black", "blanched", "blue", "blush",
	"brown", "burlywood", "burnished", "chartreuse", "chiffon", "chocolate", "coral", "cornflower",
	"cornsilk", "cream", "cyan", "dark", "deep", "dim", "dodger", "drab", "firebrick", "floral", "forest",
	"frosted", "gainsboro", "ghost", "goldenrod", "green", "grey", "honeydew", "hot", "indian", "ivory",
	"khaki", "lace", "lavender", "lawn", "lemon", "light", "lime", "linen", "magenta", "maroon", "medium",
	"metallic", "midnight", "mint", "misty", "moccasin", "navajo", "navy", "olive", "orange", "orchid",
	"pale", "papaya", "peach", "peru", "pink", "plum", "powder", "puff", "purple", "red", "rose", "rosy",
	"royal", "saddle", "salmon", "sandy", "seashell", "sienna", "sky", "slate", "smoke", "snow", "spring",
	"steel", "tan", "thistle", "tomato", "turquoise", "violet", "wheat", "white", "yellow"
};

const char *const tpch_type_first[6] = {"STANDARD", "SMALL", "MEDIUM", "LARGE", "ECONOMY", "PROMO"};
const char *const tpch_type_second[5] = {"ANODIZED", "BURNISHED", "PLATED", "POLISHED", "BRUSHED"};
const char *const tpch_type_third[5] = {"TIN", "NICKEL", "BRASS", "STEEL", "COPPER"};
const char *const tpch_container_first[5] = {"SM", "LG", "MED", "JUMBO", "WRAP"};
const char *const tpch_container_second[8] = {"CASE", "BOX", "BAG", "JAR", "PKG", "PACK", "CAN", "DRUM"};
const char *const tpch_segments[5] = {"AUTOMOBILE", "BUILDING", "FURNITURE", "MACHINERY", "HOUSEHOLD"};
const char *const tpch_priorities[5] = {"1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW"};
const char *const tpch_instructions[4] = {"DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN"};
const char *const tpch_modes[7] = {"REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB"};

struct TextPool
{
	char		text[POOL_BYTES];
};

typedef struct Word
{
	const char *text;
	int			weight;
} Word;

/* Lists end with a word without text; its weight is not used. */
static const Word nouns[] = {
	{"packages", 40}, {"requests", 40}, {"accounts", 40}, {"deposits", 40}, {"foxes", 20}, {"ideas", 20},
	{"theodolites", 20}, {"pinto beans", 20}, {"instructions", 20}, {"dependencies", 10}, {"excuses", 10},
	{"platelets", 10}, {"asymptotes", 10}, {"courts", 5}, {"dolphins", 5}, {"multipliers", 1},
	{"sauternes", 1}, {"warthogs", 1}, {"frets", 1}, {"dinos", 1}, {"attainments", 1}, {"somas", 1},
	{"Tiresias", 1}, {"patterns", 1}, {"forges", 1}, {"braids", 1}, {"frays", 1}, {"warhorses", 1},
	{"dugouts", 1}, {"notornis", 1}, {"epitaphs", 1}, {"pearls", 1}, {"tithes", 1}, {"waters", 1},
	{"orbits", 1}, {"gifts", 1}, {"sheaves", 1}, {"depths", 1}, {"sentiments", 1}, {"decoys", 1},
	{"realms", 1}, {"pains", 1}, {"grouches", 1}, {"escapades", 1}, {"hockey players", 1}, {NULL}
};
static const Word verbs[] = {
	{"sleep", 20}, {"wake", 20}, {"are", 20}, {"cajole", 20}, {"haggle", 20}, {"nag", 10}, {"use", 10},
	{"boost", 10}, {"affix", 5}, {"detect", 5}, {"integrate", 5}, {"maintain", 1}, {"nod", 1}, {"was", 1},
	{"lose", 1}, {"sublate", 1}, {"solve", 1}, {"thrash", 1}, {"promise", 1}, {"engage", 1}, {"hinder", 1},
	{"print", 1}, {"x-ray", 1}, {"breach", 1}, {"eat", 1}, {"grow", 1}, {"impress", 1}, {"mold", 1},
	{"poach", 1}, {"serve", 1}, {"run", 1}, {"dazzle", 1}, {"snooze", 1}, {"doze", 1}, {"unwind", 1},
	{"kindle", 1}, {"play", 1}, {"hang", 1}, {"believe", 1}, {"doubt", 1}, {NULL}
};
static const Word adjectives[] = {
	{"special", 20}, {"pending", 20}, {"unusual", 20}, {"express", 20}, {"furious", 1}, {"sly", 1},
	{"careful", 1}, {"blithe", 1}, {"quick", 1}, {"fluffy", 1}, {"slow", 1}, {"quiet", 1}, {"ruthless", 1},
	{"thin", 1}, {"close", 1}, {"dogged", 1}, {"daring", 1}, {"brave", 1}, {"stealthy", 1},
	{"permanent", 1}, {"enticing", 1}, {"idle", 1}, {"busy", 1}, {"regular", 50}, {"final", 40},
	{"ironic", 40}, {"even", 30}, {"bold", 20}, {"silent", 10}, {NULL}
};
static const Word adverbs[] = {
	{"sometimes", 1}, {"always", 1}, {"never", 1}, {"furiously", 50}, {"slyly", 50}, {"carefully", 50},
	{"blithely", 40}, {"quickly", 30}, {"fluffily", 20}, {"slowly", 1}, {"quietly", 1}, {"ruthlessly", 1},
	{"thinly", 1}, {"closely", 1}, {"doggedly", 1}, {"daringly", 1}, {"bravely", 1}, {"stealthily", 1},
	{"permanently", 1}, {"enticingly", 1}, {"idly", 1}, {"busily", 1}, {"regularly", 1}, {"finally", 1},
	{"ironically", 1}, {"evenly", 1}, {"boldly", 1}, {"silently", 1}, {NULL}
};
static const Word prepositions[] = {
	{"about", 50}, {"above", 50}, {"according to", 50}, {"across", 50}, {"after", 50}, {"against", 40},
	{"along", 40}, {"alongside of", 30}, {"among", 30}, {"around", 20}, {"at", 10}, {"atop", 1},
	{"before", 1}, {"behind", 1}, {"beneath", 1}, {"beside", 1}, {"besides", 1}, {"between", 1},
	{"beyond", 1}, {"by", 1}, {"despite", 1}, {"during", 1}, {"except", 1}, {"for", 1}, {"from", 1},
	{"in place of", 1}, {"inside", 1}, {"instead of", 1}, {"into", 1}, {"near", 1}, {"of", 1}, {"on", 1},
	{"outside", 1}, {"over", 1}, {"past", 1}, {"since", 1}, {"through", 1}, {"throughout", 1}, {"to", 1},
	{"toward", 1}, {"under", 1}, {"until", 1}, {"up", 1}, {"upon", 1}, {"without", 1}, {"with", 1},
	{"within", 1}, {NULL}
};
static const Word auxiliaries[] = {
	{"do", 1}, {"may", 1}, {"might", 1}, {"shall", 1}, {"will", 1}, {"would", 1}, {"can", 1}, {"could", 1},
	{"should", 1}, {"ought to", 1}, {"must", 1}, {"will have to", 1}, {"shall have to", 1},
	{"could have to", 1}, {"should have to", 1}, {"must have to", 1}, {"need to", 1}, {"try to", 1}, {NULL}
};
static const Word terminators[] = {
	{".", 50}, {";", 1}, {":", 1}, {"?", 1}, {"!", 1}, {"--", 1}, {NULL}
};

/* N noun phrase, V verb phrase, P prepositional phrase */
static const Word sentences[] = {{"NV", 3}, {"NVP", 3}, {"NVN", 3}, {"NPVN", 1}, {"NPVP", 1}, {NULL}};
/* n noun, j adjective, d adverb, v verb, x auxiliary; a comma as it is */
static const Word noun_phrases[] = {{"n", 10}, {"jn", 20}, {"j,jn", 10}, {"djn", 50}, {NULL}};
static const Word verb_phrases[] = {{"v", 30}, {"xv", 1}, {"vd", 40}, {"xvd", 1}, {NULL}};

typedef struct Writing
{
	TpchRandom	random;
	char	   *at;
	char	   *end;
} Writing;

static void write_sentence(Writing *writing);
static void write_phrase(Writing *writing, const Word *forms);
static const char *pick(Writing *writing, const Word *list);
static void put(Writing *writing, const char *before, const char *text);

TextPool *
text_pool_create(void)
{
	TextPool   *pool = palloc(sizeof(TextPool));
	Writing		writing = {tpch_random_for(POOL_STREAM, 0), pool->text, pool->text + POOL_BYTES};

	while (writing.at < writing.end)
		write_sentence(&writing);
	return pool;
}

int
text_pool_cut(const TextPool *pool, TpchRandom *random, int low, int high, char *buffer)
{
	int			length = (int) tpch_random_range(random, low, high);

	memcpy(buffer, pool->text + tpch_random_range(random, 0, POOL_BYTES - high), length);
	return length;
}

static void
write_sentence(Writing *writing)
{
	for (const char *part = pick(writing, sentences); *part; part++)
	{
		if (*part == 'P')
		{
			put(writing, " ", pick(writing, prepositions));
			put(writing, " ", "the");
		}
		write_phrase(writing, *part == 'V' ? verb_phrases : noun_phrases);
	}
	put(writing, "", pick(writing, terminators));
}

static void
write_phrase(Writing *writing, const Word *forms)
{
	for (const char *form = pick(writing, forms); *form; form++)
	{
		if (*form == ',')
			put(writing, "", ",");
		else
			put(writing, " ", pick(writing, *form == 'n' ? nouns :
								   *form == 'j' ? adjectives :
								   *form == 'd' ? adverbs :
								   *form == 'v' ? verbs : auxiliaries));
	}
}

static const char *
pick(Writing *writing, const Word *list)
{
	int			total = 0;
	int			chosen;

	for (const Word *word = list; word->text; word++)
		total += word->weight;
	chosen = (int) tpch_random_range(&writing->random, 0, total - 1);
	while (chosen >= list->weight)
		chosen -= (list++)->weight;
	return list->text;
}

/* What does not fit any more is cut off. */
static void
put(Writing *writing, const char *before, const char *text)
{
	for (; *before && writing->at < writing->end; before++)
		*writing->at++ = *before;
	for (; *text && writing->at < writing->end; text++)
		*writing->at++ = *text;
}
