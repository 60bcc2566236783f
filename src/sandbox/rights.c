/* SPDX-License-Identifier: BSD-3-Clause */
#include "sandbox/rights.h"

#include "base/system.h"

#if SYSTEM_LINUX

#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { WORDS = _LINUX_CAPABILITY_U32S_3, SETS_MOST = 64 };

struct sets {
	struct __user_cap_data_struct word[WORDS];
};

static bool get(struct sets *s)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	return syscall(SYS_capget, &h, s->word) == 0;
}

static bool set(const struct sets *s)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	return syscall(SYS_capset, &h, s->word) == 0;
}

static uint32_t wanted(int word, bool search)
{
	return search && word == CAP_TO_INDEX(CAP_DAC_READ_SEARCH)
	               ? CAP_TO_MASK(CAP_DAC_READ_SEARCH)
	               : 0;
}

bool rights_keep_search(bool search)
{
	struct sets s;
	if (!get(&s))
		return false;
	for (int i = 0; i < WORDS; i++) {
		s.word[i].permitted &= wanted(i, search);
		s.word[i].effective = s.word[i].permitted;
		s.word[i].inheritable = 0;
	}
	return set(&s);
}

bool rights_drop(void)
{
	/* The ambient set falls with the inheritable one. */
	return rights_keep_search(false);
}

bool rights_rest(bool search)
{
	struct sets s;
	if (!get(&s))
		return false;
	for (int i = 0; i < WORDS; i++)
		s.word[i].effective = s.word[i].permitted & wanted(i, search);
	return set(&s);
}

bool rights_wake(void)
{
	struct sets s;
	if (!get(&s))
		return false;
	for (int i = 0; i < WORDS; i++)
		s.word[i].effective = s.word[i].permitted;
	return set(&s);
}

void rights_bound(void)
{
	for (unsigned long i = 0; i < SETS_MOST; i++)
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) != 0)
			break;
	(void)prctl(PR_SET_SECUREBITS,
	            SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
	                    SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED,
	            0, 0, 0);
}

bool rights_survive(void)
{
	return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0;
}

bool rights_none(void)
{
	struct sets s;
	uint32_t sum = 0;
	if (!get(&s))
		return false;
	for (int i = 0; i < WORDS; i++)
		sum |= s.word[i].permitted | s.word[i].effective | s.word[i].inheritable;
	return sum == 0;
}

#else

bool rights_drop(void)
{
	return true;
}

bool rights_keep_search(bool search)
{
	(void)search;
	return true;
}

bool rights_rest(bool search)
{
	(void)search;
	return true;
}

bool rights_wake(void)
{
	return true;
}

void rights_bound(void)
{
}

bool rights_survive(void)
{
	return true;
}

bool rights_none(void)
{
	return true;
}

#endif
