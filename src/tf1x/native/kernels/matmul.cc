// Products of matrices.
//
// The right matrix is laid out in panels of columns. A tile of the result, a few rows of one panel's
// width, stays in vector registers while the terms of its sums are added; a panel's part stays in
// the second cache while all rows pass by. Each number is the sum of one thread in a fixed order,
// so numbers do not depend on the number of threads.
#include "matmul.h"

#include <cstring>

#include "panels.h"
#include "strips.h"
#include "tiles.h"

namespace tf1x {
namespace {

// Terms that are added at a time: so much of a panel takes a quarter of the second cache.
constexpr int64_t kDepth = 512;
// Numbers of the right matrix that are laid out at a time for several blocks: 4 MiB.
constexpr int64_t kPacked = 1 << 20;
// Rows that pass by a panel at a time, at least.
constexpr int64_t kBlock = 96;
// Threads that share many blocks of rows end at the same time, also where one is slower: so many for
// each, of so many rows and multiplications at least.
constexpr int64_t kMany = 8, kLeast = 48, kLong = 1 << 22;
// A thread is worth waking for so many multiplications.
constexpr int64_t kWorth = 5 << 18;

// So few rows are not worth laying the right matrix out for: it is read once, where it lies.
constexpr int kFew = 4;
// Then terms are added in parts of this many, each by one thread; and so many are laid out at a time.
constexpr int64_t kPart = 128;
// A thread is worth waking for a right matrix of so many numbers: it has to come from memory.
constexpr int64_t kFar = 1 << 17;

// Columns of the left matrix that lie in order, `height` numbers of each, as tiles' rows:
// [tile][term][row]. Read as they lie, each term's few numbers would be on another cache line.
inline void pack_rows(const Matrix& left, int64_t terms, int64_t height, float* packed) {
  constexpr int64_t kTerms = 16;  // at a time: whole cache lines are read while they are near
  constexpr int64_t kLine = 64 / sizeof(float);
  for (int64_t start = 0; start < terms; start += kTerms) {
    const int64_t end = std::min(terms, start + kTerms);
    for (int64_t k = end; k < std::min(terms, end + kTerms); ++k) {
      const float* next = left.data + k * left.column;
      for (int64_t i = 0; i < height; i += kLine) __builtin_prefetch(next + i);
      __builtin_prefetch(next + height - 1);
    }
    in_parts(height, kRows, [&](int64_t row, int64_t length) {
      with_constant<kRows>(length, [&](auto count) {
        float* to = packed + row * terms + start * count();
        for (int64_t k = start; k < end; ++k, to += count()) {
          std::memcpy(to, left.data + k * left.column + row, count() * sizeof(float));
        }
      });
    });
  }
}

// `sums` [Rows, columns] += left [Rows, Terms] * right [Terms, columns], or `=` at the start.
template <int Rows, int Terms>
inline void add_terms(const Matrix& left, const Matrix& right, int64_t columns, bool start,
                      float* sums) {
  float x[Rows][Terms];
  for (int i = 0; i < Rows; ++i) {
    for (int k = 0; k < Terms; ++k) x[i][k] = left.data[i * left.row + k * left.column];
  }
  int64_t j = 0;
  for (; j + kLanes <= columns; j += kLanes) {
    Vector numbers[Terms];
#pragma GCC unroll 8
    for (int k = 0; k < Terms; ++k) numbers[k] = load(right.data + k * right.row + j);
#pragma GCC unroll 8
    for (int i = 0; i < Rows; ++i) {
      float* to = sums + i * columns + j;
      Vector sum = start ? Vector{} : load(to);
#pragma GCC unroll 8
      for (int k = 0; k < Terms; ++k) sum += x[i][k] * numbers[k];
      store(to, sum);
    }
  }
  for (; j < columns; ++j) {
    for (int i = 0; i < Rows; ++i) {
      float sum = start ? 0 : sums[i * columns + j];
      for (int k = 0; k < Terms; ++k) sum += x[i][k] * right.data[k * right.row + j];
      sums[i * columns + j] = sum;
    }
  }
}

// The product for few rows, and a right matrix by rows.
void multiply_few(const Helpers& given, int64_t rows, int64_t terms, int64_t columns,
                  const Matrix& left, const Matrix& right, float* result) {
  Helpers helpers = given;
  helpers.count = std::min(given.count, terms * columns / kFar);
  const int64_t parts = ceil_div(terms, kPart), size = rows * columns;
  const Buffer partial = buffer((parts - 1) * size);
  parallel_for(helpers, parts, [&](int64_t part) {
    float* sums = part ? partial.get() + (part - 1) * size : result;
    const int64_t first = part * kPart, last = std::min(terms, first + kPart);
    const auto add = [&](auto count, int64_t k) {
      const Matrix here{left.data + k * left.column, left.row, left.column};
      const Matrix there{right.data + k * right.row, right.row, 1};
      with_constant<kFew>(rows, [&](auto number) {
        add_terms<number(), count()>(here, there, columns, k == first, sums);
      });
    };
    int64_t k = first;
    for (; k + 8 <= last; k += 8) add(std::integral_constant<int, 8>(), k);
    for (; k < last; ++k) add(std::integral_constant<int, 1>(), k);
  });
  for (int64_t part = 1; part < parts; ++part) {
    for (int64_t i = 0; i < size; ++i) result[i] += partial[(part - 1) * size + i];
  }
}

// How many rows a block has that are shared in about so many: whole tiles, as many as keep no thread
// waiting for long.
int64_t block_rows(int64_t blocks, int64_t rows, int64_t threads) {
  const int64_t tiles = ceil_div(rows, kRows), wanted = ceil_div(tiles, blocks);
  if (threads == 1 || blocks < 2 * threads) return ceil_div(rows, blocks);
  const auto longest = [&](int64_t size) { return ceil_div(ceil_div(tiles, size), threads) * size; };
  int64_t best = wanted;
  for (int64_t less = 1; 2 * less <= wanted; ++less) {
    for (const int64_t size : {wanted - less, wanted + less}) {
      if (longest(size) < longest(best)) best = size;
    }
  }
  return best * kRows;
}

// Rows of a part of the result, `width` columns from `column` on; its first number is number `at`.
void finish_part(const Finish& finish, int64_t rows, int64_t columns, int64_t column, int64_t width,
                 int64_t at, float* part) {
  if (!finish.bias && !finish.rectifies && !finish.mask) return;
  for (int64_t row = 0; row < rows; ++row, at += columns, part += columns) {
    const float* bias = finish.bias ? finish.bias + column : nullptr;
    const float* mask = finish.mask ? finish.mask + at : nullptr;
    for (int64_t j = 0; j < width; j += kLanes) {
      const int64_t count = std::min<int64_t>(kLanes, width - j);
      Vector x = some(part + j, count);
      if (bias) x += some(bias + j, count);
      if (finish.rectifies) x = x < 0.0f ? Vector{} : x;  // what is not a number stays
      if (mask) x *= some(mask + j, count) > 0.0f ? Vector{} + 1.0f : Vector{};
      put(part + j, x, count);
    }
  }
}

void multiply(const Helpers& given, int64_t rows, int64_t terms, int64_t columns,
              const Matrix& left, const Matrix& right, bool adds, float factor,
              const Finish& finish, float* result) {
  if (rows == 0 || columns == 0) return;
  Helpers helpers = given;
  helpers.count = std::min(given.count, rows * terms * columns / kWorth);
  const int64_t panels = ceil_div(columns, kWidth), most = std::min(terms, kDepth);
  // Rows that do not lie in order are packed a block at a time.
  const bool copies = left.column != 1;
  const int64_t fitting = (384 << 10) / static_cast<int64_t>(sizeof(float)) / std::max<int64_t>(most, 1);
  const int64_t threads = helpers.count + 1;
  const int64_t at_once = copies ? kBlock : std::max(kBlock, fitting);
  const int64_t few = ceil_div(rows, at_once);
  const int64_t many = std::min({kMany * threads, rows / kLeast, rows * terms * columns / kLong});
  const int64_t block = block_rows(std::max(few, many), rows, threads);
  const int64_t blocks = ceil_div(rows, block);
  // Threads share the blocks; where these are few, the panels too. Each part packs its rows.
  const int64_t parts = threads == 1 || blocks >= 2 * threads ? 1 : copies ? 4 * threads : panels;
  const int64_t groups = std::min(parts, panels);
  // Panels of several blocks are laid out once, of as many terms as fit. All terms of a block's sums
  // follow each other, so that these stay in a cache.
  const bool shared = blocks > 1;
  const int64_t terms_once =
      shared ? std::max<int64_t>(kPacked / (panels * kWidth) / kDepth, 1) * kDepth : kDepth;
  const Buffer packed = buffer(shared ? panels * std::min(terms, terms_once) * kWidth : 0);

  for (int64_t first = 0; first < terms; first += terms_once) {
    const int64_t length = std::min(terms_once, terms - first);
    const auto width = [&](int64_t p) { return std::min<int64_t>(kWidth, columns - p * kWidth); };
    const auto pack = [&](int64_t p, int64_t start, int64_t count, float* to) {
      const float* from = right.data + (first + start) * right.row + p * kWidth * right.column;
      pack_panel<kVectors>({from, right.row, right.column}, count, width(p), to);
    };
    if (shared) {
      const int64_t parts = ceil_div(length, kPart);
      parallel_for(helpers, panels * parts, [&](int64_t item) {
        const int64_t p = item / parts, start = item % parts * kPart;
        pack(p, start, std::min(kPart, length - start), packed.get() + (p * length + start) * kWidth);
      });
    }
    parallel_for(helpers, blocks * groups, [&](int64_t item) {
      const int64_t top = item / groups * block, group = item % groups;
      const int64_t height = std::min(block, rows - top);
      if (height <= 0) return;
      float* own = scratch((shared ? 0 : most * kWidth) + (copies ? most * block : 0));
      float* copy = own + (shared ? 0 : most * kWidth);
      for (int64_t start = 0; start < length; start += kDepth) {
        const int64_t depth = std::min(kDepth, length - start);
        const bool adding = adds || first + start > 0, ends = first + start + depth == terms;
        const Matrix here{left.data + top * left.row + (first + start) * left.column, left.row,
                          left.column};
        if (copies) pack_rows(here, depth, height, copy);
        for (int64_t p = panels * group / groups; p < panels * (group + 1) / groups; ++p) {
          const float* panel = shared ? packed.get() + (p * length + start) * kWidth : own;
          if (!shared) pack(p, start, depth, own);
          const int64_t at = top * columns + p * kWidth;
          tiles({copies ? copy : here.data, here.row, height, copies}, panel, depth,
                {result + at, columns, width(p), adding, factor});
          if (ends) finish_part(finish, height, columns, p * kWidth, width(p), at, result + at);
        }
      }
    });
  }
}

}  // namespace

void matmul(const Helpers& helpers, int64_t rows, int64_t terms, int64_t columns,
            const Matrix& left, const Matrix& right, float* result, const Finish& finish) {
  if (terms == 0) {
    std::memset(result, 0, rows * columns * sizeof(float));
    finish_part(finish, rows, columns, 0, columns, 0, result);
  } else if (0 < rows && rows <= kFew && right.column == 1) {
    multiply_few(helpers, rows, terms, columns, left, right, result);
    finish_part(finish, rows, columns, 0, columns, 0, result);
  } else {
    multiply(helpers, rows, terms, columns, left, right, false, 1, finish, result);
  }
}

void add_matmul(const Helpers& helpers, int64_t rows, int64_t terms, int64_t columns,
                const Matrix& left, const Matrix& right, float factor, float* result) {
  multiply(helpers, rows, terms, columns, left, right, true, factor, {}, result);
}

}  // namespace tf1x
