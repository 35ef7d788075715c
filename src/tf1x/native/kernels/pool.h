// The largest number of every window of float32 images, channels last, and its gradient.
#pragma once

#include <cstdint>

#include "parallel.h"

namespace tf1x {

struct PoolShape {
  int64_t batch, height, width, channels;
  int64_t out_height, out_width;
  int64_t window_height, window_width;
  int64_t stride_height, stride_width;
  int64_t top, left;  // how far the first window begins before the images
};

void max_pool(const Helpers& helpers, const PoolShape& s, const float* images, float* result);

// `gradient`, which has a number for every window, added to where the first maximum of the window
// is, by rows. As in the forward direction a NaN counts for nothing.
void max_pool_gradient(const Helpers& helpers, const PoolShape& s, const float* images,
                       const float* gradient, float* result);

}  // namespace tf1x
