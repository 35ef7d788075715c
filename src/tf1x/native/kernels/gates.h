// What an LSTM does to its gates (Hochreiter and Schmidhuber 1997), a vector of units at a time.
#pragma once

#include "tiles.h"

namespace tf1x {
namespace {

typedef int32_t Integers __attribute__((vector_size(4 * kLanes)));

// exp(x) - 1, of x between -88 and 88: 2^n (exp(r) - 1) + (2^n - 1), where r = x - n ln 2 is so small
// that seven terms of its series are exact to half a unit of the last place.
inline Vector exponential_less_one(Vector x) {
  x = x < -88.0f ? Vector{} - 88.0f : x;
  x = x > 88.0f ? Vector{} + 88.0f : x;
  // The sum's last bits are the nearest whole number.
  const Vector shift = Vector{} + 12582912.0f;
  const Vector shifted = x * 1.44269504f + shift;
  const Vector n = shifted - shift;
  const Vector r = (x - n * 0.693359375f) + n * 2.12194440e-4f;  // ln 2, its first bits and the rest
  Vector series = r * (1.0f / 5040) + 1.0f / 720;
  series = series * r + 1.0f / 120;
  series = series * r + 1.0f / 24;
  series = series * r + 1.0f / 6;
  series = series * r + 0.5f;
  series = series * (r * r) + r;
  const Vector power = (Vector)(((Integers)shifted - (Integers)shift + 127) << 23);
  return power * series + (power - 1.0f);
}

inline Vector sigmoid(Vector x) { return 1.0f / (exponential_less_one(-x) + 2.0f); }

inline Vector tanh(Vector x) {
  x = x < -10.0f ? Vector{} - 10.0f : x;
  x = x > 10.0f ? Vector{} + 10.0f : x;
  const Vector e = exponential_less_one(x + x);
  return e / (e + 2.0f);
}

}  // namespace
}  // namespace tf1x
