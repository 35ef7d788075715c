// Products with a packed matrix.
//
// As in matmul.cc a tile of the result stays in vector registers while terms are added. Here the
// left factor has few rows, so that most of the time goes into bringing the packed matrix from
// memory: it is read once, in order, and its next part is fetched while one is used. Each number is
// the sum of one thread in a fixed order, so numbers do not depend on the number of threads.
#include "gemm.h"

#include <cstring>

#include "panels.h"
#include "tiles.h"

namespace tf1x {
namespace {

// A tile: kRows rows of kVectors vectors, and registers for a panel's row.
// Batches are mostly whole numbers of such rows.
constexpr int kVectors = 3, kWidth = kVectors * kLanes;
constexpr int kRows = kRegisters == 32 ? 8 : 4;
// Terms that are added at a time: a panel's part, 24 KiB, stays in a first cache.
constexpr int64_t kDepth = 6144 / kWidth;
// Rows of the left factor at a time: their copy stays in the second cache.
constexpr int64_t kBlock = 256;
// A thread is worth waking for so many multiplications.
constexpr int64_t kWorth = 1 << 20;

// The left factor's rows in groups of kRows: [part of the sum][group][term][row], zeros where there
// is no row.
void pack_left(const float* left, int64_t count, int64_t rows, float* packed) {
  for (int64_t start = 0; start < rows; start += kDepth) {
    const int64_t depth = std::min(kDepth, rows - start);
    for (int64_t m = 0; m < count; m += kRows, packed += depth * kRows) {
      const int64_t valid = std::min<int64_t>(kRows, count - m);
      const float* from = left + m * rows + start;
      int64_t k = 0;
      for (; k + kLanes <= depth; k += kLanes) {
        Vector block[kRows] = {};
        for (int64_t i = 0; i < valid; ++i) block[i] = load(from + i * rows + k);
        by_columns<kRows>(block);
        for (int i = 0; i < kRows; ++i) store(packed + k * kRows + i * kLanes, block[i]);
      }
      for (; k < depth; ++k) {
        for (int64_t i = 0; i < kRows; ++i) packed[k * kRows + i] = i < valid ? from[i * rows + k] : 0;
      }
    }
  }
}

// kRows rows by one panel: adds `depth` terms to the sums in `result`, or starts them.
//
// `ahead` is fetched into the cache meanwhile, `depth` vectors of it.
inline void tile(const float* left, const float* panel, const float* ahead, int64_t depth,
                 float* result, int64_t stride, int64_t valid_rows, int64_t valid_columns,
                 bool first) {
  Vector sums[kRows][kVectors] = {};
#pragma GCC unroll 4
  for (int64_t k = 0; k < depth; ++k, left += kRows, panel += kWidth, ahead += kLanes) {
    __builtin_prefetch(ahead);
    Vector right[kVectors];
    for (int v = 0; v < kVectors; ++v) right[v] = load(panel + v * kLanes);
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      for (int v = 0; v < kVectors; ++v) sums[i][v] += left[i] * right[v];
    }
  }
  if (valid_rows == kRows && valid_columns == kWidth) {
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      for (int v = 0; v < kVectors; ++v) {
        float* at = result + i * stride + v * kLanes;
        store(at, first ? sums[i][v] : load(at) + sums[i][v]);
      }
    }
    return;
  }
  float whole[kRows][kWidth];
  std::memcpy(whole, sums, sizeof(whole));
  for (int64_t i = 0; i < valid_rows; ++i) {
    float* row = result + i * stride;
    for (int64_t j = 0; j < valid_columns; ++j) {
      row[j] = first ? whole[i][j] : row[j] + whole[i][j];
    }
  }
}

// One panel of the result's columns, for the groups of rows in [first, last) of `count` rows, at most
// kBlock.
void panel_product(const float* left, const float* panel, int64_t count, int64_t first, int64_t last,
                   int64_t rows, int64_t valid_columns, float* result, int64_t stride) {
  for (int64_t start = 0; start < rows; start += kDepth) {
    const int64_t depth = std::min(kDepth, rows - start);
    for (int64_t group = first; group < last; ++group) {
      const int64_t m = group * kRows, part = group - first;
      const float* ahead = panel + (part < kVectors ? (kVectors + part) * depth * kLanes : 0);
      tile(left + m * depth, panel, ahead, depth, result + m * stride, stride,
           std::min<int64_t>(kRows, count - m), valid_columns, start == 0);
    }
    left += ceil_div(count, kRows) * kRows * depth;
    panel += depth * kWidth;
  }
}

}  // namespace

int64_t packed_size(int64_t rows, int64_t columns) {
  return ceil_div(columns, kWidth) * kWidth * rows;
}

void pack(const Helpers& helpers, const float* matrix, int64_t rows, int64_t columns,
          bool transposed, float* packed) {
  parallel_for(helpers, ceil_div(columns, kWidth), [&](int64_t index) {
    const int64_t first = index * kWidth, valid = std::min<int64_t>(kWidth, columns - first);
    const Matrix right = transposed ? Matrix{matrix + first * rows, 1, rows}
                                    : Matrix{matrix + first, columns, 1};
    pack_panel<kVectors>(right, rows, valid, packed + first * rows);
  });
}

void multiply(const Helpers& given, const float* left, const float* packed, int64_t count,
              int64_t rows, int64_t columns, float* result) {
  if (rows == 0) std::memset(result, 0, count * columns * sizeof(float));
  const int64_t panels = ceil_div(columns, kWidth);
  for (int64_t done = 0; done < count; done += kBlock) {
    const int64_t now = std::min(kBlock, count - done);
    Helpers helpers = given;
    helpers.count = std::min(given.count, now * rows * columns / kWorth);
    float* ready = scratch(ceil_div(now, kRows) * kRows * rows);
    pack_left(left + done * rows, now, rows, ready);
    // What cannot be shared evenly by panels is shared by groups of rows.
    const int64_t groups = ceil_div(now, kRows), whole = panels - panels % (helpers.count + 1);
    parallel_for(helpers, whole + (panels - whole) * groups, [&](int64_t index) {
      const int64_t more = std::max<int64_t>(index - whole, 0);
      const int64_t group = more % groups, first = (std::min(index, whole) + more / groups) * kWidth;
      panel_product(ready, packed + first * rows, now, index < whole ? 0 : group,
                    index < whole ? groups : group + 1, rows,
                    std::min<int64_t>(kWidth, columns - first), result + done * columns + first,
                    columns);
    });
  }
}

}  // namespace tf1x
