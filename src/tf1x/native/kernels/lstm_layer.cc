// In each step threads share the units: one of them makes the products that a block of units wants
// and, while these are near, what follows. The weights are laid out once for all steps.
#include "lstm_layer.h"

#include <cstring>

#include "gates.h"
#include "matmul.h"
#include "panels.h"
#include "strips.h"
#include "tiles.h"

namespace tf1x {
namespace {

// Terms that are added at a time: so much of a panel takes an eighth of the second cache.
constexpr int64_t kDepth = 512;

// Rows [rows, terms] times a panel, added to `sums` [rows, kWidth].
inline void add_product(const float* left, int64_t rows, int64_t terms, const float* panel,
                        float* sums) {
  for (int64_t start = 0; start < terms; start += kDepth) {
    const int64_t depth = std::min(kDepth, terms - start);
    tiles({left + start, terms, rows, false}, panel + start * kWidth, depth,
          {sums, kWidth, kWidth, true, 1});
  }
}

// Sizes of a layer, and its units in blocks of a panel's width.
struct Sizes {
  int64_t rows, units, step, blocks;

  explicit Sizes(const LstmCell& cell)
      : rows(cell.rows), units(cell.units), step(cell.rows * cell.units),
        blocks(ceil_div(cell.units, kWidth)) {}

  int64_t width(int64_t block) const { return std::min<int64_t>(kWidth, units - block * kWidth); }

  // Calls f(row, unit, place of the unit in the block, units) for a block's, a vector at a time.
  template <typename F>
  void for_vectors(int64_t block, const F& f) const {
    const int64_t end = width(block);
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t u = 0; u < end; u += kLanes) {
        f(row, block * kWidth + u, u, std::min<int64_t>(kLanes, end - u));
      }
    }
  }
};

Helpers for_blocks(const Helpers& helpers, const Sizes& sizes) {
  Helpers some = helpers;
  some.count = std::min(helpers.count, sizes.blocks - 1);
  return some;
}

}  // namespace

void lstm_layer(const Helpers& helpers, const LstmLayer& layer, const float* inputs,
                const LstmLayerResults& results) {
  const auto& cell = layer.cell;
  const Sizes sizes(cell);
  const int64_t rows = sizes.rows, units = sizes.units, panel = units * kWidth;
  const Buffer packed = buffer(4 * sizes.blocks * panel);
  parallel_for(helpers, 4 * sizes.blocks, [&](int64_t i) {
    const int64_t block = i / 4, column = cell.order[i % 4] * units + block * kWidth;
    pack_panel<kVectors>({layer.weights + column, 4 * units, 1}, units, sizes.width(block),
                         packed.get() + i * panel);
  });
  const int64_t memory_step = results.gates ? sizes.step : 0;

  parallel_steps(for_blocks(helpers, sizes), layer.steps, sizes.blocks, [&](int64_t step, int64_t block) {
    const float* output = step ? results.states + (step - 1) * sizes.step : layer.output;
    const float* memory = step ? results.memories + (step - 1) * memory_step : layer.memory;
    float* sums = scratch(4 * rows * kWidth);
    const auto at = [&](int64_t row, int gate, int64_t u) {
      return ((step * rows + row) * 4 + cell.order[gate]) * units + u;
    };
    for (int gate = 0; gate < 4; ++gate) {
      float* to = sums + gate * rows * kWidth;
      sizes.for_vectors(block, [&](int64_t row, int64_t u, int64_t place, int64_t count) {
        Vector x = some(inputs + at(row, gate, u), count);
        if (layer.bias) x += some(layer.bias + cell.order[gate] * units + u, count);
        store(to + row * kWidth + place, x);
      });
      add_product(output, rows, units, packed.get() + (block * 4 + gate) * panel, to);
    }
    sizes.for_vectors(block, [&](int64_t row, int64_t u, int64_t place, int64_t count) {
      const auto sum = [&](int gate) { return load(sums + (gate * rows + row) * kWidth + place); };
      const Gates found = gates_of(sum, cell.forget_bias);
      const int64_t here = row * units + u;
      const Vector before = some(memory + here, count), c = found.memory(before);
      const Vector h = tanh(c) * found.o;
      const bool ended = layer.ended && layer.ended[step * rows + row];
      put(results.memories + step * memory_step + here, ended ? before : c, count);
      put(results.outputs + step * sizes.step + here, h, count);
      if (layer.ended) {
        put(results.states + step * sizes.step + here, ended ? some(output + here, count) : h, count);
      }
      if (!results.gates) return;
      const Vector all[] = {found.i, found.j, found.f, found.o};
      for (int gate = 0; gate < 4; ++gate) put(results.gates + at(row, gate, u), all[gate], count);
    });
  });
}

