// Convolutions computed directly.
//
// One small kernel does the forward convolution and the gradient of the images: a tile of pixels
// times a tile of result channels stays in vector registers while the filter's taps and the source
// channels are summed. The gradient of the filter keeps a tile of the filter in registers while the
// pixels are summed. Each result is the sum of one thread in a fixed order, so numbers do not
// depend on the number of threads.
#include "conv.h"

#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "tiles.h"
#include "winograd.h"

namespace tf1x {
namespace {

// A tile in registers: result channels in `Vectors` vectors, times up to kRows of something else.
// Wide tiles load least.
template <int Vectors>
struct Tile {
  static constexpr int kWidth = Vectors * kLanes;
  static constexpr int kRows = (kRegisters - Vectors - 2) / Vectors < 14
                                   ? (kRegisters - Vectors - 2) / Vectors
                                   : 14;
};

// For so few pixels of the result the filter is read where it lies.
constexpr int64_t kFewPixels = 256;

// Calls f with the number of vectors that suits so many result channels: few of them empty, and
// rather many vectors (one costs half as much again per channel as four).
template <typename F>
inline void with_vectors(int64_t channels, F&& f) {
  const auto cost = [&](int vectors, int weight) {
    return ceil_div(channels, vectors * kLanes) * vectors * weight;
  };
  const int64_t one = cost(1, 6), two = cost(2, 5);
  const int64_t four = kRegisters < 32 ? std::max(one, two) + 1 : cost(4, 4);
  if (four <= one && four <= two) {
    f(std::integral_constant<int, kRegisters < 32 ? 2 : 4>());
  } else if (two <= one) {
    f(std::integral_constant<int, 2>());
  } else {
    f(std::integral_constant<int, 1>());
  }
}

// ---- Correlation: the forward convolution, and the gradient of the images ----------------------

// result(t, u, m) = sum over taps (i, j) and source channels c of
//     source(t * step_h + rows[i], u * step_w + columns[j], c) * filter(i, j, c, m)
// for each image and group; what lies outside of the source is 0.
struct Correlation {
  const float* source;
  int64_t batch, height, width, channels, groups;
  std::vector<int64_t> rows, columns;  // ascending
  int64_t step_height, step_width;
  const float* filter;  // [tap][source channel] of Tile::kWidth result channels
  int64_t filter_step, filter_tile, filter_group;  // to the next source channel, tile and group
  float* result;
  int64_t result_height, result_width, result_channels;                    // of a group
  int64_t result_image_stride, result_row_stride, result_column_stride;
};

// `Lines` lines of `Pixels` pixels, at `line` and `step` from each other in the source, times one
// tile of result channels; `first`: the result has no sum of other taps yet.
template <int Vectors, int Lines, int Pixels>
inline void correlate_tile(const float* source, int64_t line, int64_t step,
                           const int64_t* taps, int64_t count, int64_t run, const float* filter,
                           int64_t filter_step, float* result, int64_t result_line, int64_t result_step, int64_t valid,
                           bool first) {
  constexpr int kWidth = Tile<Vectors>::kWidth;
  Vector sums[Lines * Pixels][Vectors] = {};
  if (!first) {
    for (int p = 0; p < Lines * Pixels; ++p) {
      std::memcpy(&sums[p], result + p / Pixels * result_line + p % Pixels * result_step,
                  valid * sizeof(float));
    }
  }
  for (int64_t tap = 0; tap < count; ++tap) {
    const float* at = source + taps[tap];
    for (int64_t r = 0; r < run; ++r, filter += filter_step) {
      Vector weights[Vectors];
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) weights[v] = load(filter + v * kLanes);
#pragma GCC unroll 16
      for (int p = 0; p < Lines * Pixels; ++p) {
        const float x = at[p / Pixels * line + p % Pixels * step + r];
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) sums[p][v] += x * weights[v];
      }
    }
  }
#pragma GCC unroll 16
  for (int p = 0; p < Lines * Pixels; ++p) {
    float* to = result + p / Pixels * result_line + p % Pixels * result_step;
    if (valid == kWidth) {
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) store(to + v * kLanes, sums[p][v]);
    } else {
      std::memcpy(to, &sums[p], valid * sizeof(float));
    }
  }
}

