// The kernels as XLA calls them (its FFI), and a plain function for NumPy's arrays.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include "adam.h"
#include "batch_norm.h"
#include "candidates.h"
#include "conv.h"
#include "conv_pool.h"
#include "gather.h"
#include "handlers.h"
#include "matmul.h"
#include "pool.h"
#include "random.h"
#include "resize.h"
#include "team.h"

namespace tf1x {
namespace {

std::atomic<Team*> team{nullptr};

Helpers members(Team* team, int64_t count) {
  return {count, [team](std::function<void()> work) { team->give(std::move(work)); }};
}

}  // namespace

Helpers helpers_of(ffi::ThreadPool& pool) {
  const int64_t count = pool.num_threads() - 1;
  if (count < 1) return {};
  static Team* const made = team = new Team(count);
  return members(made, count);
}

namespace {

using Floats = ffi::BufferR4<ffi::F32>;

// Fewer bytes are fetched before another thread would be awake.
constexpr int64_t kFar = 1 << 20;

void fill_typed(const Helpers& helpers, Fill kind, const Stream& stream, int64_t count, bool wide,
                void* out) {
  if (kind == Fill::kWords) {
    fill(helpers, kind, stream, count, static_cast<uint32_t*>(out));
  } else if (wide) {
    fill(helpers, kind, stream, count, static_cast<double*>(out));
  } else {
    fill(helpers, kind, stream, count, static_cast<float*>(out));
  }
}

ffi::Error random(ffi::ThreadPool pool, int64_t kind, ffi::BufferR1<ffi::U64> stream,
                  ffi::Result<ffi::AnyBuffer> out) {
  return guarded([&] {
    const uint64_t* s = stream.typed_data();
    fill_typed(helpers_of(pool), static_cast<Fill>(kind), {s[0], s[1], s[2]},
               out->element_count(), out->element_type() == ffi::F64, out->untyped_data());
  });
}

template <typename Index>
void gather_typed(const Helpers& helpers, const Table& table, ffi::AnyBuffer indices, void* out) {
  gather_rows(helpers, table, indices.typed_data<Index>(), indices.element_count(),
              static_cast<char*>(out));
}

ffi::Error gather(ffi::ThreadPool pool, ffi::AnyBuffer table, ffi::AnyBuffer indices,
                  ffi::Result<ffi::AnyBuffer> out) {
  return guarded([&] {
    const int64_t rows = table.dimensions()[0], bytes = out->size_bytes();
    const Table given{static_cast<const char*>(table.untyped_data()), rows,
                      static_cast<int64_t>(table.size_bytes()) / rows};
    const Helpers helpers = bytes < kFar ? Helpers{} : helpers_of(pool);
    if (indices.element_type() == ffi::S64) {
      gather_typed<int64_t>(helpers, given, indices, out->untyped_data());
    } else {
      gather_typed<int32_t>(helpers, given, indices, out->untyped_data());
    }
  });
}

ffi::Error candidates(int64_t distribution, int64_t range, ffi::BufferR1<ffi::U64> stream,
                      ffi::Result<ffi::BufferR1<ffi::S64>> classes,
                      ffi::Result<ffi::BufferR0<ffi::S64>> draws) {
  return guarded([&] {
    const uint64_t* s = stream.typed_data();
    draws->typed_data()[0] =
        draw_different(static_cast<Distribution>(distribution), {s[0], s[1], s[2]}, range,
                       classes->element_count(), classes->typed_data());
  });
}

ConvShape shape_of(const Numbers& images, const Numbers& filter, const Numbers& result,
                   const Numbers& strides, const Numbers& dilations, const Numbers& before) {
  return {images[0], images[1], images[2],  images[3],  filter[0],    filter[1],    filter[2],
          result[1], result[2], result[3],  strides[0], strides[1],   dilations[0], dilations[1],
          before[0], before[1]};
}

ffi::Error forward(ffi::ThreadPool pool, Numbers strides, Numbers dilations, Numbers before,
                   Floats images, Floats filter, ffi::Result<Floats> result) {
  return guarded([&] {
    const ConvShape s = shape_of(images.dimensions(), filter.dimensions(), result->dimensions(),
                                 strides, dilations, before);
    conv_forward(helpers_of(pool), s, images.typed_data(), filter.typed_data(),
                 result->typed_data());
  });
}

ffi::Error images_gradient(ffi::ThreadPool pool, Numbers strides, Numbers dilations,
                           Numbers before, Floats filter, Floats gradient,
                           ffi::Result<Floats> images) {
  return guarded([&] {
    const ConvShape s = shape_of(images->dimensions(), filter.dimensions(), gradient.dimensions(),
                                 strides, dilations, before);
    conv_images_gradient(helpers_of(pool), s, filter.typed_data(), gradient.typed_data(),
                         images->typed_data());
  });
}

ffi::Error filter_gradient(ffi::ThreadPool pool, Numbers strides, Numbers dilations,
                           Numbers before, Floats images, Floats gradient,
                           ffi::Result<Floats> filter) {
  return guarded([&] {
    const ConvShape s = shape_of(images.dimensions(), filter->dimensions(), gradient.dimensions(),
                                 strides, dilations, before);
    conv_filter_gradient(helpers_of(pool), s, images.typed_data(),
                         gradient.typed_data(), filter->typed_data());
  });
}

using Number = ffi::BufferR0<ffi::F32>;
using Flag = ffi::BufferR0<ffi::PRED>;
using Array = ffi::Buffer<ffi::F32>;

// A matrix or its transpose, and how many rows and columns that has.
struct Factor {
  Matrix matrix;
  int64_t rows, columns;

