/* Preloaded into a server: while the file $BROKEN_DISK_WHEN exists, whatever changes a file below $BROKEN_DISK fails with an
   input/output error, as on a disk that breaks. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_broken(const char *path) {
  const char *disk = getenv("BROKEN_DISK"), *when = getenv("BROKEN_DISK_WHEN");
  return disk && when && strncmp(path, disk, strlen(disk)) == 0 && access(when, F_OK) == 0;
}

static int is_broken_file(int file) {
  char link[64], path[PATH_MAX];
  const int before = errno;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size > 0) path[size] = '\0';
  const int broken = size > 0 && is_broken(path);
  errno = before;
  return broken;
}

#define BELOW(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAILS(condition) \
  if (condition) {       \
    errno = EIO;         \
    return -1;           \
  }

ssize_t write(int file, const void *data, size_t size) {
  FAILS(is_broken_file(file))
  return BELOW(write)(file, data, size);
}
ssize_t pwrite64(int file, const void *data, size_t size, off64_t offset) {
  FAILS(is_broken_file(file))
  return BELOW(pwrite64)(file, data, size, offset);
}
int fsync(int file) {
  FAILS(is_broken_file(file))
  return BELOW(fsync)(file);
}
int fdatasync(int file) {
  FAILS(is_broken_file(file))
  return BELOW(fdatasync)(file);
}
int rename(const char *from, const char *to) {
  FAILS(is_broken(to))
  return BELOW(rename)(from, to);
}

static int mode_of(int flags, va_list more) { return flags & (O_CREAT | O_TMPFILE) ? va_arg(more, int) : 0; }

int open(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const int mode = mode_of(flags, more);
  va_end(more);
  FAILS((flags & O_CREAT) && is_broken(path))
  return BELOW(open)(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const int mode = mode_of(flags, more);
  va_end(more);
  FAILS((flags & O_CREAT) && is_broken(path))
  return BELOW(open64)(path, flags, mode);
}
