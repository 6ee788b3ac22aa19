// SPDX-License-Identifier: MIT
// What is asked of a finished file before the backend gets it.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "delivery/backend.h"
#include "runtime/task.h"

namespace sluice::delivery {

struct Verdict {
  enum class Kind : std::uint8_t {
    take,
    refuse,     // Final: the client is told `words`.
    set_aside,  // The operator decides; `words` are for him.
  };
  Kind kind = Kind::take;
  std::string words;
};

class Checks {
 public:
  virtual ~Checks() = default;

  // False: every file of the owner is taken, unseen.
  virtual bool look_at_files_of(const std::string& owner) const = 0;

  // An error means: ask again later. May be asked again of a file that it has judged, by a crash or
  // an operator. `handoff` lives until this returns.
  virtual runtime::Task<Result<Verdict>> judge(const Handoff& handoff) = 0;
};

// 422 with the words, in the form that errors of this server have.
model::Answer refusal_in_words(const std::string& words);

}  // namespace sluice::delivery
