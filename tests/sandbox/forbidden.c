/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tries what a process should not be able to do that has been taken over:
 *
 *	forbidden FOLDER [OPTION...]
 *
 * FOLDER is where it may do harm; the options are those of tcpflow (-r FILE -o FOLDER/out), and it
 * goes through the same steps as the command does. Then each action is tried from the main thread,
 * from one that was started behind the lock, and from one that this one has started. Prints a
 * table, and fails when an action was possible, or when something that is needed was not.
 *
 * With --sandbox=off each action is tried in a process of its own, and most of them have to be
 * possible: else the table would tell nothing.
 */
#include "cli/confine.h"
#include "cli/options.h"
#include "cli/sources.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_ROOM = 4096, POSSIBLE_LEAST = 20 };

static char file[PATH_ROOM], fresh[PATH_ROOM], inside[PATH_ROOM], linked[PATH_ROOM];
static char moved[PATH_ROOM], secret[] = "/etc/shadow";
static int inet = -1; /* a socket that was opened in time */
static pid_t victim;

/* -- actions: -> -1 with errno when it was refused ------------------------------------- */

static long shut(long fd)
{
	if (fd >= 0)
		(void)close((int)fd);
	return fd;
}

static long make_outside(void)
{
	return shut(open(fresh, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}
static long write_outside(void)
{
	return shut(open(file, O_WRONLY | O_CLOEXEC));
}
static long read_outside(void)
{
	return shut(open(file, O_RDONLY | O_CLOEXEC));
}
static long write_through_link(void)
{
	return shut(open(linked, O_WRONLY | O_CLOEXEC));
}
static long read_secret(void)
{
	return shut(open(secret, O_RDONLY | O_CLOEXEC));
}
static long list_root(void)
{
	return shut(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}
static long truncate_outside(void)
{
	return truncate(file, 0);
}
static long make_folder(void)
{
	return mkdir(fresh, 0700) == 0 ? rmdir(fresh) : -1;
}
static long move_out(void)
{
	return rename(inside, moved) == 0 ? rename(moved, inside) : -1;
}
static long link_in(void)
{
	return link(file, fresh) == 0 ? unlink(fresh) : -1;
}
static long symlink_out(void)
{
	return symlink(file, fresh) == 0 ? unlink(fresh) : -1;
}
static long make_device(void)
{
	return mknod(fresh, S_IFCHR | 0600, makedev(1, 3)) == 0 ? unlink(fresh) : -1;
}
static long change_mode(void)
{
	return chmod(file, 0666);
}
static long change_owner(void)
{
	return chown(file, getuid(), getgid());
}
static long change_times(void)
{
	return utimensat(AT_FDCWD, file, NULL, 0);
}
static long set_attribute(void)
{
	return syscall(SYS_setxattr, file, "user.x", "y", 1, 0);
}
static long execute(void)
{
	char *const arg[] = {(char[]){"true"}, NULL};
	return execve("/bin/true", arg, NULL);
}
static long fork_process(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(0);
	return pid < 0 ? -1 : waitpid((pid_t)pid, NULL, 0);
}
static long trace(void)
{
	return ptrace(PTRACE_SEIZE, victim, NULL, NULL) == 0
	               ? ptrace(PTRACE_INTERRUPT, victim, NULL, NULL)
	               : -1;
}
static long read_memory(void)
{
	char byte;
	struct iovec to = {&byte, 1}, from = {file, 1};
	return process_vm_readv(victim, &to, 1, &from, 1, 0);
}
static long signal_other(void)
{
	return kill(victim, SIGCONT);
}
static long signal_thread(void)
{
	return syscall(SYS_tgkill, victim, victim, SIGCONT);
}
static long make_socket(void)
{
	return shut(socket(AF_INET, SOCK_STREAM, 0));
}
static long make_unix_socket(void)
{
	return shut(socket(AF_UNIX, SOCK_STREAM, 0));
}
static long make_packet_socket(void)
{
	return shut(socket(AF_PACKET, SOCK_RAW, 0));
}
static long connect_out(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return connect(inet, (struct sockaddr *)&to, sizeof to);
}
static long send_out(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sendto(inet, "x", 1, 0, (struct sockaddr *)&to, sizeof to);
}
static long listen_in(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	return bind(inet, (struct sockaddr *)&at, sizeof at);
}
static long mount_tmpfs(void)
{
	return mount("none", "/mnt", "tmpfs", 0, NULL) == 0 ? umount("/mnt") : -1;
}
static long change_root(void)
{
	return chroot("/");
}
static long new_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}
static long become_root(void)
{
	return setuid(0);
}
static long become_anybody(void)
{
	return syscall(SYS_setresuid, 0, 0, 0);
}
static long set_groups(void)
{
	gid_t g = 0;
	return syscall(SYS_setgroups, 1, &g);
}
static long use_io_uring(void)
{
	char parameters[120] = {0};
	return shut(syscall(SYS_io_uring_setup, 1, parameters));
}
static long load_bpf(void)
{
	union {
		struct {
			uint32_t type, key, value, most;
		} map;
		char room[128];
	} a = {.map = {2, 4, 4, 1}};
	return shut(syscall(SYS_bpf, 0, &a, sizeof a.room));
}
static long count_events(void)
{
	struct {
		uint32_t type, size;
		uint64_t config;
		char rest[112];
	} a = {.type = 1, .size = 64};
	return shut(syscall(SYS_perf_event_open, &a, 0, -1, -1, 0));
}
static long look_for_keys(void)
{
	return syscall(SYS_keyctl, 0, -3, 1);
}
static long load_module(void)
{
	return syscall(SYS_init_module, file, 0, "");
}
static long make_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? -1 : munmap(p, 4096);
}
static long turn_into_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? 0 : mprotect(p, 4096, PROT_READ | PROT_EXEC);
}
static long make_memory_file(void)
{
	return shut(syscall(SYS_memfd_create, "x", 0));
}
static long become_dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}
static long raise_limit(void)
{
	const uint64_t core[2] = {0, 0};
	return syscall(SYS_prlimit64, 0, 4, core, NULL);
}
static long another_filter(void)
{
	return syscall(SYS_seccomp, 2, 0, &(uint32_t){0x7fff0000});
}
static long remove_outside(void)
{
	return unlink(file); /* the last one, since it is gone then */
}

