/* SPDX-License-Identifier: BSD-3-Clause */
/* What became of connections and streams, in words. */
#include <tcpflow/tcpflow.h>

static const struct tf_word_row ends[] = {
        [TF_END_NONE] = {"none", "it has not ended"},
        [TF_END_FIN] = {"fin", "both sides sent FIN, and both were acknowledged"},
        [TF_END_RST] = {"rst", "a side reset it"},
        [TF_END_REUSED] = {"reused", "a new connection uses the same addresses and ports"},
        [TF_END_EVICTED] = {"evicted", "it was given up for memory"},
        [TF_END_HOLE] = {"hole", "the stream ends at a hole longer than -m allows"},
        [TF_END_INPUT] = {"input", "the input ended"},
        [TF_END_TIMEOUT] = {"timeout", "it was silent for longer than --idle-timeout"},
        [TF_END_FIN_UNACKED] = {"fin-unacked",
                                "both sides sent FIN, but not both were seen acknowledged"},
        [TF_END_ROTATED] = {"rotated", "it goes on in the next output generation"},
};

const struct tf_word_row *tf_end_rows(size_t *count)
{
	*count = sizeof ends / sizeof ends[0];
	return ends;
}

static const struct tf_word_row completenesses[] = {
        [TF_COMPLETE] = {"complete", "from SYN to FIN, without a byte missing"},
        [TF_MIDSTREAM] = {"midstream", "its SYN was not captured: bytes before the first one may "
                                       "be missing"},
        [TF_UNFINISHED] = {"unfinished", "its FIN was not captured, or it was reset: bytes behind "
                                         "the last one may be missing"},
        [TF_GAPS] = {"gaps", "bytes are missing that are known to have been sent"},
        [TF_CUT] = {"cut", "bytes were left out by -b or for want of room, or it was ended at a "
                           "long hole by -m"},
};

const struct tf_word_row *tf_completeness_rows(size_t *count)
{
	*count = sizeof completenesses / sizeof completenesses[0];
	return completenesses;
}

int64_t tf_bytes_missing(const struct tf_account *a)
{
	return a->missing + a->tail_missing + a->evicted + a->write_failed + a->no_room +
	       a->beyond_limit;
}

enum tf_completeness tf_completeness_of(const struct tf_account *a, enum tf_end end)
{
	if (a->beyond_limit > 0 || a->no_room > 0 || end == TF_END_HOLE)
		return TF_CUT;
	if (tf_bytes_missing(a) > 0)
		return TF_GAPS;
	if (!a->fin)
		return TF_UNFINISHED;
	return a->syn ? TF_COMPLETE : TF_MIDSTREAM;
}
