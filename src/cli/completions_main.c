/* SPDX-License-Identifier: BSD-3-Clause */
/* Used while building: writes the completions of the shell that is named. */
#include "cli/completions.h"

int main(int argc, char **argv)
{
	return argc == 2 && completions_write(stdout, argv[1]) && fflush(stdout) == 0 ? 0 : 1;
}
