// The result is cut into tiles of 2 x 2 pixels, which see 4 x 4 of the source. With d such a part
// of the source, f the filter and y the tile,
//     y = A' [(G f G') * (B' d B)] A     (' transposes, * is element by element)
// so that for each of the 16 elements there is a product of matrices, [tiles, channels] times
// [channels, result channels]. The gradient of the filter is the transpose of the same formula,
//     G' [sum over tiles of (A g A') * (B' d B)] G.
// B and A hold nothing but 0, 1 and -1, G halves besides: numbers are as exact as those of the
// direct sum (table 5 of the paper). Each is the sum of one thread in a fixed order.
#include "winograd.h"

#include <cstring>

#include "tiles.h"

namespace tf1x {
namespace {

// A tile of a product in registers: kRows rows of kVectors vectors.
constexpr int kVectors = 2, kWidth = kVectors * kLanes;
constexpr int kRows = kRegisters == 32 ? 12 : 6;
constexpr int kElements = 16;
// Channels of the source whose gradients one item of work sums up.
constexpr int64_t kPart = 64;
// The gradient of the filter is cut into so many items at most, of so many tiles at least: their
// partial sums are added up at the end.
constexpr int64_t kItems = 16, kWorth = 256;

// The three transforms, of four numbers (or two, or three) to four and back.
inline void source_to(const Vector (&d)[4], Vector* to, int step) {
  to[0] = d[0] - d[2], to[step] = d[1] + d[2], to[2 * step] = d[2] - d[1], to[3 * step] = d[1] - d[3];
}
inline void result_to(Vector a, Vector b, Vector* to, int step) {
  to[0] = a, to[step] = a + b, to[2 * step] = a - b, to[3 * step] = -b;
}
inline void result_from(Vector a, Vector b, Vector c, Vector d, Vector& first, Vector& second) {
  first = a + b + c, second = b - c - d;
}

// Images, channels last, of which tiles are read: tile (t, u) begins at row 2t - top and column
// 2u - left, and what lies outside is 0.
struct Images {
  const float* data;
  int64_t height, width, channels;
  int64_t top, left;
};

// Tiles of 2 x 2 pixels of the result, numbered by image, row and column.
struct Grid {
  int64_t batch, height, width;  // of the result, in pixels
  int64_t rows, columns;         // in tiles

  Grid(int64_t batch, int64_t height, int64_t width)
      : batch(batch), height(height), width(width), rows(ceil_div(height, 2)),
        columns(ceil_div(width, 2)) {}
  int64_t tiles() const { return batch * rows * columns; }
};

// Where `Size` x `Size` pixels of a tile lie; `zeros` stands for those outside of the images.
template <int Size>
inline void find(const Images& from, const Grid& grid, int64_t tile, const float* zeros,
                 const float* (&at)[Size * Size]) {
  const int64_t image = tile / (grid.rows * grid.columns);
  const int64_t row = tile / grid.columns % grid.rows * 2 - from.top;
  const int64_t column = tile % grid.columns * 2 - from.left;
  for (int i = 0; i < Size; ++i) {
    for (int j = 0; j < Size; ++j) {
      const bool there = row + i >= 0 && row + i < from.height && column + j >= 0 &&
                         column + j < from.width;
      const int64_t pixel = (image * from.height + row + i) * from.width + column + j;
      at[i * Size + j] = there ? from.data + pixel * from.channels : zeros;
    }
  }
}

// How far the elements' matrices lie from each other: not by a multiple of a page, whose lines
// would share a place in the cache.
inline int64_t apart(int64_t tiles, int64_t channels) { return tiles * channels + 2 * kLanes; }

// B' d B for channels [first, first + count) of some tiles: [element][tile][channel].
void transform_source(const Images& from, const Grid& grid, int64_t tile, int64_t tiles,
                      int64_t first, int64_t count, const float* zeros, float* to) {
  const int64_t step = apart(tiles, count);
  for (int64_t t = 0; t < tiles; ++t) {
    const float* at[kElements];
    find<4>(from, grid, tile + t, zeros, at);
    for (int64_t c = 0; c < count; c += kLanes) {
      Vector half[kElements];
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) {
        const Vector column[4] = {load(at[j] + first + c), load(at[4 + j] + first + c),
                                  load(at[8 + j] + first + c), load(at[12 + j] + first + c)};
        source_to(column, half + j, 4);
      }
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) {
        const Vector row[4] = {half[4 * i], half[4 * i + 1], half[4 * i + 2], half[4 * i + 3]};
        Vector whole[4];
        source_to(row, whole, 1);
        for (int j = 0; j < 4; ++j) store(to + (4 * i + j) * step + t * count + c, whole[j]);
      }
    }
  }
}

