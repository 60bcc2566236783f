/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames, and the sources that they come from: one after the other, or several at the
   same time. */
#include "base/error.h"
#include "capture/aside.h"
#include "engine/inside.h"
#include "engine/merge.h"

#include <string.h>

enum { PIECE_FRAMES = 256, FRAMES_AT_ONCE = 16 };

/* -- frames --------------------------------------------------------------------------- */

/* -> whether a frame is wanted; one that is not is counted. */
static bool is_wanted(struct tf_engine *e, const struct tf_frame *frame)
{
	const struct tf_config *c = &e->config;
	bool outside = frame->ts_ns < c->start_ns ||
	               (frame->ts_ns >= c->stop_ns && c->stop_ns != INT64_MAX);
	bool passes = e->filter == NULL || e->ears.count > 0 /* the kernel's filter */ || outside ||
	              filter_passes(e->filter, frame);
	if (outside || !passes) {
		dispatch_leave_out(&e->dispatch, frame,
		                   outside ? FATE_outside_time : FATE_filtered);
		return false;
	}
	e->left -= e->left > 0; /* what is pushed is not counted off */
	return true;
}

/* A frame that is wanted. */
static inline void hand_on(struct tf_engine *e, const struct tf_frame *frame, struct block *b)
{
	if (e->generation.watches)
		generation_frame(e, frame->ts_ns);
	if (e->keep.file != NULL && !aside_write(e->keep.file, frame, NULL))
		e->dispatch.failed = e->keep.failed = true; /* keep_end() says why */
	dispatch_frame(&e->dispatch, frame, b);
}

/* A frame that is moved in time, or perhaps not wanted. */
static __attribute__((noinline)) bool take_chosen(struct tf_engine *e, const struct tf_frame *frame,
                                                  struct block *b)
{
	struct tf_frame shifted = *frame;
	int64_t by = e->config.shift_ns;
	if (__builtin_add_overflow(frame->ts_ns, by, &shifted.ts_ns))
		shifted.ts_ns = by > 0 ? INT64_MAX : INT64_MIN;
	if (!e->selects || is_wanted(e, &shifted))
		hand_on(e, &shifted, b);
	return !e->dispatch.failed;
}

static inline bool take(struct tf_engine *e, const struct tf_frame *frame, struct block *b)
{
	if (e->config.shift_ns != 0 || e->selects)
		return take_chosen(e, frame, b);
	hand_on(e, frame, b);
	return !e->dispatch.failed;
}

bool engine_take(struct tf_engine *e, const struct tf_frame *frame, struct block *b)
{
	return take(e, frame, b);
}

bool engine_copy(struct tf_engine *e, const struct tf_frame *frame)
{
	struct tf_frame copy = *frame;
	uint8_t *room = dispatch_room(&e->dispatch, frame->captured);
	MUST(room != NULL); /* a block takes the longest frame there is */
	if (frame->captured > 0)
		memcpy(room, frame->bytes, frame->captured);
	copy.bytes = room;
	return engine_take(e, &copy, e->dispatch.room);
}

bool engine_failed(struct tf_engine *e, struct tf_error *err)
{
	if (generation_failed(e, err))
		return true;
	if (e->keep.failed)
		return !keep_end(&e->keep, err);
	if (e->unrecorded.failed) {
		(void)unrecorded_close(&e->unrecorded, err);
		return true;
	}
	dispatch_flush(&e->dispatch, false); /* the workers rest: err can be read */
	for (unsigned i = 0; i < e->config.workers; i++) {
		if (e->worker[i].flows.failed) {
			if (err != NULL)
				*err = e->worker[i].flows.err;
			return true;
		}
	}
	return false;
}

static bool is_stopped(const struct tf_engine *e)
{
	return atomic_load_explicit(&e->dispatch.stop, memory_order_relaxed);
}

bool engine_goes_on(const struct tf_engine *e)
{
	return !is_stopped(e) && e->left > 0;
}

static void tell_progress(struct tf_engine *e, uint64_t position, uint64_t *told)
{
	e->position = position;
	if (e->config.progress != NULL && position != *told)
		e->config.progress(e->config.progress_arg, *told = position);
}

/* While workers take turns at reading, their owner is told anyway. */
void engine_waits(void *arg)
{
	const struct tf_engine *e = arg;
	if (e->config.progress != NULL && !crew_is_reading(&e->crew))
		e->config.progress(e->config.progress_arg, e->position);
}

/* -- one source ------------------------------------------------------------------------- */

/* A source that is being read, in whatever thread. */
struct pass {
	struct tf_engine *engine;
	struct source *source;
	enum source_result result;
	bool failed; /* an output may have */
	struct tf_error err;
	_Atomic uint64_t position;
	uint64_t told; /* the position that the owner was told */
};

/* Takes frames that lie in one block -> false: no more are wanted */
static inline bool take_frames(struct pass *p, const struct tf_frame *frame, unsigned count)
{
	struct block *b = source_block(p->source);
	for (unsigned i = 0; i < count; i++) {
		if (i > 0 && !engine_goes_on(p->engine))
			return false;
		if (!take(p->engine, &frame[i], b)) {
			p->failed = true;
			return false;
		}
	}
	return true;
}

