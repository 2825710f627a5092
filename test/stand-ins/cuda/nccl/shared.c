/**
 * How ranks meet: in a file named after the world, which is removed when all have come, so that the next world of that name
 * is another. A file in which a rank has died is left over, and is replaced.
 */
#define _GNU_SOURCE
#include "shared.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MILLISECONDS 60000

int is_gone(const place *p) {
  return __atomic_load_n(&p->has_left, __ATOMIC_ACQUIRE) || (kill((pid_t)p->pid, 0) && errno == ESRCH);
}

void unmap_world(shared_world *w) { munmap(w, sizeof *w); }

/** A file that is mapped stays open, and so stays locked, unless it is unlocked. */
static void unlock_and_close(int file) {
  flock(file, LOCK_UN);
  close(file);
}

/** Opens the file of a name with its lock held; -1 if it cannot be. */
static int open_locked(const char *path) {
  for (;;) {
    const int file = open(path, O_RDWR | O_CREAT, 0600);
    struct stat opened, there;
    if (file < 0) return -1;
    if (flock(file, LOCK_EX) || ftruncate(file, sizeof(shared_world))) {
      close(file);
      return -1;
    }
    if (!fstat(file, &opened) && !stat(path, &there) && opened.st_ino == there.st_ino) return file;
    unlock_and_close(file); /* the world of this file has come together in the meantime */
  }
}

static int is_left_over(const shared_world *w) {
  for (int r = 0; r < MAX_RANKS; r++)
    if (w->places[r].pid && is_gone(&w->places[r])) return 1;
  return 0;
}

static meeting wait_for_all(const shared_world *w, int size) {
  for (int waited = 0; __atomic_load_n(&w->joined, __ATOMIC_ACQUIRE) < size; waited++) {
    if (waited == PATIENCE_MILLISECONDS) return NOT_ALL_CAME;
    if (waited % 100 == 99 && is_left_over(w)) return RANK_DIED;
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
  return MET;
}

static char folder[2048] = "/tmp";

/** When the library is opened: later another thread may change the environment meanwhile. */
__attribute__((constructor)) static void note_folder(void) {
  const char *named = getenv("TMPDIR");
  if (named && *named) snprintf(folder, sizeof folder, "%s", named);
}

meeting join_world(const char *name, int size, int rank, shared_world **result) {
  char path[4096];
  snprintf(path, sizeof path, "%s/minillm-nccl-%s", folder, name);
  for (;;) {
    const int file = open_locked(path);
    if (file < 0) return NO_FILE;
    shared_world *w = mmap(NULL, sizeof *w, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (w == MAP_FAILED) {
      unlock_and_close(file);
      return NO_FILE;
    }
    if (is_left_over(w)) {
      unlink(path);
      unmap_world(w);
      unlock_and_close(file);
      continue;
    }
    if (w->places[rank].pid || (w->size && w->size != size)) {
      unmap_world(w);
      unlock_and_close(file);
      return MISUSED;
    }
    w->size = size;
    w->places[rank].pid = getpid();
    if (w->joined + 1 == size) unlink(path);
    __atomic_add_fetch(&w->joined, 1, __ATOMIC_RELEASE);
    unlock_and_close(file);
    const meeting outcome = wait_for_all(w, size);
    if (outcome == MET) *result = w;
    else __atomic_store_n(&w->places[rank].has_left, 1, __ATOMIC_RELEASE);
    return outcome;
  }
}
