/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mending goes by what stands in the files, since nothing else is left of the run:
 *
 *	report     | head ... <configuration> | row | row | ha|     cut there, tail added
 *	lines      | line | line | ha|                              cut there
 *	and parts  | head ... <configuration> | what a join that was cut off has made
 *	                                      ^ cut here, parts joined, tail added
 *
 * No text of a stranger can look like an end of a row: text_xml() and text_json() let no end
 * of a line through. A part whose header says `joined` adds nothing any more.
 */
#include "sink/recover.h"

#include "base/error.h"
#include "base/system.h"
#include "sink/words.h"
#include "sink/join.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { PARTS = 256, NUMBERS = 100000, LOOK = 64 * 1024 };

/* What stands in a journal. */
struct shape {
	bool xml;
	bool whole;     /* it needs no mending */
	off_t head_end; /* where its first row begins; 0 and xml: it has no whole head */
	off_t rows_end; /* where its last whole row ends */
	off_t size;
};

/* A journal that is mended. */
struct patient {
	const struct outdir *dir;
	char name[JOURNAL_NAME];
	int fd; /* -1: there is none yet */
	struct shape shape;
	struct part part[PARTS];
	struct part_header header[PARTS];
	uint64_t connections; /* before those of its parts */
	bool joined;          /* the parts are of no use any more */
	bool busy;            /* a run still writes it */
};

/* -- looking ------------------------------------------------------------------------- */

static bool line_is(const char *line, size_t n, const char *what)
{
	return n == strlen(what) && memcmp(line, what, n) == 0;
}

/* What the process may do stands behind the head, before all rows. */
static bool tells_privilege(const char *line, size_t n)
{
	static const char begins[] = "    <tf:privilege>";
	return n >= sizeof begins - 1 && memcmp(line, begins, sizeof begins - 1) == 0;
}

/* line[n] ends at offset `end`; of a long one only its beginning is there. */
static void note_line(struct shape *s, const char *line, size_t n, off_t end)
{
	if (!s->xml) {
		s->rows_end = end;
		s->whole = true;
		return;
	}
	bool at_head = s->head_end > 0 && s->head_end == s->rows_end;
	if (line_is(line, n, "  <configuration>") || (at_head && tells_privilege(line, n)))
		s->head_end = s->rows_end = end;
	else if (line_is(line, n, "    </fileobject>"))
		s->rows_end = end;
	s->whole = line_is(line, n, "</dfxml>");
}

/* -> false with errno */
static bool look_at(int fd, struct shape *s)
{
	char buffer[LOOK], line[32];
	size_t in_line = 0; /* more than line holds: it is a long one */
	ssize_t n;
	*s = (struct shape){.whole = true};
	if (lseek(fd, 0, SEEK_SET) < 0)
		return false;
	while ((n = read(fd, buffer, sizeof buffer)) > 0) {
		if (s->size == 0)
			s->xml = n >= 5 && memcmp(buffer, "<?xml", 5) == 0;
		for (ssize_t i = 0; i < n; i++) {
			s->size++;
			if (buffer[i] == '\n') {
				note_line(s, line, in_line, s->size);
				in_line = 0;
			} else if (in_line++ < sizeof line) {
				line[in_line - 1] = buffer[i];
			}
		}
	}
	s->whole = s->whole && s->rows_end <= s->size && in_line == 0 && (!s->xml || s->size > 0);
	return n == 0;
}

/* -> whether the file begins as a journal does, or is empty. What is somebody else's is not
   mended, whatever its name. */
static bool is_ours(int fd, const char *stem)
{
	static const char xml[] = "<?xml version='1.0' encoding='UTF-8'?>\n<dfxml ";
	char first[sizeof xml];
	size_t n = strlen(stem);
	bool lines = n >= 6 && strcmp(stem + n - 6, ".jsonl") == 0;
	const char *want = lines ? "{\"" : xml;
	ssize_t got = pread(fd, first, strlen(want), 0);
	return got >= 0 && memcmp(first, want, (size_t)got) == 0;
}

/* Opens it -> whether nobody else has it open */
static int open_alone(struct patient *p, const char *name)
{
	int fd = outdir_find(p->dir, name);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
		(void)close(fd);
		p->busy = true;
		return -1;
	}
	return fd;
}

