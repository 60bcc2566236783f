/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Community ID, version 1 (github.com/corelight/community-id-spec): a name for a connection
 * that other tools give it too.
 *
 * SHA-1 is fetched once for the process, and each thread keeps the context that it made
 * with its first id, until it ends: later ones allocate nothing.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <pthread.h>
#include <string.h>

#include <openssl/evp.h>

#include <tcpflow/tcpflow.h>

enum { PROTOCOL_TCP = 6, V4_AT = 12, SHA1 = 20, BASE64 = 28 };

static_assert(sizeof "1:" - 1 + BASE64 + 1 == TF_COMMUNITY_ROOM, "prefix, text, NUL");

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t contexts;
static EVP_MD *sha1; /* NULL: this system's OpenSSL has none (FIPS) */

static void free_context(void *context)
{
	EVP_MD_CTX_free(context);
}

static void fetch(void)
{
	if (pthread_key_create(&contexts, free_context) == 0)
		sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
}

/* -> this thread's context, or NULL */
static EVP_MD_CTX *context_of_thread(void)
{
	(void)pthread_once(&once, fetch);
	if (sha1 == NULL)
		return NULL;
	EVP_MD_CTX *context = pthread_getspecific(contexts);
	if (context == NULL && (context = EVP_MD_CTX_new()) != NULL &&
	    pthread_setspecific(contexts, context) != 0) {
		EVP_MD_CTX_free(context);
		context = NULL;
	}
	return context;
}

static uint8_t *put16(uint8_t *to, uint16_t value)
{
	value = htons(value);
	return (uint8_t *)memcpy(to, &value, sizeof value) + sizeof value;
}

static uint8_t *put_address(uint8_t *to, const struct tf_address *a)
{
	size_t skip = tf_address_is_v4(a) ? V4_AT : 0, n = sizeof a->b - skip;
	return (uint8_t *)memcpy(to, a->b + skip, n) + n;
}

/* The end that comes first: the lower address, or port. Addresses of one connection are of one
   family, so that IPv4 ones compare as they would without their prefix. */
static unsigned lower_end(const struct tf_flow *f)
{
	int c = memcmp(f->end[0].address.b, f->end[1].address.b, sizeof f->end[0].address.b);
	return c > 0 || (c == 0 && f->end[0].port > f->end[1].port);
}

bool tf_community_id(const struct tf_flow *flow, uint16_t seed, char to[TF_COMMUNITY_ROOM])
{
	uint8_t text[2 + 2 * sizeof flow->end[0].address.b + 2 + 4], *p = text, digest[SHA1];
	unsigned low = lower_end(flow);
	p = put16(p, seed);
	p = put_address(p, &flow->end[low].address);
	p = put_address(p, &flow->end[!low].address);
	*p++ = PROTOCOL_TCP;
	*p++ = 0;
	p = put16(p, flow->end[low].port);
	p = put16(p, flow->end[!low].port);
	EVP_MD_CTX *context = context_of_thread();
	*to = '\0';
	if (context == NULL || EVP_DigestInit_ex2(context, sha1, NULL) != 1 ||
	    EVP_DigestUpdate(context, text, (size_t)(p - text)) != 1 ||
	    EVP_DigestFinal_ex(context, digest, NULL) != 1)
		return false;
	memcpy(to, "1:", 2);
	(void)EVP_EncodeBlock((unsigned char *)to + 2, digest, SHA1);
	return true;
}
