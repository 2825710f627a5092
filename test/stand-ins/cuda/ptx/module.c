/** What a module tells its user. */
#include <stdlib.h>
#include <string.h>

#include "program.h"

void ptx_unload(ptx_module *m) {
  for (unsigned n = 0; n < m->kernel_count; n++) {
    ptx_kernel *k = m->kernels[n];
    for (unsigned e = 0; e < k->list_count; e++) free(k->lists[e]);
    free(k->lists), free(k->name), free(k->code), free(k->constants), free(k);
  }
  for (unsigned n = 0; n < m->file_count; n++) free(m->files[n]);
  for (unsigned n = 0; n < m->variable_count; n++)
    free(m->variables[n].name), free(m->variables[n].data), free(m->variables[n].written);
  free(m->kernels), free(m->files), free(m->variables), free(m->text), free(m);
}

const ptx_kernel *ptx_find(const ptx_module *m, const char *name) {
  for (unsigned n = 0; n < m->kernel_count; n++)
    if (!strcmp(m->kernels[n]->name, name)) return m->kernels[n];
  return NULL;
}

size_t ptx_parameter_bytes(const ptx_kernel *k) { return k->parameter_bytes; }
size_t ptx_static_shared_bytes(const ptx_kernel *k) { return k->shared_bytes; }
unsigned ptx_max_threads(const ptx_kernel *k) { return k->max_threads; }

int ptx_variable(const ptx_module *m, const char *name, uint64_t *address, size_t *bytes) {
  for (unsigned n = 0; n < m->variable_count; n++) {
    if (strcmp(m->variables[n].name, name)) continue;
    *address = (uint64_t)(uintptr_t)m->variables[n].data;
    *bytes = m->variables[n].bytes;
    return 1;
  }
  return 0;
}
