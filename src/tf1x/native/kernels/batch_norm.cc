// Each sum is taken over runs of rows, then over the runs of a block, and in float64 over the blocks,
// which are the same ones for any number of threads: exact, and always the same bits.
#include "batch_norm.h"

#include <array>
#include <cmath>
#include <vector>

#include "tiles.h"

namespace tf1x {
namespace {

// Numbers of a block: they stay in a core's cache while one group of channels follows another.
constexpr int64_t kBlock = 1 << 13;
// Rows of a run: far more numbers, added one after the other, would lose digits.
constexpr int64_t kRun = 16;
// Vectors of a group: so many additions are under way at once.
constexpr int kGroup = 4;

template <typename T>
inline T get(const float* p) {
  if constexpr (std::is_same_v<T, float>) {
    return *p;
  } else {
    return load(p);
  }
}

inline void put(float* p, float x) { *p = x; }
inline void put(float* p, Vector x) { store(p, x); }

inline int64_t rows_of_block(const ByChannel& s) {
  return std::max<int64_t>(1, kBlock / s.channels);
}

// Calls f(block, first row, row after the last) for all blocks.
template <typename F>
inline void for_blocks(const Helpers& helpers, const ByChannel& s, const F& f) {
  const int64_t each = rows_of_block(s);
  parallel_for(helpers, ceil_div(s.rows, each), [&](int64_t block) {
    f(block, block * each, std::min(s.rows, (block + 1) * each));
  });
}

// Calls f(T(), N, c) for groups of N times T, from channel c on, until all channels have been.
template <typename F>
inline void for_groups(int64_t channels, const F& f) {
  int64_t c = 0;
  for (; c + kLanes <= channels;) {
    with_constant<kGroup>(std::min<int64_t>(kGroup, (channels - c) / kLanes), [&](auto n) {
      f(Vector(), n, c);
      c += n * kLanes;
    });
  }
  for (; c < channels; ++c) f(float(), std::integral_constant<int, 1>(), c);
}

template <typename T>
constexpr int64_t width_of = sizeof(T) / sizeof(float);

// The sums over the rows of what `term(T(), position, channel)` gives, an array of `Sums` of T.
template <int Sums, typename Term>
std::vector<double> sums_of(const Helpers& helpers, const ByChannel& s, const Term& term) {
  const int64_t count = Sums * s.channels;
  std::vector<float> parts(ceil_div(s.rows, rows_of_block(s)) * count);
  for_blocks(helpers, s, [&](int64_t block, int64_t first, int64_t last) {
    float* to = parts.data() + block * count;
    for_groups(s.channels, [&](auto zero, auto n, int64_t c) {
      using T = decltype(zero);
      T sums[Sums][n] = {};
      for (int64_t start = first; start < last; start += kRun) {
        T run[Sums][n] = {};
        for (int64_t row = start; row < std::min(last, start + kRun); ++row) {
          for (int v = 0; v < n; ++v) {
            const int64_t channel = c + v * width_of<T>;
            const std::array<T, Sums> found = term(zero, row * s.channels + channel, channel);
            for (int i = 0; i < Sums; ++i) run[i][v] += found[i];
          }
        }
        for (int i = 0; i < Sums; ++i) {
          for (int v = 0; v < n; ++v) sums[i][v] += run[i][v];
        }
      }
      for (int i = 0; i < Sums; ++i) {
        for (int v = 0; v < n; ++v) put(to + i * s.channels + c + v * width_of<T>, sums[i][v]);
      }
    });
  });
  std::vector<double> totals(count);
  for (size_t at = 0; at < parts.size(); ++at) totals[at % count] += parts[at];
  return totals;
}

}  // namespace

void moments(const Helpers& helpers, const ByChannel& s, const float* x, float* mean,
             float* variance) {
  const double rows = std::max<int64_t>(s.rows, 1);
  const auto sums = sums_of<1>(helpers, s, [&](auto zero, int64_t at, int64_t) {
    return std::array<decltype(zero), 1>{get<decltype(zero)>(x + at)};
  });
  for (int64_t c = 0; c < s.channels; ++c) mean[c] = static_cast<float>(sums[c] / rows);
  const auto squares = sums_of<1>(helpers, s, [&](auto zero, int64_t at, int64_t c) {
    using T = decltype(zero);
    const T distance = get<T>(x + at) - get<T>(mean + c);
    return std::array<T, 1>{distance * distance};
  });
  for (int64_t c = 0; c < s.channels; ++c) variance[c] = static_cast<float>(squares[c] / rows);
}

void normalized_gradient(const Helpers& helpers, const ByChannel& s, const Normalized& forward,
                         const float* gradient, float* to_x, float* to_scale, float* to_offset) {
  const float *x = forward.x, *mean = forward.mean;
  const auto sums = sums_of<2>(helpers, s, [&](auto zero, int64_t at, int64_t c) {
    using T = decltype(zero);
    const T g = get<T>(gradient + at);
    return std::array<T, 2>{g, g * (get<T>(x + at) - get<T>(mean + c))};
  });
  const double rows = std::max<int64_t>(s.rows, 1);
  std::vector<float> drift(s.channels), slope(s.channels), factor(s.channels);
  for (int64_t c = 0; c < s.channels; ++c) {
    const double projected = sums[s.channels + c];
    const double inverse = 1 / std::sqrt(static_cast<double>(forward.variance[c]) + forward.epsilon);
    drift[c] = static_cast<float>(sums[c] / rows);
    slope[c] = static_cast<float>(projected * inverse * inverse / rows);
    factor[c] = static_cast<float>(forward.scale[c] * inverse);
    to_scale[c] = static_cast<float>(projected * inverse);
    to_offset[c] = static_cast<float>(sums[c]);
  }
  for_blocks(helpers, s, [&](int64_t, int64_t first, int64_t last) {
    for_groups(s.channels, [&](auto zero, auto n, int64_t c) {
      using T = decltype(zero);
      for (int64_t row = first; row < last; ++row) {
        for (int v = 0; v < n; ++v) {
          const int64_t channel = c + v * width_of<T>, at = row * s.channels + channel;
          const T distance = get<T>(x + at) - get<T>(mean + channel);
          const T kept = get<T>(gradient + at) - get<T>(&drift[channel]) -
                         distance * get<T>(&slope[channel]);
          put(to_x + at, kept * get<T>(&factor[channel]));
        }
      }
    });
  });
}

}  // namespace tf1x
