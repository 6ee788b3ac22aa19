// SPDX-License-Identifier: MIT
// Which of the uploads in memory a listener wants to see, and in which order.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "model/upload.h"

namespace sluice::console {

struct View {
  enum class Which {
    unfinished,  // receiving, received or delivering.
    all,
    in_state,
  };
  // `active`: those that are being written or were a moment ago, then those that were last.
  enum class Order { active, id, name, owner, size, arrived, state };

  Which which = Which::unfinished;
  model::UploadState state = model::UploadState::receiving;  // With in_state.
  std::string search;  // A part of name, owner or dialect in any case, or a whole id; empty: all.
  Order order = Order::active;
  bool is_reversed = false;

  friend bool operator==(const View&, const View&) = default;
};

// "state=all&search=film&sort=name&reverse=true": each may be left away. bad_request.
Result<View> view_of(std::string_view query);

}  // namespace sluice::console
