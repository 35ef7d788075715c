// Statistics of float32 images (or anything else) by channel, the last dimension, and the gradient
// of normalising by them.
#pragma once

#include <cstdint>

#include "parallel.h"

namespace tf1x {

// `rows` counts everything but the channels.
struct ByChannel {
  int64_t rows, channels;
};

// The mean and the population variance of every channel.
void moments(const Helpers& helpers, const ByChannel& s, const float* x, float* mean,
             float* variance);

struct Normalized {
  const float *x, *scale, *mean, *variance;
  float epsilon;
};

// The gradients of x, scale and offset of (x - mean) * scale / sqrt(variance + epsilon) + offset,
// where mean and variance are those of x.
void normalized_gradient(const Helpers& helpers, const ByChannel& s, const Normalized& forward,
                         const float* gradient, float* to_x, float* to_scale, float* to_offset);

}  // namespace tf1x
