// TensorFlow's random fills: see tf1x/ops/philox.py, whose numbers these are, bit for bit.
#pragma once

#include <cstdint>

#include "parallel.h"

namespace tf1x {

enum class Fill : int64_t { kWords, kUniform, kNormal, kTruncatedNormal };

struct Stream {
  uint64_t seed, seed2, first_block;
};

// `count` values from the stream's first block on; Value is uint32_t (kWords), float or double.
template <typename Value>
void fill(const Helpers& helpers, Fill kind, const Stream& stream, int64_t count, Value* out);

}  // namespace tf1x
