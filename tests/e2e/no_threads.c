/* Preloaded into a server: no thread starts while the file $NO_THREADS_WHEN exists, as where a limit of the system is reached. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

int pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*what)(void *), void *with) {
  const char *when = getenv("NO_THREADS_WHEN");
  if (when && access(when, F_OK) == 0) return EAGAIN;
  return ((__typeof__(&pthread_create))dlsym(RTLD_NEXT, "pthread_create"))(thread, how, what, with);
}
