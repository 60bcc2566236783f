/* SPDX-License-Identifier: BSD-3-Clause */
/* What a service manager hears. */
#include "lib/scratch.h"

#include "cli/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static const int64_t ms = 1000000;

/* The manager's end, with a name in the file system, or one beside it. */
static int manager(const char *name)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_true(fd >= 0);
	memcpy(a.sun_path, name, strlen(name));
	if (name[0] == '@')
		a.sun_path[0] = '\0';
	socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	assert_int_equal(bind(fd, (const struct sockaddr *)&a, n + (name[0] != '@')), 0);
	return fd;
}

static void heard(int fd, const char *wanted)
{
	char got[300] = "";
	ssize_t n = recv(fd, got, sizeof got - 1, MSG_DONTWAIT);
	assert_string_equal(n < 0 ? "nothing" : got, wanted);
}

static void nobody(void **state)
{
	struct notify n;
	(void)state;
	assert_true(notify_open(&n, NULL, "1000000", NULL, 5));
	assert_int_equal(n.fd, -1);
	notify_say(&n, "READY=1");
	assert_false(notify_alive(&n, INT64_MAX / 2));
	notify_close(&n);
}

static void refused(void **state)
{
	char longest[200];
	struct notify n;
	(void)state;
	memset(longest, 'a', sizeof longest);
	longest[0] = '/';
	longest[sizeof longest - 1] = '\0';
	const char *const names[] = {"", "/", "@", "relative", longest, "/nobody/listens/here"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		assert_false(notify_open(&n, names[i], NULL, NULL, 5));
		assert_int_equal(n.fd, -1);
	}
}

static void talks(const char *name)
{
	struct notify n;
	int fd = manager(name);
	assert_true(notify_open(&n, name, "4000000", "5", 5)); /* 4 s: told each second */
	assert_true((fcntl(n.fd, F_GETFD) & FD_CLOEXEC) != 0);
	notify_say(&n, "READY=1");
	heard(fd, "READY=1");
	assert_true(notify_alive(&n, 5000 * ms));
	heard(fd, "WATCHDOG=1");
	notify_status(&n, "fine", 5000 * ms);
	heard(fd, "STATUS=fine");
	assert_false(notify_alive(&n, 5999 * ms));
	heard(fd, "nothing");
	assert_true(notify_alive(&n, 6000 * ms));
	heard(fd, "WATCHDOG=1");
	heard(fd, "nothing");
	notify_close(&n);
	(void)close(fd);
}

static void both_kinds(void **state)
{
	char name[250];
	(void)state;
	(void)snprintf(name, sizeof name, "%s/socket", folder_make());
	talks(name);
	name[0] = '@';
	talks(name);
	folder_remove();
}

/* No watchdog: none is wanted, or it is another process's; nonsense is none. */
static void not_watched(void **state)
{
	static const struct {
		const char *usec, *pid;
	} rows[] = {{NULL, NULL}, {"1000000", "6"}, {"0", NULL},
	            {"-5", NULL}, {"often", NULL},  {"99999999999999999999", NULL}};
	char name[250];
	(void)state;
	(void)snprintf(name, sizeof name, "%s/socket", folder_make());
	int fd = manager(name);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct notify n;
		assert_true(notify_open(&n, name, rows[i].usec, rows[i].pid, 5));
		assert_true(notify_alive(&n, 5000000 * ms));
		heard(fd, "nothing");
		notify_close(&n);
	}
	(void)close(fd);
	folder_remove();
}

/* A manager that does not read, or is gone, keeps nobody waiting. */
static void slow(void **state)
{
	struct notify n;
	char name[250];
	(void)state;
	(void)snprintf(name, sizeof name, "%s/socket", folder_make());
	int fd = manager(name);
	assert_true(notify_open(&n, name, "4000000", NULL, 5));
	for (int64_t i = 1; i < 2000; i++)
		if (notify_alive(&n, i * 1000 * ms))
			notify_status(&n, "still", i * 1000 * ms);
	assert_true(errno == EAGAIN || errno == ENOBUFS);
	(void)close(fd);
	notify_say(&n, "STOPPING=1");
	notify_close(&n);
	folder_remove();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(nobody),     cmocka_unit_test(refused),
	        cmocka_unit_test(both_kinds), cmocka_unit_test(not_watched),
	        cmocka_unit_test(slow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
