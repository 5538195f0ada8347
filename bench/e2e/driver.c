/*
 * Drives one broker with librdkafka and prints what it measured as one line of JSON.
 *
 *   driver create  --bootstrap B --topic T [--partitions N] [--topic-config key=value]...
 *   driver produce --bootstrap B --topic T --records N [--partitions N] [--record-bytes N] [--rate-mb MB/s, 0 = max] [--in-flight N records at a time, 0 = any]
 *                  [--sticky N records in a row to one partition] [--threads N] [--acks N] [--linger-ms MS]
 *                  [--batch-bytes N] [--codec NAME] [--property key=value]...
 *   driver consume --bootstrap B --topic T --records N [--partitions N] [--property key=value]...
 *
 * Publish latency runs from the call that hands a record to the library to its delivery report, so at full rate it
 * includes the wait in the library's queue; take latencies from a run at a fixed rate. A MB is 1,000,000 bytes.
 */
#include "driver.h"

#include <getopt.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <time.h>

void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("driver: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(1);
}

uint64_t now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_nsec / 1000u;
}

double cpu_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
         + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

void set_property(rd_kafka_conf_t *conf, const char *name, const char *value) {
  char error[256];
  if (rd_kafka_conf_set(conf, name, value, error, sizeof error) != RD_KAFKA_CONF_OK) {
    die("%s", error);
  }
}

void set_number(rd_kafka_conf_t *conf, const char *name, long value) {
  char text[32];
  snprintf(text, sizeof text, "%ld", value);
  set_property(conf, name, text);
}

rd_kafka_conf_t *new_conf(const options_t *options) {
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  set_property(conf, "bootstrap.servers", options->bootstrap);
  return conf;
}

void apply_properties(const options_t *options, rd_kafka_conf_t *conf) {
  for (int i = 0; i < options->property_count; i++) {
    char *pair = strdup(options->properties[i]);
    char *equals = strchr(pair, '=');
    if (equals == NULL) {
      die("--property takes key=value, not '%s'", pair);
    }
    *equals = '\0';
    set_property(conf, pair, equals + 1);
    free(pair);
  }
}

static long number(const char *name, const char *text, long min) {
  char *end;
  long value = strtol(text, &end, 10);
  if (*text == '\0' || *end != '\0' || value < min) {
    die("--%s takes a number of at least %ld, not '%s'", name, min, text);
  }
  return value;
}

static void append(const char **list, int *count, const char *item) {
  if (*count == MAX_PAIRS) {
    die("at most %d properties", MAX_PAIRS);
  }
  list[(*count)++] = item;
}

static options_t parse(int argc, char **argv) {
  static const struct option known[] = {
      {"bootstrap", required_argument, NULL, 'b'},   {"topic", required_argument, NULL, 't'},
      {"partitions", required_argument, NULL, 'p'},  {"records", required_argument, NULL, 'n'},
      {"record-bytes", required_argument, NULL, 's'}, {"rate-mb", required_argument, NULL, 'r'},
      {"threads", required_argument, NULL, 'j'},     {"acks", required_argument, NULL, 'a'},
      {"linger-ms", required_argument, NULL, 'l'},   {"batch-bytes", required_argument, NULL, 'B'},
      {"codec", required_argument, NULL, 'z'},       {"property", required_argument, NULL, 'X'},
      {"topic-config", required_argument, NULL, 'c'}, {"sticky", required_argument, NULL, 'k'},
      {"in-flight", required_argument, NULL, 'f'},
      {NULL, 0, NULL, 0}};
  options_t options = {
      .partitions = 16, .record_bytes = 1024, .sticky = 1, .threads = 1, .acks = -1,
      .linger_ms = 5, .batch_bytes = 131072, .codec = "none"};
  int which, index;
  while ((which = getopt_long(argc, argv, "", known, &index)) != -1) {
    const char *name = which == '?' ? "" : known[index].name;
    switch (which) {
      case 'b': options.bootstrap = optarg; break;
      case 't': options.topic = optarg; break;
      case 'p': options.partitions = (int)number(name, optarg, 1); break;
      case 'n': options.records = number(name, optarg, 1); break;
      case 's': options.record_bytes = number(name, optarg, 1); break;
      case 'r': options.rate_mb = number(name, optarg, 0); break;
      case 'f': options.in_flight = number(name, optarg, 0); break;
      case 'k': options.sticky = number(name, optarg, 1); break;
      case 'j': options.threads = (int)number(name, optarg, 1); break;
      case 'a': options.acks = number(name, optarg, -1); break;
      case 'l': options.linger_ms = number(name, optarg, 0); break;
      case 'B': options.batch_bytes = number(name, optarg, 1); break;
      case 'z': options.codec = optarg; break;
      case 'X': append(options.properties, &options.property_count, optarg); break;
      case 'c': append(options.topic_configs, &options.topic_config_count, optarg); break;
      default: exit(2);
    }
  }
  if (options.bootstrap == NULL || options.topic == NULL) {
    die("--bootstrap and --topic are needed");
  }
  return options;
}

int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "";
  options_t options = argc > 1 ? parse(argc - 1, argv + 1) : (options_t){0};
  if (strcmp(mode, "create") == 0) {
    run_create(&options);
  } else if (strcmp(mode, "produce") == 0) {
    run_produce(&options);
  } else if (strcmp(mode, "consume") == 0) {
    run_consume(&options);
  } else {
    die("usage: driver create|produce|consume --bootstrap HOST:PORT --topic NAME [options]");
  }
  return 0;
}
