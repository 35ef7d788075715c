// Bilinear resizing of images in memory: the numbers of tf1x/ops/image_resize.py, bit for bit.
//
// Compiled without fused multiply-adds, which round once where NumPy rounds twice.
#include "resize.h"

#include <cstdint>
#include <vector>

namespace tf1x {

template <typename Pixel>
void resize_bilinear(const Pixel* images, const ResizeShape& s, const Between& rows,
                     const Between& columns, float* out) {
  const int64_t line = s.new_width * s.depth;
  // The last two input rows that were stretched to the new width.
  std::vector<float> stretched[2] = {std::vector<float>(line), std::vector<float>(line)};
  for (int64_t image = 0; image < s.batch; ++image) {
    const Pixel* pixels = images + image * s.height * s.width * s.depth;
    int64_t held[2] = {-1, -1};
    auto row = [&](int64_t wanted, int64_t keep) {
      for (int which = 0; which < 2; ++which) {
        if (held[which] == wanted) return which;
      }
      const int which = held[0] == keep ? 1 : 0;
      const Pixel* from = pixels + wanted * s.width * s.depth;
      float* to = stretched[which].data();
      for (int64_t x = 0; x < s.new_width; ++x) {
        const Pixel* first = from + columns.lower[x] * s.depth;
        const Pixel* second = from + columns.upper[x] * s.depth;
        const float lerp = columns.lerp[x];
        for (int64_t c = 0; c < s.depth; ++c) {
          const float a = static_cast<float>(first[c]);
          *to++ = a + (static_cast<float>(second[c]) - a) * lerp;
        }
      }
      held[which] = wanted;
      return which;
    };
    for (int64_t y = 0; y < s.new_height; ++y) {
      const int upper = row(rows.lower[y], rows.upper[y]);
      const int lower = row(rows.upper[y], rows.lower[y]);
      const float* top = stretched[upper].data();
      const float* bottom = stretched[lower].data();
      const float lerp = rows.lerp[y];
      for (int64_t i = 0; i < line; ++i) out[i] = top[i] + (bottom[i] - top[i]) * lerp;
      out += line;
    }
  }
}

template void resize_bilinear(const uint8_t*, const ResizeShape&, const Between&, const Between&,
                              float*);
template void resize_bilinear(const float*, const ResizeShape&, const Between&, const Between&,
                              float*);

}  // namespace tf1x
