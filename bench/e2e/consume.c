/* Reads a topic from its start, all partitions at once, and checks that no offset is missing. */
#include "driver.h"

#define BATCH 4096

/* A broker that serves nothing for this long does not serve. */
static const uint64_t STALL_US = 60u * 1000000u;

static rd_kafka_t *connect_consumer(const options_t *options) {
  char error[256];
  rd_kafka_conf_t *conf = new_conf(options);
  set_property(conf, "group.id", "driver");
  set_property(conf, "enable.auto.commit", "false");
  set_property(conf, "auto.offset.reset", "error");
  set_property(conf, "fetch.wait.max.ms", "100");
  set_number(conf, "queued.max.messages.kbytes", 64 * 1024);
  apply_properties(options, conf);
  rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
  if (client == NULL) {
    die("%s", error);
  }
  rd_kafka_poll_set_consumer(client);
  rd_kafka_topic_partition_list_t *partitions = rd_kafka_topic_partition_list_new(options->partitions);
  for (int32_t i = 0; i < options->partitions; i++) {
    rd_kafka_topic_partition_list_add(partitions, options->topic, i)->offset = 0;
  }
  if (rd_kafka_assign(client, partitions) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    die("the partitions cannot be assigned");
  }
  rd_kafka_topic_partition_list_destroy(partitions);
  return client;
}

/* Counts a message's bytes; dies when it is not the one that has to follow in its partition. */
static size_t take(const options_t *options, const rd_kafka_message_t *message, int64_t *next) {
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    die("consume: %s", rd_kafka_message_errstr(message));
  }
  if (message->partition >= options->partitions || message->offset != next[message->partition]) {
    die("partition %d gave offset %lld", (int)message->partition, (long long)message->offset);
  }
  next[message->partition]++;
  return message->len;
}

void run_consume(const options_t *options) {
  if (options->records == 0) {
    die("consume needs --records");
  }
  rd_kafka_t *client = connect_consumer(options);
  rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(client);
  int64_t *next = calloc((size_t)options->partitions, sizeof *next);
  rd_kafka_message_t **messages = calloc(BATCH, sizeof *messages);
  uint64_t start = now_us(), last = start, first = 0;
  long records = 0;
  double bytes = 0;
  while (records < options->records) {
    ssize_t count = rd_kafka_consume_batch_queue(queue, 100, messages, BATCH);
    uint64_t now = now_us();
    if (count <= 0) {
      if (now - last > STALL_US) {
        die("read %ld of %ld records, then nothing for a minute", records, options->records);
      }
      continue;
    }
    first = first == 0 ? now : first;
    last = now;
    for (ssize_t i = 0; i < count; i++) {
      bytes += (double)take(options, messages[i], next);
      records++;
      rd_kafka_message_destroy(messages[i]);
    }
  }
  double seconds = (double)(last - start) / 1e6;
  printf(
      "{\"mode\":\"consume\",\"records\":%ld,\"seconds\":%.3f,\"mb_per_s\":%.2f,\"records_per_s\":%.0f,"
      "\"first_record_ms\":%.1f,\"driver_cpu_s\":%.2f}\n",
      records, seconds, bytes / 1e6 / seconds, (double)records / seconds, (double)(first - start) / 1e3, cpu_seconds());
  free(messages);
  free(next);
  rd_kafka_queue_destroy(queue);
  rd_kafka_consumer_close(client);
  rd_kafka_destroy(client);
}