/* Parts are named STEM.K. */
static void find_parts(struct patient *p, const char *stem)
{
	for (int i = 0; i < PARTS && !p->busy; i++) {
		char name[JOURNAL_NAME + 8];
		struct part *part = &p->part[i];
		(void)snprintf(name, sizeof name, "%s.%d", stem, i);
		part->fd = open_alone(p, name);
		if (part->fd < 0)
			continue;
		if (!join_begin(part->fd, &p->header[i])) {
			/* It was just made, or it is a file of somebody's. */
			if (lseek(part->fd, 0, SEEK_END) == 0)
				outdir_remove(p->dir, name);
			(void)close(part->fd);
			part->fd = -1;
			continue;
		}
		part->ids = p->header[i].ids;
		p->connections = p->header[i].connections;
		p->joined = p->joined || p->header[i].joined != 0;
		if (p->header[i].name[0] != '\0')
			memcpy(p->name, p->header[i].name, sizeof p->name);
	}
}

static bool has_parts(const struct patient *p)
{
	for (int i = 0; i < PARTS; i++)
		if (p->part[i].fd >= 0)
			return true;
	return false;
}

/* -- mending --------------------------------------------------------------------------- */

static const char head[] = "<?xml version='1.0' encoding='UTF-8'?>\n"
                           "<dfxml xmloutputversion='1.0' xmlns:tf='" WORDS_NAMESPACE "'>\n"
                           "  <configuration>\n";

void recover_tail(struct text *t, const char *end)
{
	text_printf(t, "  </configuration>\n  <tf:run end='%s'/>\n</dfxml>\n", end);
}

/* -> false with errno */
static bool take_memory(struct patient *p)
{
	for (int i = 0; i < PARTS; i++) {
		struct part *part = &p->part[i];
		if (part->fd < 0)
			continue;
		part->buffer = malloc(JOIN_BUFFER);
		part->number = calloc((size_t)part->ids + 1, sizeof *part->number);
		if (part->buffer == NULL || part->number == NULL)
			return false;
	}
	return true;
}

static bool cut(const struct patient *p, off_t size)
{
	return ftruncate(p->fd, size) == 0 && lseek(p->fd, size, SEEK_SET) == size;
}

/* The report's head was not whole: it gets a short one. */
static bool write_head(struct patient *p)
{
	return cut(p, 0) && system_write(p->fd, head, sizeof head - 1);
}

static bool write_tail(const struct patient *p)
{
	char room[256];
	struct text t = text_in(room, sizeof room);
	recover_tail(&t, "killed");
	return system_write(p->fd, t.to, t.n);
}

/* -> false with errno */
static bool mend_file(struct patient *p)
{
	struct shape *s = &p->shape;
	struct part *from;
	bool join = has_parts(p) && !p->joined;
	if (s->xml && s->head_end == 0) {
		if (!write_head(p))
			return false;
	} else if (!cut(p, join ? s->head_end : s->rows_end)) {
		return false;
	}
	if (join &&
	    !(take_memory(p) && join_parts(p->part, PARTS, true, p->fd, &p->connections, &from)))
		return false;
	return !s->xml || write_tail(p);
}

static void remove_parts(const struct patient *p, const char *stem)
{
	for (int i = PARTS - 1; i >= 0; i--) {
		char name[JOURNAL_NAME + 8];
		(void)snprintf(name, sizeof name, "%s.%d", stem, i);
		if (p->part[i].fd >= 0)
			outdir_remove(p->dir, name);
	}
}

static void free_patient(struct patient *p)
{
	for (int i = 0; i < PARTS; i++) {
		if (p->part[i].fd >= 0)
			(void)close(p->part[i].fd);
		free(p->part[i].buffer);
		free(p->part[i].number);
	}
	if (p->fd >= 0)
		(void)close(p->fd);
	free(p);
}

/* Parts whose journal was not made yet: it gets a name that is free. */
static bool make_one(struct patient *p, const char *stem)
{
	(void)snprintf(p->name, sizeof p->name, "%s", stem);
	for (int i = 1; (p->fd = outdir_create(p->dir, p->name, NULL)) < 0 && errno == EEXIST; i++)
		if (i == NUMBERS)
			return false;
		else
			(void)snprintf(p->name, sizeof p->name, "%.60sc%d", stem, i);
	return p->fd >= 0;
}