template <int Vectors>
inline void correlate(const Helpers& helpers, const Correlation& c) {
  constexpr int kWidth = Tile<Vectors>::kWidth, kRows = Tile<Vectors>::kRows;
  if (c.result_height <= 0 || c.result_width <= 0) return;
  const int64_t depth = c.channels / c.groups;
  const int64_t tiles = ceil_div(c.result_channels, kWidth);
  const bool any = !c.rows.empty() && !c.columns.empty();
  const int64_t first_row = any ? c.rows.front() : 0, first_column = any ? c.columns.front() : 0;
  const int64_t row_span = any ? c.rows.back() - first_row + 1 : 1;
  const int64_t column_span = any ? c.columns.back() - first_column + 1 : 1;
  const int64_t wide = (c.result_width - 1) * c.step_width + column_span;
  // Taps that touch each other in memory are one, and as many are done at a time as have their
  // filter in the cache.
  constexpr int64_t kCached = (256 << 10) / sizeof(float) / kWidth;
  const bool joined = any && c.groups == 1 && column_span * c.channels <= kCached &&
                      static_cast<int64_t>(c.columns.size()) == column_span;
  const int64_t run = joined ? column_span * c.channels : depth;
  std::vector<int64_t> taps;
  for (int64_t row : c.rows) {
    for (int64_t column : c.columns) {
      taps.push_back(((row - first_row) * wide + column - first_column) * c.channels);
      if (joined) break;
    }
  }
  const int64_t tap_count = taps.size();
  const int64_t taps_at_once = std::max<int64_t>(1, kCached / run);
  // Blocks of rows: enough of them for all threads, each within the cache.
  const int64_t row_bytes = wide * c.channels * c.step_height * sizeof(float);
  int64_t block = std::max<int64_t>(1, (256 << 10) / row_bytes);
  const int64_t parts = ceil_div(4 * (helpers.count + 1), c.batch);
  block = std::min(block, ceil_div(c.result_height, parts));
  const int64_t blocks = ceil_div(c.result_height, block), all = c.groups * tiles;
  // Where these are few, threads share the tiles, too.
  const int64_t apart = c.batch * blocks < 4 * (helpers.count + 1) ? all : 1;

  parallel_for(helpers, c.batch * blocks * apart, [&](int64_t item) {
    const int64_t part = item % apart, place = item / apart;
    const int64_t image = place / blocks, start = place % blocks * block;
    const int64_t height = std::min(block, c.result_height - start);
    // The block's part of the image with zeros around.
    const int64_t top = start * c.step_height + first_row;
    const int64_t high = (height - 1) * c.step_height + row_span;
    float* source = scratch(high * wide * c.channels);
    const int64_t from = std::clamp<int64_t>(first_column, 0, c.width);
    const int64_t to = std::clamp<int64_t>(first_column + wide, from, c.width);
    for (int64_t r = 0; r < high; ++r) {
      float* line = source + r * wide * c.channels;
      const int64_t row = top + r;
      if (row < 0 || row >= c.height || from == to) {
        std::memset(line, 0, wide * c.channels * sizeof(float));
        continue;
      }
      const int64_t before = (from - first_column) * c.channels, length = (to - from) * c.channels;
      std::memset(line, 0, before * sizeof(float));
      std::memcpy(line + before,
                  c.source + ((image * c.height + row) * c.width + from) * c.channels,
                  length * sizeof(float));
      std::memset(line + before + length, 0,
                  (wide * c.channels - before - length) * sizeof(float));
    }
    float* result = c.result + image * c.result_image_stride + start * c.result_row_stride;
    for (int64_t which = part; which < all; which += apart) {
      const int64_t g = which / tiles, tile = which % tiles;
      const int64_t valid = std::min<int64_t>(kWidth, c.result_channels - tile * kWidth);
      const float* weights = c.filter + g * c.filter_group + tile * c.filter_tile;
      float* out = result + g * c.result_channels + tile * kWidth;
      int64_t tap = 0;
      do {
        const int64_t count = std::min(taps_at_once, tap_count - tap);
        in_parts(c.result_width, kRows, [&](int64_t column, int64_t length) {
          with_constant<kRows>(length, [&](auto pixels) {
            // Short lines are taken several at a time: the filter is read once for all of them.
            constexpr int kLines = kRows / pixels();
            const int64_t line = c.step_height * wide * c.channels;
            const auto lines = [&](auto number, int64_t row) {
              correlate_tile<Vectors, number(), pixels()>(
                  source + row * line + column * c.step_width * c.channels + g * depth, line,
                  c.step_width * c.channels, taps.data() + tap, count, run,
                  weights + tap * run * c.filter_step, c.filter_step,
                  out + row * c.result_row_stride + column * c.result_column_stride,
                  c.result_row_stride, c.result_column_stride, valid, tap == 0);
            };
            int64_t row = 0;
            for (; row + kLines <= height; row += kLines) {
              lines(std::integral_constant<int, kLines>(), row);
            }
            for (; row < height; ++row) lines(std::integral_constant<int, 1>(), row);
          });
        });
        tap += taps_at_once;
      } while (tap < tap_count);
    }
  });
}

