// Products of two matrices of float32. (gemm.h is for one that many products share.)
#pragma once

#include <cstdint>

#include "parallel.h"

namespace tf1x {

// A matrix in memory, by rows or, where it is the transpose of one by rows, by columns: element
// (i, j) is data[i * row + j * column].
struct Matrix {
  const float* data;
  int64_t row, column;
};

// result[rows, columns] = left[rows, terms] * right[terms, columns].
void matmul(const Helpers& helpers, int64_t rows, int64_t terms, int64_t columns,
            const Matrix& left, const Matrix& right, float* result);

// result[rows, columns] += factor * left[rows, terms] * right[terms, columns].
void add_matmul(const Helpers& helpers, int64_t rows, int64_t terms, int64_t columns,
                const Matrix& left, const Matrix& right, float factor, float* result);

}  // namespace tf1x
