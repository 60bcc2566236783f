/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/confine.h"

#include "base/error.h"
#include "base/system.h"
#include "cli/message.h"
#include "cli/number.h"
#include "sandbox/rights.h"
#include "sandbox/strays.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PRIVATE = 077 };

static bool is_off(const struct confine *c)
{
	return c->options->sandbox == SANDBOX_OFF;
}

static bool is_required(const struct confine *c)
{
	return c->options->sandbox == SANDBOX_REQUIRE;
}

/* -- the beginning ------------------------------------------------------------------- */

/* -> false: there is no room for it */
static bool keep(int *fds, size_t *n, int fd)
{
	if (fd <= STDERR_FILENO)
		return true;
	if (*n == STRAYS_KEPT)
		return false;
	fds[(*n)++] = fd;
	return true;
}

/* Descriptors that the command line speaks of are no strays. */
static void close_strays(const struct options *o)
{
	int fds[STRAYS_KEPT];
	size_t n = 0;
	bool all = true;
	for (size_t i = 0; i < o->source_count; i++)
		all = all && keep(fds, &n, system_descriptor(o->sources[i]));
	for (size_t i = 0; i < o->finisher_count; i++)
		all = all && keep(fds, &n, system_descriptor(o->finishers[i]));
	if (o->report != NULL)
		all = all && keep(fds, &n, system_descriptor(o->report));
	if (o->unrecorded != NULL)
		all = all && keep(fds, &n, system_descriptor(o->unrecorded));
	if (o->write != NULL)
		all = all && keep(fds, &n, system_descriptor(o->write));
	if (o->tcp_alert_fd <= INT_MAX)
		all = all && keep(fds, &n, (int)o->tcp_alert_fd);
	if (all)
		strays_close(fds, n);
}

void confine_begin(struct confine *c, const struct options *o)
{
	*c = (struct confine){.options = o, .root = geteuid() == 0};
	/* Nobody is lent root's rights by the mode of a file: it would not know from whom its
	   options came. */
	if (c->root && getuid() != 0 && setuid(getuid()) == 0)
		c->root = false;
	identity_own(&c->own);
	c->who = c->own;
	/* What is captured is other people's; who may read a file has been decided. */
	if (o->umask != OPTION_NONE)
		(void)umask((mode_t)o->umask);
	else if (options_live(o))
		(void)umask(PRIVATE);
	tzset();
	if (is_off(c))
		return;
	close_strays(o);
	strays_no_cores();
}

/* -- who ------------------------------------------------------------------------------- */

/* The user who called sudo -> false: there is none, or it is root as well */
static bool is_sudo(struct identity *who)
{
	const char *uid = getenv("SUDO_UID"), *gid = getenv("SUDO_GID");
	uint64_t u, g;
	if (uid == NULL || gid == NULL || !number_parse(uid, &u) || !number_parse(gid, &g) ||
	    u == 0 || u >= UINT32_MAX || g >= UINT32_MAX)
		return false;
	identity_numbered(who, (uid_t)u, (gid_t)g);
	return true;
}

/* As who, who may walk through folders: as later, when outputs are opened. */
static bool may_write(const struct confine *c, const struct identity *who, const struct place *p)
{
	struct stat st;
	if (!identity_wear(who, true))
		return false;
	bool ok = places_may(p) || (stat(p->path, &st) != 0 && errno == ENOENT);
	return identity_take_off(&c->own) && ok;
}

/* What is missing will be made. Which place was the first that somebody may not write to is told.
 */
static bool suits(struct confine *c, const struct identity *who)
{
	for (size_t i = 0; i < c->places.count; i++) {
		if (may_write(c, who, &c->places.place[i]))
			continue;
		c->unfit = c->unfit != NULL ? c->unfit : c->places.place[i].path;
		return false;
	}
	return true;
}

/* -> the place for which root remains, for messages */
static const char *unfit(const struct confine *c)
{
	return c->unfit != NULL ? c->unfit : c->options->folder;
}