// The filter in the order in which `correlate` reads it. at(i, j, source channel, group) is where
// the first of its result channels lies, the next ones at `step`.
template <int Vectors, typename At>
inline Buffer pack(const Helpers& helpers, int64_t rows, int64_t columns, int64_t depth,
                   int64_t groups, int64_t out, int64_t step, const At& at) {
  constexpr int kWidth = Tile<Vectors>::kWidth;
  const int64_t tiles = ceil_div(out, kWidth), panel = rows * columns * depth * kWidth;
  Buffer panels = buffer(groups * tiles * panel);
  parallel_for(helpers, groups * tiles, [&](int64_t item) {
    const int64_t g = item / tiles, first = item % tiles * kWidth;
    const int64_t valid = std::min<int64_t>(kWidth, out - first);
    float* next = panels.get() + item * panel;
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < columns; ++j) {
        for (int64_t c = 0; c < depth; ++c, next += kWidth) {
          const float* from = at(i, j, c, g) + first * step;
          if (step == 1 && valid == kWidth) {
#pragma GCC unroll 4
            for (int v = 0; v < Vectors; ++v) store(next + v * kLanes, load(from + v * kLanes));
          } else {
            for (int64_t m = 0; m < valid; ++m) next[m] = from[m * step];
            for (int64_t m = valid; m < kWidth; ++m) next[m] = 0;
          }
        }
      }
    }
  });
  return panels;
}

// Has `c` read what `pack` gave, `terms` rows of each tile.
template <int Vectors>
inline void read_packed(Correlation& c, const float* panels, int64_t terms) {
  c.filter = panels, c.filter_step = Tile<Vectors>::kWidth;
  c.filter_tile = terms * c.filter_step;
  c.filter_group = ceil_div(c.result_channels, c.filter_step) * c.filter_tile;
}

// Image rows `phase`, `phase` + stride, ... get gradients through the same taps: those k for which
// (phase + before - k * dilation) is a multiple of the stride. The quotient is the tap's offset in
// the gradient's rows.
struct Phase {
  std::vector<int64_t> taps, offsets;  // offsets ascending

  Phase(int64_t phase, int64_t stride, int64_t dilation, int64_t before, int64_t kernel) {
    for (int64_t k = kernel - 1; k >= 0; --k) {
      const int64_t distance = phase + before - k * dilation;
      if (distance % stride == 0) {
        taps.push_back(k);
        offsets.push_back(distance / stride);
      }
    }
  }
};

// ---- The gradient of the filter -----------------------------------------------------------------

// Where the pixels of one tap lie: `lines` lines of `pixels` pixels, and the distances between
// them in the images and in the gradient.
struct Pixels {
  int64_t lines, pixels;
  int64_t source_line, source_step;
  int64_t gradient_line, gradient_step;
};

// Adds to `sums` (`Rows` source channels times one tile of result channels) what the pixels give.
template <int Vectors, int Rows>
inline void accumulate_tile(const Pixels& at, const float* source, const float* gradient,
                            Vector (*sums)[Vectors]) {
  Vector held[Rows][Vectors];
#pragma GCC unroll 64
  for (int i = 0; i < Rows * Vectors; ++i) held[i / Vectors][i % Vectors] = sums[i / Vectors][i % Vectors];
  for (int64_t line = 0; line < at.lines; ++line) {
    const float* x = source + line * at.source_line;
    const float* g = gradient + line * at.gradient_line;
    for (int64_t p = 0; p < at.pixels; ++p, x += at.source_step, g += at.gradient_step) {
      Vector weights[Vectors];
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) weights[v] = load(g + v * kLanes);
#pragma GCC unroll 16
      for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) held[r][v] += x[r] * weights[v];
      }
    }
  }
#pragma GCC unroll 64
  for (int i = 0; i < Rows * Vectors; ++i) sums[i / Vectors][i % Vectors] = held[i / Vectors][i % Vectors];
}

