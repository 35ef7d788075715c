// Work shared between the calling thread and others.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

namespace tf1x {

// How often a waiting thread looks before it sleeps: some 50 us, what being woken costs.
constexpr int kPauses = 2000;

inline void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Threads that may help: `schedule` runs a function on one of them, some time, or never.
// `brief`: the work is over in less time than it takes to be woken, so who waits for it is awake.
struct Helpers {
  int64_t count = 0;
  std::function<void(std::function<void()>)> schedule;
  bool brief = false;
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
  for (int i = 0; helpers.brief && i < kPauses; ++i) {
    if (shared->finished.load() == count) return;
    pause();
  }
  std::unique_lock<std::mutex> lock(shared->mutex);
  shared->all_finished.wait(lock, [&] { return shared->finished.load() == count; });
}

}  // namespace tf1x
