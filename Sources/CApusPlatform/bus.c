// A file that shrinks under its mapping, or a disk that fails, arrives as SIGBUS. The handler may only do
// what is safe inside a signal, so mapped files leave their name and range here beforehand, in a fixed
// table. This is the one piece of global state in Apus: a signal handler gets no context pointer.

#define _GNU_SOURCE
#include "CApusPlatform.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SLOTS = 256 };
enum { FREE, BUSY, NAMED };

static struct mapping {
  atomic_int state;
  uintptr_t start;
  size_t bytes;
  char *path;
} mappings[SLOTS];

static struct sigaction previous;

int apus_name_mapping(const void *start, size_t bytes, const char *path) {
  char *copy = strdup(path);
  if (!copy) return -1;
  for (int slot = 0; slot < SLOTS; slot++) {
    struct mapping *mapping = &mappings[slot];
    int expected = FREE;
    if (!atomic_compare_exchange_strong(&mapping->state, &expected, BUSY)) continue;
    mapping->start = (uintptr_t)start;
    mapping->bytes = bytes;
    mapping->path = copy;
    atomic_store(&mapping->state, NAMED);
    return slot;
  }
  free(copy);
  return -1;
}

void apus_forget_mapping(int slot) {
  if (slot < 0 || slot >= SLOTS) return;
  struct mapping *mapping = &mappings[slot];
  char *path = mapping->path;
  atomic_store(&mapping->state, BUSY);
  mapping->path = NULL;
  atomic_store(&mapping->state, FREE);
  free(path);
}

// Appends text or a decimal number to a line; snprintf is not safe in a handler.
static size_t append_text(char *line, size_t used, size_t room, const char *text) {
  while (*text && used < room) line[used++] = *text++;
  return used;
}

static size_t append_number(char *line, size_t used, size_t room, size_t number) {
  char digits[24];
  size_t at = sizeof digits;
  digits[--at] = 0;
  do {
    digits[--at] = (char)('0' + number % 10);
    number /= 10;
  } while (number);
  return append_text(line, used, room, digits + at);
}

static void handle_bus(int signal_number, siginfo_t *info, void *context) {
  (void)context;
  uintptr_t address = (uintptr_t)info->si_addr;
  for (int slot = 0; slot < SLOTS; slot++) {
    struct mapping *mapping = &mappings[slot];
    if (atomic_load(&mapping->state) != NAMED) continue;
    if (address < mapping->start || address - mapping->start >= mapping->bytes) continue;
    char line[4608];
    size_t room = sizeof line - 1, used = 0;
    used = append_text(line, used, room, "apus: ");
    used = append_text(line, used, room, mapping->path);
    used = append_text(line, used, room, ": cannot be read at byte ");
    used = append_number(line, used, room, (size_t)(address - mapping->start));
    used = append_text(line, used, room, " of ");
    used = append_number(line, used, room, mapping->bytes);
    used = append_text(line, used, room, "; it was truncated or its disk failed while in use");
    line[used++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line, used);
    (void)ignored;
    _exit(1);
  }
  // Not ours: the faulting instruction runs again and meets what was there before.
  sigaction(signal_number, &previous, NULL);
}

int apus_install_bus_handler(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = handle_bus;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  struct sigaction old;
  if (sigaction(SIGBUS, &action, &old) != 0) return errno;
  // Installed twice, the old handler is this one.
  if (old.sa_sigaction != handle_bus) previous = old;
  return 0;
}
