// Convolutions with filters of 3 x 3 by Winograd's minimal filtering (Lavin and Gray, 2015): four
// neighbouring results cost 16 multiplications a channel instead of 36.
#pragma once

#include "conv.h"

namespace tf1x {

// Whether these functions are there for it, and faster than the direct ones.
bool winograd_suits(const ConvShape& s);

Convolution winograd_prepared(const Helpers& helpers, const ConvShape& s, const float* filter);
void winograd_images_gradient(const Helpers& helpers, const ConvShape& s, const float* filter,
                              const float* gradient, float* result);
void winograd_filter_gradient(const Helpers& helpers, const ConvShape& s, const float* images,
                              const float* gradient, float* result);

}  // namespace tf1x
