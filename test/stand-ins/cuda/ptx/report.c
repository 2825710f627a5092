/** What is said of a kernel that did wrong. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "machine.h"

/** Room for a few texts that stand in one message. */
static char *room(void) {
  static _Thread_local char texts[8][320];
  static _Thread_local unsigned next;
  return texts[next++ % 8];
}

const char *place_text(const ptx_kernel *k, uint32_t pc) {
  const instruction *i = &k->code[pc];
  const ptx_module *m = k->module;
  char *text = room();
  int n = snprintf(text, 320, "%.*s (PTX line %u", i->opcode_length, i->opcode, i->line);
  if (i->source_line && i->file < m->file_count && m->files[i->file]) {
    const char *name = strrchr(m->files[i->file], '/');
    n += snprintf(text + n, 320 - (size_t)n, ", %.200s:%u", name ? name + 1 : m->files[i->file], i->source_line);
  }
  snprintf(text + n, 320 - (size_t)n, ")");
  return text;
}

const char *thread_text(const block *b, unsigned warp_index, unsigned lane) {
  char *text = room();
  uint32_t t = warp_index * LANES + lane;
  snprintf(text, 320, "thread (%u,%u,%u)", t % b->size[0], t / b->size[0] % b->size[1], t / b->size[0] / b->size[1]);
  return text;
}

void fail(warp *w, const instruction *i, unsigned lane, const char *format, ...) {
  char what[PTX_MESSAGE_BYTES - 400];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  const block *b = w->block;
  snprintf(b->message, PTX_MESSAGE_BYTES, "%s: block (%u,%u,%u) %s at %s: %s", w->kernel->name, b->id[0], b->id[1],
           b->id[2], thread_text(b, w->index, lane), place_text(w->kernel, (uint32_t)(i - w->kernel->code)), what);
  longjmp(w->block->failed, 1);
}