/* Takes the next frames -> false: no more */
static bool read_piece(void *arg)
{
	struct pass *p = arg;
	struct tf_frame frame[FRAMES_AT_ONCE];
	for (unsigned n = 0, count; n < PIECE_FRAMES; n += count) {
		unsigned left = PIECE_FRAMES - n;
		if (!engine_goes_on(p->engine))
			return false;
		p->result = source_frames(p->source, frame,
		                          left < FRAMES_AT_ONCE ? left : FRAMES_AT_ONCE, &count,
		                          &p->err);
		if (p->result != SOURCE_FRAME || !take_frames(p, frame, count))
			return false;
	}
	dispatch_look_at_clock(&p->engine->dispatch);
	atomic_store_explicit(&p->position, source_progress(p->source), memory_order_relaxed);
	return true;
}

static void tell_pass(void *arg)
{
	struct pass *p = arg;
	tell_progress(p->engine, atomic_load_explicit(&p->position, memory_order_relaxed),
	              &p->told);
}

static bool read_frames(struct tf_engine *e, struct source *s, struct tf_error *err)
{
	struct pass p = {.engine = e, .source = s, .result = SOURCE_END};
	if (e->config.workers > 1 && source_never_waits(s))
		crew_read(&e->crew, read_piece, tell_pass, &p);
	else
		while (read_piece(&p))
			tell_pass(&p);
	if ((p.failed || e->dispatch.failed) && engine_failed(e, err))
		return false;
	if (p.result != SOURCE_DAMAGED || is_stopped(e))
		return true;
	if (err != NULL)
		*err = p.err;
	return false;
}

static void add_notes(struct tf_engine *e, const struct source *s)
{
	const struct source_notes *notes = source_notes(s);
	e->notes.comments += notes->comments;
	e->notes.secrets += notes->secrets;
}

bool tf_engine_read(struct tf_engine *e, const char *path, struct tf_error *err)
{
	return tf_engine_read_as(e, path, &(struct tf_reading){0}, err);
}

bool tf_engine_read_as(struct tf_engine *e, const char *path, const struct tf_reading *how,
                       struct tf_error *err)
{
	struct input in;
	if (!engine_start(e, err))
		return false;
	if (e->dispatch.failed && engine_failed(e, err))
		return false;
	if (!engine_goes_on(e))
		return true;
	if (!input_open(&in, &e->dispatch, path, e->sources, how->patience_ms, err)) {
		if (e->dispatch.failed && engine_failed(e, err))
			return false; /* an output's fault, */
		return is_stopped(e); /* or a signal's, not the file's */
	}
	e->sources++;
	e->dispatch.known_only = how->known_only;
	bool ok = read_frames(e, in.source, err);
	add_notes(e, in.source);
	input_close(&in);
	e->dispatch.known_only = false;
	return ok;
}

/* -- several by packet time --------------------------------------------------------------- */

static bool merge_frames(struct tf_engine *e, struct merge *m, struct tf_error *err)
{
	uint64_t told = 0, frames = 0;
	struct lane *l;
	bool failed = false;
	while (engine_goes_on(e) && (l = merge_first(m, &failed, err)) != NULL) {
		if (!engine_take(e, &l->frame, source_block(l->input.source)) &&
		    engine_failed(e, err))
			return false;
		merge_advance(m);
		if (frames++ % PIECE_FRAMES == 0)
			dispatch_look_at_clock(&e->dispatch);
		tell_progress(e, m->progress, &told);
	}
	if (e->dispatch.failed && engine_failed(e, err))
		return false;
	return !failed;
}

/* -> false with the first damage, and how many more there were. */
static bool tell_damage(const struct merge *m, struct tf_error *err)
{
	if (m->damaged == 0)
		return true;
	if (m->damaged == 1)
		return error_set(err, TF_DAMAGED, "%s", m->error.text);
	return error_set(err, TF_DAMAGED, "%s (and %u more of the merged files are damaged)",
	                 m->error.text, m->damaged - 1);
}

/* What bounds how many can be open at a time: each holds a block and a descriptor. */
static struct merge merge_of(struct tf_engine *e)
{
	unsigned blocks = dispatch_sources(&e->dispatch), most = e->config.sources_max;
	bool scarce = most > 0 && most < blocks;
	return (struct merge){.dispatch = &e->dispatch,
	                      .first_index = e->sources,
	                      .most = scarce ? most : blocks,
	                      .scarce = scarce};
}

bool tf_engine_merge(struct tf_engine *e, const char *const *path, size_t count,
                     struct tf_error *err)
{
	if (count > INT32_MAX)
		return error_set(err, TF_USAGE, "too many files");
	if (!e->started) /* else there is what there is */
		e->open_at_a_time = count > DISPATCH_BLOCKS ? DISPATCH_BLOCKS : (unsigned)count;
	if (!engine_start(e, err))
		return false;
	if (count == 0 || !engine_goes_on(e))
		return true;
	struct merge m = merge_of(e);
	bool ok = merge_open(&m, path, (unsigned)count, err) && merge_frames(e, &m, err);
	e->sources += (uint32_t)count;
	merge_close(&m);
	e->notes.comments += m.comments;
	e->notes.secrets += m.secrets;
	if (is_stopped(e) || e->dispatch.failed)
		return ok || !engine_failed(e, err);
	return ok && tell_damage(&m, err);
}

void tf_engine_stop(struct tf_engine *e)
{
	atomic_store(&e->dispatch.stop, true);
}
