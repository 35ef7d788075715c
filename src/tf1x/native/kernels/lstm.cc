// One pass over gates and memory, where XLA's code takes a loop for each gate and its gradient.
#include "lstm.h"

#include "gates.h"
#include "tiles.h"

namespace tf1x {
namespace {

// Units that a thread takes at a time, in all rows: what it sums for the bias stays in a first cache.
constexpr int64_t kUnits = 64;

// Calls f(first unit, units) for parts of the units.
template <typename F>
inline void for_parts(const Helpers& helpers, const LstmCell& cell, const F& f) {
  parallel_for(helpers, ceil_div(cell.units, kUnits), [&](int64_t index) {
    const int64_t first = index * kUnits;
    f(first, std::min(kUnits, cell.units - first));
  });
}

}  // namespace

void lstm_step(const Helpers& helpers, const LstmCell& cell, const LstmInputs& inputs, float* memory,
               float* output, float* gates) {
  for_parts(helpers, cell, [&](int64_t first, int64_t units) {
    for (int64_t row = 0; row < cell.rows; ++row) {
      for (int64_t u = first; u < first + units; u += kLanes) {
        const int64_t count = std::min<int64_t>(kLanes, first + units - u);
        const auto place = [&](int gate) { return cell.order[gate] * cell.units + u; };
        const auto sum = [&](int gate) {
          const int64_t at = row * 4 * cell.units + place(gate);
          Vector x = some(inputs.product + at, count);
          if (inputs.added) x += some(inputs.added + at, count);
          if (inputs.bias) x += some(inputs.bias + place(gate), count);
          return x;
        };
        const Gates found = gates_of(sum, cell.forget_bias);
        const int64_t here = row * cell.units + u;
        const Vector c = found.memory(some(inputs.before + here, count));
        put(memory + here, c, count);
        put(output + here, tanh(c) * found.o, count);
        if (!gates) continue;
        const Vector all[] = {found.i, found.j, found.f, found.o};
        for (int gate = 0; gate < 4; ++gate) {
          put(gates + row * 4 * cell.units + place(gate), all[gate], count);
        }
      }
    }
  });
}

void lstm_gradient(const Helpers& helpers, const LstmCell& cell, const float* gates,
                   const float* before, const float* of_memory, const float* of_output,
                   float* to_product, float* to_bias, float* to_before) {
  for_parts(helpers, cell, [&](int64_t first, int64_t units) {
    Vector sums[4][kUnits / kLanes] = {};
    for (int64_t row = 0; row < cell.rows; ++row) {
      for (int64_t u = first; u < first + units; u += kLanes) {
        const int64_t count = std::min<int64_t>(kLanes, first + units - u);
        const auto at = [&](int gate) { return (row * 4 + cell.order[gate]) * cell.units + u; };
        const auto gate_at = [&](int gate) { return some(gates + at(gate), count); };
        const Gates given{gate_at(0), gate_at(1), gate_at(2), gate_at(3)};
        const int64_t here = row * cell.units + u;
        const GatesGradient found(given, some(before + here, count), some(of_memory + here, count),
                                  some(of_output + here, count));
        put(to_before + here, found.before, count);
        for (int gate = 0; gate < 4; ++gate) {
          put(to_product + at(gate), found.sums[gate], count);
          sums[gate][(u - first) / kLanes] += found.sums[gate];
        }
      }
    }
    for (int gate = 0; gate < 4; ++gate) {
      for (int64_t u = 0; u < units; u += kLanes) {
        put(to_bias + cell.order[gate] * cell.units + first + u, sums[gate][u / kLanes],
            std::min<int64_t>(kLanes, units - u));
      }
    }
  });
}

}  // namespace tf1x
