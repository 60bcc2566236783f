/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every frame of frames.h, cut at every length, from memory of just that size: run
 * under a sanitizer or valgrind this shows reads beyond the captured bytes.
 */
#include "samples.h"

/* Payload and cut add up, and the payload is the start of the whole one. */
static void check_cut(const struct build *f, const struct tf_packet *pkt, size_t captured)
{
	size_t at = f->tcp + (f->b[f->tcp + 12] >> 4) * (size_t)4;
	size_t n = captured < at ? 0 : captured - at < 5 ? captured - at : 5;
	assert_int_equal(pkt->payload.n, n);
	assert_ptr_equal(pkt->payload.p, f->b + (captured < at ? captured : at));
}

/* The snaplen cut the frame: a segment as soon as TCP's fixed header is there. */
static void cut_by_snaplen(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		struct build f = {.link = sample_rows[i].link};
		sample_rows[i].put(&f);
		for (size_t n = 0; n <= f.n; n++) {
			struct tf_packet pkt;
			enum fate fate = decode_cut(&f, n, f.n, &pkt);
			if (n < f.tcp + 20) {
				if (fate != FATE_drop_short)
					fail_msg("%s cut at %zu: fate %d", sample_rows[i].name, n,
					         fate);
				continue;
			}
			if (fate != FATE_tcp_segments)
				fail_msg("%s cut at %zu: fate %d", sample_rows[i].name, n, fate);
			assert_int_equal(fate, FATE_tcp_segments);
			check_headers(&f, &pkt);
			check_cut(&f, &pkt, n);
			assert_int_equal(pkt.payload.n + pkt.cut, 5);
		}
	}
}

/* The file says that the cut frame is whole: IP's length, if any, still tells. */
static void cut_silently(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		struct build f = {.link = sample_rows[i].link};
		sample_rows[i].put(&f);
		for (size_t n = 0; n <= f.n; n++) {
			struct tf_packet pkt;
			enum fate fate = decode_cut(&f, n, n, &pkt);
			if (fate != FATE_tcp_segments) {
				if (n >= f.tcp + 20 && !sample_rows[i].sizeless)
					fail_msg("%s ends at %zu: fate %d", sample_rows[i].name, n,
					         fate);
				assert_true(n < f.tcp + 20 || sample_rows[i].sizeless);
				assert_true(fate == FATE_drop_short || fate == FATE_drop_bad_tcp ||
				            fate == FATE_not_ip || fate == FATE_tunnel_unknown ||
				            fate == FATE_encrypted);
				continue;
			}
			check_headers(&f, &pkt);
			check_cut(&f, &pkt, n);
			if (!sample_rows[i].sizeless)
				assert_int_equal(pkt.payload.n + pkt.cut, 5);
		}
	}
}

/* Whatever a byte is changed to, nothing outside is read (and decode_cut checks
   where the payload lies). */
static void changed_bytes(void **state)
{
	(void)state;
	static const uint8_t values[] = {0, 1, 0x0f, 0x40, 0x7f, 0x80, 0xff};
	for (size_t i = 0; i < SAMPLES; i++) {
		struct build f = {.link = sample_rows[i].link};
		sample_rows[i].put(&f);
		for (size_t at = 0; at < f.n; at++) {
			uint8_t was = f.b[at];
			for (size_t k = 0; k < sizeof values; k++) {
				struct tf_packet pkt;
				f.b[at] = values[k];
				assert_true(decode_cut(&f, f.n, f.n, &pkt) < FATES);
			}
			f.b[at] = was;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(cut_by_snaplen),
	        cmocka_unit_test(cut_silently),
	        cmocka_unit_test(changed_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
