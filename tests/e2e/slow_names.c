/* Preloaded into a server: names below `hangs.example` are looked up for ever, as by a resolver that does not answer. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
  const int numeric = hints != NULL && (hints->ai_flags & AI_NUMERICHOST) != 0;
  while (!numeric && host != NULL && strstr(host, "hangs.example") != NULL) pause();
  return ((__typeof__(&getaddrinfo))dlsym(RTLD_NEXT, "getaddrinfo"))(host, service, hints, found);
}