  Factor(const Rows& buffer, int64_t transposed) {
    const int64_t height = buffer.dimensions()[0], width = buffer.dimensions()[1];
    matrix = transposed ? Matrix{buffer.typed_data(), 1, width}
                        : Matrix{buffer.typed_data(), width, 1};
    rows = transposed ? width : height;
    columns = transposed ? height : width;
  }
};

ffi::Error product(ffi::ThreadPool pool, int64_t transpose_a, int64_t transpose_b, Rows a, Rows b,
                   ffi::Result<Rows> result) {
  return guarded([&] {
    const Factor left(a, transpose_a), right(b, transpose_b);
    matmul(helpers_of(pool), left.rows, left.columns, right.columns, left.matrix, right.matrix,
           result->typed_data());
  });
}

// Bias and mask without numbers stand for none.
ffi::Error dense(ffi::ThreadPool pool, int64_t transpose_a, int64_t transpose_b, bool rectifies,
                 Rows a, Rows b, ffi::BufferR1<ffi::F32> bias, Rows mask, ffi::Result<Rows> result) {
  return guarded([&] {
    const Factor left(a, transpose_a), right(b, transpose_b);
    matmul(helpers_of(pool), left.rows, left.columns, right.columns, left.matrix, right.matrix,
           result->typed_data(),
           {or_null(bias.typed_data(), bias.element_count()), rectifies,
            or_null(mask.typed_data(), mask.element_count())});
  });
}

// What follows the factors is not read: it was made from the value, so it comes before the update.
ffi::Error descend(ffi::ThreadPool pool, int64_t transpose_a, int64_t transpose_b, Rows value,
                   Number rate, Flag keep, Rows a, Rows b, ffi::RemainingArgs, ffi::Result<Rows> result) {
  return guarded([&] {
    const Factor left(a, transpose_a), right(b, transpose_b);
    if (result->typed_data() != value.typed_data()) {
      std::memcpy(result->typed_data(), value.typed_data(), value.size_bytes());
    }
    if (*keep.typed_data()) return;
    add_matmul(helpers_of(pool), left.rows, left.columns, right.columns, left.matrix, right.matrix,
               -*rate.typed_data(), result->typed_data());
  });
}

ffi::Error leave_unwritten(int64_t, ffi::Result<ffi::AnyBuffer>) { return ffi::Error::Success(); }

PoolShape pool_shape(const Numbers& images, const Numbers& result, const Numbers& sizes,
                     const Numbers& strides, const Numbers& before) {
  return {images[0], images[1], images[2],  images[3],  result[1], result[2],
          sizes[0],  sizes[1],  strides[0], strides[1], before[0], before[1]};
}

ffi::Error pool_forward(ffi::ThreadPool pool, Numbers sizes, Numbers strides, Numbers before,
                        Floats images, ffi::Result<Floats> result) {
  return guarded([&] {
    max_pool(helpers_of(pool),
             pool_shape(images.dimensions(), result->dimensions(), sizes, strides, before),
             images.typed_data(), result->typed_data());
  });
}

ffi::Error pool_convolved(ffi::ThreadPool pool, Numbers sizes, Numbers strides, Numbers before,
                          Numbers conv_strides, Numbers dilations, Numbers conv_before,
                          Numbers convolved, Floats images, Floats filter,
                          ffi::Result<Floats> result) {
  return guarded([&] {
    const ConvShape s = shape_of(images.dimensions(), filter.dimensions(), convolved, conv_strides,
                                 dilations, conv_before);
    conv_max_pool(helpers_of(pool), s,
                  pool_shape(convolved, result->dimensions(), sizes, strides, before),
                  images.typed_data(), filter.typed_data(), result->typed_data());
  });
}

ffi::Error pool_gradient(ffi::ThreadPool pool, Numbers sizes, Numbers strides, Numbers before,
                         Floats images, Floats gradient, ffi::Result<Floats> result) {
  return guarded([&] {
    max_pool_gradient(helpers_of(pool),
                      pool_shape(images.dimensions(), gradient.dimensions(), sizes, strides, before),
                      images.typed_data(), gradient.typed_data(), result->typed_data());
  });
}

ffi::Error update_adam(ffi::ThreadPool pool, Array value, Array mean, Array square, Array gradient,
                       Number rate, Number beta1, Number beta2, Number epsilon, Flag keep,
                       ffi::RemainingArgs, ffi::Result<Array> new_value, ffi::Result<Array> new_mean,
                       ffi::Result<Array> new_square) {
  return guarded([&] {
    adam(helpers_of(pool), value.element_count(),
         {*rate.typed_data(), *beta1.typed_data(), *beta2.typed_data(), *epsilon.typed_data()},
         gradient.typed_data(), {value.typed_data(), mean.typed_data(), square.typed_data()},
         {new_value->typed_data(), new_mean->typed_data(), new_square->typed_data()},
         *keep.typed_data());
  });
}

ByChannel by_channel(const Array& x) {
  const int64_t channels = x.dimensions().back();
  return {static_cast<int64_t>(x.element_count()) / std::max<int64_t>(channels, 1), channels};
}

ffi::Error channel_moments(ffi::ThreadPool pool, Array x, ffi::Result<Array> mean,
                           ffi::Result<Array> variance) {
  return guarded([&] {
    moments(helpers_of(pool), by_channel(x), x.typed_data(),
            mean->typed_data(), variance->typed_data());
  });
}

ffi::Error norm_gradient(ffi::ThreadPool pool, float epsilon, Array gradient, Array x, Array scale,
                         Array mean, Array variance, ffi::Result<Array> to_x,
                         ffi::Result<Array> to_scale, ffi::Result<Array> to_offset) {
  return guarded([&] {
    normalized_gradient(
        helpers_of(pool), by_channel(x),
        {x.typed_data(), scale.typed_data(), mean.typed_data(), variance.typed_data(), epsilon},
        gradient.typed_data(), to_x->typed_data(), to_scale->typed_data(), to_offset->typed_data());
  });
}

auto convolution() {
  return ffi::Ffi::Bind()
      .Ctx<ffi::ThreadPool>()
      .Attr<Numbers>("strides")
      .Attr<Numbers>("dilations")
      .Attr<Numbers>("before")
      .Arg<Floats>()
      .Arg<Floats>()
      .Ret<Floats>();
}

auto pooling() {
  return ffi::Ffi::Bind()
      .Ctx<ffi::ThreadPool>()
      .Attr<Numbers>("sizes")
      .Attr<Numbers>("strides")
      .Attr<Numbers>("before");
}

}  // namespace

#pragma GCC visibility push(default)

XLA_FFI_DEFINE_HANDLER_SYMBOL(tf1x_random, random,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Attr<int64_t>("kind")
                                  .Arg<ffi::BufferR1<ffi::U64>>()
                                  .Ret<ffi::AnyBuffer>());
XLA_FFI_DEFINE_HANDLER_SYMBOL(tf1x_gather, gather,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>());
XLA_FFI_DEFINE_HANDLER_SYMBOL(tf1x_candidates, candidates,
                              ffi::Ffi::Bind()
                                  .Attr<int64_t>("distribution")
                                  .Attr<int64_t>("range")
                                  .Arg<ffi::BufferR1<ffi::U64>>()
                                  .Ret<ffi::BufferR1<ffi::S64>>()
                                  .Ret<ffi::BufferR0<ffi::S64>>());
XLA_FFI_DEFINE_HANDLER_SYMBOL(tf1x_conv_forward, forward, convolution());
XLA_FFI_DEFINE_HANDLER_SYMBOL(tf1x_conv_images_gradient, images_gradient, convolution());
XLA_FFI_DEFINE_HANDLER_SYMBOL(tf1x_conv_filter_gradient, filter_gradient, convolution());
XLA_FFI_DEFINE_HANDLER_SYMBOL(tf1x_matmul, product,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Attr<int64_t>("transpose_a")
                                  .Attr<int64_t>("transpose_b")
                                  .Arg<Rows>()
                                  .Arg<Rows>()
                                  .Ret<Rows>());
XLA_FFI_DEFINE_HANDLER_SYMBOL(tf1x_dense, dense,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Attr<int64_t>("transpose_a")
                                  .Attr<int64_t>("transpose_b")
                                  .Attr<bool>("rectifies")
                                  .Arg<Rows>()
                                  .Arg<Rows>()
                                  .Arg<ffi::BufferR1<ffi::F32>>()
                                  .Arg<Rows>()
                                  .Ret<Rows>());
XLA_FFI_DEFINE_HANDLER_SYMBOL(tf1x_descend, descend,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Attr<int64_t>("transpose_a")
                                  .Attr<int64_t>("transpose_b")
                                  .Arg<Rows>()
                                  .Arg<Number>()
                                  .Arg<Flag>()
                                  .Arg<Rows>()
                                  .Arg<Rows>()
                                  .RemainingArgs()
                                  .Ret<Rows>());
XLA_FFI_DEFINE_HANDLER_SYMBOL(tf1x_unwritten, leave_unwritten,
                              ffi::Ffi::Bind().Attr<int64_t>("number").Ret<ffi::AnyBuffer>());
XLA_FFI_DEFINE_HANDLER_SYMBOL(tf1x_max_pool, pool_forward,
                              pooling().Arg<Floats>().Ret<Floats>());
XLA_FFI_DEFINE_HANDLER_SYMBOL(tf1x_max_pool_gradient, pool_gradient,
                              pooling().Arg<Floats>().Arg<Floats>().Ret<Floats>());
XLA_FFI_DEFINE_HANDLER_SYMBOL(tf1x_conv_max_pool, pool_convolved,
                              pooling()
                                  .Attr<Numbers>("conv_strides")
                                  .Attr<Numbers>("conv_dilations")
                                  .Attr<Numbers>("conv_before")
                                  .Attr<Numbers>("convolved")
                                  .Arg<Floats>()
                                  .Arg<Floats>()
                                  .Ret<Floats>());
XLA_FFI_DEFINE_HANDLER_SYMBOL(tf1x_adam, update_adam,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<Array>()
                                  .Arg<Array>()
                                  .Arg<Array>()
                                  .Arg<Array>()
                                  .Arg<Number>()
                                  .Arg<Number>()
                                  .Arg<Number>()
                                  .Arg<Number>()
                                  .Arg<Flag>()
                                  .RemainingArgs()
                                  .Ret<Array>()
                                  .Ret<Array>()
                                  .Ret<Array>());
XLA_FFI_DEFINE_HANDLER_SYMBOL(tf1x_moments, channel_moments,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<Array>()
                                  .Ret<Array>()
                                  .Ret<Array>());
XLA_FFI_DEFINE_HANDLER_SYMBOL(tf1x_batch_norm_gradient, norm_gradient,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Attr<float>("epsilon")
                                  .Arg<Array>()
                                  .Arg<Array>()
                                  .Arg<Array>()
                                  .Arg<Array>()
                                  .Arg<Array>()
                                  .Ret<Array>()
                                  .Ret<Array>()
                                  .Ret<Array>());

}  // namespace tf1x

