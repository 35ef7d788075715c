// Columns of a matrix laid out as tiles read them: a panel, [term][Vectors * kLanes].
#pragma once

#include <cstring>

#include "matmul.h"
#include "tiles.h"

namespace tf1x {
namespace {

template <int... I>
inline void interleave(Vector a, Vector b, Vector* out, std::integer_sequence<int, I...>) {
#if defined(__clang__) || __GNUC__ >= 12
  out[0] = __builtin_shufflevector(a, b, (I % 2 * kLanes + I / 2)...);
  out[1] = __builtin_shufflevector(a, b, (I % 2 * kLanes + (kLanes + I) / 2)...);
#else
  typedef int Indices __attribute__((vector_size(4 * kLanes)));
  out[0] = __builtin_shuffle(a, b, Indices{(I % 2 * kLanes + I / 2)...});
  out[1] = __builtin_shuffle(a, b, Indices{(I % 2 * kLanes + (kLanes + I) / 2)...});
#endif
}

// `Rows` vectors, a power of two, with their numbers in the order of the columns: number k of vector i
// comes to place k * Rows + i of them all.
template <int Rows>
inline void by_columns(Vector* rows) {
  Vector next[Rows];
  for (int n = 1; n < Rows; n *= 2) {
    for (int i = 0; i < Rows / 2; ++i) {
      interleave(rows[i], rows[i + Rows / 2], next + 2 * i,
                 std::make_integer_sequence<int, kLanes>());
    }
    std::memcpy(rows, next, sizeof next);
  }
}

// A block of kLanes by kLanes numbers, transposed.
inline void transpose(const float* from, int64_t from_stride, float* to, int64_t to_stride) {
  Vector rows[kLanes];
  for (int i = 0; i < kLanes; ++i) rows[i] = load(from + i * from_stride);
  by_columns<kLanes>(rows);
  for (int i = 0; i < kLanes; ++i) store(to + i * to_stride, rows[i]);
}

// The first `valid` columns of `right` as one panel, the rest of it zeros.
template <int Vectors>
inline void pack_panel(const Matrix& right, int64_t terms, int64_t valid, float* panel) {
  constexpr int64_t kWidth = Vectors * kLanes;
  if (right.column == 1) {
    for (int64_t k = 0; k < terms; ++k) {
      const float* from = right.data + k * right.row;
      float* to = panel + k * kWidth;
      if (valid == kWidth) {
        for (int v = 0; v < Vectors; ++v) store(to + v * kLanes, load(from + v * kLanes));
      } else {
        std::memcpy(to, from, valid * sizeof(float));
        std::memset(to + valid, 0, (kWidth - valid) * sizeof(float));
      }
    }
    return;
  }
  if (valid < kWidth) std::memset(panel, 0, terms * kWidth * sizeof(float));
  const auto one = [&](int64_t k, int64_t j) {
    panel[k * kWidth + j] = right.data[k * right.row + j * right.column];
  };
  int64_t j = 0;
  for (; j + kLanes <= valid && right.row == 1; j += kLanes) {
    int64_t k = 0;
    for (; k + kLanes <= terms; k += kLanes) {
      transpose(right.data + j * right.column + k, right.column, panel + k * kWidth + j, kWidth);
    }
    for (; k < terms; ++k) {
      for (int64_t i = j; i < j + kLanes; ++i) one(k, i);
    }
  }
  for (; j < valid; ++j) {
    for (int64_t k = 0; k < terms; ++k) one(k, j);
  }
}

}  // namespace
}  // namespace tf1x
