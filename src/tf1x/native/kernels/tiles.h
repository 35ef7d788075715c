// What kernels share that keep a tile of their result in vector registers. Every file that includes
// it has functions of its own, compiled with the file's own flags.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace tf1x {
namespace {

#if defined(__AVX512F__)
constexpr int kLanes = 16, kRegisters = 32;
#elif defined(__aarch64__)
constexpr int kLanes = 4, kRegisters = 32;
#elif defined(__AVX__)
constexpr int kLanes = 8, kRegisters = 16;
#else
constexpr int kLanes = 4, kRegisters = 16;
#endif

typedef float Vector __attribute__((vector_size(4 * kLanes), aligned(4), may_alias));

inline Vector load(const float* p) { return *reinterpret_cast<const Vector*>(p); }
inline void store(float* p, Vector v) { *reinterpret_cast<Vector*>(p) = v; }

// Some of a vector's numbers.
inline Vector some(const float* p, int64_t count) {
  if (count == kLanes) return load(p);
  Vector v = {};
  std::memcpy(&v, p, count * sizeof(float));
  return v;
}

inline void put(float* p, Vector v, int64_t count) {
  if (count == kLanes) {
    store(p, v);
  } else {
    std::memcpy(p, &v, count * sizeof(float));
  }
}

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Floats on a cache line of their own: a vector that lies across two lines costs twice.
struct Free {
  void operator()(float* p) const { std::free(p); }
};
using Buffer = std::unique_ptr<float[], Free>;

inline Buffer buffer(int64_t count) {
  void* memory = std::aligned_alloc(64, (count * sizeof(float) / 64 + 1) * 64);
  if (!memory) throw std::bad_alloc();
  return Buffer(static_cast<float*>(memory));
}

// A buffer of this thread's that grows and is kept from call to call.
inline float* scratch(int64_t count) {
  static thread_local Buffer kept;
  static thread_local int64_t size = 0;
  if (size < count) kept = buffer(size = count);
  return kept.get();
}

// Calls f with a number in [1, N] as a type.
template <int N, typename F>
inline void with_constant(int64_t n, F&& f) {
  if constexpr (N == 1) {
    f(std::integral_constant<int, 1>());
  } else if (n == N) {
    f(std::integral_constant<int, N>());
  } else {
    with_constant<N - 1>(n, std::forward<F>(f));
  }
}

// Calls f(start, length) for parts of [0, count) of nearly equal length, at most `longest`.
template <typename F>
inline void in_parts(int64_t count, int64_t longest, F&& f) {
  const int64_t parts = ceil_div(count, longest);
  for (int64_t i = 0; i < parts; ++i) {
    const int64_t start = count * i / parts;
    f(start, count * (i + 1) / parts - start);
  }
}

}  // namespace
}  // namespace tf1x
