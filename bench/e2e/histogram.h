/* Latencies in microseconds, in log-linear buckets: 64 to each power of two, so any answer is off by at most 1.6 %. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_SUB_BITS 6
#define HISTOGRAM_SUB_BUCKETS (1u << HISTOGRAM_SUB_BITS)
#define HISTOGRAM_BUCKETS ((64 - HISTOGRAM_SUB_BITS) * HISTOGRAM_SUB_BUCKETS)

typedef struct {
  uint64_t counts[HISTOGRAM_BUCKETS];
  uint64_t total;
  uint64_t max;
} histogram_t;

static inline unsigned histogram_bucket(uint64_t value) {
  if (value < HISTOGRAM_SUB_BUCKETS) {
    return (unsigned)value;
  }
  unsigned exponent = 63u - (unsigned)__builtin_clzll(value) - (HISTOGRAM_SUB_BITS - 1);
  return exponent * (HISTOGRAM_SUB_BUCKETS / 2) + (unsigned)(value >> exponent);
}

/* The largest value that falls into a bucket. */
static inline uint64_t histogram_upper(unsigned bucket) {
  if (bucket < HISTOGRAM_SUB_BUCKETS) {
    return bucket;
  }
  unsigned exponent = bucket / (HISTOGRAM_SUB_BUCKETS / 2) - 1;
  uint64_t mantissa = bucket - exponent * (HISTOGRAM_SUB_BUCKETS / 2);
  return ((mantissa + 1) << exponent) - 1;
}

static inline void histogram_add(histogram_t *histogram, uint64_t value) {
  histogram->counts[histogram_bucket(value)]++;
  histogram->total++;
  if (value > histogram->max) {
    histogram->max = value;
  }
}

static inline void histogram_merge(histogram_t *into, const histogram_t *from) {
  for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
    into->counts[i] += from->counts[i];
  }
  into->total += from->total;
  if (from->max > into->max) {
    into->max = from->max;
  }
}

/* The value below or at which the given share of all values lies; 0 of an empty histogram. */
static inline uint64_t histogram_quantile(const histogram_t *histogram, double share) {
  uint64_t wanted = (uint64_t)(share * (double)histogram->total);
  uint64_t seen = 0;
  for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
    seen += histogram->counts[i];
    if (seen > wanted) {
      uint64_t upper = histogram_upper(i);
      return upper < histogram->max ? upper : histogram->max;
    }
  }
  return histogram->max;
}

#endif
