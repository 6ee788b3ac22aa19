// SPDX-License-Identifier: MIT
// Partial uploads, whose bytes become the file of another upload.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/byte_source.h"
#include "runtime/event.h"
#include "runtime/task.h"
#include "store/store.h"
#include "upload/live_uploads.h"

namespace sluice::upload {

struct Partial {
  std::uint64_t upload_id = 0;
  std::uint64_t size = 0;
};

struct Partials {
  std::vector<Partial> all;             // In their order, when all of them are complete.
  std::uint64_t size = 0;               // Together.
  std::shared_ptr<LiveUpload> awaited;  // The first that is not complete; null: all are.
};

// Whether nothing of it is missing.
bool is_complete_partial(const LiveUpload& upload);

// not_found where one is gone or never was, bad_request where one is no partial upload. `tokens`
// lives until this returns.
runtime::Task<Result<Partials>> find_partials(LiveUploads& uploads,
                                              const std::vector<std::string>& tokens);

// Their bytes one behind the other, from the byte `begin` on.
class PartialsSource final : public runtime::ByteSource {
 public:
  // The store outlives this. Once `closing` is set there are no more bytes: `draining`.
  PartialsSource(store::Store& store, std::vector<Partial> partials, std::uint64_t begin,
                 std::shared_ptr<runtime::Event> closing);

  runtime::Task<Result<>> wait_readable() override;
  runtime::Task<Result<std::size_t>> read(MutableBytes buffer, Duration patience) override;
  // Of the one that is being read.
  std::unique_ptr<runtime::Loan> lend() override;
  std::optional<std::uint64_t> remaining() const override { return left_; }
  void cancel(Errc reason) override { cancelled_.store(reason); }

 private:
  class Lent;

  void took(std::uint64_t bytes);
  // The one that has the next byte. REQUIRES: there is one.
  runtime::Task<Result<>> open_next();

  store::Store& store_;
  const std::shared_ptr<runtime::Event> closing_;
  const std::vector<Partial> partials_;
  std::size_t index_ = 0;    // Of the one that is read.
  std::uint64_t begin_ = 0;  // In it.
  std::uint64_t left_ = 0;
  std::unique_ptr<runtime::ByteSource> open_;  // Null: the next one is to be opened.
  std::atomic<std::optional<Errc>> cancelled_{std::nullopt};
};

}  // namespace sluice::upload
