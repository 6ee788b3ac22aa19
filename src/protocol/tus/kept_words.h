// SPDX-License-Identifier: MIT
// The fields of a creation that a HEAD repeats, as NewUpload::words keeps them. Knows no socket.
#pragma once

#include <string>
#include <string_view>

namespace sluice::protocol::tus {

struct KeptWords {
  std::string metadata;  // Upload-Metadata as it came; empty: there was none.
  std::string concat;    // Upload-Concat; empty: neither partial nor final.

  // Empty for an upload of another dialect, and for what cannot be read.
  static KeptWords parse(std::string_view text);
  std::string text() const;

  bool is_final() const noexcept { return concat.starts_with("final;"); }
};

}  // namespace sluice::protocol::tus
