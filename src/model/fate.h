/* SPDX-License-Identifier: BSD-3-Clause */
/* What becomes of a frame: the rows of TF_FATES as an enum. */
#ifndef MODEL_FATE_H
#define MODEL_FATE_H

#include <tcpflow/tcpflow.h>

enum fate {
#define FATE_NAME(name, ...) FATE_##name,
	TF_FATES(FATE_NAME)
#undef FATE_NAME
	        FATES
};

#endif
