/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/quota.h"

#include "base/error.h"

#include <sys/statvfs.h>

enum { LOOK = 16 << 20 }; /* bytes recorded: then it is time to ask again */

static bool minds_free(const struct quota *q)
{
	return q->free_least > 0 || q->free_percent > 0;
}

/* -> enum tf_room; what cannot be asked any more has room, until a write says otherwise */
static unsigned look(const struct quota *q, bool *ok)
{
	struct statvfs fs;
	*ok = fstatvfs(q->fd, &fs) == 0;
	if (!*ok)
		return TF_ROOM_ENOUGH;
	uint64_t available = (uint64_t)fs.f_bavail * fs.f_frsize;
	bool few = available < q->free_least ||
	           (uint64_t)fs.f_bavail * 100 < (uint64_t)fs.f_blocks * q->free_percent;
	return few ? TF_ROOM_MIN_FREE : TF_ROOM_ENOUGH;
}

bool quota_init(struct quota *q, const struct tf_recording *how, int fd, struct tf_error *err)
{
	bool ok = true;
	if (how->disk_max < 0 || how->free_percent > 99)
		return error_set(err, TF_USAGE, "there is no such limit for the disk");
	*q = (struct quota){.disk_max = how->disk_max > 0 ? how->disk_max : INT64_MAX,
	                    .free_least = how->free_least,
	                    .free_percent = how->free_percent,
	                    .fd = fd};
	if (minds_free(q))
		atomic_store(&q->now, look(q, &ok));
	return ok || error_sys(err, TF_OUTPUT, "cannot tell how much of the disk is free");
}

void quota_look(struct quota *q)
{
	bool ok;
	unsigned before = atomic_load_explicit(&q->now, memory_order_relaxed);
	if (!minds_free(q) || before == TF_ROOM_MAX_DISK)
		return;
	atomic_store_explicit(&q->looked, atomic_load_explicit(&q->recorded, memory_order_relaxed),
	                      memory_order_relaxed);
	/* Unless another worker has found meanwhile that all is full, which stays so. */
	(void)atomic_compare_exchange_strong(&q->now, &before, look(q, &ok));
}

bool quota_admits(struct quota *q, int64_t *fresh)
{
	int64_t sum =
	        atomic_fetch_add_explicit(&q->recorded, *fresh, memory_order_relaxed) + *fresh;
	*fresh = 0;
	if (sum >= q->disk_max)
		atomic_store_explicit(&q->now, TF_ROOM_MAX_DISK, memory_order_relaxed);
	else if (sum - atomic_load_explicit(&q->looked, memory_order_relaxed) >= LOOK)
		quota_look(q);
	return atomic_load_explicit(&q->now, memory_order_relaxed) == TF_ROOM_ENOUGH;
}
