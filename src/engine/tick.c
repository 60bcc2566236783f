/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/tick.h"

#include "flow/idle.h"

void ticker_init(struct ticker *t, int64_t idle_ns)
{
	*t = (struct ticker){.idle_ns = idle_ns, .length = idle_period(idle_ns)};
}

/* Times as far apart as can be have a difference, and one that is not negative. */
static uint64_t since(int64_t earlier, int64_t later)
{
	return (uint64_t)later - (uint64_t)earlier;
}

/* -> whether ts_ns, which is later than all before, or the earlier one of it and the one that
   was in doubt, is the time now: t->latest_ns */
static bool believe(struct ticker *t, int64_t ts_ns)
{
	bool far = t->begun && since(t->latest_ns, ts_ns) > (uint64_t)t->idle_ns;
	if (far && !t->doubts) {
		t->doubts = true;
		t->doubted_ns = ts_ns;
		return false;
	}
	t->latest_ns = far && t->doubted_ns < ts_ns ? t->doubted_ns : ts_ns;
	t->doubts = false;
	t->begun = true;
	return true;
}

bool ticker_frame(struct ticker *t, int64_t ts_ns)
{
	if (t->idle_ns == 0)
		return false;
	if (t->begun && ts_ns <= t->latest_ns) {
		t->doubts = false;
		return false;
	}
	if (!believe(t, ts_ns))
		return false;
	int64_t whole = t->latest_ns / t->length, rest = t->latest_ns % t->length;
	uint64_t period = (uint64_t)(whole - (rest < 0));
	bool begins = period != t->period;
	t->period = period;
	return begins;
}
