/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The list is one of names: an architecture has those of its time, and those it has not are
 * passed over. Where a call has a number of its own for 64-bit offsets or times on 32-bit machines,
 * both stand here: which one the C library makes is its affair.
 *
 * What is not here is forbidden, so what is worth a remark is what is not here: execve and fork
 * (clone makes threads only), socket and connect (what is captured from or written to is open),
 * setuid and its like, chmod and chown, link and symlink, ptrace, kill, mount, io_uring (which
 * makes calls that no filter sees), bpf, perf_event_open, keyctl, modules, prctl and seccomp
 * itself.
 */
#include "sandbox/syscalls.h"

#include <errno.h>

#ifdef TF_SECCOMP

#include <fcntl.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static const char allowed[] =
        /* threads, and what they wait for */
        "exit exit_group futex futex_time64 set_robust_list rseq sched_yield "
        "sched_getaffinity membarrier restart_syscall gettid getpid wait4 waitpid poll "
        "ppoll ppoll_time64 select _newselect pselect6 pselect6_time64 nanosleep "
        "clock_nanosleep clock_nanosleep_time64 "
        /* memory */
        "brk munmap mremap madvise "
        /* signals to itself */
        "rt_sigaction rt_sigprocmask rt_sigreturn sigreturn sigaltstack "
        /* clocks, randomness, what the machine is */
        "clock_gettime clock_gettime64 clock_getres clock_getres_time64 gettimeofday "
        "time getrandom getrusage sysinfo uname getuid geteuid getgid getegid getuid32 "
        "geteuid32 getgid32 getegid32 getresuid getresuid32 capget getrlimit ugetrlimit "
        "getcpu "
        /* what is open */
        "read readv pread64 preadv preadv2 write writev pwrite64 pwritev pwritev2 close "
        "lseek _llseek fstat fstat64 ftruncate ftruncate64 fallocate fcntl fcntl64 "
        "flock fsync fdatasync dup dup2 dup3 fadvise64 fadvise64_64 arm_fadvise64_64 "
        "fstatfs fstatfs64 getdents getdents64 getsockopt getsockname copy_file_range "
        "sendfile sendfile64 readahead "
        /* what has a name, which Landlock bounds but for looking at it */
        "open openat openat2 stat stat64 lstat lstat64 newfstatat fstatat64 statx "
        "statfs statfs64 access faccessat faccessat2 mkdir mkdirat unlink unlinkat "
        "rename renameat renameat2 readlink readlinkat getcwd truncate truncate64 ";

static struct scmp_arg_cmp equal(unsigned argument, scmp_datum_t value)
{
	return (struct scmp_arg_cmp){argument, SCMP_CMP_EQ, value, 0};
}

static struct scmp_arg_cmp with_bits(unsigned argument, scmp_datum_t mask, scmp_datum_t value)
{
	return (struct scmp_arg_cmp){argument, SCMP_CMP_MASKED_EQ, mask, value};
}

static int allow(scmp_filter_ctx c, const char *name, unsigned conditions,
                 const struct scmp_arg_cmp *condition)
{
	int number = seccomp_syscall_resolve_name(name);
	if (number == __NR_SCMP_ERROR)
		return 0;
	int r = seccomp_rule_add_array(c, SCMP_ACT_ALLOW, number, conditions, condition);
	return r == -EDOM ? 0 : r; /* not on this architecture */
}

static int allow_names(scmp_filter_ctx c)
{
	char names[sizeof allowed], *save;
	int r = 0;
	memcpy(names, allowed, sizeof names);
	for (char *n = strtok_r(names, " ", &save); r == 0 && n != NULL;
	     n = strtok_r(NULL, " ", &save))
		r = allow(c, n, 0, NULL);
	return r;
}

/* clone() makes threads, no processes; clone3(), whose flags no filter sees, does not exist then
   and the C library makes do. Memory never becomes executable. */
static int allow_threads_and_memory(scmp_filter_ctx c)
{
#ifdef __s390x__
	enum { CLONE_FLAGS = 1 };
#else
	enum { CLONE_FLAGS = 0 };
#endif
	const struct scmp_arg_cmp thread = with_bits(CLONE_FLAGS, CLONE_THREAD, CLONE_THREAD);
	const struct scmp_arg_cmp plain = with_bits(2, PROT_EXEC, 0);
	int r = allow(c, "clone", 1, &thread);
	if (r == 0)
		r = allow(c, "mprotect", 1, &plain);
	if (r == 0)
		r = allow(c, "mmap2", 1, &plain);
#ifdef __s390x__ /* its arguments lie in memory */
	return r == 0 ? allow(c, "mmap", 0, NULL) : r;
#else
	return r == 0 ? allow(c, "mmap", 1, &plain) : r;
#endif
}

/* abort(), but no signals to others. Limits are looked at, not set. Terminals are asked what they
   are, and interfaces whether they are there. Times are set of what is open,
   and service managers hear by sockets that are connected. */
static int allow_looking(scmp_filter_ctx c)
{
	static const unsigned long asked[] = {TCGETS, TIOCGWINSZ, FIONREAD, SIOCGIFFLAGS};
	const struct scmp_arg_cmp own = equal(0, (scmp_datum_t)getpid());
	const struct scmp_arg_cmp nothing = equal(2, 0);
	const struct scmp_arg_cmp no_name = equal(1, 0), no_address = equal(4, 0);
	int r = allow(c, "tgkill", 1, &own);
	if (r == 0)
		r = allow(c, "prlimit64", 1, &nothing);
	if (r == 0)
		r = allow(c, "utimensat", 1, &no_name);
	if (r == 0)
		r = allow(c, "utimensat_time64", 1, &no_name);
	if (r == 0)
		r = allow(c, "sendto", 1, &no_address);
	if (r == 0)
		r = allow(c, "send", 0, NULL);
	for (size_t i = 0; r == 0 && i < sizeof asked / sizeof *asked; i++) {
		const struct scmp_arg_cmp request = equal(1, asked[i]);
		r = allow(c, "ioctl", 1, &request);
	}
	return r;
}

bool syscalls_restrict(void)
{
	scmp_filter_ctx c = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	if (c == NULL) {
		errno = ENOMEM;
		return false;
	}
	int r = allow_names(c);
	if (r == 0)
		r = allow_threads_and_memory(c);
	if (r == 0)
		r = allow_looking(c);
	/* no-new-privs was set before, and is none of its business. */
	if (r == 0)
		r = seccomp_attr_set(c, SCMP_FLTATR_CTL_NNP, 0);
	/* A tree instead of a row: a write is 7 comparisons away, not 100. */
	if (r == 0)
		(void)seccomp_attr_set(c, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r == 0)
		(void)seccomp_attr_set(c, SCMP_FLTATR_API_SYSRAWRC, 1);
	if (r == 0)
		r = seccomp_load(c);
	/* It hides what the kernel said. */
	int cause = r == -EFAULT || r == -ECANCELED ? errno : -r;
	seccomp_release(c);
	errno = cause;
	return r == 0;
}

bool syscalls_can(void)
{
	/* Level 1 knows nothing but the oldest way. */
	if (seccomp_api_get() >= 1)
		return true;
	errno = ENOSYS;
	return false;
}

#else

bool syscalls_restrict(void)
{
	errno = ENOTSUP;
	return false;
}

bool syscalls_can(void)
{
	errno = ENOTSUP;
	return false;
}

#endif
