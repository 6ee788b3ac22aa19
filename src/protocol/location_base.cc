// SPDX-License-Identifier: MIT
#include "protocol/location_base.h"

namespace sluice::protocol {

void LocationBase::warn_of_proxy(std::string_view address) {
  if (log_ == nullptr || warned_.exchange(true)) {
    return;
  }
  log_->warn("a location is made of the Host of a request that a proxy has passed on",
             {{"peer", address},
              {"advice",
               "set server.public_url; or, if the peer is a proxy of yours, name it in "
               "server.trusted_proxies"}});
}

}  // namespace sluice::protocol
