// The update of variables by Adam.
#pragma once

#include <cstdint>

#include "parallel.h"

namespace tf1x {

struct AdamRates {
  float rate, beta1, beta2, epsilon;  // rate: with the correction for the first steps
};

// A variable and its two moments, `count` numbers each.
template <typename Float>
struct AdamArrays {
  Float *value, *mean, *square;
};

// mean += (gradient - mean) * (1 - beta1); square += (gradient^2 - square) * (1 - beta2);
// value -= rate * mean / (sqrt(square) + epsilon). With `keep` the results are the old values. They
// may lie where these do.
void adam(const Helpers& helpers, int64_t count, const AdamRates& rates, const float* gradient,
          const AdamArrays<const float>& old, const AdamArrays<float>& result, bool keep);

}  // namespace tf1x
