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

// What is done to a product while it is near: `bias` [columns] is added, what is below 0 becomes 0, and
// where `mask` [rows, columns] is not above 0 it is multiplied by 0. Both arrays may be null.
struct Finish {
  const float* bias = nullptr;
  bool rectifies = false;
  const float* mask = nullptr;
};

// result[rows, columns] = left[rows, terms] * right[terms, columns].
void matmul(const Helpers& helpers, int64_t rows, int64_t terms, int64_t columns,
            const Matrix& left, const Matrix& right, float* result, const Finish& finish = {});

// result[rows, columns] += factor * left[rows, terms] * right[terms, columns].
void add_matmul(const Helpers& helpers, int64_t rows, int64_t terms, int64_t columns,
                const Matrix& left, const Matrix& right, float factor, float* result);

}  // namespace tf1x
