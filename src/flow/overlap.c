/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/overlap.h"

#include <arpa/inet.h>
#include <string.h>

enum { BITS = 128, V4_BITS = 32, V4_AT = 12, PART_MAX = 99 };

static bool is_within(const struct tf_address *a, const struct tf_overlap_rule *rule)
{
	size_t whole = rule->prefix / 8;
	unsigned rest = rule->prefix % 8;
	if (memcmp(a->b, rule->address.b, whole) != 0)
		return false;
	return rest == 0 || (a->b[whole] ^ rule->address.b[whole]) >> (8 - rest) == 0;
}

enum tf_overlap overlap_of(const struct overlaps *o, const struct tf_address *receiver)
{
	const struct tf_overlap_rule *best = NULL;
	for (unsigned i = 0; i < o->rules; i++) {
		const struct tf_overlap_rule *rule = &o->rule[i];
		if (is_within(receiver, rule) && (best == NULL || rule->prefix > best->prefix))
			best = rule;
	}
	return best != NULL ? best->overlap : o->usual;
}

/* -- reading them ----------------------------------------------------------------- */

/* Digits of a number up to most, and nothing else. */
static bool read_bits(const char *text, unsigned most, unsigned *bits)
{
	size_t n = strspn(text, "0123456789");
	if (n == 0 || n > 3 || text[n] != '\0')
		return false;
	*bits = 0;
	for (; *text != '\0'; text++)
		*bits = *bits * 10 + (unsigned)(*text - '0');
	return *bits <= most;
}

/* ADDRESS or ADDRESS/BITS; text is changed. */
static bool read_network(char *text, struct tf_overlap_rule *rule)
{
	static const uint8_t mapped[V4_AT] = {[10] = 0xff, [11] = 0xff};
	char *slash = strchr(text, '/');
	if (slash != NULL)
		*slash = '\0';
	unsigned most = BITS, before = 0;
	if (inet_pton(AF_INET, text, rule->address.b + V4_AT) == 1) {
		memcpy(rule->address.b, mapped, sizeof mapped);
		most = V4_BITS;
		before = BITS - V4_BITS;
	} else if (inet_pton(AF_INET6, text, rule->address.b) != 1) {
		return false;
	}
	unsigned bits = most;
	if (slash != NULL && !read_bits(slash + 1, most, &bits))
		return false;
	rule->prefix = (uint8_t)(before + bits);
	return true;
}

/* CIDR=POLICY of n bytes. */
static bool read_rule(const char *part, size_t n, struct tf_overlap_rule *rule)
{
	char text[PART_MAX + 1];
	const char *equals = memchr(part, '=', n);
	size_t network = equals != NULL ? (size_t)(equals - part) : n;
	if (equals == NULL || network > PART_MAX)
		return false;
	memcpy(text, part, network);
	text[network] = '\0';
	return read_network(text, rule) &&
	       tf_overlap_parse(equals + 1, n - network - 1, &rule->overlap);
}

bool tf_overlap_map_parse(const char *list, struct tf_overlap_rule *rule, unsigned *rules)
{
	unsigned count = *rules;
	for (const char *part = list;; part++) {
		size_t n = strcspn(part, ",");
		struct tf_overlap_rule one = {0};
		if (count == TF_OVERLAP_RULES || !read_rule(part, n, &one))
			return false;
		rule[count++] = one;
		part += n;
		if (*part == '\0')
			break;
	}
	*rules = count;
	return true;
}
