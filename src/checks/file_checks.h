// SPDX-License-Identifier: MIT
// The checks that the settings name, in their order: the type by content, a program of the
// operator, clamd. The first verdict that does not take the file is the verdict.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/range_set.h"
#include "checks/clamd.h"
#include "delivery/checks.h"
#include "delivery/slow_work.h"
#include "jail/helper.h"
#include "model/type_rules.h"
#include "runtime/readable_file.h"
#include "store/store.h"

namespace sluice::checks {

struct CheckSettings {
  model::TypeRules types;
  std::string program;  // Empty: none.
  Duration program_time_max = limits::check_program_time_default;
  std::uint64_t program_memory_bytes = limits::check_program_memory_bytes_default;
  ClamdSettings clamd;  // Without an address: none.
  delivery::Verdict::Kind clamd_found = delivery::Verdict::Kind::refuse;
  delivery::Verdict::Kind clamd_too_large = delivery::Verdict::Kind::set_aside;
  std::string helper = jail::beside_this_program("sluice-check");
  std::size_t at_once = limits::checks_at_once_default;

  bool are_any() const noexcept {
    return types.are_any() || !program.empty() || clamd.address.is_set();
  }
};

// The programs that the settings need are there.
Result<> check_usable(const CheckSettings& settings);
// The helper is there, which types that an owner has need as well.
Result<> helper_usable(const CheckSettings& settings);

// What the end of the program says of the file. An error where it says nothing of it.
Result<delivery::Verdict> verdict_of_program(const jail::Ending& ending);

// Any thread; `store` outlives it. Each check of a file is a call that blocks, on threads of its
// own, by turns of owners.
class FileChecks final : public delivery::Checks {
 public:
  // The types that the owner's own credentials allow and deny, as they are now. Any thread.
  using TypesOf = std::function<model::TypeRules(const std::string& owner)>;

  FileChecks(store::Store& store, CheckSettings settings, TypesOf types_of);

  bool look_at_files_of(const std::string& owner) const override;

  runtime::Task<Result<delivery::Verdict>> judge(const delivery::Handoff& handoff) override;

  // Checks that are under way end soon, with `draining`; then their threads.
  void stop();

 private:
  using Verdict = Result<delivery::Verdict>;

  // One file of an upload.
  struct Subject {
    const delivery::Handoff& handoff;
    runtime::ReadableFile& blob;
    ByteRange range;
    std::string_view name;
  };

  model::TypeRules types_for(const std::string& owner) const;
  Verdict judge_all(const delivery::Handoff& handoff, runtime::ReadableFile& blob);
  Verdict judge_one(const Subject& subject);
  Verdict judge_type(const Subject& subject);
  Verdict ask_program(const Subject& subject);
  Verdict ask_scanner(const Subject& subject);

  store::Store& store_;
  const CheckSettings settings_;
  const TypesOf types_of_;
  std::atomic<bool> stopping_ = false;
  delivery::SlowWork work_;
};

}  // namespace sluice::checks
