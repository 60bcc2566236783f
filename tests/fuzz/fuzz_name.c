/* SPDX-License-Identifier: BSD-3-Clause */
/* A template of names, and behind its NUL the flow whose streams are named. */
#include "base/error.h"
#include "sink/name.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const uint8_t *end = n > 0 ? memchr(data, 0, n) : NULL;
	struct name_form form;
	struct tf_flow f = {.first_ns = 0};
	char name[NAME_ROOM];
	if (end == NULL || !name_form_init(&form, (const char *)data, NULL))
		return 0;
	size_t rest = (size_t)(data + n - end);
	memcpy(&f, end, rest < sizeof f ? rest : sizeof f);
	for (uint32_t number = 0; number < 2; number++) {
		struct named who = name_subject(&form, &f, f.packets[0] & 1);
		name_write(&who, number, name);
		MUST(name[0] != '/' && strstr(name, "//") == NULL && strstr(name, "/../") == NULL);
	}
	return 0;
}