// Windows `first` to `last` - 1 begin, at one tap, inside of the images.
inline std::pair<int64_t, int64_t> inside(int64_t offset, int64_t stride, int64_t size,
                                          int64_t count) {
  const int64_t first = offset >= 0 ? 0 : ceil_div(-offset, stride);
  const int64_t last = offset >= size ? 0 : ceil_div(size - offset, stride);
  return {std::min(first, count), std::clamp<int64_t>(last, std::min(first, count), count)};
}

// The windows that begin in `count` rows of an image, each as one row of `to`.
inline void window_rows(const ConvShape& s, const float* images, int64_t image, int64_t first,
                        int64_t count, float* to) {
  const int64_t size = s.kernel_height * s.kernel_width * s.depth;
  for (int64_t i = 0; i < s.kernel_height; ++i) {
    for (int64_t j = 0; j < s.kernel_width; ++j) {
      const int64_t aside = j * s.dilation_width - s.left;
      const auto [begin, end] = inside(aside, s.stride_width, s.width, s.out_width);
      for (int64_t t = 0; t < count; ++t) {
        float* line = to + t * s.out_width * size + (i * s.kernel_width + j) * s.depth;
        const int64_t row = (first + t) * s.stride_height + i * s.dilation_height - s.top;
        const bool there = row >= 0 && row < s.height;
        const float* from = images + ((image * s.height + row) * s.width + aside) * s.channels;
        for (int64_t d = 0; d < s.depth; ++d) {
          const int64_t stop = there ? end : 0;
          for (int64_t v = 0; v < std::min(begin, stop); ++v) line[v * size + d] = 0;
          for (int64_t v = begin; v < stop; ++v) {
            line[v * size + d] = from[v * s.stride_width * s.channels + d];
          }
          for (int64_t v = stop; v < s.out_width; ++v) line[v * size + d] = 0;
        }
      }
    }
  }
}

