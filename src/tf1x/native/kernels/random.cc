// Compiled without contraction to fused multiply-adds: every operation rounds, as in philox.py.
#include "random.h"

#include <cmath>
#include <cstring>
#include <type_traits>

namespace tf1x {
namespace {

// Blocks that are generated together, in loops that the compiler turns into vector code.
constexpr int kBatch = 64, kSmallBatch = 8;
// What one thread takes at a time.
constexpr int64_t kBlocksPerItem = 4096;

constexpr uint32_t kMultiplier[2] = {0xD2511F53, 0xCD9E8D57};
constexpr uint32_t kWeyl[2] = {0x9E3779B9, 0xBB67AE85};

// The words of `Count` blocks.
template <int Count>
struct Words {
  uint32_t word[4][Count];
};

// Blocks `first`, `first` + stride, ...
template <int Count>
inline void generate(const Stream& stream, uint64_t first, uint64_t stride, Words<Count>& out) {
  const uint32_t low = stream.seed, high = stream.seed >> 32;
  const uint32_t low2 = stream.seed2, high2 = stream.seed2 >> 32;
  for (int i = 0; i < Count; ++i) {
    const uint64_t block = first + stride * i;
    uint32_t c0 = block, c1 = block >> 32, c2 = low2, c3 = high2;
    uint32_t key0 = low, key1 = high;
    for (int round = 0; round < 10; ++round) {
      const uint64_t product0 = uint64_t{c0} * kMultiplier[0];
      const uint64_t product1 = uint64_t{c2} * kMultiplier[1];
      c0 = static_cast<uint32_t>(product1 >> 32) ^ c1 ^ key0;
      c1 = product1;
      c2 = static_cast<uint32_t>(product0 >> 32) ^ c3 ^ key1;
      c3 = product0;
      key0 += kWeyl[0];
      key1 += kWeyl[1];
    }
    out.word[0][i] = c0;
    out.word[1][i] = c1;
    out.word[2][i] = c2;
    out.word[3][i] = c3;
  }
}

template <typename To, typename From>
inline To bits_of(From from) {
  static_assert(sizeof(To) == sizeof(From), "sizes differ");
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

inline float unit(uint32_t word) {
  return bits_of<float>((word & 0x7FFFFFu) | 0x3F800000u) - 1.0f;
}

inline double unit(uint32_t high, uint32_t low) {
  const uint64_t mantissa = (uint64_t{high} & 0xFFFFFu) << 32 | low;
  return bits_of<double>(mantissa | 0x3FF0000000000000u) - 1.0;
}

// logf, sinf and cosf as glibc rounds them; the coefficients and where they come from are in
// philox.py.
constexpr double kInverse[16] = {
    1.398907162146528,  1.3403141896637998, 1.286432210124115,  1.2367150214269895,
    1.1906977166711752, 1.1479821020556429, 1.1082251448272158, 1.0711297413057381,
    1.036437278977283,  1.0,                0.9492859795739057, 0.8951049428609004,
    0.8476821620351103, 0.8050314851692001, 0.7664671008843108, 0.731428603316328};
constexpr double kLog[16] = {
    -0.33569133332882284, -0.2929040563774074, -0.2518726580937369,  -0.21245868807117255,
    -0.17453945183745634, -0.1380057072319758, -0.10275976698545139, -0.06871392447020525,
    -0.0357891387398228,  0.0,                 0.05204517742929496,  0.11081431298787942,
    0.1652495223695143,   0.21687389031699977, 0.2659635028121397,   0.3127556664073557};
constexpr double kLog2 = 0.6931471805599453, kPi = 3.141592653589793;

inline float log32(float x) {
  const int32_t bits = bits_of<int32_t>(x);
  const int32_t offset = bits - 0x3F330000;
  const double exponent = offset >> 23;
  const double z = bits_of<float>(bits - static_cast<int32_t>(offset & 0xFF800000u));
  const int index = (offset >> 19) & 15;
  const double r = z * kInverse[index] - 1;
  const double r2 = r * r;
  const double tail = -0.25089342214237154 * r2 + (0.333456765744066 * r + -0.4999997485802103);
  return static_cast<float>(tail * r2 + (kLog[index] + exponent * kLog2 + r));
}

inline void sin_cos32(float angle, float& sine, float& cosine) {
  const double quadrant = std::floor(angle * (2 / kPi) + 0.5);
  const double x = angle - quadrant * (kPi / 2);
  const double x2 = x * x, x3 = x * x2, x4 = x2 * x2;
  const float s = static_cast<float>(
      (x + x3 * -0.16666654943701084) +
      x3 * x2 * (0.008332178146138854 + x2 * -0.00019517298981385725));
  const float c = static_cast<float>(
      (1 + x2 * -0.49999999725108224) + x4 * 0.041666623324344516 +
      x4 * x2 * (-0.001388676379437604 + x2 * 2.4390450703564542e-05));
  const int turns = static_cast<int>(quadrant);
  const bool odd = turns & 1;
  sine = (odd ? c : s) * (1 - static_cast<float>(turns & 2));
  cosine = (odd ? s : c) * (1 - static_cast<float>((turns + 1) & 2));
}

inline void box_muller(uint32_t word0, uint32_t word1, float& first, float& second) {
  const float uniform = unit(word0);
  const float angle = static_cast<float>(unit(word1) * (2 * kPi));
  const float radius = std::sqrt(-2.0f * log32(uniform > 1e-7f ? uniform : 1e-7f));
  float sine, cosine;
  sin_cos32(angle, sine, cosine);
  first = sine * radius;
  second = cosine * radius;
}

inline void box_muller(const uint32_t words[4], double& first, double& second) {
  const double uniform = unit(words[0], words[1]);
  const double angle = unit(words[2], words[3]) * (2 * kPi);
  const double radius = std::sqrt(-2.0 * std::log(uniform > 1e-7 ? uniform : 1e-7));
  first = std::sin(angle) * radius;
  second = std::cos(angle) * radius;
}

// The values of these blocks.
template <int Count>
inline void convert(Fill, const Words<Count>& words, uint32_t* out) {
  for (int i = 0; i < Count; ++i) {
    for (int k = 0; k < 4; ++k) out[4 * i + k] = words.word[k][i];
  }
}

template <int Count>
inline void convert(Fill kind, const Words<Count>& words, float* out) {
  if (kind == Fill::kUniform) {
    for (int i = 0; i < Count; ++i) {
      for (int k = 0; k < 4; ++k) out[4 * i + k] = unit(words.word[k][i]);
    }
    return;
  }
  float values[4][Count];
  for (int k = 0; k < 4; k += 2) {
    for (int i = 0; i < Count; ++i) {
      box_muller(words.word[k][i], words.word[k + 1][i], values[k][i], values[k + 1][i]);
    }
  }
  for (int i = 0; i < Count; ++i) {
    for (int k = 0; k < 4; ++k) out[4 * i + k] = values[k][i];
  }
}

template <int Count>
inline void convert(Fill kind, const Words<Count>& words, double* out) {
  for (int i = 0; i < Count; ++i) {
    const uint32_t block[4] = {words.word[0][i], words.word[1][i], words.word[2][i],
                               words.word[3][i]};
    if (kind == Fill::kUniform) {
      out[2 * i] = unit(block[0], block[1]);
      out[2 * i + 1] = unit(block[2], block[3]);
    } else {
      box_muller(block, out[2 * i], out[2 * i + 1]);
    }
  }
}

template <typename Value>
constexpr int kPerBlock = 16 / (sizeof(Value) == 8 ? 8 : 4);

// A group of truncated normals (the values of one block) has blocks of its own, `kStride` of them,
// and takes its first acceptable normals.
template <typename Value>
void truncated(const Stream& stream, int64_t first_group, int64_t groups, int64_t count,
               Value* out) {
  constexpr int kNeed = kPerBlock<Value>;
  constexpr uint64_t kStride = 64 * kNeed;
  Words<kBatch> words;
  Value values[kNeed * kBatch];
  for (int64_t start = 0; start < groups; start += kBatch) {
    const uint64_t block = stream.first_block + kStride * (first_group + start);
    generate(stream, block, kStride, words);
    convert(Fill::kNormal, words, values);
    for (int64_t i = 0; i < std::min<int64_t>(kBatch, groups - start); ++i) {
      Value accepted[kNeed];
      int have = 0;
      for (int k = 0; k < kNeed; ++k) {
        if (std::abs(values[kNeed * i + k]) < 2) accepted[have++] = values[kNeed * i + k];
      }
      for (uint64_t next = block + kStride * i + 1; have < kNeed; next += kSmallBatch) {
        Words<kSmallBatch> more;
        Value candidates[kNeed * kSmallBatch];
        generate(stream, next, 1, more);
        convert(Fill::kNormal, more, candidates);
        for (int k = 0; k < kNeed * kSmallBatch && have < kNeed; ++k) {
          if (std::abs(candidates[k]) < 2) accepted[have++] = candidates[k];
        }
      }
      const int64_t at = kNeed * (first_group + start + i);
      for (int k = 0; k < kNeed && at + k < count; ++k) out[at + k] = accepted[k];
    }
  }
}

}  // namespace

template <typename Value>
void fill(const Helpers& helpers, Fill kind, const Stream& stream, int64_t count, Value* out) {
  constexpr int kPer = kPerBlock<Value>;
  const int64_t blocks = (count + kPer - 1) / kPer;
  const int64_t items = (blocks + kBlocksPerItem - 1) / kBlocksPerItem;
  parallel_for(helpers, items, [&](int64_t item) {
    const int64_t begin = item * kBlocksPerItem;
    const int64_t end = std::min(blocks, begin + kBlocksPerItem);
    if constexpr (!std::is_same_v<Value, uint32_t>) {
      if (kind == Fill::kTruncatedNormal) {
        truncated(stream, begin, end - begin, count, out);
        return;
      }
    }
    Words<kBatch> words;
    for (int64_t block = begin; block < end; block += kBatch) {
      generate(stream, stream.first_block + block, 1, words);
      const int64_t left = count - block * kPer;
      if (left >= kPer * kBatch) {
        convert(kind, words, out + block * kPer);
      } else {
        Value last[kPer * kBatch];
        convert(kind, words, last);
        std::memcpy(out + block * kPer, last, left * sizeof(Value));
      }
    }
  });
}

template void fill(const Helpers&, Fill, const Stream&, int64_t, uint32_t*);
template void fill(const Helpers&, Fill, const Stream&, int64_t, float*);
template void fill(const Helpers&, Fill, const Stream&, int64_t, double*);

}  // namespace tf1x
