/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/dlt.h"

#include <pcap/dlt.h>
#include <stddef.h>

/* The usual number of a DLT stands before others that mean the same. */
static const struct {
	uint32_t link_type;
	int dlt;
} differing[] = {
        {101, DLT_RAW},
        {12, DLT_RAW}, /* files that carry the writer's own DLT_RAW: most systems, */
        {14, DLT_RAW}, /* and OpenBSD */
        {69, DLT_REDBACK_SMARTEDGE},
        {100, DLT_ATM_RFC1483},
        {102, DLT_SLIP_BSDOS},
        {103, DLT_PPP_BSDOS},
        {106, DLT_ATM_CLIP},
        {246, DLT_PFSYNC},
};

enum { DIFFERING = sizeof differing / sizeof *differing };

int dlt_of(uint32_t link_type)
{
	for (size_t i = 0; i < DIFFERING; i++)
		if (differing[i].link_type == link_type)
			return differing[i].dlt;
	return (int)link_type;
}

uint32_t link_type_of(int dlt)
{
	for (size_t i = 0; i < DIFFERING; i++)
		if (differing[i].dlt == dlt)
			return differing[i].link_type;
	return (uint32_t)dlt;
}
