// One pass over four arrays, where XLA's CPU code takes three.
#include "adam.h"

#include <cmath>
#include <cstring>

namespace tf1x {
namespace {

// Numbers that are handled together, in loops that the compiler turns into vector code.
constexpr int64_t kBatch = 64;
// What one thread takes at a time.
constexpr int64_t kPerItem = 256 * kBatch;

struct Batch {
  float values[kBatch];

  Batch(const float* from, int64_t count) {
    if (count == kBatch) {
      std::memcpy(values, from, sizeof values);
    } else {
      std::memset(values, 0, sizeof values);
      std::memcpy(values, from, count * sizeof(float));
    }
  }

  void store(float* to, int64_t count) const {
    if (count == kBatch) {
      std::memcpy(to, values, sizeof values);
    } else {
      std::memcpy(to, values, count * sizeof(float));
    }
  }
};

}  // namespace

void adam(const Helpers& helpers, int64_t count, const AdamRates& rates, const float* gradient,
          const AdamArrays<const float>& old, const AdamArrays<float>& result, bool keep) {
  if (keep) {
    std::memmove(result.value, old.value, count * sizeof(float));
    std::memmove(result.mean, old.mean, count * sizeof(float));
    std::memmove(result.square, old.square, count * sizeof(float));
    return;
  }
  const float rest1 = 1 - rates.beta1, rest2 = 1 - rates.beta2;
  parallel_for(helpers, (count + kPerItem - 1) / kPerItem, [&](int64_t item) {
    const int64_t end = std::min(count, (item + 1) * kPerItem);
    for (int64_t at = item * kPerItem; at < end; at += kBatch) {
      const int64_t here = std::min(kBatch, end - at);
      const Batch g(gradient + at, here);
      Batch value(old.value + at, here), mean(old.mean + at, here), square(old.square + at, here);
      for (int64_t i = 0; i < kBatch; ++i) {
        const float x = g.values[i];
        mean.values[i] += (x - mean.values[i]) * rest1;
        square.values[i] += (x * x - square.values[i]) * rest2;
        value.values[i] -=
            mean.values[i] * rates.rate / (std::sqrt(square.values[i]) + rates.epsilon);
      }
      value.store(result.value + at, here);
      mean.store(result.mean + at, here);
      square.store(result.square + at, here);
    }
  });
}

}  // namespace tf1x