template <int Vectors>
inline void filter_gradient(const Helpers& helpers, const ConvShape& s, const float* images,
                                 const float* gradient, float* result) {
  constexpr int kWidth = Tile<Vectors>::kWidth, kRows = Tile<Vectors>::kRows;
  const int64_t taps = s.kernel_height * s.kernel_width, rows = taps * s.depth;
  const int64_t group_out = s.group_out(), tiles_out = ceil_div(group_out, kWidth);
  const int64_t out_pixels = s.out_height * s.out_width;

  // Whole tiles of result channels, so that all loads are full.
  Buffer widened;
  int64_t gradient_step = s.out, gradient_group = group_out;
  if (group_out % kWidth) {
    gradient_group = tiles_out * kWidth;
    gradient_step = s.groups() * gradient_group;
    widened = buffer(s.batch * out_pixels * gradient_step);
    parallel_for(helpers, s.batch, [&](int64_t image) {
      for (int64_t p = image * out_pixels; p < (image + 1) * out_pixels; ++p) {
        for (int64_t g = 0; g < s.groups(); ++g) {
          float* to = widened.get() + p * gradient_step + g * gradient_group;
          std::memcpy(to, gradient + p * s.out + g * group_out, group_out * sizeof(float));
          std::memset(to + group_out, 0, (gradient_group - group_out) * sizeof(float));
        }
      }
    });
    gradient = widened.get();
  }

  // With few channels a row of the kernel fills no tile: then patches, which hold a window each,
  // are laid out first, and the whole kernel is one tap.
  const bool patches = s.groups() == 1 && s.depth < 8 && taps > 1;
  struct Part {
    int64_t group, i, j, row, length, column;  // row: of the filter as a matrix [rows, out]
  };
  std::vector<Part> tiles;
  for (int64_t g = 0; g < s.groups(); ++g) {
    for (int64_t tap = 0; tap < (patches ? 1 : taps); ++tap) {
      in_parts(patches ? rows : s.depth, kRows, [&](int64_t d, int64_t length) {
        for (int64_t m = 0; m < tiles_out; ++m) {
          tiles.push_back({g, tap / s.kernel_width, tap % s.kernel_width, tap * s.depth + d,
                           length, m * kWidth});
        }
      });
    }
  }

  // Units of work along the pixels: rows of one image, or images, that fit in the cache.
  struct Unit {
    int64_t image, images, row, rows;
  };
  std::vector<Unit> units;
  const int64_t row_bytes =
      sizeof(float) * s.out_width *
      (gradient_step + (patches ? rows : s.stride_height * s.stride_width * s.channels));
  const int64_t fitting = std::max<int64_t>(1, (384 << 10) / row_bytes);
  if (fitting < s.out_height || patches) {
    const int64_t block = std::min(fitting, s.out_height);
    for (int64_t image = 0; image < s.batch; ++image) {
      for (int64_t row = 0; row < s.out_height; row += block) {
        units.push_back({image, 1, row, std::min(block, s.out_height - row)});
      }
    }
  } else {
    const int64_t block = fitting / s.out_height;
    for (int64_t image = 0; image < s.batch; image += block) {
      units.push_back({image, std::min(block, s.batch - image), 0, s.out_height});
    }
  }

  // Threads share the tiles; where these are few, the units too, and partial sums are added up.
  const int64_t tile_count = tiles.size(), unit_count = units.size();
  int64_t parts = std::min(tile_count, 2 * (helpers.count + 1)), chunks = 1;
  if (patches || tile_count < 8) {
    chunks = std::min<int64_t>(unit_count, 16);
    parts = 1;
  }
  Buffer partial;
  float* sums_out = result;
  if (chunks > 1) {
    partial = buffer(chunks * rows * s.out);
    sums_out = partial.get();
  }

  parallel_for(helpers, parts * chunks, [&](int64_t item) {
    const int64_t part = item % parts, chunk = item / parts;
    float* out = sums_out + chunk * rows * s.out;
    float* patch = patches ? scratch(units.front().rows * s.out_width * rows) : nullptr;
    for (int64_t u = unit_count * chunk / chunks; u < unit_count * (chunk + 1) / chunks; ++u) {
      const Unit& unit = units[u];
      if (patches) {
        window_rows(s, images, unit.image, unit.row, unit.rows, patch);
      }
      const bool first_unit = u == unit_count * chunk / chunks;
      for (int64_t t = tile_count * part / parts; t < tile_count * (part + 1) / parts; ++t) {
        const Part& tile = tiles[t];
        Vector sums[kRows][Vectors] = {};
        const int64_t up = tile.i * s.dilation_height - s.top;
        const int64_t aside = tile.j * s.dilation_width - s.left;
        auto [row, row_end] = inside(up, s.stride_height, s.height, s.out_height);
        auto [column, column_end] = inside(aside, s.stride_width, s.width, s.out_width);
        row = std::max(row, unit.row), row_end = std::min(row_end, unit.row + unit.rows);
        const Pixels at =
            patches ? Pixels{1, unit.rows * s.out_width, 0, rows, 0, gradient_step}
                    : Pixels{row_end - row, column_end - column,
                             s.stride_height * s.width * s.channels, s.stride_width * s.channels,
                             s.out_width * gradient_step, gradient_step};
        if (patches) row = unit.row, column = 0;
        with_constant<kRows>(tile.length, [&](auto length) {
          for (int64_t image = unit.image; image < unit.image + unit.images; ++image) {
            const float* from =
                patches ? patch + tile.row
                        : images +
                              ((image * s.height + row * s.stride_height + up) * s.width +
                               column * s.stride_width + aside) *
                                  s.channels +
                              tile.group * s.depth + tile.row % s.depth;
            const float* g = gradient + (image * out_pixels + row * s.out_width + column) *
                                            gradient_step +
                             tile.group * gradient_group + tile.column;
            accumulate_tile<Vectors, length()>(at, from, g, sums);
          }
        });
        const int64_t valid = std::min<int64_t>(kWidth, group_out - tile.column);
        for (int64_t r = 0; r < tile.length; ++r) {
          float* to = out + (tile.row + r) * s.out + tile.group * group_out + tile.column;
          float values[kWidth];
          std::memcpy(values, &sums[r], sizeof values);
          for (int64_t m = 0; m < valid; ++m) to[m] = first_unit ? values[m] : to[m] + values[m];
        }
      }
    }
  });
  if (chunks > 1) {
    for (int64_t i = 0; i < rows * s.out; ++i) {
      float sum = 0;
      for (int64_t chunk = 0; chunk < chunks; ++chunk) sum += sums_out[chunk * rows * s.out + i];
      result[i] = sum;
    }
  }
}

}  // namespace

