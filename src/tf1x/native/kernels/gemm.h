// Products of matrices, one of which is laid out for it beforehand: weights that many products
// (the steps of a loop) use.
#pragma once

#include <cstdint>

#include "parallel.h"

namespace tf1x {

// How many floats `pack` writes for a matrix of `rows` by `columns`.
int64_t packed_size(int64_t rows, int64_t columns);

// Lays out a matrix as the right factor of products. `matrix` is [rows, columns] by rows, or with
// `transposed` [columns, rows].
void pack(const Helpers& helpers, const float* matrix, int64_t rows, int64_t columns,
          bool transposed, float* packed);

// result[count, columns] = left[count, rows] * the packed matrix.
void multiply(const Helpers& helpers, const float* left, const float* packed, int64_t count,
              int64_t rows, int64_t columns, float* result);

}  // namespace tf1x
