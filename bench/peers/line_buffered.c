/* Linked with train_gpt2.c, so that each of its lines arrives when it is printed. */
#include <stdio.h>

__attribute__((constructor)) static void print_line_by_line(void) { setvbuf(stdout, NULL, _IOLBF, 0); }
