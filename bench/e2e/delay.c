/*
 * A store that is further away: passes the connections of a port on to a server, and holds each answer back for a time that is drawn anew.
 *
 *   delay --to PORT --p50-ms N --p99-ms N [--seed N]
 *
 * Prints the port that it listens on, on loopback, and runs until it is stopped. An answer is what the server sends after the client has sent something;
 * its first byte waits, on top of what the server takes itself, for a time of the log-normal distribution with these quantiles. Nothing that passes is
 * looked at or changed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CHUNK_BYTES (256 * 1024)

/* The 99 % quantile of the standard normal distribution. */
static const double Z99 = 2.3263;

static double p50_ms, p99_ms;
static _Atomic uint64_t seed = 1;

typedef struct {
  int client;
  int server;
  atomic_bool asked;
  atomic_int open_ways;
} link_t;

static void die(const char *what) {
  perror(what);
  exit(1);
}

/* Uniform in (0, 1): SplitMix64 over a shared counter. */
static double uniform(void) {
  uint64_t z = atomic_fetch_add(&seed, 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return ((double)((z ^ (z >> 31)) >> 11) + 0.5) / 9007199254740992.0;
}

static void hold(void) {
  double normal = sqrt(-2.0 * log(uniform())) * cos(2.0 * M_PI * uniform());
  double ms = p50_ms * exp(log(p99_ms / p50_ms) / Z99 * normal);
  struct timespec time = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(fmod(ms, 1000) * 1e6)};
  while (nanosleep(&time, &time) != 0 && errno == EINTR) {
  }
}

static int write_all(int to, const char *bytes, ssize_t count) {
  while (count > 0) {
    ssize_t written = send(to, bytes, (size_t)count, MSG_NOSIGNAL);
    if (written <= 0) {
      return -1;
    }
    bytes += written;
    count -= written;
  }
  return 0;
}

static void pass(link_t *link, int from, int to, int is_answer) {
  char *chunk = malloc(CHUNK_BYTES);
  ssize_t count;
  while ((count = recv(from, chunk, CHUNK_BYTES, 0)) > 0) {
    if (is_answer && atomic_exchange(&link->asked, 0)) {
      hold();
    } else if (!is_answer) {
      atomic_store(&link->asked, 1);
    }
    if (write_all(to, chunk, count) != 0) {
      break;
    }
  }
  free(chunk);
  shutdown(from, SHUT_RD);
  shutdown(to, SHUT_WR);
  if (atomic_fetch_sub(&link->open_ways, 1) == 1) {
    close(link->client);
    close(link->server);
    free(link);
  }
}

static void *ask(void *argument) {
  link_t *link = argument;
  pass(link, link->client, link->server, 0);
  return NULL;
}

static void *answer(void *argument) {
  link_t *link = argument;
  pass(link, link->server, link->client, 1);
  return NULL;
}

static struct sockaddr_in loopback(int port) {
  return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int listen_on_loopback(void) {
  struct sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 128) != 0 ||
      getsockname(listener, (struct sockaddr *)&address, &length) != 0) {
    die("listen");
  }
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

static void start(link_t *link) {
  pthread_t thread;
  int on = 1;
  setsockopt(link->client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(link->server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (pthread_create(&thread, NULL, ask, link) != 0 || pthread_detach(thread) != 0 ||
      pthread_create(&thread, NULL, answer, link) != 0 || pthread_detach(thread) != 0) {
    die("thread");
  }
}

int main(int count, char **words) {
  int to = 0;
  for (int i = 1; i + 1 < count; i += 2) {
    double value = atof(words[i + 1]);
    if (strcmp(words[i], "--to") == 0) {
      to = (int)value;
    } else if (strcmp(words[i], "--p50-ms") == 0) {
      p50_ms = value;
    } else if (strcmp(words[i], "--p99-ms") == 0) {
      p99_ms = value;
    } else if (strcmp(words[i], "--seed") == 0) {
      seed = (uint64_t)value;
    }
  }
  if (to == 0 || p50_ms <= 0 || p99_ms < p50_ms) {
    fprintf(stderr, "delay --to PORT --p50-ms N --p99-ms N [--seed N]\n");
    return 2;
  }
  int listener = listen_on_loopback();
  struct sockaddr_in server = loopback(to);
  while (1) {
    link_t *link = calloc(1, sizeof *link);
    link->open_ways = 2;
    link->client = accept(listener, NULL, NULL);
    link->server = socket(AF_INET, SOCK_STREAM, 0);
    if (link->client < 0) {
      die("accept");
    }
    if (connect(link->server, (struct sockaddr *)&server, sizeof server) != 0) {
      close(link->client);
      close(link->server);
      free(link);
    } else {
      start(link);
    }
  }
}
