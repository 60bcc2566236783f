/* SPDX-License-Identifier: BSD-3-Clause */
/* A capture that a peer sends, and files that grow while they are read. */
#include "bytes.h"
#include "store.h"

#include "capture/remote.h"
#include "lib/patience.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct store store;

static int set_up(void **state)
{
	(void)state;
	store_init(&store, 300 * 1024, 8);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	store_free(&store);
	return 0;
}

enum { FRAMES = 200 };

static struct bytes capture(void)
{
	struct bytes b = {.little = true};
	put_pcap(&b, 0xa1b2c3d4, 1);
	for (uint32_t i = 0; i < FRAMES; i++) {
		put_record(&b, i, 0, i, i);
		put_pattern(&b, i, i);
	}
	return b;
}

/* In a child: everything in small pieces, with pauses now and then. */
static void send_slowly(int fd, const struct bytes *b, unsigned pause_us)
{
	size_t at = 0;
	ssize_t n = 1;
	for (unsigned i = 0; at < b->n && n > 0; i++, at += (size_t)n) {
		n = write(fd, b->p + at, b->n - at < 997 ? b->n - at : 997);
		if (i % 7 == 0)
			(void)usleep(pause_us);
	}
	_exit(n > 0 ? 0 : 1);
}

static void well_ended(pid_t child)
{
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void reads_all(const char *path, const struct opening *how)
{
	struct tf_error err;
	struct tf_frame f;
	struct source *s = source_open_as(path, how, &err);
	assert_non_null(s);
	for (uint32_t i = 0; i < FRAMES; i++) {
		assert_int_equal(source_next(s, &f, &err), SOURCE_FRAME);
		assert_true(is_pattern(f.bytes, i, i));
	}
	assert_int_equal(source_next(s, &f, &err), SOURCE_END);
	source_close(s);
}

/* -> a listening socket on the loopback, and its port */
static int listener(unsigned *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static void a_peer(void **state)
{
	struct bytes b = capture();
	char path[60];
	unsigned port;
	(void)state;
	int fd = listener(&port);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		send_slowly(accept(fd, NULL, NULL), &b, 1000);
	(void)snprintf(path, sizeof path, "tcp://127.0.0.1:%u", port);
	reads_all(path, &(struct opening){.store = &store.as_store});
	well_ended(child);
	assert_int_equal(close(fd), 0);
	free(b.p);
}

static void refused(const char *path, const char *text)
{
	struct tf_error err;
	assert_null(source_open(path, 0, &store.as_store, &err));
	assert_int_equal(err.status, TF_USAGE);
	assert_string_equal(err.text, text);
}

static void no_peer(void **state)
{
	char path[60], text[100];
	unsigned port;
	(void)state;
	assert_int_equal(close(listener(&port)), 0);
	(void)snprintf(path, sizeof path, "tcp://127.0.0.1:%u", port);
	(void)snprintf(text, sizeof text, "cannot connect to %s: Connection refused", path);
	refused(path, text);
	refused("tcp://", "tcp:// names no host and port (tcp://HOST:PORT)");
	refused("tcp://host", "tcp://host names no host and port (tcp://HOST:PORT)");
	refused("tcp://:1", "tcp://:1 names no host and port (tcp://HOST:PORT)");
	refused("tcp://host:", "tcp://host: names no host and port (tcp://HOST:PORT)");
	refused("tcp://host:0", "tcp://host:0 names no host and port (tcp://HOST:PORT)");
	refused("tcp://host:http", "tcp://host:http names no host and port (tcp://HOST:PORT)");
	refused("tcp://host:65536", "tcp://host:65536 names no host and port (tcp://HOST:PORT)");
	refused("tcp://h:99999999999", "tcp://h:99999999999 names no host and port "
	                               "(tcp://HOST:PORT)");
	assert_null(remote_address("./tcp://x:1"));
	assert_string_equal(remote_address("tcp://[::1]:5"), "[::1]:5");
}

/* What came before a reset is read. */
static void a_reset(void **state)
{
	struct bytes b = capture();
	char path[60];
	unsigned port;
	struct tf_error err;
	struct tf_frame f;
	(void)state;
	int fd = listener(&port);
	(void)snprintf(path, sizeof path, "tcp://127.0.0.1:%u", port);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct linger none = {.l_onoff = 1};
		int to = accept(fd, NULL, NULL);
		bool ok = write(to, b.p, b.n - 5) == (ssize_t)(b.n - 5) &&
		          setsockopt(to, SOL_SOCKET, SO_LINGER, &none, sizeof none) == 0;
		(void)usleep(200000);
		_exit(ok && close(to) == 0 ? 0 : 1);
	}
	struct source *s = source_open(path, 0, &store.as_store, &err);
	assert_non_null(s);
	for (uint32_t i = 0; i < FRAMES - 1; i++)
		assert_int_equal(source_next(s, &f, &err), SOURCE_FRAME);
	assert_int_equal(source_next(s, &f, &err), SOURCE_DAMAGED);
	assert_int_equal(err.status, TF_DAMAGED);
	assert_non_null(strstr(err.text, ": Connection reset by peer"));
	source_close(s);
	well_ended(child);
	assert_int_equal(close(fd), 0);
	free(b.p);
}

static unsigned asked;

static bool after_three(void *arg)
{
	(void)arg;
	return ++asked > 3;
}

static bool is_stopped(void *arg)
{
	(void)arg;
	return asked > 3;
}

/* A peer that says nothing more is not waited for once the run is to stop. */
static void a_silent_peer(void **state)
{
	struct bytes b = capture();
	char path[60];
	unsigned port;
	struct tf_error err;
	struct tf_frame f;
	struct block_store stopping = store.as_store;
	(void)state;
	int fd = listener(&port);
	(void)snprintf(path, sizeof path, "tcp://127.0.0.1:%u", port);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		int to = accept(fd, NULL, NULL);
		bool ok = write(to, b.p, 24) == 24;
		(void)pause();
		_exit(ok);
	}
	stopping.stopped = is_stopped;
	struct opening how = {.store = &stopping};
	how.watch.over = after_three;
	give_up_after(20); /* the test hangs no longer than that */
	struct source *s = source_open_as(path, &how, &err);
	assert_non_null(s);
	assert_int_equal(source_next(s, &f, &err), SOURCE_END); /* as if it had ended */
	assert_true(asked > 3);
	(void)alarm(0);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	source_close(s);
	assert_int_equal(close(fd), 0);
	free(b.p);
}