Convolution prepared(const Helpers& helpers, const ConvShape& s, const float* filter) {
  if (winograd_suits(s)) return winograd_prepared(helpers, s, filter);
  Correlation c;
  for (int64_t i = 0; i < s.kernel_height; ++i) c.rows.push_back(i * s.dilation_height - s.top);
  for (int64_t j = 0; j < s.kernel_width; ++j) c.columns.push_back(j * s.dilation_width - s.left);
  c.height = s.height, c.width = s.width, c.channels = s.channels;
  c.groups = s.groups();
  c.step_height = s.stride_height, c.step_width = s.stride_width;
  c.result_height = s.out_height, c.result_width = s.out_width;
  c.result_channels = s.group_out();
  c.result_column_stride = s.out;
  c.result_row_stride = s.out_width * s.out;
  c.result_image_stride = s.out_height * s.out_width * s.out;
  Convolution found;
  with_vectors(s.group_out(), [&](auto vectors) {
    std::shared_ptr<float[]> panels;
    if (s.batch * s.out_height * s.out_width <= kFewPixels &&
        s.group_out() % Tile<vectors()>::kWidth == 0) {
      c.filter = filter, c.filter_step = s.out;
      c.filter_tile = Tile<vectors()>::kWidth, c.filter_group = s.group_out();
    } else {
      panels = pack<vectors()>(
          helpers, s.kernel_height, s.kernel_width, s.depth, s.groups(), s.group_out(), 1,
          [&](int64_t i, int64_t j, int64_t d, int64_t g) {
            return filter + ((i * s.kernel_width + j) * s.depth + d) * s.out + g * s.group_out();
          });
      read_packed<vectors()>(c, panels.get(), s.kernel_height * s.kernel_width * s.depth);
    }
    found = [c, panels, vectors](const Helpers& helpers, int64_t batch, const float* images,
                                 float* result) {
      Correlation here = c;
      here.batch = batch, here.source = images, here.result = result;
      correlate<vectors()>(helpers, here);
    };
  });
  return found;
}

void conv_forward(const Helpers& helpers, const ConvShape& s, const float* images,
                  const float* filter, float* result) {
  prepared(helpers, s, filter)(helpers, s.batch, images, result);
}

void conv_images_gradient(const Helpers& helpers, const ConvShape& s, const float* filter,
                                 const float* gradient, float* result) {
  if (winograd_suits(s)) return winograd_images_gradient(helpers, s, filter, gradient, result);
  for (int64_t a = 0; a < std::min(s.stride_height, s.height); ++a) {
    const Phase rows(a, s.stride_height, s.dilation_height, s.top, s.kernel_height);
    for (int64_t b = 0; b < std::min(s.stride_width, s.width); ++b) {
      const Phase columns(b, s.stride_width, s.dilation_width, s.left, s.kernel_width);
      Correlation c;
      c.source = gradient;
      c.batch = s.batch, c.height = s.out_height, c.width = s.out_width, c.channels = s.out;
      c.groups = s.groups();
      c.rows = rows.offsets, c.columns = columns.offsets;
      c.step_height = c.step_width = 1;
      c.result = result + (a * s.width + b) * s.channels;
      c.result_height = ceil_div(s.height - a, s.stride_height);
      c.result_width = ceil_div(s.width - b, s.stride_width);
      c.result_channels = s.depth;
      c.result_column_stride = s.stride_width * s.channels;
      c.result_row_stride = s.stride_height * s.width * s.channels;
      c.result_image_stride = s.height * s.width * s.channels;
      with_vectors(s.depth, [&](auto vectors) {
        const Buffer panels = pack<vectors()>(
            helpers, rows.taps.size(), columns.taps.size(), s.group_out(), s.groups(), s.depth, s.out,
            [&](int64_t i, int64_t j, int64_t o, int64_t g) {
              const int64_t tap = rows.taps[i] * s.kernel_width + columns.taps[j];
              return filter + tap * s.depth * s.out + g * s.group_out() + o;
            });
        read_packed<vectors()>(c, panels.get(),
                               rows.taps.size() * columns.taps.size() * s.group_out());
        correlate<vectors()>(helpers, c);
      });
    }
  }
}

void conv_filter_gradient(const Helpers& helpers, const ConvShape& s, const float* images,
                                 const float* gradient, float* result) {
  if (winograd_suits(s)) return winograd_filter_gradient(helpers, s, images, gradient, result);
  with_vectors(s.group_out(), [&](auto vectors) {
    filter_gradient<vectors()>(helpers, s, images, gradient, result);
  });
}

}  // namespace tf1x
