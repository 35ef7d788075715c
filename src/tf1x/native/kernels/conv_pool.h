// The largest number of every window of a convolution's results.
#pragma once

#include "conv.h"
#include "pool.h"

namespace tf1x {

// As `conv_forward` and `max_pool` one after the other, the same bits, for images of which `pool` takes
// the convolution's results. These stay in a cache, a few images at a time.
void conv_max_pool(const Helpers& helpers, const ConvShape& s, const PoolShape& pool,
                   const float* images, const float* filter, float* result);

}  // namespace tf1x