void lstm_layer_gradient(const Helpers& helpers, const LstmLayer& layer,
                         const KeptLstmLayerResults& results, const float* of_outputs,
                         const float* of_memory, const float* of_output,
                         const LstmLayerGradients& gradients) {
  const auto& cell = layer.cell;
  const Sizes sizes(cell);
  const int64_t rows = sizes.rows, units = sizes.units, panel = 4 * units * kWidth;
  const Buffer packed = buffer(sizes.blocks * panel);
  parallel_for(helpers, sizes.blocks, [&](int64_t block) {
    pack_panel<kVectors>({layer.weights + block * kWidth * 4 * units, 1, 4 * units}, 4 * units,
                         sizes.width(block), packed.get() + block * panel);
  });
  std::memset(gradients.bias, 0, 4 * units * sizeof(float));
  std::memcpy(gradients.memory, of_memory, sizes.step * sizeof(float));
  std::memcpy(gradients.output, of_output, sizes.step * sizeof(float));

  // Step -1 is what was before the first.
  parallel_steps(for_blocks(helpers, sizes), layer.steps + 1, sizes.blocks, [&](int64_t item, int64_t block) {
    const int64_t step = layer.steps - 1 - item, start = step * sizes.step;
    float* sums = scratch(rows * kWidth);
    // Of the output that the next step has: what that step's gates give, and what rows that have ended
    // there hand on.
    sizes.for_vectors(block, [&](int64_t row, int64_t u, int64_t place, int64_t count) {
      const bool first = item == 0 || (layer.ended && layer.ended[(step + 1) * rows + row]);
      const Vector handed = first ? some(gradients.output + row * units + u, count) : Vector{};
      store(sums + row * kWidth + place, handed);
    });
    if (item) {
      add_product(gradients.inputs + 4 * (start + sizes.step), rows, 4 * units,
                  packed.get() + block * panel, sums);
    }
    const float* memory = step > 0 ? results.memories + start - sizes.step : layer.memory;
    Vector of_bias[4][kVectors] = {};
    sizes.for_vectors(block, [&](int64_t row, int64_t u, int64_t place, int64_t count) {
      const int64_t here = row * units + u;
      const Vector of_state = load(sums + row * kWidth + place);
      if (step < 0 || layer.ended) put(gradients.output + here, of_state, count);
      if (step < 0) return;
      const bool ended = layer.ended && layer.ended[step * rows + row];
      const Vector given = some(of_outputs + start + here, count), zero = {};
      const Vector g = ended ? given : given + of_state;
      const auto at = [&](int gate) { return 4 * (start + row * units) + cell.order[gate] * units + u; };
      const auto gate = [&](int which) { return some(results.gates + at(which), count); };
      const Vector of_memory = some(gradients.memory + here, count);
      const GatesGradient found({gate(0), gate(1), gate(2), gate(3)}, some(memory + here, count),
                                ended ? zero : of_memory, g);
      put(gradients.memory + here, found.before + (ended ? of_memory : zero), count);
      for (int which = 0; which < 4; ++which) {
        put(gradients.inputs + at(which), found.sums[which], count);
        of_bias[which][place / kLanes] += found.sums[which];
      }
    });
    for (int64_t u = 0; step >= 0 && u < sizes.width(block); u += kLanes) {
      const int64_t count = std::min<int64_t>(kLanes, sizes.width(block) - u);
      for (int which = 0; which < 4; ++which) {
        float* to = gradients.bias + cell.order[which] * units + block * kWidth + u;
        put(to, some(to, count) + of_bias[which][u / kLanes], count);
      }
    }
  });

  const auto right = [&](int64_t step) {
    return Matrix{gradients.inputs + step * 4 * sizes.step, 4 * units, 1};
  };
  matmul(helpers, units, rows, 4 * units, {layer.output, 1, units}, right(0), gradients.weights);
  add_matmul(helpers, units, (layer.steps - 1) * rows, 4 * units, {results.states, 1, units},
             right(1), 1, gradients.weights);
}

}  // namespace tf1x