// A g A' for all channels of some tiles of the result: [element][tile][channel].
void transform_result(const Images& from, const Grid& grid, int64_t tile, int64_t tiles,
                      const float* zeros, float* to) {
  const int64_t step = apart(tiles, from.channels);
  for (int64_t t = 0; t < tiles; ++t) {
    const float* at[4];
    find<2>(from, grid, tile + t, zeros, at);
    for (int64_t c = 0; c < from.channels; c += kLanes) {
      Vector half[8];
      for (int j = 0; j < 2; ++j) result_to(load(at[j] + c), load(at[2 + j] + c), half + j, 2);
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) {
        Vector whole[4];
        result_to(half[2 * i], half[2 * i + 1], whole, 1);
        for (int j = 0; j < 4; ++j) {
          store(to + (4 * i + j) * step + t * from.channels + c, whole[j]);
        }
      }
    }
  }
}

// `Rows` rows of `left`, `count` numbers each, times the first `Vectors` of a panel [count][kWidth].
template <int Rows, int Vectors>
inline void product(const float* left, int64_t count, const float* panel, float* result) {
  Vector sums[Rows][Vectors] = {};
  for (int64_t k = 0; k < count; ++k, panel += kWidth) {
    Vector right[Vectors];
    for (int v = 0; v < Vectors; ++v) right[v] = load(panel + v * kLanes);
#pragma GCC unroll 12
    for (int i = 0; i < Rows; ++i) {
      for (int v = 0; v < Vectors; ++v) sums[i][v] += left[i * count + k] * right[v];
    }
  }
#pragma GCC unroll 12
  for (int i = 0; i < Rows; ++i) {
    for (int v = 0; v < Vectors; ++v) store(result + i * kWidth + v * kLanes, sums[i][v]);
  }
}

// G f G' of the filter [3][3][channels][out], or of its mirror image: put(element, channel, m, v) is
// given kLanes numbers of it, those from result channel m on.
template <typename Put>
void transform_filter(const Helpers& helpers, const ConvShape& s, const float* filter, bool mirrored,
                      const Put& put) {
  const auto four = [](Vector a, Vector b, Vector c, Vector* to, int step) {
    to[0] = a, to[step] = (a + b + c) * 0.5f, to[2 * step] = (a - b + c) * 0.5f, to[3 * step] = c;
  };
  parallel_for(helpers, ceil_div(s.channels, kWidth), [&](int64_t item) {
    for (int64_t c = item * kWidth; c < std::min((item + 1) * kWidth, s.channels); ++c) {
      for (int64_t m = 0; m < s.out; m += kLanes) {
        const auto at = [&](int tap) {
          return load(filter + ((mirrored ? 8 - tap : tap) * s.channels + c) * s.out + m);
        };
        Vector half[12], whole[4];
        for (int j = 0; j < 3; ++j) four(at(j), at(3 + j), at(6 + j), half + j, 3);
        for (int i = 0; i < 4; ++i) {
          four(half[3 * i], half[3 * i + 1], half[3 * i + 2], whole, 1);
          for (int j = 0; j < 4; ++j) put(4 * i + j, c, m, whole[j]);
        }
      }
    }
  });
}

// Panels: [panel of result channels][element][source channel][kWidth].
inline Buffer panels_for(int64_t channels, int64_t out) {
  return buffer(ceil_div(out, kWidth) * kWidth * kElements * channels);
}

// Tiles at a time: what is held of them, so many floats for each, stays within the second cache.
inline int64_t tiles_at_once(int64_t floats, int64_t bytes) {
  return std::clamp<int64_t>(bytes / (floats * sizeof(float)), 2 * kRows, 16 * kRows) / kRows * kRows;
}

