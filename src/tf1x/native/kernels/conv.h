// Convolutions of float32 images, channels last, and their gradients.
#pragma once

#include <cstdint>
#include <functional>

#include "parallel.h"

namespace tf1x {

struct ConvShape {
  int64_t batch, height, width, channels;      // images
  int64_t kernel_height, kernel_width, depth;  // filter: depth is channels of a group
  int64_t out_height, out_width, out;          // result
  int64_t stride_height, stride_width;
  int64_t dilation_height, dilation_width;
  int64_t top, left;  // zeros before the images

  int64_t groups() const { return channels / depth; }
  int64_t group_out() const { return out / groups(); }
};

// The convolution of a number of images (not of `ConvShape::batch`), with its filter laid out.
using Convolution = std::function<void(const Helpers& helpers, int64_t batch, const float* images,
                                       float* result)>;
Convolution prepared(const Helpers& helpers, const ConvShape& s, const float* filter);

void conv_forward(const Helpers& helpers, const ConvShape& s, const float* images,
                  const float* filter, float* result);
void conv_images_gradient(const Helpers& helpers, const ConvShape& s, const float* filter,
                          const float* gradient, float* result);
void conv_filter_gradient(const Helpers& helpers, const ConvShape& s, const float* images,
                          const float* gradient, float* result);

}  // namespace tf1x
