// SPDX-License-Identifier: MIT
// The peers that may speak for others.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "net/network.h"

namespace sluice::net {

class TrustedProxies {
 public:
  // Networks and addresses with commas between them; `unix` stands for every client of a Unix
  // socket. bad_request names the word that is neither.
  static Result<TrustedProxies> parse(std::string_view text);

  // `peer` as ByteStream::peer_address() has it.
  bool contains(std::string_view peer) const;
  const std::vector<Network>& networks() const noexcept { return networks_; }
  // The text that parse() was given.
  const std::string& text() const noexcept { return text_; }

  friend bool operator==(const TrustedProxies&, const TrustedProxies&) = default;

 private:
  std::string text_;
  std::vector<Network> networks_;
  bool unix_sockets_ = false;
};

}  // namespace sluice::net