/* Whose folder it is -> false: root's */
static bool is_owner(const struct confine *c, struct identity *who)
{
	struct stat st;
	if (c->places.count == 0 || stat(c->places.place[0].path, &st) != 0 || st.st_uid == 0)
		return false;
	identity_numbered(who, st.st_uid, st.st_gid);
	return true;
}

/* Of those that are no root the first that may write to all places. */
static bool choose_usual(struct confine *c, struct tf_error *err)
{
	c->leaves = is_sudo(&c->who) || identity_named(&c->who, "tcpflow");
	if (!c->leaves)
		c->leaves = c->nobody = identity_named(&c->who, "nobody");
	if (c->leaves && suits(c, &c->who))
		return true;
	char usual[IDENTITY_NAME];
	memcpy(usual, c->who.name, sizeof usual);
	c->leaves = is_owner(c, &c->who) && suits(c, &c->who);
	c->nobody = false;
	if (c->leaves)
		return true;
	c->who = c->own;
	c->remains_root = true;
	if (!is_required(c))
		return true;
	return error_set(err, TF_SANDBOX,
	                 "--sandbox=require: %s may not write to %s: name a user who may (-U), or "
	                 "let that user own it",
	                 usual, unfit(c));
}

static bool choose_named(struct confine *c, struct tf_error *err)
{
	const char *name = c->options->user;
	if (!identity_named(&c->who, name))
		return error_set(err, TF_USAGE, "there is no user %.100s (-U)", name);
	c->leaves = c->who.uid != c->own.uid;
	if (c->leaves && !c->root)
		return error_set(err, TF_SANDBOX, "only root can become another user (-U %.100s)",
		                 name);
	if (is_required(c) && c->who.uid == 0)
		return error_set(err, TF_SANDBOX,
		                 "--sandbox=require and -U %.100s do not go "
		                 "together: that user is root",
		                 name);
	return true; /* who opens the files says what is wrong */
}

bool confine_choose(struct confine *c, struct tf_error *err)
{
	if (is_required(c) && !lock_possible(err))
		return false;
	if (!places_gather(&c->places, c->options, err))
		return false;
	if (c->options->user != NULL)
		return choose_named(c, err);
	if (c->options->action == ACTION_RECOVER && !is_off(c) && c->root) {
		c->leaves = is_owner(c, &c->who);
		return true;
	}
	return is_off(c) || !c->root || choose_usual(c, err);
}

const struct identity *confine_command(const struct confine *c)
{
	return c->leaves && c->options->user != NULL ? &c->who : NULL;
}

/* -- what is read ------------------------------------------------------------------------ */

static bool may_read(const char *path)
{
	return faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0 || errno == ENOENT;
}

/* Which are to be opened now: those that cannot be later, and peers, which sources_take() does not
   know how to call. */
static void mark(const struct confine *c, struct sources *s)
{
	bool all = c->options->root != NULL;
	bool worn = !all && c->root && (!is_off(c) || c->leaves) && identity_wear(&c->who, false);
	for (size_t i = 0; i < s->count; i++) {
		const char *path = s->path[i];
		bool remote = sources_is_remote(path);
		bool special = remote || system_descriptor(path) >= 0;
		bool piped = strcmp(path, "-") == 0;
		s->early[i] = !piped && (all || remote || (special && !is_off(c)) ||
		                         (worn && !special && !may_read(path)));
	}
	if (worn && !identity_take_off(&c->own))
		abort(); /* it has just come from there */
}

bool confine_sources(const struct confine *c, struct sources *s, bool (*over)(void *arg),
                     struct tf_error *err)
{
	mark(c, s);
	for (size_t i = 0; i < s->count; i++)
		if (s->early[i] && !sources_open(s, i, over, err))
			return false;
	return true;
}

/* -- what is written ----------------------------------------------------------------------- */

/* To the user goes what root has just made, and nothing that somebody has put in its place. */
static bool hand_over(int fd, const struct identity *who)
{
	struct stat st;
	bool ok = fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == 0 &&
	          (S_ISDIR(st.st_mode) || st.st_nlink == 1) && fchown(fd, who->uid, who->gid) == 0;
	if (fd >= 0)
		(void)close(fd);
	return ok;
}

static bool own_folder(void *arg, const char *path)
{
	return hand_over(open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), arg);
}