/* A file that somebody writes to. */
static void a_growing_file(void **state)
{
	struct bytes b = capture();
	char path[] = "/tmp/growing.XXXXXX";
	(void)state;
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		send_slowly(fd, &b, 150000);
	reads_all(path, &(struct opening){.store = &store.as_store, .patience_ms = 1500});
	well_ended(child);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(close(fd), 0);
	free(b.p);
}

/* -- what can happen to a file that is followed -- */

enum after { PARTIAL_FOREVER, GROWS_LATER, TRUNCATED, REPLACED, RENAMED };

static char followed[60], moved[70];

static void change(const struct bytes *b, size_t written, enum after what)
{
	int fd = open(followed, O_WRONLY);
	(void)usleep(300000);
	bool ok = fd >= 0;
	if (what == REPLACED || what == RENAMED)
		ok = ok && rename(followed, moved) == 0;
	if (what == TRUNCATED)
		ok = ok && ftruncate(fd, 24) == 0;
	/* Written to whatever the name is: it is the same file. */
	if (what != PARTIAL_FOREVER && what != TRUNCATED)
		ok = ok && pwrite(fd, b->p + written, b->n - written, (off_t)written) ==
		                   (ssize_t)(b->n - written);
	if (what == REPLACED) {
		int other = open(followed, O_WRONLY | O_CREAT | O_EXCL, 0600);
		ok = ok && other >= 0 && write(other, b->p, 24) == 24;
	}
	_exit(ok ? 0 : 1);
}

/* -> frames that came, with what was said at the end in *err */
static uint32_t follow(enum after what, enum source_result end, struct tf_error *err)
{
	struct bytes b = capture();
	size_t written = 24;
	(void)snprintf(followed, sizeof followed, "/tmp/followed.XXXXXX");
	int fd = mkstemp(followed);
	(void)snprintf(moved, sizeof moved, "%s.moved", followed);
	for (uint32_t i = 0; i < 100; i++) /* a hundred records, and a part of one */
		written += 16 + i;
	written += 16 + 50;
	assert_int_equal(write(fd, b.p, written), written);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		change(&b, written, what);
	struct source *s = source_open_as(
	        followed, &(struct opening){.store = &store.as_store, .patience_ms = 1200}, err);
	assert_non_null(s);
	struct tf_frame f;
	uint32_t frames = 0;
	enum source_result r;
	while ((r = source_next(s, &f, err)) == SOURCE_FRAME) {
		assert_true(is_pattern(f.bytes, frames, frames));
		frames++;
	}
	assert_int_equal(r, end);
	source_close(s);
	well_ended(child);
	(void)unlink(followed);
	(void)unlink(moved);
	assert_int_equal(close(fd), 0);
	free(b.p);
	return frames;
}

static void ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);
	if (n < m || strcmp(text + n - m, end) != 0)
		fail_msg("'%s' does not end with '%s'", text, end);
}

static void a_followed_file(void **state)
{
	struct tf_error err;
	(void)state;
	assert_int_equal(follow(GROWS_LATER, SOURCE_END, &err), FRAMES);
	/* The file has another name, or none: no other one took its place. */
	assert_int_equal(follow(RENAMED, SOURCE_END, &err), FRAMES);
	assert_int_equal(follow(PARTIAL_FOREVER, SOURCE_DAMAGED, &err), 100);
	assert_int_equal(err.status, TF_DAMAGED);
	assert_non_null(strstr(err.text, "cut off at byte"));
	assert_int_equal(follow(TRUNCATED, SOURCE_DAMAGED, &err), 100);
	assert_int_equal(err.status, TF_DAMAGED);
	ends_with(err.text, ": it was truncated while it was read");
	/* What was written before that is read. */
	assert_int_equal(follow(REPLACED, SOURCE_DAMAGED, &err), FRAMES);
	assert_int_equal(err.status, TF_DAMAGED);
	ends_with(err.text, ": another file, which is not read, took its place");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_peer),         cmocka_unit_test(no_peer),
	        cmocka_unit_test(a_silent_peer),  cmocka_unit_test(a_reset),
	        cmocka_unit_test(a_growing_file), cmocka_unit_test(a_followed_file),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
