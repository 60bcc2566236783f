/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/digest.h"

#include "base/error.h"

#include <openssl/evp.h>

/* A set of contexts, which one file has at a time. */
struct loan {
	EVP_MD_CTX *context[DIGEST_KINDS]; /* NULL where it is not wanted */
	uint32_t next;                     /* that is free, as an index */
};

struct digests {
	EVP_MD *algorithm[DIGEST_KINDS];    /* NULL where it is not wanted */
	struct loan loan[DIGEST_LOANS + 1]; /* the last one is for files that are read back */
	uint32_t free;                      /* an index from 1; 0: none */
};

size_t digests_memory(void)
{
	return sizeof(struct digests) + 64;
}

/* -- contexts ------------------------------------------------------------------- */

static bool make(struct digests *d, struct loan *l)
{
	for (int k = 0; k < DIGEST_KINDS; k++) {
		if (d->algorithm[k] == NULL)
			continue;
		l->context[k] = EVP_MD_CTX_new();
		/* Once now, so that its memory is there. */
		if (l->context[k] == NULL ||
		    EVP_DigestInit_ex2(l->context[k], d->algorithm[k], NULL) != 1)
			return false;
	}
	return true;
}

struct digests *digests_open(struct arena *a, unsigned wanted, struct tf_error *err)
{
	static const char *const name[] = {[DIGEST_MD5] = "MD5", [DIGEST_SHA256] = "SHA256"};
	struct digests *d = arena_take(a, sizeof *d);
	bool ok = d != NULL;
	for (int k = 0; ok && k < DIGEST_KINDS; k++) {
		if ((wanted >> k & 1) == 0)
			continue;
		d->algorithm[k] = EVP_MD_fetch(NULL, name[k], NULL);
		if (d->algorithm[k] == NULL) {
			(void)error_set(err, TF_USAGE, "OpenSSL does not offer %s here", name[k]);
			digests_close(d);
			return NULL;
		}
	}
	for (uint32_t i = 0; ok && i <= DIGEST_LOANS; i++) {
		ok = make(d, &d->loan[i]);
		d->loan[i].next = i; /* the first one's index is 1, the last one's is not free */
	}
	if (ok) {
		d->free = DIGEST_LOANS;
		return d;
	}
	(void)error_set(err, TF_USAGE, "too little memory for digests");
	digests_close(d);
	return NULL;
}

void digests_close(struct digests *d)
{
	if (d == NULL)
		return;
	for (uint32_t i = 0; i <= DIGEST_LOANS; i++)
		for (int k = 0; k < DIGEST_KINDS; k++)
			EVP_MD_CTX_free(d->loan[i].context[k]);
	for (int k = 0; k < DIGEST_KINDS; k++)
		EVP_MD_free(d->algorithm[k]);
}

/* Contexts that have seen nothing -> false: OpenSSL refuses. */
static bool reset(struct digests *d, uint32_t index)
{
	struct loan *l = &d->loan[index - 1];
	for (int k = 0; k < DIGEST_KINDS; k++)
		if (l->context[k] != NULL &&
		    EVP_DigestInit_ex2(l->context[k], d->algorithm[k], NULL) != 1)
			return false;
	return true;
}

static void give_back(struct digests *d, struct digest *f)
{
	if (f->loan != 0 && f->loan <= DIGEST_LOANS) {
		d->loan[f->loan - 1].next = d->free;
		d->free = f->loan;
	}
	f->loan = 0;
}

/* -> whether f has contexts now */
static bool borrow(struct digests *d, struct digest *f)
{
	if (f->loan != 0)
		return true;
	if (d->free == 0)
		return false;
	f->loan = d->free;
	d->free = d->loan[f->loan - 1].next;
	return reset(d, f->loan);
}

/* -- feeding ---------------------------------------------------------------------- */

void digest_break(struct digests *d, struct digest *f)
{
	if (d == NULL)
		return;
	give_back(d, f);
	f->broken = true;
}

static void feed(struct digests *d, struct digest *f, const uint8_t *p, size_t n)
{
	const struct loan *l = &d->loan[f->loan - 1];
	for (int k = 0; k < DIGEST_KINDS; k++)
		if (l->context[k] != NULL && EVP_DigestUpdate(l->context[k], p, n) != 1) {
			digest_break(d, f);
			return;
		}
	f->fed += (int64_t)n;
}

static void feed_zeros(struct digests *d, struct digest *f, int64_t n)
{
	static const uint8_t zeros[16 * 1024];
	for (; n > 0 && !f->broken; n -= (int64_t)sizeof zeros)
		feed(d, f, zeros, n < (int64_t)sizeof zeros ? (size_t)n : sizeof zeros);
}

void digest_write(struct digests *d, struct digest *f, int64_t position, const uint8_t *p, size_t n)
{
	if (d == NULL || f->broken)
		return;
	if (position < f->fed || !borrow(d, f)) {
		digest_break(d, f);
		return;
	}
	feed_zeros(d, f, position - f->fed);
	if (!f->broken)
		feed(d, f, p, n);
}

/* -- the end ------------------------------------------------------------------------ */

bool digest_is_good(const struct digests *d, const struct digest *f, int64_t size)
{
	return d != NULL && !f->broken && f->fed <= size && (f->loan != 0 || d->free != 0);
}

bool digest_restart(struct digests *d, struct digest *f)
{
	give_back(d, f);
	*f = (struct digest){.loan = DIGEST_LOANS + 1};
	return reset(d, f->loan);
}

static bool conclude(const struct loan *l, struct digest_result *to)
{
	for (int k = 0; k < DIGEST_KINDS; k++) {
		if (l->context[k] == NULL)
			continue;
		if (EVP_DigestFinal_ex(l->context[k], to->value[k], NULL) != 1)
			return false;
		to->has[k] = true;
	}
	return true;
}

void digest_end(struct digests *d, struct digest *f, int64_t size, struct digest_result *to)
{
	if (to != NULL)
		*to = (struct digest_result){0};
	if (d == NULL)
		return;
	if (to != NULL && digest_is_good(d, f, size) && borrow(d, f)) {
		feed_zeros(d, f, size - f->fed);
		if (!f->broken && !conclude(&d->loan[f->loan - 1], to))
			*to = (struct digest_result){0};
	}
	give_back(d, f);
	*f = (struct digest){0};
}
