/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/keep.h"

#include "base/error.h"
#include "capture/aside.h"
#include "engine/inside.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 100000 };

static_assert((int)EARS_INTERFACES <= (int)ASIDE_NAMES, "each interface has a name");

static bool open_root(struct keep *k, const char *path, struct tf_error *err)
{
	size_t n = stamp_root(path);
	const char *form = path + n + strspn(path + n, "/");
	if (!stamp_check(form, err))
		return false;
	memcpy(k->form, form, strlen(form) + 1);
	k->root_path = n > 0 ? strndup(path, n) : strdup(path[0] == '/' ? "/" : ".");
	if (k->root_path == NULL)
		return error_set(err, TF_USAGE, "out of memory");
	return outdir_open(&k->root, k->root_path, err);
}

bool keep_open(struct keep *k, const char *path, bool turns, bool now, struct tf_error *err)
{
	k->wanted = true;
	k->straight = strcmp(path, "-") == 0;
	if (turns && !k->straight && !open_root(k, path, err))
		return false;
	if (!now && !k->straight)
		return true;
	k->file = aside_open(path, err);
	return k->file != NULL;
}

bool keep_begin(struct keep *k, int64_t ts_ns, struct tf_error *err)
{
	char name[STAMP_ROOM];
	struct outfile_id id;
	unsigned number = 0;
	int fd;
	do
		stamp_write(k->form, ts_ns, number, true, name);
	while ((fd = outdir_create(&k->root, name, &id)) < 0 && errno == EEXIST &&
	       number++ < TRIES);
	if (fd < 0)
		return error_sys(err, TF_OUTPUT, "cannot make %s in %s", name, k->root_path);
	k->file = aside_take(fd, name, err);
	return k->file != NULL;
}

bool keep_end(struct keep *k, struct tf_error *err)
{
	struct aside *file = k->file;
	k->file = NULL;
	if (!aside_close(file, &k->err))
		k->failed = true;
	if (k->failed && err != NULL)
		*err = k->err;
	return !k->failed;
}

void keep_free(struct keep *k)
{
	(void)keep_end(k, NULL);
	outdir_close(&k->root);
	free(k->root_path);
}

/* -- in the engine ------------------------------------------------------------------------ */

/* An interface may have several rings; the first one speaks for it. */
static bool is_first(const struct ears *ears, unsigned i)
{
	for (unsigned j = 0; j < i; j++)
		if (ears->ear[j].interface == ears->ear[i].interface)
			return false;
	return true;
}

void engine_name_interfaces(struct tf_engine *e)
{
	for (unsigned i = 0; e->keep.file != NULL && i < e->ears.count; i++) {
		const struct live *l = e->ears.live[i];
		if (is_first(&e->ears, i))
			aside_name(e->keep.file, live_index(l), live_link_type(l), live_snaplen(l),
			           live_name(l));
	}
}

/* What all rings of the interface lost that this one belongs to. */
static struct live_losses losses_beside(const struct ears *ears, unsigned i)
{
	struct live_losses sum = {0};
	for (unsigned j = 0; j < ears->count; j++)
		if (ears->ear[j].interface == ears->ear[i].interface)
			ears_add_losses(&sum, ears->live[j]);
	return sum;
}

void engine_tell_drops(struct tf_engine *e)
{
	for (unsigned i = 0; e->keep.file != NULL && i < e->ears.count; i++) {
		if (!is_first(&e->ears, i))
			continue;
		struct live_losses lost = losses_beside(&e->ears, i);
		aside_drops(e->keep.file, live_index(e->ears.live[i]), e->ears.latest_ns,
		            lost.interface, lost.kernel);
	}
}

bool tf_engine_keep(struct tf_engine *e, const char *path, struct tf_error *err)
{
	struct generation *g = &e->generation;
	if (e->started)
		return error_set(err, TF_USAGE, "frames must be kept from the first on");
	if (e->keep.wanted)
		return error_set(err, TF_USAGE, "one file of packets is enough");
	bool now = !g->set || (g->open && !stamp_has(path));
	if (!keep_open(&e->keep, path, g->set, now, err))
		return false;
	g->watches = g->watches || keep_waits(&e->keep);
	if (e->keep.file != NULL)
		aside_heed(e->keep.file, &e->dispatch.stop);
	engine_name_interfaces(e);
	return true;
}
