/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/mend.h"

#include "base/error.h"
#include "cli/confine.h"
#include "cli/message.h"
#include "cli/number.h"

#include <unistd.h>

/* In the current folder, which who becomes its owner need not be able to walk to. */
static bool mend_here(struct confine *c, unsigned *mended, struct tf_error *err)
{
	const struct sources none = {0};
	if (!confine_choose(c, err) || !confine_become(c, err) || !confine_lock(c, &none, err))
		return false;
	confine_tell(c);
	return tf_report_recover(".", mended, err);
}

static int fail(const char *folder, const struct tf_error *err)
{
	message_say(stderr, "%s: %s", folder, err->text);
	return (int)err->status;
}

/* What the command line says of other things makes no places to write to, and nobody's folder but
   that one says who it is done as. */
static struct options only(const struct options *o)
{
	return (struct options){.action = o->action,
	                        .folder = ".",
	                        .user = o->user,
	                        .sandbox = o->sandbox,
	                        .umask = o->umask,
	                        .quiet = o->quiet,
	                        .debug = o->debug,
	                        .tcp_alert_fd = OPTION_NONE,
	                        .http_alert_fd = OPTION_NONE};
}

int mend(const struct options *o)
{
	const struct options here = only(o);
	struct confine confine;
	struct tf_error err;
	char number[NUMBER_TEXT];
	unsigned mended;
	if (chdir(o->folder) != 0) {
		(void)error_sys(&err, TF_OUTPUT, "cannot look into it");
		return fail(o->folder, &err);
	}
	confine_begin(&confine, &here);
	bool ok = mend_here(&confine, &mended, &err);
	confine_free(&confine);
	if (!ok)
		return fail(o->folder, &err);
	if (options_talkative(o))
		message_say(stderr, "%s %s mended in %s", number_plain(mended, number),
		            number_noun(mended, "file", "files"), o->folder);
	return TF_OK;
}
