#include "candidates.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace tf1x {
namespace {

constexpr int64_t kDrawsPerBlock = 2;

// Numbers of at least 0, at most `most` of them.
class Seen {
 public:
  explicit Seen(int64_t most) {
    while ((int64_t{1} << bits_) < 2 * most) ++bits_;
    places_.assign(int64_t{1} << bits_, -1);
  }

  // Whether the number is new.
  bool add(int64_t number) {
    const int64_t mask = places_.size() - 1;
    int64_t at = static_cast<uint64_t>(number) * 0x9E3779B97F4A7C15u >> (64 - bits_);
    while (places_[at] >= 0 && places_[at] != number) at = (at + 1) & mask;
    const bool is_new = places_[at] < 0;
    places_[at] = number;
    return is_new;
  }

 private:
  int bits_ = 1;
  std::vector<int64_t> places_;
};

void draw_uniform(const Stream& stream, int64_t range, std::vector<int64_t>& classes) {
  std::vector<uint32_t> words(2 * classes.size());
  fill({}, Fill::kWords, stream, words.size(), words.data());
  for (size_t i = 0; i < classes.size(); ++i) {
    classes[i] = (uint64_t{words[2 * i + 1]} << 32 | words[2 * i]) % range;
  }
}

void draw_log_uniform(const Stream& stream, int64_t range, std::vector<int64_t>& classes) {
  std::vector<double> uniforms(classes.size());
  fill({}, Fill::kUniform, stream, uniforms.size(), uniforms.data());
  const double log_range = std::log1p(range);
  for (size_t i = 0; i < classes.size(); ++i) {
    classes[i] = (static_cast<int64_t>(std::exp(uniforms[i] * log_range)) - 1) % range;
  }
}

}  // namespace

int64_t draw_different(Distribution distribution, Stream stream, int64_t range, int64_t wanted,
                       int64_t* classes) {
  const auto draw = distribution == Distribution::kUniform ? draw_uniform : draw_log_uniform;
  std::vector<int64_t> drawn(std::max<int64_t>(16, 2 * wanted));
  Seen seen(wanted);
  int64_t different = 0, draws = 0;
  while (different < wanted) {
    draw(stream, range, drawn);
    stream.first_block += drawn.size() / kDrawsPerBlock;
    for (size_t i = 0; i < drawn.size() && different < wanted; ++i, ++draws) {
      if (seen.add(drawn[i])) classes[different++] = drawn[i];
    }
  }
  return draws;
}

}  // namespace tf1x