static const struct harm {
	const char *name;
	long (*run)(void);
} actions[] = {
        {"make a file outside", make_outside},
        {"write a file outside", write_outside},
        {"read a file outside", read_outside},
        {"write outside through a link", write_through_link},
        {"read /etc/shadow", read_secret},
        {"list /", list_root},
        {"truncate a file outside", truncate_outside},
        {"make a folder outside", make_folder},
        {"rename out of the folder", move_out},
        {"link", link_in},
        {"symlink", symlink_out},
        {"mknod", make_device},
        {"chmod outside", change_mode},
        {"chown outside", change_owner},
        {"set times outside", change_times},
        {"setxattr", set_attribute},
        {"execve", execute},
        {"fork", fork_process},
        {"ptrace", trace},
        {"process_vm_readv", read_memory},
        {"kill another process", signal_other},
        {"tgkill another process", signal_thread},
        {"socket AF_INET", make_socket},
        {"socket AF_UNIX", make_unix_socket},
        {"socket AF_PACKET", make_packet_socket},
        {"connect an open socket", connect_out},
        {"sendto from an open socket", send_out},
        {"bind an open socket", listen_in},
        {"mount", mount_tmpfs},
        {"chroot", change_root},
        {"unshare", new_namespace},
        {"setuid 0", become_root},
        {"setresuid 0", become_anybody},
        {"setgroups", set_groups},
        {"io_uring_setup", use_io_uring},
        {"bpf", load_bpf},
        {"perf_event_open", count_events},
        {"keyctl", look_for_keys},
        {"init_module", load_module},
        {"mmap executable memory", make_code},
        {"mprotect to executable", turn_into_code},
        {"memfd_create", make_memory_file},
        {"prctl PR_SET_DUMPABLE", become_dumpable},
        {"prlimit", raise_limit},
        {"seccomp", another_filter},
        {"remove a file outside", remove_outside},
};
enum { ACTIONS = sizeof actions / sizeof *actions, PLACES_TRIED = 3 };

/* errno, or 0: it was possible */
static int result[PLACES_TRIED][ACTIONS];

static void try_all(int place)
{
	for (int i = 0; i < ACTIONS; i++)
		result[place][i] = actions[i].run() < 0 ? errno : 0;
}

/* -- what must go on ---------------------------------------------------------------------- */

static bool is_needed(const char *what, bool there)
{
	if (!there)
		printf("%s: not possible, and needed: %s\n", what, strerror(errno));
	return there;
}

