// Each image is read once, a vector of channels at a time.
#include "pool.h"

#include <cstring>
#include <limits>

#include "tiles.h"

namespace tf1x {
namespace {

typedef int32_t Positions __attribute__((vector_size(4 * kLanes), aligned(4), may_alias));

constexpr float kLowest = std::numeric_limits<float>::lowest();

// The part of a window that lies inside of the image.
struct Inside {
  int64_t first, last;

  Inside(int64_t start, int64_t size, int64_t length)
      : first(std::max<int64_t>(0, -start)), last(std::min(size, length - start)) {}
};

// Calls f(image, first row of windows, row after the last) for parts of the images' rows.
template <typename F>
inline void for_rows(const Helpers& helpers, const PoolShape& s, bool apart, const F& f) {
  const int64_t wanted = ceil_div(4 * (helpers.count + 1), std::max<int64_t>(s.batch, 1));
  const int64_t parts = apart ? std::min(wanted, std::max<int64_t>(s.out_height, 1)) : 1;
  parallel_for(helpers, s.batch * parts, [&](int64_t item) {
    const int64_t part = item % parts;
    f(item / parts, s.out_height * part / parts, s.out_height * (part + 1) / parts);
  });
}

// Calls f(offset of the window in the image, number of the window in it, rows, columns).
template <typename F>
inline void for_windows(const PoolShape& s, int64_t first, int64_t last, const F& f) {
  for (int64_t t = first; t < last; ++t) {
    const int64_t row = t * s.stride_height - s.top;
    const Inside rows(row, s.window_height, s.height);
    for (int64_t u = 0; u < s.out_width; ++u) {
      const int64_t column = u * s.stride_width - s.left;
      f((row * s.width + column) * s.channels, (t * s.out_width + u) * s.channels, rows,
        Inside(column, s.window_width, s.width));
    }
  }
}

// Calls f(offset from the window's first pixel, position) for the pixels inside.
template <typename F>
inline void for_pixels(const PoolShape& s, const Inside& rows, const Inside& columns, const F& f) {
  for (int64_t i = rows.first; i < rows.last; ++i) {
    for (int64_t j = columns.first; j < columns.last; ++j) {
      f((i * s.width + j) * s.channels, static_cast<int32_t>(i * s.window_width + j));
    }
  }
}

}  // namespace

void max_pool(const Helpers& helpers, const PoolShape& s, const float* images, float* result) {
  for_rows(helpers, s, true, [&](int64_t image, int64_t first, int64_t last) {
    const float* source = images + image * s.height * s.width * s.channels;
    float* to = result + image * s.out_height * s.out_width * s.channels;
    for_windows(s, first, last, [&](int64_t start, int64_t window, const Inside& rows,
                                    const Inside& columns) {
      int64_t c = 0;
      for (; c + kLanes <= s.channels; c += kLanes) {
        Vector best = Vector{} + kLowest;
        for_pixels(s, rows, columns, [&](int64_t offset, int32_t) {
          const Vector x = load(source + start + offset + c);
          best = x > best ? x : best;
        });
        store(to + window + c, best);
      }
      for (; c < s.channels; ++c) {
        float best = kLowest;
        for_pixels(s, rows, columns, [&](int64_t offset, int32_t) {
          const float x = source[start + offset + c];
          best = x > best ? x : best;
        });
        to[window + c] = best;
      }
    });
  });
}

void max_pool_gradient(const Helpers& helpers, const PoolShape& s, const float* images,
                       const float* gradient, float* result) {
  const bool apart = s.stride_height >= s.window_height;  // else parts would share rows
  for_rows(helpers, s, apart, [&](int64_t image, int64_t first, int64_t last) {
    const float* source = images + image * s.height * s.width * s.channels;
    const float* g = gradient + image * s.out_height * s.out_width * s.channels;
    float* to = result + image * s.height * s.width * s.channels;
    const auto row_of = [&](int64_t t) {
      if (t == 0 || t == s.out_height) return t == 0 ? 0 : s.height;
      return std::clamp<int64_t>(t * s.stride_height - s.top, 0, s.height);
    };
    const int64_t begin = row_of(first), end = last == s.out_height ? s.height : row_of(last);
    if (begin < end) {
      std::memset(to + begin * s.width * s.channels, 0,
                  (end - begin) * s.width * s.channels * sizeof(float));
    }
    for_windows(s, first, last, [&](int64_t start, int64_t window, const Inside& rows,
                                    const Inside& columns) {
      int64_t c = 0;
      for (; c + kLanes <= s.channels; c += kLanes) {
        Vector best = Vector{} + kLowest;
        Positions where{};
        for_pixels(s, rows, columns, [&](int64_t offset, int32_t position) {
          const Vector x = load(source + start + offset + c);
          const auto better = x > best;
          best = better ? x : best;
          where = better ? Positions{} + position : where;
        });
        const Vector given = load(g + window + c);
        for_pixels(s, rows, columns, [&](int64_t offset, int32_t position) {
          float* at = to + start + offset + c;
          store(at, load(at) + (where == position ? given : Vector{}));
        });
      }
      for (; c < s.channels; ++c) {
        float best = kLowest;
        int32_t where = 0;
        for_pixels(s, rows, columns, [&](int64_t offset, int32_t position) {
          const float x = source[start + offset + c];
          if (x > best) best = x, where = position;
        });
        for_pixels(s, rows, columns, [&](int64_t offset, int32_t position) {
          if (position == where) to[start + offset + c] += g[window + c];
        });
      }
    });
  });
}

}  // namespace tf1x
