// Classes drawn one after the other, none twice: see tf1x/ops/candidate_sampling.py.
#pragma once

#include <cstdint>

#include "random.h"

namespace tf1x {

enum class Distribution : int64_t { kUniform, kLogUniform };

// The first `wanted` different classes below `range` that the stream gives, two words a draw.
// Returns the number of draws.
int64_t draw_different(Distribution distribution, Stream stream, int64_t range, int64_t wanted,
                       int64_t* classes);

}  // namespace tf1x
