// An LSTM's step after the product of its weights (Hochreiter and Schmidhuber 1997), float32.
#pragma once

#include <array>
#include <cstdint>

#include "parallel.h"

namespace tf1x {

// `order`: which quarter of a row of [rows, 4 units] belongs to the input gate, the candidate, the
// forget gate and the output gate.
struct LstmCell {
  int64_t rows, units;
  float forget_bias;
  std::array<int64_t, 4> order;
};

// What is summed to the gates: `product` and `added` [rows, 4 units], `bias` [4 units], the last two
// or null; and the memory before the step, [rows, units].
struct LstmInputs {
  const float *product, *added, *bias, *before;
};

// Memory and output after the step, [rows, units]; what the gates are after sigmoid and tanh, like
// the product, unless `gates` is null.
void lstm_step(const Helpers& helpers, const LstmCell& cell, const LstmInputs& inputs, float* memory,
               float* output, float* gates);

// Gradients of the product (also that of `added`), the bias and the memory before, from `gates` and
// `before` of the step and the gradients of its memory and output.
void lstm_gradient(const Helpers& helpers, const LstmCell& cell, const float* gates,
                   const float* before, const float* of_memory, const float* of_output,
                   float* to_product, float* to_bias, float* to_before);

}  // namespace tf1x
