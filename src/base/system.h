/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What only Linux has is used where SYSTEM_LINUX is 1. The build option `portable`
 * makes it 0 on Linux, too: then nothing is used but what POSIX has, so that the other
 * way can be tried here.
 */
#ifndef BASE_SYSTEM_H
#define BASE_SYSTEM_H

#if defined __linux__ && !defined TF_PORTABLE
#define SYSTEM_LINUX 1
#else
#define SYSTEM_LINUX 0
#endif

#endif
