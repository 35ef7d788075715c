// The different numbers of a sequence.
#pragma once

#include <cstdint>
#include <vector>

namespace tf1x {

struct Taken {
  int64_t different, all;  // numbers
};

// Appends to `kept`, which holds the different ones of `before.all` numbers, those of the next
// numbers that it does not hold yet, until there are `wanted`. What follows is not looked at.
inline Taken take_different(const int64_t* numbers, int64_t count, int64_t wanted, Taken before,
                            int64_t* kept) {
  int bits = 1;
  while ((int64_t{1} << bits) < 2 * wanted) ++bits;
  const int64_t mask = (int64_t{1} << bits) - 1;
  std::vector<int64_t> table(mask + 1, -1);  // positions in `kept`
  // Where the number is, or a place for it.
  const auto place = [&](int64_t number) {
    int64_t at = static_cast<uint64_t>(number) * 0x9E3779B97F4A7C15u >> (64 - bits);
    while (table[at] >= 0 && kept[table[at]] != number) at = (at + 1) & mask;
    return at;
  };
  for (int64_t i = 0; i < before.different; ++i) table[place(kept[i])] = i;
  Taken taken = before;
  for (int64_t i = 0; i < count && taken.different < wanted; ++i, ++taken.all) {
    const int64_t at = place(numbers[i]);
    if (table[at] >= 0) continue;
    table[at] = taken.different;
    kept[taken.different++] = numbers[i];
  }
  return taken;
}

}  // namespace tf1x