static bool record_on(void)
{
	char made[PATH_ROOM + 8], other[PATH_ROOM + 8];
	(void)snprintf(made, sizeof made, "%s.a", inside);
	(void)snprintf(other, sizeof other, "%s.b", inside);
	int fd = open(made, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	const struct timespec t[2] = {{1, 0}, {1, 0}};
	bool ok = is_needed("make a file", fd >= 0) && is_needed("write", write(fd, "x", 1) == 1) &&
	          is_needed("set its time", futimens(fd, t) == 0) &&
	          is_needed("rename", rename(made, other) == 0) &&
	          is_needed("unlink", unlink(other) == 0) &&
	          is_needed("make a folder", mkdir(made, 0700) == 0);
	if (fd >= 0)
		(void)close(fd);
	return ok;
}

static void *in_thread_of_thread(void *arg)
{
	(void)arg;
	try_all(2);
	return NULL;
}

static void *in_thread(void *arg)
{
	bool *ok = arg;
	pthread_t next;
	try_all(1);
	*ok = record_on() && pthread_create(&next, NULL, in_thread_of_thread, NULL) == 0 &&
	      pthread_join(next, NULL) == 0;
	return NULL;
}

/* -- the two tables ---------------------------------------------------------------------------- */

static int locked(void)
{
	pthread_t thread;
	bool ok = false;
	int open_ways = 0;
	try_all(0);
	if (pthread_create(&thread, NULL, in_thread, &ok) != 0 || pthread_join(thread, NULL) != 0)
		return 1;
	printf("%-30s %-28s %-28s %s\n", "", "main thread", "thread", "thread of a thread");
	for (int i = 0; i < ACTIONS; i++) {
		printf("%-30s", actions[i].name);
		for (int k = 0; k < PLACES_TRIED; k++) {
			open_ways += result[k][i] == 0;
			printf(" %-28s", result[k][i] == 0 ? "POSSIBLE" : strerror(result[k][i]));
		}
		printf("\n");
	}
	printf("%d kinds, %d tries, %d possible\n", ACTIONS, PLACES_TRIED * ACTIONS, open_ways);
	return open_ways > 0 || !ok;
}

static int unlocked(void)
{
	int possible = 0;
	for (int i = 0; i < ACTIONS; i++) {
		int status = 0;
		pid_t pid = fork();
		if (pid == 0)
			_exit(actions[i].run() < 0);
		(void)waitpid(pid, &status, 0);
		bool was = WIFEXITED(status) && WEXITSTATUS(status) == 0;
		possible += was;
		printf("%-30s %s\n", actions[i].name, was ? "possible" : "refused");
	}
	printf("%d kinds, %d possible without a sandbox\n", ACTIONS, possible);
	return possible < POSSIBLE_LEAST;
}

static bool touch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	return fd >= 0 && fchmod(fd, 0666) == 0 && close(fd) == 0;
}

/* Everything that could be done if it were allowed can be done: file modes are no obstacle. */
static bool prepare(const char *folder)
{
	(void)snprintf(file, sizeof file, "%s/outside", folder);
	(void)snprintf(fresh, sizeof fresh, "%s/fresh", folder);
	(void)snprintf(moved, sizeof moved, "%s/moved", folder);
	(void)snprintf(inside, sizeof inside, "%s/out/inside", folder);
	(void)snprintf(linked, sizeof linked, "%s/out/link", folder);
	inet = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int life[2];
	if (pipe(life) != 0)
		return false;
	victim = fork();
	if (victim == 0) {
		char byte;
		(void)close(life[1]);
		_exit(read(life[0], &byte, 1) != 0); /* when its parent has ended */
	}
	return inet >= 0 && victim > 0 && touch(file) && symlink(file, linked) == 0 &&
	       touch(inside);
}

static bool fail(const struct tf_error *err)
{
	printf("%s\n", err->text);
	return false;
}

/* The steps of the command. */
static bool confine(struct options *o, struct confine *c)
{
	struct tf_error err;
	struct sources s;
	return sources_gather(&s, o, NULL, NULL, &err) && confine_choose(c, &err) &&
	                       confine_sources(c, &s, NULL, &err) && confine_become(c, &err) &&
	                       confine_lock(c, &s, &err)
	               ? true
	               : fail(&err);
}

int main(int argc, char **argv)
{
	struct options o;
	struct confine c;
	struct tf_error err;
	if (argc < 2 || !options_parse(&o, argc - 1, argv + 1, &err))
		return 1;
	confine_begin(&c, &o);
	if (!prepare(argv[1]) || !confine(&o, &c))
		return 1;
	int code = o.sandbox == SANDBOX_OFF ? unlocked() : locked();
	for (unsigned i = 0; i < c.state.lines; i++)
		printf("%s\n", c.state.line[i]);
	return code;
}
