// SPDX-License-Identifier: MIT
// The requests of the checks from outside, each on a connection of its own.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/outside_checks.h"
#include "cli/wire.h"

namespace sluice::cli {

using Fields = std::vector<std::string>;  // "Name: value"

struct Conversation {
  std::vector<WireAnswer> interims;
  std::optional<WireAnswer> answer;
  std::string trouble;  // Why there is none.
};

class Requester {
 public:
  explicit Requester(const DoctorOptions& options) : options_(options) {}

  std::expected<std::unique_ptr<Wire>, std::string> connect() const;
  // With "Host" and "Connection: close"; a Content-Length is up to the caller.
  std::string head(std::string_view method, const std::string& target, const Fields& fields) const;
  // A whole request and what comes back within some seconds.
  Conversation exchange(std::string_view method, const std::string& target, Fields fields,
                        std::string_view body = {}) const;

  // The target of a path below the URL that the server is known under.
  std::string target_of(std::string_view path) const;
  const DoctorOptions& options() const noexcept { return options_; }

 private:
  const DoctorOptions& options_;
};

// What came, and from whom as far as that can be told, for a person.
std::string described(const Conversation& conversation);
// The error has the form that Sluice gives its own.
bool is_of_sluice(const WireAnswer& answer);

}  // namespace sluice::cli
