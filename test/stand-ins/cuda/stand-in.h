/** What the libraries that play CUDA share: the driver's memory, and a way to put work on its streams. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define MESSAGE_BYTES 1200

/** What work returns that cannot be done yet, and is to be asked again. */
#define NOT_YET (-1)

/**
 * Work of a stream, done when something waits for it. Returns 0, or NOT_YET, or another number: `message` says what was
 * wrong.
 */
typedef int work_function(void *data, char *message);

/** Puts work on a stream, which may be captured; `data` is copied. Returns a CUresult. */
int32_t stand_in_enqueue(int64_t stream, work_function *function, const void *data, size_t bytes);

/** Whether all of these bytes lie in one allocation of a device, and their shadows (not 0 once written). */
int stand_in_memory(uint64_t address, size_t bytes, uint8_t **written);