// `tf1x_random` in the calling thread, for an array in memory; `wide`: of float64.
extern "C" void tf1x_fill(
    int64_t kind, uint64_t seed, uint64_t seed2, uint64_t first_block, int64_t count, int wide,
    void* out) {
  tf1x::fill_typed({}, static_cast<tf1x::Fill>(kind), {seed, seed2, first_block}, count, wide != 0,
                   out);
}

// Copies `bytes` from one array to another. The programs' threads help, if there are any yet.
extern "C" void tf1x_copy(const void* from, int64_t bytes, void* to) {
  constexpr int64_t kPart = 128 << 10;
  tf1x::Team* const team = tf1x::team.load();
  const auto helpers = team ? tf1x::members(team, 1) : tf1x::Helpers{};
  tf1x::parallel_for(helpers, (bytes + kPart - 1) / kPart, [&](int64_t part) {
    const int64_t start = part * kPart;
    std::memcpy(static_cast<char*>(to) + start, static_cast<const char*>(from) + start,
                std::min(kPart, bytes - start));
  });
}

// Bilinear resizing in the calling thread. `shape` is a ResizeShape's six numbers.
extern "C" void tf1x_resize_bilinear(
    const void* images, int bytes, const int64_t* shape, const int64_t* top, const int64_t* bottom,
    const int64_t* left, const int64_t* right, const float* down, const float* across,
    float* out) {
  const tf1x::ResizeShape s{shape[0], shape[1], shape[2], shape[3], shape[4], shape[5]};
  const tf1x::Between rows{top, bottom, down}, columns{left, right, across};
  if (bytes) {
    tf1x::resize_bilinear(static_cast<const uint8_t*>(images), s, rows, columns, out);
  } else {
    tf1x::resize_bilinear(static_cast<const float*>(images), s, rows, columns, out);
  }
}

#pragma GCC visibility pop
