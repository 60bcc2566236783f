/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/machine.h"

#include "base/error.h"
#include "base/system.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

int64_t machine_now_ns(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

unsigned machine_cores(void)
{
	long n = system_cores();
	return n < 1 ? 1 : n > MACHINE_CORES_MAX ? MACHINE_CORES_MAX : (unsigned)n;
}

bool machine_seed(uint64_t *seed, struct tf_error *err)
{
	if (system_random(seed, sizeof *seed))
		return true;
	return error_sys(err, TF_USAGE, "the system gives no random numbers");
}

uint64_t machine_raise_descriptors(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 64;
	rlim_t soft = limit.rlim_cur;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : soft;
}

uint64_t machine_files(uint64_t limit)
{
	uint64_t half = limit / 2;
	uint64_t own = half < 8 ? 8 : half > 32 ? 32 : half;
	return limit <= own ? 1 : limit - own;
}

unsigned machine_fill_standard_streams(void)
{
	unsigned closed = 0;
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		closed |= 1U << fd;
		if (open("/dev/null", O_RDWR) < 0)
			_exit(TF_OUTPUT);
	}
	return closed;
}
