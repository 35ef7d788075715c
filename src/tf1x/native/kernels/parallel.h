// Work shared between the calling thread and others.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace tf1x {

// Waits for `there()` without sleeping for some 50 us, what being woken costs; returns whether it is.
//
// Now and then it lets others go first: on few cores the one who is waited for may want this one.
template <typename There>
inline bool linger(const There& there) {
  for (int i = 1; i <= 2000; ++i) {
    if (there()) return true;
    if (i % 16 == 0) std::this_thread::yield();
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }
  return false;
}

// Threads that may help: `schedule` runs a function on one of them, some time, or never.
struct Helpers {
  int64_t count = 0;
  std::function<void(std::function<void()>)> schedule;
};

// Calls `body(i)` for each i in [0, count) and returns when all calls have.
//
// The calling thread takes items too and waits only for those that a helper has begun, so that a
// pool whose threads are all busy (perhaps waiting here themselves) delays nothing.
template <typename Body>
void parallel_for(const Helpers& helpers, int64_t count, const Body& body) {
  struct Shared {
    std::atomic<int64_t> next{0}, finished{0};
    int64_t count;
    const Body* body;  // alive while an item is unfinished
    std::mutex mutex;
    std::condition_variable all_finished;

    void work() {
      for (int64_t i; (i = next.fetch_add(1)) < count;) {
        (*body)(i);
        if (finished.fetch_add(1) + 1 == count) {
          std::lock_guard<std::mutex> lock(mutex);
          all_finished.notify_all();
        }
      }
    }
  };
  const int64_t wanted = std::min(helpers.count, count - 1);
  if (wanted <= 0) {
    for (int64_t i = 0; i < count; ++i) body(i);
    return;
  }
  auto shared = std::make_shared<Shared>();
  shared->count = count;
  shared->body = &body;
  for (int64_t i = 0; i < wanted; ++i) helpers.schedule([shared] { shared->work(); });
  shared->work();
  const auto finished = [&] { return shared->finished.load() == count; };
  if (linger(finished)) return;
  std::unique_lock<std::mutex> lock(shared->mutex);
  shared->all_finished.wait(lock, finished);
}

// Calls `body(step, i)` for each i in [0, count) at the same time, one step after the other.
//
// A thread that takes an item of the next step waits for those of this one, which other threads have
// begun.
template <typename Body>
void parallel_steps(const Helpers& helpers, int64_t steps, int64_t count, const Body& body) {
  std::atomic<int64_t> done{0};
  parallel_for(helpers, steps * count, [&](int64_t item) {
    const int64_t step = item / count;
    while (!linger([&] { return done.load() >= step * count; })) {
    }
    body(step, item % count);
    done.fetch_add(1);
  });
}

}  // namespace tf1x
