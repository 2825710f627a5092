/** Numbers that decide the order of work that nothing orders. */
#pragma once
#include <stdint.h>

void seed_order(uint64_t seed);
/** A number below another. */
unsigned draw(unsigned below);
