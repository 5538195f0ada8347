/* Creates the topic of a run and waits until its partitions have leaders. */
#include "driver.h"

static const int TIMEOUT_MS = 30000;

static int has_leaders(rd_kafka_t *client, const options_t *options) {
  rd_kafka_topic_t *topic = rd_kafka_topic_new(client, options->topic, NULL);
  const rd_kafka_metadata_t *metadata;
  int ready = 0;
  if (rd_kafka_metadata(client, 0, topic, &metadata, TIMEOUT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const rd_kafka_metadata_topic_t *found = &metadata->topics[0];
    ready = found->err == RD_KAFKA_RESP_ERR_NO_ERROR && found->partition_cnt == options->partitions;
    for (int i = 0; ready && i < found->partition_cnt; i++) {
      ready = found->partitions[i].leader >= 0;
    }
    rd_kafka_metadata_destroy(metadata);
  }
  rd_kafka_topic_destroy(topic);
  return ready;
}

void run_create(const options_t *options) {
  char error[256];
  rd_kafka_conf_t *conf = new_conf(options);
  apply_properties(options, conf);
  rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
  if (client == NULL) {
    die("%s", error);
  }
  rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(options->topic, options->partitions, 1, error, sizeof error);
  if (topic == NULL) {
    die("%s", error);
  }
  for (int i = 0; i < options->topic_config_count; i++) {
    char *pair = strdup(options->topic_configs[i]);
    char *equals = strchr(pair, '=');
    if (equals == NULL) {
      die("--topic-config takes key=value, not '%s'", pair);
    }
    *equals = '\0';
    rd_kafka_NewTopic_set_config(topic, pair, equals + 1);
    free(pair);
  }
  rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
  rd_kafka_CreateTopics(client, &topic, 1, NULL, queue);
  rd_kafka_event_t *event = rd_kafka_queue_poll(queue, TIMEOUT_MS);
  if (event == NULL) {
    die("no answer to CreateTopics within %d ms", TIMEOUT_MS);
  }
  size_t count;
  const rd_kafka_CreateTopics_result_t *result = rd_kafka_event_CreateTopics_result(event);
  if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR || result == NULL) {
    die("CreateTopics: %s", rd_kafka_event_error_string(event));
  }
  const rd_kafka_topic_result_t **topics = rd_kafka_CreateTopics_result_topics(result, &count);
  if (rd_kafka_topic_result_error(topics[0]) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    die("CreateTopics: %s", rd_kafka_topic_result_error_string(topics[0]));
  }
  uint64_t deadline = now_us() + (uint64_t)TIMEOUT_MS * 1000u;
  while (!has_leaders(client, options)) {
    if (now_us() > deadline) {
      die("topic %s has no leaders after %d ms", options->topic, TIMEOUT_MS);
    }
  }
  rd_kafka_event_destroy(event);
  rd_kafka_queue_destroy(queue);
  rd_kafka_NewTopic_destroy(topic);
  rd_kafka_destroy(client);
  printf("{\"mode\":\"create\",\"topic\":\"%s\",\"partitions\":%d}\n", options->topic, options->partitions);
}
