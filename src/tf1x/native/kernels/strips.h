// Products of rows with panels of columns (panels.h): a tile of the result, a few rows of one panel's
// width, stays in vector registers while the terms of its sums are added.
#pragma once

#include <cstring>

#include "tiles.h"

namespace tf1x {
namespace {

// A tile: kRows rows of kVectors vectors, and registers for a panel's row.
constexpr int kVectors = kRegisters == 32 ? 4 : 3, kWidth = kVectors * kLanes;
constexpr int kRows = (kRegisters - kVectors - 1) / kVectors;

// Rows of the left matrix, `stride` apart, or `packed` by `pack_rows`.
struct LeftRows {
  const float* data;
  int64_t stride, count;
  bool packed;
};

// Columns of the result, at most kWidth; `adds`: the sums times `factor` are added to what is there.
struct Strip {
  float* data;
  int64_t stride, width;
  bool adds;
  float factor;
};

// `Count` rows of a strip that has as many vectors as `Vectors`, from a panel.
//
// With addresses known but for a register, four terms at a time take few instructions beside the
// multiplications: 1.1 times as fast where another thread of the same core has its share.
template <int Count, int Vectors, bool Packed>
inline void tile(const float* left, int64_t left_stride, const float* panel, int64_t terms,
                 float* result, const Strip& strip) {
  const int64_t row = Packed ? 1 : left_stride, column = Packed ? Count : 1;
  for (int i = 0; i < Count; ++i) {  // they are wanted in the end
    __builtin_prefetch(result + i * strip.stride, 1);
    __builtin_prefetch(result + i * strip.stride + strip.width - 1, 1);
  }
  Vector sums[Count][Vectors] = {};
#pragma GCC unroll 4
  for (int64_t k = 0; k < terms; ++k, left += column, panel += kWidth) {
    Vector right[Vectors];
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) right[v] = load(panel + v * kLanes);
#pragma GCC unroll 8
    for (int i = 0; i < Count; ++i) {
      const float x = left[i * row];
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) sums[i][v] += x * right[v];
    }
  }
  const bool adds = strip.adds;
  const float factor = strip.factor;
#pragma GCC unroll 8
  for (int i = 0; i < Count; ++i) {
    float* to = result + i * strip.stride;
    if (strip.width == Vectors * kLanes) {
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) {
        store(to + v * kLanes, adds ? load(to + v * kLanes) + factor * sums[i][v] : sums[i][v]);
      }
    } else {
      float values[Vectors * kLanes];
      std::memcpy(values, &sums[i], sizeof values);
      for (int64_t j = 0; j < strip.width; ++j) {
        to[j] = adds ? to[j] + factor * values[j] : values[j];
      }
    }
  }
}

template <int Vectors, bool Packed>
void tiles_of(const LeftRows& left, const float* panel, int64_t terms, const Strip& strip) {
  in_parts(left.count, kRows, [&](int64_t row, int64_t length) {
    const float* from = left.data + row * (Packed ? terms : left.stride);
    with_constant<kRows>(length, [&](auto count) {
      tile<count(), Vectors, Packed>(from, left.stride, panel, terms,
                                     strip.data + row * strip.stride, strip);
    });
  });
}

// All rows of a strip.
void tiles(const LeftRows& left, const float* panel, int64_t terms, const Strip& strip) {
  with_constant<kVectors>(ceil_div(strip.width, kLanes), [&](auto vectors) {
    if (left.packed) {
      tiles_of<vectors(), true>(left, panel, terms, strip);
    } else {
      tiles_of<vectors(), false>(left, panel, terms, strip);
    }
  });
}

}  // namespace
}  // namespace tf1x
