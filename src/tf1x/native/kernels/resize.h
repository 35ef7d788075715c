// Bilinear resizing: see tf1x/ops/image_resize.py.
#pragma once

#include <cstdint>

namespace tf1x {

struct ResizeShape {
  int64_t batch, height, width, depth, new_height, new_width;
};

// For each output row or column two of the input, and how far it lies towards the second.
struct Between {
  const int64_t* lower;
  const int64_t* upper;
  const float* lerp;
};

// `images` [batch, height, width, depth] as `out` [batch, new_height, new_width, depth]; Pixel is
// uint8_t or float.
template <typename Pixel>
void resize_bilinear(const Pixel* images, const ResizeShape& shape, const Between& rows,
                     const Between& columns, float* out);

}  // namespace tf1x
