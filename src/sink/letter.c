/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/letter.h"

#include "base/error.h"

#include <string.h>

static const struct tf_endpoint *end_of(const struct named *who, const struct letter *row)
{
	return &who->flow->end[row->arg ? !who->dir : who->dir];
}

/* An octet as three digits. */
static void put_octet(char to[3], unsigned octet)
{
	to[0] = (char)('0' + octet / 100);
	to[1] = (char)('0' + octet / 10 % 10);
	to[2] = (char)('0' + octet % 10);
}

static void write_v4(struct text *t, const uint8_t b[4])
{
	char *at = text_room(t, 15);
	if (at == NULL)
		return;
	put_octet(at, b[0]);
	for (size_t i = 1; i < 4; i++) {
		at[4 * i - 1] = '.';
		put_octet(at + 4 * i, b[i]);
	}
}

static void write_v6(struct text *t, const struct tf_address *a)
{
	char v6[TF_ADDRESS_TEXT];
	tf_address_text(a, v6);
	text_string(t, v6);
}

static void write_address(struct text *t, const struct named *who, const struct letter *row,
                          uint32_t number)
{
	(void)number;
	const struct tf_address *a = &end_of(who, row)->address;
	if (tf_address_is_v4(a))
		write_v4(t, a->b + 12);
	else
		write_v6(t, a);
}

static void write_port(struct text *t, const struct named *who, const struct letter *row,
                       uint32_t number)
{
	(void)number;
	text_padded(t, end_of(who, row)->port, 5);
}

