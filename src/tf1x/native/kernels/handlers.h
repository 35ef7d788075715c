// What all handlers share: functions that XLA calls (its FFI) and that call the kernels.
#pragma once

#include <exception>

#include "parallel.h"
#include "xla/ffi/api/ffi.h"

namespace tf1x {

namespace ffi = xla::ffi;
using Numbers = ffi::Span<const int64_t>;
using Rows = ffi::BufferR2<ffi::F32>;

// As many threads as XLA has, with the one that calls. They are our own: XLA's take 50 us to come.
Helpers helpers_of(ffi::ThreadPool& pool);

// An array without numbers stands for one that is not there.
template <typename T>
const T* or_null(const T* data, int64_t count) {
  return count ? data : nullptr;
}

template <typename Body>
ffi::Error guarded(const Body& body) {
  try {
    body();
    return ffi::Error::Success();
  } catch (const std::exception& error) {
    return ffi::Error(ffi::ErrorCode::kResourceExhausted, error.what());
  }
}

}  // namespace tf1x
