// Handlers of what recurrent networks want.
#include <cstring>

#include "gemm.h"
#include "handlers.h"
#include "lstm.h"
#include "lstm_layer.h"

namespace tf1x {
namespace {

ffi::Error pack_matrix(ffi::ThreadPool pool, int64_t transposed, Rows matrix,
                       ffi::Result<ffi::BufferR1<ffi::F32>> packed) {
  return guarded([&] {
    const auto size = matrix.dimensions();
    pack(helpers_of(pool), matrix.typed_data(), size[transposed ? 1 : 0], size[transposed ? 0 : 1],
         transposed != 0, packed->typed_data());
  });
}

ffi::Error multiply_packed(ffi::ThreadPool pool, Rows left, ffi::BufferR1<ffi::F32> packed,
                           ffi::Result<Rows> result) {
  return guarded([&] {
    const int64_t rows = left.dimensions()[0], terms = left.dimensions()[1];
    const int64_t columns = result->dimensions()[1];
    multiply(helpers_of(pool), left.typed_data(), packed.typed_data(), rows, terms, columns,
             result->typed_data());
  });
}

LstmCell lstm_cell(float forget_bias, const Numbers& order, const Rows& before) {
  return {before.dimensions()[0], before.dimensions()[1], forget_bias,
          {order[0], order[1], order[2], order[3]}};
}

ffi::Error step_lstm(ffi::ThreadPool pool, float forget_bias, Numbers order, Rows product, Rows added,
                     ffi::BufferR1<ffi::F32> bias, Rows before, ffi::Result<Rows> memory,
                     ffi::Result<Rows> output, ffi::Result<Rows> gates) {
  return guarded([&] {
    lstm_step(helpers_of(pool), lstm_cell(forget_bias, order, before),
              {product.typed_data(), or_null(added.typed_data(), added.element_count()),
               or_null(bias.typed_data(), bias.element_count()), before.typed_data()},
              memory->typed_data(), output->typed_data(),
              gates->element_count() ? gates->typed_data() : nullptr);
  });
}

ffi::Error lstm_pullback(ffi::ThreadPool pool, Numbers order, Rows gates, Rows before, Rows of_memory,
                         Rows of_output, ffi::Result<Rows> to_product,
                         ffi::Result<ffi::BufferR1<ffi::F32>> to_bias, ffi::Result<Rows> to_before) {
  return guarded([&] {
    lstm_gradient(helpers_of(pool), lstm_cell(0, order, before), gates.typed_data(),
                  before.typed_data(), of_memory.typed_data(), of_output.typed_data(),
                  to_product->typed_data(), to_bias->typed_data(), to_before->typed_data());
  });
}

using Sequence = ffi::BufferR3<ffi::F32>;  // [steps, rows, numbers]
using Vector = ffi::BufferR1<ffi::F32>;
using Count = ffi::BufferR0<ffi::S32>;
using Flags = ffi::BufferR2<ffi::PRED>;

LstmLayer layer_of(const LstmCell& cell, const Count& steps, const Rows& weights, const float* bias,
                   const Rows& memory, const Rows& output, const Flags& ended) {
  return {cell, *steps.typed_data(), weights.typed_data(), bias, memory.typed_data(),
          output.typed_data(), or_null(ended.typed_data(), ended.element_count())};
}

ffi::Error lstm_steps(ffi::ThreadPool pool, float forget_bias, Numbers order, Sequence inputs,
                      Count steps, Rows weights, Vector bias, Rows memory, Rows output,
                      Flags ended, ffi::Result<Sequence> outputs, ffi::Result<Rows> last_memory,
                      ffi::Result<Rows> last_output, ffi::Result<Sequence> states,
                      ffi::Result<Sequence> memories, ffi::Result<Sequence> gates) {
  return guarded([&] {
    const LstmLayer layer =
        layer_of(lstm_cell(forget_bias, order, memory), steps, weights,
                 or_null(bias.typed_data(), bias.element_count()), memory, output, ended);
    const bool keeps = gates->element_count();
    float* carried = layer.ended ? states->typed_data() : outputs->typed_data();
    lstm_layer(helpers_of(pool), layer, inputs.typed_data(),
               {outputs->typed_data(), carried, memories->typed_data(),
                keeps ? gates->typed_data() : nullptr});
    const int64_t last = layer.steps - 1, step = memory.element_count();
    const float* m = last < 0 ? layer.memory : memories->typed_data() + (keeps ? last * step : 0);
    const float* h = last < 0 ? layer.output : carried + last * step;
    std::memcpy(last_memory->typed_data(), m, step * sizeof(float));
    std::memcpy(last_output->typed_data(), h, step * sizeof(float));
  });
}

ffi::Error lstm_steps_gradient(ffi::ThreadPool pool, Numbers order, Sequence gates, Count steps,
                               Rows weights, Rows memory, Rows output, Flags ended, Sequence states,
                               Sequence memories, Sequence of_outputs, Rows of_memory, Rows of_output,
                               ffi::Result<Sequence> to_inputs, ffi::Result<Rows> to_weights,
                               ffi::Result<Vector> to_bias, ffi::Result<Rows> to_memory,
                               ffi::Result<Rows> to_output) {
  return guarded([&] {
    lstm_layer_gradient(
        helpers_of(pool),
        layer_of(lstm_cell(0, order, memory), steps, weights, nullptr, memory, output, ended),
        {states.typed_data(), memories.typed_data(), gates.typed_data()}, of_outputs.typed_data(),
        of_memory.typed_data(), of_output.typed_data(),
        {to_inputs->typed_data(), to_weights->typed_data(), to_bias->typed_data(),
         to_memory->typed_data(), to_output->typed_data()});
  });
}

}  // namespace

#pragma GCC visibility push(default)

XLA_FFI_DEFINE_HANDLER_SYMBOL(tf1x_pack, pack_matrix,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Attr<int64_t>("transposed")
                                  .Arg<Rows>()
                                  .Ret<ffi::BufferR1<ffi::F32>>());
XLA_FFI_DEFINE_HANDLER_SYMBOL(tf1x_multiply, multiply_packed,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<Rows>()
                                  .Arg<ffi::BufferR1<ffi::F32>>()
                                  .Ret<Rows>());
XLA_FFI_DEFINE_HANDLER_SYMBOL(tf1x_lstm, step_lstm,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Attr<float>("forget_bias")
                                  .Attr<Numbers>("order")
                                  .Arg<Rows>()
                                  .Arg<Rows>()
                                  .Arg<ffi::BufferR1<ffi::F32>>()
                                  .Arg<Rows>()
                                  .Ret<Rows>()
                                  .Ret<Rows>()
                                  .Ret<Rows>());
XLA_FFI_DEFINE_HANDLER_SYMBOL(tf1x_lstm_gradient, lstm_pullback,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Attr<Numbers>("order")
                                  .Arg<Rows>()
                                  .Arg<Rows>()
                                  .Arg<Rows>()
                                  .Arg<Rows>()
                                  .Ret<Rows>()
                                  .Ret<ffi::BufferR1<ffi::F32>>()
                                  .Ret<Rows>());
XLA_FFI_DEFINE_HANDLER_SYMBOL(tf1x_lstm_layer, lstm_steps,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Attr<float>("forget_bias")
                                  .Attr<Numbers>("order")
                                  .Arg<Sequence>()
                                  .Arg<Count>()
                                  .Arg<Rows>()
                                  .Arg<Vector>()
                                  .Arg<Rows>()
                                  .Arg<Rows>()
                                  .Arg<Flags>()
                                  .Ret<Sequence>()
                                  .Ret<Rows>()
                                  .Ret<Rows>()
                                  .Ret<Sequence>()
                                  .Ret<Sequence>()
                                  .Ret<Sequence>());
XLA_FFI_DEFINE_HANDLER_SYMBOL(tf1x_lstm_layer_gradient, lstm_steps_gradient,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Attr<Numbers>("order")
                                  .Arg<Sequence>()
                                  .Arg<Count>()
                                  .Arg<Rows>()
                                  .Arg<Rows>()
                                  .Arg<Rows>()
                                  .Arg<Flags>()
                                  .Arg<Sequence>()
                                  .Arg<Sequence>()
                                  .Arg<Sequence>()
                                  .Arg<Rows>()
                                  .Arg<Rows>()
                                  .Ret<Sequence>()
                                  .Ret<Rows>()
                                  .Ret<Vector>()
                                  .Ret<Rows>()
                                  .Ret<Rows>());

}  // namespace tf1x

// How many floats `tf1x_pack` writes for a matrix of `rows` by `columns`.
extern "C" int64_t tf1x_packed_size(int64_t rows, int64_t columns) {
  return tf1x::packed_size(rows, columns);
}

#pragma GCC visibility pop
