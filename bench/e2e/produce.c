/* Produces as fast as the broker takes it, or at a fixed rate, from one or several producers. */
#include "driver.h"
#include "histogram.h"

#include <pthread.h>
#include <unistd.h>

/* Payloads are slices of this much noise, which no codec shrinks. */
#define NOISE_BYTES (1 << 20)

/* What the library may hold unsent: enough to keep the wire busy, little enough that the cache and not RAM is used. */
#define QUEUE_KBYTES (64 * 1024)

static const int FLUSH_TIMEOUT_MS = 120000;

/* At a fixed rate records are handed over at most so late, those of that time together. */
#define PACE_US 300

typedef struct {
  const options_t *options;
  const char *noise;
  int index;
  long records;
  uint64_t start_us;
  uint64_t last_ack_us;
  long failed;
  rd_kafka_resp_err_t last_error;
  histogram_t latency;
} producer_t;

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
  (void)client;
  producer_t *producer = opaque;
  uint64_t now = now_us();
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    producer->failed++;
    producer->last_error = message->err;
    return;
  }
  histogram_add(&producer->latency, now - (uint64_t)(uintptr_t)message->_private);
  producer->last_ack_us = now;
}

static rd_kafka_t *connect_producer(producer_t *producer) {
  const options_t *options = producer->options;
  char error[256];
  rd_kafka_conf_t *conf = new_conf(options);
  set_number(conf, "acks", options->acks);
  set_number(conf, "linger.ms", options->linger_ms);
  set_number(conf, "batch.size", options->batch_bytes);
  set_number(conf, "queue.buffering.max.kbytes", QUEUE_KBYTES);
  set_number(conf, "queue.buffering.max.messages", 10000000);
  set_property(conf, "compression.type", options->codec);
  apply_properties(options, conf);
  rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
  rd_kafka_conf_set_opaque(conf, producer);
  rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
  if (client == NULL) {
    die("%s", error);
  }
  return client;
}

/* Waits, serving delivery reports, until the record's turn at the fixed rate has come. Sleeps, if only for a little: waiting in a loop would take a core from the broker. */
static void pace(rd_kafka_t *client, const producer_t *producer, long sent) {
  const options_t *options = producer->options;
  if (options->rate_mb == 0) {
    return;
  }
  double bytes_per_us = (double)options->rate_mb / options->threads;
  uint64_t due = producer->start_us + (uint64_t)((double)sent * (double)options->record_bytes / bytes_per_us);
  while (now_us() < due) {
    rd_kafka_poll(client, 0);
    usleep(PACE_US);
  }
}

static void *produce(void *argument) {
  producer_t *producer = argument;
  const options_t *options = producer->options;
  rd_kafka_t *client = connect_producer(producer);
  rd_kafka_topic_t *topic = rd_kafka_topic_new(client, options->topic, NULL);
  producer->start_us = now_us();
  for (long sent = 0; sent < producer->records; sent++) {
    pace(client, producer, sent);
    while (options->in_flight > 0 && rd_kafka_outq_len(client) >= options->in_flight) {
      rd_kafka_poll(client, 100);
    }
    size_t slice = ((size_t)sent * 61u) % (size_t)(NOISE_BYTES - options->record_bytes);
    while (rd_kafka_produce(
               topic, (int32_t)((sent / options->sticky + producer->index) % options->partitions), RD_KAFKA_MSG_F_COPY,
               (char *)producer->noise + slice, (size_t)options->record_bytes, NULL, 0, (void *)(uintptr_t)now_us())
           != 0) {
      if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        die("produce: %s", rd_kafka_err2str(rd_kafka_last_error()));
      }
      rd_kafka_poll(client, 10);
    }
    if (sent % 64 == 0) {
      rd_kafka_poll(client, 0);
    }
  }
  if (rd_kafka_flush(client, FLUSH_TIMEOUT_MS) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    die("records are unacknowledged after %d ms", FLUSH_TIMEOUT_MS);
  }
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(client);
  return NULL;
}

static char *make_noise(void) {
  char *noise = malloc(NOISE_BYTES);
  uint64_t state = 88172645463325252u;
  for (size_t i = 0; i < NOISE_BYTES; i++) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    noise[i] = (char)state;
  }
  return noise;
}

static void report(const options_t *options, const histogram_t *latency, double seconds, double cpu) {
  double records = (double)latency->total;
  printf(
      "{\"mode\":\"produce\",\"records\":%.0f,\"seconds\":%.3f,\"mb_per_s\":%.2f,\"records_per_s\":%.0f,"
      "\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,\"max_ms\":%.3f,\"driver_cpu_s\":%.2f}\n",
      records, seconds, records * (double)options->record_bytes / 1e6 / seconds, records / seconds,
      (double)histogram_quantile(latency, 0.5) / 1e3, (double)histogram_quantile(latency, 0.99) / 1e3,
      (double)histogram_quantile(latency, 0.999) / 1e3, (double)latency->max / 1e3, cpu);
}

void run_produce(const options_t *options) {
  if (options->records == 0 || options->record_bytes >= NOISE_BYTES) {
    die("produce needs --records, and --record-bytes below %d", NOISE_BYTES);
  }
  char *noise = make_noise();
  producer_t *producers = calloc((size_t)options->threads, sizeof *producers);
  pthread_t *threads = calloc((size_t)options->threads, sizeof *threads);
  for (int i = 0; i < options->threads; i++) {
    long share = options->records / options->threads + (i < options->records % options->threads);
    producers[i] = (producer_t){.options = options, .noise = noise, .index = i, .records = share};
    if (pthread_create(&threads[i], NULL, produce, &producers[i]) != 0) {
      die("cannot start a thread");
    }
  }
  histogram_t *latency = calloc(1, sizeof *latency);
  uint64_t first = UINT64_MAX, last = 0;
  for (int i = 0; i < options->threads; i++) {
    pthread_join(threads[i], NULL);
    if (producers[i].failed > 0) {
      die("%ld records failed, the last one: %s", producers[i].failed, rd_kafka_err2str(producers[i].last_error));
    }
    histogram_merge(latency, &producers[i].latency);
    first = producers[i].start_us < first ? producers[i].start_us : first;
    last = producers[i].last_ack_us > last ? producers[i].last_ack_us : last;
  }
  report(options, latency, (double)(last - first) / 1e6, cpu_seconds());
  free(latency);
  free(threads);
  free(producers);
  free(noise);
}
