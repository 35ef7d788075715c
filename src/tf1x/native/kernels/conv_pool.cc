#include "conv_pool.h"

#include "tiles.h"

namespace tf1x {
namespace {

// The results of so many images at a time stay in the second cache: 256 KiB.
constexpr int64_t kCached = 1 << 16;

}  // namespace

void conv_max_pool(const Helpers& helpers, const ConvShape& s, const PoolShape& pool,
                   const float* images, const float* filter, float* result) {
  const Convolution convolve = prepared(helpers, s, filter);
  const int64_t size = s.height * s.width * s.channels;
  const int64_t between_size = s.out_height * s.out_width * s.out;
  const int64_t pooled_size = pool.out_height * pool.out_width * s.out;
  const int64_t threads = helpers.count + 1;
  if (s.batch < 2 * threads) {  // threads share each image
    const Buffer between = buffer(s.batch * between_size);
    convolve(helpers, s.batch, images, between.get());
    max_pool(helpers, pool, between.get(), result);
    return;
  }
  const int64_t block = std::clamp<int64_t>(kCached / std::max<int64_t>(between_size, 1), 1,
                                            ceil_div(s.batch, 4 * threads));
  parallel_for(helpers, ceil_div(s.batch, block), [&](int64_t item) {
    const int64_t first = item * block;
    PoolShape part = pool;
    part.batch = std::min(block, s.batch - first);
    const Buffer between = buffer(block * between_size);
    convolve({}, part.batch, images + first * size, between.get());
    max_pool({}, part, between.get(), result + first * pooled_size);
  });
}

}  // namespace tf1x