void correlate(const Helpers& helpers, const Images& source, const Grid& grid, int64_t out,
               const float* panels, float* result) {
  const int64_t channels = source.channels, panel = channels * kWidth, tiles = grid.tiles();
  const int64_t shared = ceil_div(ceil_div(tiles, 4 * (helpers.count + 1)), kRows) * kRows;
  const int64_t block = std::min(tiles_at_once(kElements * channels, 256 << 10), shared);
  parallel_for(helpers, ceil_div(tiles, block), [&](int64_t item) {
    const int64_t first = item * block, count = std::min(block, tiles - first);
    const int64_t step = apart(count, channels), product_step = apart(count, kWidth);
    float* ready = scratch(channels + kElements * (step + product_step));
    float* products = ready + kElements * step;
    float* zeros = products + kElements * product_step;
    std::memset(zeros, 0, channels * sizeof(float));
    transform_source(source, grid, first, count, 0, channels, zeros, ready);
    for (int64_t m = 0; m < out; m += kWidth) {
      const int64_t valid = std::min<int64_t>(kWidth, out - m);
      for (int e = 0; e < kElements; ++e) {
        const float* right = panels + (m / kWidth * kElements + e) * panel;
        in_parts(count, kRows, [&](int64_t row, int64_t length) {
          with_constant<kRows>(length, [&](auto rows) {
            const float* left = ready + e * step + row * channels;
            float* to = products + e * product_step + row * kWidth;
            if (valid == kWidth) {
              product<rows(), kVectors>(left, channels, right, to);
            } else {
              product<rows(), 1>(left, channels, right, to);
            }
          });
        });
      }
      for (int64_t t = 0; t < count; ++t) {
        const int64_t tile = first + t, image = tile / (grid.rows * grid.columns);
        const int64_t row = tile / grid.columns % grid.rows * 2, column = tile % grid.columns * 2;
        const bool below = row + 1 < grid.height, beside = column + 1 < grid.width;
        const int64_t line = grid.width * out;
        float* to = result + (image * grid.height + row) * line + column * out + m;
        for (int64_t c = 0; c < valid; c += kLanes) {
          const float* from = products + t * kWidth + c;
          Vector upper[4], lower[4];
#pragma GCC unroll 4
          for (int j = 0; j < 4; ++j) {
            result_from(load(from + j * product_step), load(from + (4 + j) * product_step),
                        load(from + (8 + j) * product_step), load(from + (12 + j) * product_step),
                        upper[j], lower[j]);
          }
          Vector left, right;
          result_from(upper[0], upper[1], upper[2], upper[3], left, right);
          store(to + c, left);
          if (beside) store(to + out + c, right);
          if (!below) continue;
          result_from(lower[0], lower[1], lower[2], lower[3], left, right);
          store(to + line + c, left);
          if (beside) store(to + line + out + c, right);
        }
      }
    }
  });
}

// Adds to `sums` (`Rows` rows of a matrix [.., width], or starts them) the product of `Rows` columns
// of a matrix [count, channels] and kWidth, or the last `Vectors`, of one [count, width].
template <int Rows, int Vectors>
inline void accumulate(const float* left, int64_t channels, const float* right, int64_t width,
                       int64_t count, bool start, float* sums) {
  Vector held[Rows][Vectors] = {};
  for (int64_t t = 0; t < count; ++t, left += channels, right += width) {
    Vector weights[Vectors];
    for (int v = 0; v < Vectors; ++v) weights[v] = load(right + v * kLanes);
#pragma GCC unroll 12
    for (int i = 0; i < Rows; ++i) {
      for (int v = 0; v < Vectors; ++v) held[i][v] += left[i] * weights[v];
    }
  }
#pragma GCC unroll 12
  for (int i = 0; i < Rows; ++i) {
    for (int v = 0; v < Vectors; ++v) {
      float* to = sums + i * width + v * kLanes;
      store(to, start ? held[i][v] : load(to) + held[i][v]);
    }
  }
}

// G' s G for a channel of the source: [element][..][out] to the nine taps of [tap][..][out].
void filter_from(const float* sums, int64_t step, int64_t out, float* to, int64_t tap_step) {
  for (int64_t m = 0; m < out; m += kLanes) {
    Vector half[3][4];
    const auto three = [](Vector a, Vector b, Vector c, Vector d, Vector& x, Vector& y, Vector& z) {
      x = a + (b + c) * 0.5f, y = (b - c) * 0.5f, z = (b + c) * 0.5f + d;
    };
    for (int j = 0; j < 4; ++j) {
      const float* at = sums + j * step + m;
      three(load(at), load(at + 4 * step), load(at + 8 * step), load(at + 12 * step), half[0][j],
            half[1][j], half[2][j]);
    }
    for (int i = 0; i < 3; ++i) {
      Vector taps[3];
      three(half[i][0], half[i][1], half[i][2], half[i][3], taps[0], taps[1], taps[2]);
      for (int j = 0; j < 3; ++j) store(to + (3 * i + j) * tap_step + m, taps[j]);
    }
  }
}

}  // namespace

bool winograd_suits(const ConvShape& s) {
  const bool three = s.kernel_height == 3 && s.kernel_width == 3;
  const bool plain = s.stride_height == 1 && s.stride_width == 1 && s.dilation_height == 1 &&
                     s.dilation_width == 1 && s.groups() == 1;
  // Whole vectors, and results enough to be worth the filter's transform.
  return three && plain && s.channels % kLanes == 0 && s.out % kLanes == 0 &&
         std::min(s.channels, s.out) >= 16 &&
         Grid(s.batch, s.out_height, s.out_width).tiles() >= 32;
}

