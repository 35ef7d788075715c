// Threads for the kernels. After some work they look for more without sleeping for a while, since
// to be woken takes as long as a small product. They keep away from the processor of the thread that
// they help: Linux may put them there, and leave them to wait until that thread is done.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#ifdef __linux__
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "parallel.h"

namespace tf1x {

// One thread, which does what it is given in order.
class Member {
 public:
  Member() {
    std::thread([this] { run(); }).detach();
  }

  void give(std::function<void()> work) {
    keep_away();
    std::lock_guard<std::mutex> lock(mutex_);
    queue_.push_back(std::move(work));
    has_work_.store(true);
    given_.notify_one();
  }

 private:
  void keep_away() {
#ifdef __linux__
    const int here = sched_getcpu();
    if (here < 0 || here == away_from_.load() || !thread_.load()) return;
    away_from_ = here;
    cpu_set_t others;
    if (sched_getaffinity(0, sizeof others, &others) != 0) return;
    CPU_CLR(here, &others);
    if (CPU_COUNT(&others)) sched_setaffinity(thread_, sizeof others, &others);
#endif
  }

  void run() {
#ifdef __linux__
    thread_ = static_cast<pid_t>(syscall(SYS_gettid));
#endif
    for (;;) {
      linger([this] { return has_work_.load(); });
      std::function<void()> work;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        given_.wait(lock, [&] { return !queue_.empty(); });
        work = std::move(queue_.front());
        queue_.pop_front();
        has_work_.store(!queue_.empty());
      }
      work();
    }
  }

  std::mutex mutex_;
  std::condition_variable given_;
  std::deque<std::function<void()>> queue_;
  std::atomic<bool> has_work_{false};
#ifdef __linux__
  std::atomic<pid_t> thread_{0};
  std::atomic<int> away_from_{-1};
#endif
};

// The members take turns. They live as long as the process.
class Team {
 public:
  explicit Team(int64_t count) : members_(count) {
    for (auto& member : members_) member = std::make_unique<Member>();
  }

  void give(std::function<void()> work) {
    members_[next_.fetch_add(1) % members_.size()]->give(std::move(work));
  }

 private:
  std::vector<std::unique_ptr<Member>> members_;
  std::atomic<uint64_t> next_{0};
};

}  // namespace tf1x
