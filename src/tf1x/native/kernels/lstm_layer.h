// An LSTM over all steps of its inputs, which are known beforehand; float32.
#pragma once

#include "lstm.h"

namespace tf1x {

// Arrays by rows. `weights` [units, 4 units] are those of the output of the step before, `bias`
// [4 units] may be null; `memory` and `output` [rows, units] are those before the first step. Where
// `ended` [steps, rows] holds, which may be null, a row has memory and output of the step before.
struct LstmLayer {
  LstmCell cell;
  int64_t steps;
  const float *weights, *bias, *memory, *output;
  const bool* ended;
};

// `outputs` [steps, rows, units], where no row has ended; memories and outputs that the next step
// has, alike; and for the gradient what the gates are after sigmoid and tanh, [steps, rows, 4 units].
// `states` is `outputs` if no rows end. Without the gates, null, `memories` has one step's place.
struct LstmLayerResults {
  float *outputs, *states, *memories, *gates;
};
struct KeptLstmLayerResults {
  const float *states, *memories, *gates;
};

// `inputs` is what the inputs of the steps add to the gates, [steps, rows, 4 units]; the gates may
// take its place.
void lstm_layer(const Helpers& helpers, const LstmLayer& layer, const float* inputs,
                const LstmLayerResults& results);

// Gradients of `inputs` (it may take the place of the gates), of the weights, the bias and of memory
// and output before the first step.
struct LstmLayerGradients {
  float *inputs, *weights, *bias, *memory, *output;
};

// From the gradients of the outputs and of memory and output after the last step.
void lstm_layer_gradient(const Helpers& helpers, const LstmLayer& layer,
                         const KeptLstmLayerResults& results, const float* of_outputs,
                         const float* of_memory, const float* of_output,
                         const LstmLayerGradients& gradients);

}  // namespace tf1x