/* Missing ones are made by the user or, where it may not, by root for it. Why one cannot be made
   is told by whoever opens it. */
static void make_place(struct confine *c, const struct place *p)
{
	struct stat st;
	if (!p->made || stat(p->path, &st) == 0 || !identity_wear(&c->who, true))
		return;
	bool made = p->folder ? places_make(p->path, NULL, NULL) : places_may(p);
	if (!identity_take_off(&c->own) || made)
		return;
	if (p->folder)
		(void)places_make(p->path, own_folder, &c->who);
	else
		(void)hand_over(open(p->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666),
		                &c->who);
}

static void make_places(struct confine *c)
{
	for (size_t i = 0; c->root && c->leaves && i < c->places.count; i++)
		make_place(c, &c->places.place[i]);
}

/* -- the change ---------------------------------------------------------------------------- */

static bool change_root(struct confine *c, struct tf_error *err)
{
	const char *root = c->options->root;
	if (root == NULL)
		return true;
	if (chroot(root) != 0 || chdir("/") != 0)
		return error_sys(err, TF_USAGE, "cannot make %s the root folder", root);
	return true;
}

bool confine_become(struct confine *c, struct tf_error *err)
{
	lock_begin(&c->state);
	if (!change_root(c, err))
		return false;
	make_places(c);
	if (is_off(c) && !c->leaves)
		return true;
	return identity_become(&c->who, true) ||
	       error_sys(err, TF_SANDBOX, "cannot become %s", c->who.name);
}

/* -- the lock --------------------------------------------------------------------------------- */

/* What libpcap looks up of an interface; it says nothing of people. */
static const char devices[] = "/sys/devices";

static bool close_lock(struct confine *c, const struct sources *s, struct tf_error *err)
{
	const char *write[PLACES];
	const char **read = calloc(s->count + 1, sizeof *read);
	struct lock_request r = {.write = write, .read = read};
	if (read == NULL)
		return error_set(err, TF_USAGE, "out of memory");
	for (size_t i = 0; i < c->places.count; i++)
		if (c->places.place[i].folder)
			write[r.writes++] = c->places.place[i].path;
	for (size_t i = 0; i < s->count; i++)
		if (!s->early[i] && strcmp(s->path[i], "-") != 0)
			read[r.reads++] = s->path[i];
	if (options_live(c->options))
		read[r.reads++] = devices;
	lock_close(&r, &c->state);
	free(read);
	return true;
}

bool confine_lock(struct confine *c, const struct sources *s, struct tf_error *err)
{
	if (is_off(c)) {
		if (c->leaves)
			(void)rights_drop();
		lock_look(&c->state);
		return true;
	}
	if (!close_lock(c, s, err))
		return false;
	return c->state.in_force || !is_required(c) ||
	       error_set(err, TF_SANDBOX, "--sandbox=require: %s", c->state.lacking);
}

/* -- what is said ------------------------------------------------------------------------------ */

static void tell_state(const struct lock_state *s)
{
	for (unsigned i = 0; i < s->lines; i++)
		message_say(stderr, "%s", s->line[i]);
}

static void tell_choice(const struct confine *c)
{
	const struct options *o = c->options;
	if (c->nobody && (o->debug >= 10 || options_live(o)))
		message_say(stderr,
		            "there is no user tcpflow: packets are read as nobody (-U names "
		            "another one)");
	if (c->remains_root)
		message_say(
		        stderr,
		        "still root, though without capabilities: no other user may write to %s "
		        "(-U names one, and -o a folder of that user)",
		        unfit(c));
}

void confine_tell(const struct confine *c)
{
	const struct options *o = c->options;
	const bool all = o->debug >= 10, told = c->remains_root || o->user != NULL;
	if (!options_talkative(o))
		return;
	tell_choice(c);
	if (c->root && options_live(o) && !told && !is_off(c) && !c->state.in_force && !all)
		message_say(stderr, "the sandbox is not in force: %s", c->state.lacking);
	if (all)
		tell_state(&c->state);
}

void confine_free(struct confine *c)
{
	places_free(&c->places);
}
