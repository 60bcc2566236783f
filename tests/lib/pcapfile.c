/* SPDX-License-Identifier: BSD-3-Clause */
#include "pcapfile.h"

#include <stdio.h>
#include <stdlib.h>

#define BILLION 1000000000

struct pcapfile {
	FILE *out;
	enum pcapfile_format format;
};

static void put16(struct pcapfile *f, unsigned value)
{
	uint16_t v = (uint16_t)value;
	fwrite(&v, sizeof(v), 1, f->out);
}

static void put32(struct pcapfile *f, uint64_t value)
{
	uint32_t v = (uint32_t)value;
	fwrite(&v, sizeof(v), 1, f->out);
}

static void head_classic(struct pcapfile *f, uint32_t link_type)
{
	put32(f, 0xa1b23c4d);
	put16(f, 2);
	put16(f, 4);
	put32(f, 0);
	put32(f, 0);
	put32(f, 262144);
	put32(f, link_type);
}

static void head_ng(struct pcapfile *f, uint32_t link_type)
{
	put32(f, 0x0a0d0d0a); /* section header */
	put32(f, 28);
	put32(f, 0x1a2b3c4d);
	put16(f, 1);
	put16(f, 0);
	put32(f, UINT32_MAX); /* section length: not said */
	put32(f, UINT32_MAX);
	put32(f, 28);

	put32(f, 1); /* interface description */
	put32(f, 32);
	put16(f, link_type);
	put16(f, 0);
	put32(f, 262144);
	put16(f, 9); /* if_tsresol: 10^-9 */
	put16(f, 1);
	fwrite((const uint8_t[4]){9}, 4, 1, f->out);
	put32(f, 0); /* opt_endofopt */
	put32(f, 32);
}

struct pcapfile *pcapfile_new(const char *path, enum pcapfile_format format, uint32_t link_type)
{
	struct pcapfile *f = calloc(1, sizeof(*f));
	if (f == NULL)
		return NULL;
	f->format = format;
	f->out = fopen(path, "wb");
	if (f->out == NULL) {
		free(f);
		return NULL;
	}
	if (format == PCAPFILE_CLASSIC)
		head_classic(f, link_type);
	else
		head_ng(f, link_type);
	return f;
}

static void write_classic(struct pcapfile *f, const struct tf_frame *frame)
{
	put32(f, (uint64_t)(frame->ts_ns / BILLION));
	put32(f, (uint64_t)(frame->ts_ns % BILLION));
	put32(f, frame->captured);
	put32(f, frame->length);
	fwrite(frame->bytes, 1, frame->captured, f->out);
}

static void write_ng(struct pcapfile *f, const struct tf_frame *frame)
{
	static const uint8_t zeros[4];
	uint32_t padding = -frame->captured & 3;
	uint32_t length = 32 + frame->captured + padding;
	put32(f, 6); /* enhanced packet */
	put32(f, length);
	put32(f, 0);
	put32(f, (uint64_t)frame->ts_ns >> 32);
	put32(f, (uint64_t)frame->ts_ns);
	put32(f, frame->captured);
	put32(f, frame->length);
	fwrite(frame->bytes, 1, frame->captured, f->out);
	fwrite(zeros, 1, padding, f->out);
	put32(f, length);
}

void pcapfile_write(struct pcapfile *f, const struct tf_frame *frame)
{
	if (f->format == PCAPFILE_CLASSIC)
		write_classic(f, frame);
	else
		write_ng(f, frame);
}

bool pcapfile_close(struct pcapfile *f)
{
	bool good = ferror(f->out) == 0;
	good = fclose(f->out) == 0 && good;
	free(f);
	return good;
}