static void write_mac(struct text *t, const struct named *who, const struct letter *row,
                      uint32_t number)
{
	(void)number;
	const uint8_t *m = row->arg ? who->mac_to : who->mac;
	text_printf(t, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

static void write_vlan_mark(struct text *t, const struct named *who, const struct letter *row,
                            uint32_t number)
{
	(void)row, (void)number;
	if (who->flow->vlan[0] != 0)
		text_string(t, "--");
}

static void write_vlan(struct text *t, const struct named *who, const struct letter *row,
                       uint32_t number)
{
	(void)row, (void)number;
	if (who->flow->vlan[0] != 0)
		text_u64(t, who->flow->vlan[0]);
}

static void write_iso(struct text *t, const struct named *who, const struct letter *row,
                      uint32_t number)
{
	(void)row, (void)number;
	text_iso(t, who->flow->began_ns[who->dir], 0);
}

static void write_seconds(struct text *t, const struct named *who, const struct letter *row,
                          uint32_t number)
{
	(void)row, (void)number;
	int64_t ns = who->flow->began_ns[who->dir], sec = ns / 1000000000;
	text_i64(t, sec - (ns % 1000000000 < 0));
}

static void write_count_mark(struct text *t, const struct named *who, const struct letter *row,
                             uint32_t number)
{
	(void)who, (void)row;
	if (number > 0)
		text_string(t, "c");
}

static void write_later_count(struct text *t, const struct named *who, const struct letter *row,
                              uint32_t number)
{
	(void)who, (void)row;
	if (number > 0)
		text_u64(t, number);
}

static void write_count(struct text *t, const struct named *who, const struct letter *row,
                        uint32_t number)
{
	(void)who, (void)row;
	text_u64(t, number);
}

/* Three digits of the direction's number. */
static void write_nth(struct text *t, const struct named *who, const struct letter *row,
                      uint32_t number)
{
	(void)number;
	text_padded(t, who->flow->nth[who->dir] / row->arg % 1000, 3);
}

static void write_session(struct text *t, const struct named *who, const struct letter *row,
                          uint32_t number)
{
	(void)row, (void)number;
	text_padded(t, who->flow->connection, 20);
}

static void write_connection(struct text *t, const struct named *who, const struct letter *row,
                             uint32_t number)
{
	(void)row, (void)number;
	text_u64(t, who->flow->connection);
}

static void write_direction(struct text *t, const struct named *who, const struct letter *row,
                            uint32_t number)
{
	(void)row, (void)number;
	text_string(t, who->dir == who->originator ? "client" : "server");
}

/* Of base64 (RFC 4648, 4) the two characters that are awkward in names are those of base64url. */
static void write_community(struct text *t, const struct named *who, const struct letter *row,
                            uint32_t number)
{
	(void)row, (void)number;
	char id[TF_COMMUNITY_ROOM];
	if (!tf_community_id(who->flow, who->form->community_seed, id))
		(void)strcpy(id, "1:unknown"); /* no SHA-1: all names are the same */
	for (char *p = id; *p != '\0'; p++) {
		if (*p == '/')
			*p = '_';
		else if (*p == '+')
			*p = '-';
	}
	text_string(t, id);
}

#define ADDRESS .longest = 45, .varies = HEX | COLONS, .first = HEX | COLONS, .write = write_address
#define PORT    .longest = 5, .first = DIGITS, .write = write_port
#define MAC     .longest = 17, .first = HEX, .write = write_mac
#define NTH     .longest = 3, .first = DIGITS, .numbered = true, .write = write_nth
#define NUMBER  .varies = DIGITS, .first = DIGITS

/* (An embedded IPv4 address has dots, which are left out of an address's kinds: its four
   numbers are told from what follows a dot by how many they are.) */
static const struct letter letters[] = {
        {'A', ADDRESS, .tells = TELLS_FROM},
        {'a', PORT, .tells = TELLS_FROM_PORT},
        {'B', ADDRESS, .tells = TELLS_TO, .arg = 1},
        {'b', PORT, .tells = TELLS_TO_PORT, .arg = 1},
        {'E', MAC},
        {'e', MAC, .arg = 1},
        {'V', .longest = 2, .varies = DASHES, .first = DASHES, .empty = WITHOUT_VLAN,
         .write = write_vlan_mark},
        {'v', NUMBER, .longest = 5, .empty = WITHOUT_VLAN, .tells = TELLS_VLAN,
         .write = write_vlan},
        {'T', .longest = 20, .first = DIGITS, .write = write_iso},
        {'t', .longest = 11, .varies = DIGITS, .first = DIGITS | DASHES, .write = write_seconds},
        {'C', .longest = 1, .varies = LETTERS, .first = LETTERS, .empty = FIRST_OF_NAME,
         .write = write_count_mark},
        {'c', NUMBER, .longest = 10, .empty = FIRST_OF_NAME, .counts = true,
         .write = write_later_count},
        {'#', NUMBER, .longest = 10, .counts = true, .write = write_count},
        {'N', NTH, .tells = TELLS_ONES, .arg = 1},
        {'K', NTH, .tells = TELLS_ONES << 1, .arg = 1000},
        {'M', NTH, .tells = TELLS_ONES << 2, .arg = 1000000},
        {'G', NTH, .tells = TELLS_ONES << 3, .arg = 1000000000},
        {'I', .longest = TF_COMMUNITY_ROOM - 1, .first = DIGITS, .tells = TELLS_PAIR,
         .write = write_community},
        {'S', .longest = 20, .first = DIGITS, .tells = TELLS_CONNECTION, .numbered = true,
         .write = write_session},
        {'n', NUMBER, .longest = 20, .tells = TELLS_CONNECTION, .numbered = true,
         .write = write_connection},
        {'d', .longest = 6, .first = OTHERS, .tells = TELLS_DIRECTION, .write = write_direction},
};

enum { ROWS = sizeof letters / sizeof *letters };

uint8_t letter_find(char letter)
{
	for (unsigned i = 0; i < ROWS; i++)
		if (letters[i].letter == letter)
			return (uint8_t)(i + 1);
	return 0;
}

const struct letter *letter_row(uint8_t row)
{
	unsigned at = row - 1U;
	MUST(at < ROWS);
	return &letters[at];
}

uint8_t letter_rows(void)
{
	return ROWS;
}
