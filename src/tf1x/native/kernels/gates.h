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

// Input gate, candidate, forget gate and output gate, after sigmoid and tanh.
struct Gates {
  Vector i, j, f, o;

  Vector memory(Vector before) const { return i * j + f * before; }
};

// From what is summed to each; sum(number of the gate).
template <typename Sum>
inline Gates gates_of(const Sum& sum, float forget_bias) {
  return {sigmoid(sum(0)), tanh(sum(1)), sigmoid(sum(2) + forget_bias), sigmoid(sum(3))};
}

// Gradients of the sums to the four gates, and of the memory before by way of the forget gate.
struct GatesGradient {
  Vector sums[4], before;

  GatesGradient(const Gates& g, Vector c, Vector of_memory, Vector of_output) {
    const Vector squashed = tanh(g.memory(c));
    const Vector of_c = of_memory + of_output * g.o * (1.0f - squashed * squashed);
    before = of_c * g.f;
    sums[0] = of_c * g.j * g.i * (1.0f - g.i), sums[1] = of_c * g.i * (1.0f - g.j * g.j);
    sums[2] = of_c * c * g.f * (1.0f - g.f), sums[3] = of_output * squashed * g.o * (1.0f - g.o);
  }
};

}  // namespace
}  // namespace tf1x
