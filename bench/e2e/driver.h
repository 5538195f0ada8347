/* What the modes of the driver share. */
#ifndef DRIVER_H
#define DRIVER_H

#include <librdkafka/rdkafka.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PAIRS 32

typedef struct {
  const char *bootstrap;
  const char *topic;
  int partitions;
  long records;
  long record_bytes;
  long rate_mb;
  /* Records of a producer that may await their report at a time; 0: as many as the library holds. */
  long in_flight;
  long sticky;
  int threads;
  long acks;
  long linger_ms;
  long batch_bytes;
  const char *codec;
  const char *properties[MAX_PAIRS];
  int property_count;
  const char *topic_configs[MAX_PAIRS];
  int topic_config_count;
} options_t;

/* Prints a message and ends the program with exit code 1. */
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

uint64_t now_us(void);

/* User and system CPU seconds that this process has used. */
double cpu_seconds(void);

rd_kafka_conf_t *new_conf(const options_t *options);
void set_property(rd_kafka_conf_t *conf, const char *name, const char *value);
void set_number(rd_kafka_conf_t *conf, const char *name, long value);

/* The caller's --property pairs, set last so that they win. */
void apply_properties(const options_t *options, rd_kafka_conf_t *conf);

void run_create(const options_t *options);
void run_produce(const options_t *options);
void run_consume(const options_t *options);

#endif