/* -> false with errno: it could not be mended. *mended: it was. */
static bool mend(struct patient *p, const char *stem, bool *mended)
{
	find_parts(p, stem);
	bool parts = has_parts(p), named = p->name[0] != '\0';
	if (!parts || named)
		p->fd = p->busy ? -1 : open_alone(p, named ? p->name : stem);
	if (p->fd >= 0 && !is_ours(p->fd, stem)) {
		(void)close(p->fd);
		p->fd = -1;
	}
	if (p->busy || (!parts && p->fd < 0))
		return true;
	if (p->fd < 0 && !make_one(p, stem))
		return false;
	if (!look_at(p->fd, &p->shape))
		return false;
	if (p->shape.whole && (!parts || p->joined)) {
		if (parts)
			remove_parts(p, stem);
		return true;
	}
	if (!mend_file(p))
		return false;
	remove_parts(p, stem);
	*mended = true;
	return true;
}

/* -> false with *err. *busy: a run still writes it. */
static bool mend_journal(const struct outdir *d, const char *stem, bool *mended, bool *busy,
                         struct tf_error *err)
{
	struct patient *p = calloc(1, sizeof *p);
	if (p == NULL)
		return error_set(err, TF_OUTPUT, "no memory to mend %s", stem);
	p->dir = d;
	p->fd = -1;
	for (int i = 0; i < PARTS; i++)
		p->part[i].fd = -1;
	bool ok = mend(p, stem, mended);
	if (!ok)
		(void)error_sys(err, TF_OUTPUT, "cannot mend %s in %s", stem, d->path);
	*busy = p->busy;
	free_patient(p);
	return ok;
}

/* -- a folder ------------------------------------------------------------------------------ */

/* -> whether the name may be that of a part, and how long its stem is */
static bool is_part(const char *name, size_t *stem)
{
	const char *dot = strrchr(name, '.');
	*stem = dot != NULL ? (size_t)(dot - name) : 0;
	return *stem > 0 && *stem < JOURNAL_NAME && dot[1] != '\0' && strlen(dot + 1) <= 3 &&
	       dot[1 + strspn(dot + 1, "0123456789")] == '\0';
}

/* -> false: there is one, but it is somebody else's. */
static bool may_open(const struct outdir *d, const char *name)
{
	int fd = outdir_find(d, name);
	if (fd >= 0)
		(void)close(fd);
	return fd >= 0 || (errno != EACCES && errno != EPERM);
}

static bool mend_one(const struct outdir *d, const char *stem, unsigned *mended,
                     struct tf_error *err)
{
	bool now = false, busy;
	if (!may_open(d, stem))
		return error_sys(err, TF_OUTPUT, "cannot mend %s in %s", stem, d->path);
	bool ok = mend_journal(d, stem, &now, &busy, err);
	*mended += now;
	return ok;
}

/* Journals of other names are known by their parts. */
static bool mend_parts(const struct outdir *d, DIR *list, unsigned *mended, struct tf_error *err)
{
	const struct dirent *e;
	bool ok = true;
	while ((e = readdir(list)) != NULL) {
		char stem[JOURNAL_NAME];
		size_t n;
		if (!is_part(e->d_name, &n))
			continue;
		memcpy(stem, e->d_name, n);
		stem[n] = '\0';
		int fd = outdir_find(d, e->d_name);
		struct part_header h;
		bool part = fd >= 0 && join_begin(fd, &h);
		if (fd >= 0)
			(void)close(fd);
		if (part)
			ok = mend_one(d, stem, mended, err) && ok;
	}
	return ok;
}

bool recover_folder(const struct outdir *d, unsigned *mended, struct tf_error *err)
{
	static const char *const usual[] = {"report.xml", "flows.jsonl", "conflicts.jsonl"};
	bool ok = true;
	*mended = 0;
	int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
	if (list == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return error_sys(err, TF_OUTPUT, "cannot look into %s", d->path);
	}
	ok = mend_parts(d, list, mended, err);
	(void)closedir(list);
	for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
		ok = mend_one(d, usual[i], mended, err) && ok;
	return ok;
}

void recover_displace(const struct outdir *d, const char *name)
{
	bool mended = false, busy = false;
	char to[JOURNAL_NAME];
	const char *dot = strrchr(name, '.');
	size_t stem = dot != NULL ? (size_t)(dot - name) : strlen(name);
	if (!mend_journal(d, name, &mended, &busy, NULL) || busy || !outdir_has(d, name))
		return;
	for (int i = 1; i < NUMBERS; i++) {
		(void)snprintf(to, sizeof to, "%.*s.%d%s", (int)stem, name, i, name + stem);
		if (outdir_rename(d, name, to) || errno != EEXIST)
			return;
	}
}