Convolution winograd_prepared(const Helpers& helpers, const ConvShape& s, const float* filter) {
  const std::shared_ptr<float[]> panels = panels_for(s.channels, s.out);
  transform_filter(helpers, s, filter, false, [&](int e, int64_t c, int64_t m, Vector v) {
    const int64_t row = (m / kWidth * kElements + e) * s.channels + c;
    store(panels.get() + row * kWidth + m % kWidth, v);
  });
  return [s, panels](const Helpers& helpers, int64_t batch, const float* images, float* result) {
    correlate(helpers, {images, s.height, s.width, s.channels, s.top, s.left},
              Grid(batch, s.out_height, s.out_width), s.out, panels.get(), result);
  };
}

void winograd_images_gradient(const Helpers& helpers, const ConvShape& s, const float* filter,
                              const float* gradient, float* result) {
  const Buffer panels = panels_for(s.out, s.channels);
  transform_filter(helpers, s, filter, true, [&](int e, int64_t c, int64_t m, Vector v) {
    const int64_t row = (c / kWidth * kElements + e) * s.out + m;
    for (int l = 0; l < kLanes; ++l) panels[(row + l) * kWidth + c % kWidth] = v[l];
  });
  correlate(helpers, {gradient, s.out_height, s.out_width, s.out, 2 - s.top, 2 - s.left},
            Grid(s.batch, s.height, s.width), s.channels, panels.get(), result);
}

void winograd_filter_gradient(const Helpers& helpers, const ConvShape& s, const float* images,
                              const float* gradient, float* result) {
  const Images source{images, s.height, s.width, s.channels, s.top, s.left};
  const Images slopes{gradient, s.out_height, s.out_width, s.out, 0, 0};
  const Grid grid(s.batch, s.out_height, s.out_width);
  const int64_t parts = ceil_div(s.channels, kPart), size = s.channels * s.out;
  const int64_t block = tiles_at_once(kElements * (std::min(s.channels, kPart) + s.out), 768 << 10);
  const int64_t blocks = ceil_div(grid.tiles(), block);
  const int64_t chunks = std::clamp<int64_t>(grid.tiles() / kWorth, 1, ceil_div(kItems, parts));
  Buffer partial = buffer(chunks * 9 * size);
  parallel_for(helpers, parts * chunks, [&](int64_t item) {
    const int64_t chunk = item / parts, first = item % parts * kPart;
    const int64_t count = std::min(kPart, s.channels - first);
    const int64_t most = std::max(s.channels, s.out);
    float* zeros = scratch(most + kElements * (count * s.out + apart(block, count) + apart(block, s.out)));
    float* sums = zeros + most;
    float* left = sums + kElements * count * s.out;
    float* right = left + kElements * apart(block, count);
    std::memset(zeros, 0, most * sizeof(float));
    for (int64_t b = blocks * chunk / chunks; b < blocks * (chunk + 1) / chunks; ++b) {
      const int64_t tile = b * block, tiles = std::min(block, grid.tiles() - tile);
      const bool start = b == blocks * chunk / chunks;
      transform_source(source, grid, tile, tiles, first, count, zeros, left);
      transform_result(slopes, grid, tile, tiles, zeros, right);
      for (int e = 0; e < kElements; ++e) {
        const float* of_source = left + e * apart(tiles, count);
        const float* of_result = right + e * apart(tiles, s.out);
        in_parts(count, kRows, [&](int64_t c, int64_t length) {
          with_constant<kRows>(length, [&](auto rows) {
            float* to = sums + (e * count + c) * s.out;
            int64_t m = 0;
            for (; m + kWidth <= s.out; m += kWidth) {
              accumulate<rows(), kVectors>(of_source + c, count, of_result + m, s.out, tiles, start,
                                           to + m);
            }
            if (m < s.out) {
              accumulate<rows(), 1>(of_source + c, count, of_result + m, s.out, tiles, start, to + m);
            }
          });
        });
      }
    }
    for (int64_t c = 0; c < count; ++c) {
      filter_from(sums + c * s.out, count * s.out, s.out,
                  partial.get() + chunk * 9 * size + (first + c) * s.out, size);
    }
  });
  parallel_for(helpers, 9 * s.channels, [&](int64_t row) {
    for (int64_t i = row * s.out; i < (row + 1) * s.out; ++i) {
      float sum = 0;
      for (int64_t chunk = 0; chunk < chunks; ++chunk) sum += partial[chunk * 9 * size + i];
      result[i] = sum;
    }
  });
}

}  // namespace tf1x
