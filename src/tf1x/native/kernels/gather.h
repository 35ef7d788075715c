// Rows of a table.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "parallel.h"

namespace tf1x {

struct Table {
  const char* data;
  int64_t rows, row_bytes;  // at least one row
};

// The rows that `indices` name, the first or last one for an index outside, one after the other.
// Rows of a large table lie on pages of their own, so they are asked for some steps ahead.
template <typename Index>
void gather_rows(const Helpers& helpers, const Table& table, const Index* indices, int64_t count,
                 char* out) {
  constexpr int64_t kBlock = 32, kAhead = 6, kLine = 64;
  const auto row = [&](int64_t i) {
    const int64_t index = std::clamp<int64_t>(indices[i], 0, table.rows - 1);
    return table.data + index * table.row_bytes;
  };
  parallel_for(helpers, (count + kBlock - 1) / kBlock, [&](int64_t block) {
    const int64_t end = std::min(count, (block + 1) * kBlock);
    for (int64_t i = block * kBlock; i < end; ++i) {
      if (i + kAhead < end) {
        const char* next = row(i + kAhead);
        for (int64_t at = 0; at < std::min<int64_t>(table.row_bytes, 8 * kLine); at += kLine) {
          __builtin_prefetch(next + at);
        }
      }
      std::memcpy(out + i * table.row_bytes, row(i), table.row_bytes);
    }
  });
}

}  // namespace tf1x
