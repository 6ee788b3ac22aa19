// SPDX-License-Identifier: MIT
// The operator's settings for the protocol.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/changeable.h"
#include "base/limits.h"
#include "protocol/creation_rates.h"
#include "protocol/dialect_names.h"
#include "protocol/location_base.h"
#include "protocol/origins.h"

namespace sluice::protocol {

// Whether the file of a finished upload can be read again.
enum class Downloads {
  off,
  capability,  // By clients that know the location.
};

struct ProtocolSettings {
  // Takes over what may change while the server runs. Any thread.
  void change(const ProtocolSettings& settings) {
    file_size_max = settings.file_size_max;
    sessions_max = settings.sessions_max;
    records_max = settings.records_max;
    part_connections = settings.part_connections;
    origins = settings.origins;
    api_origins = settings.api_origins;
  }

  // While it is empty: the request's scheme and Host. The operator may change it at any time.
  std::shared_ptr<LocationBase> base = std::make_shared<LocationBase>();
  Changeable<std::uint64_t> file_size_max = limits::file_size_max_default;
  // Unfinished uploads of one owner.
  Changeable<std::uint64_t> sessions_max = limits::sessions_per_owner_default;
  Changeable<std::uint64_t> records_max = limits::records_per_owner_default;  // Of one owner.
  // Files of unknown senders, on their way or waiting to be judged, in all.
  std::uint64_t unauthenticated_bytes = limits::unauthenticated_bytes_default;
  // Of these, for those behind one address.
  std::uint64_t unauthenticated_bytes_per_address =
      limits::unauthenticated_bytes_per_address_default;
  // The one client that an address stands for; empty: it may stand for many.
  std::function<std::string(const std::string& address)> client_of =
      [](const std::string& /*address*/) { return std::string(); };
  // How often uploads may be opened.
  std::shared_ptr<CreationRates> creation_rates = std::make_shared<CreationRates>(0, 0);
  // The backend has a place for the extra files of multi-chunk sessions.
  bool takes_extra_files = true;
  // How many parts a client of a multi-chunk session is told to send at once.
  Changeable<std::size_t> part_connections = limits::part_connections_default;
  // Of dialect_names, in any order.
  std::vector<std::string> dialects{panda_name, tus_name, rufh_name};
  // The newest interop version of the IETF draft that clients are answered in.
  std::uint64_t rufh_newest = protocol::rufh_newest;
  // Where uploads are opened in the dialects that have no path of their own.
  std::string files_path = "/files";
  Downloads downloads = Downloads::off;
  // Whose pages may read answers of upload locations: the URL itself is the capability.
  Changeable<Origins> origins = Origins::all();
  // Whose pages may call the API.
  Changeable<Origins> api_origins;
  // Without credentials only requests to these names are served, beside addresses and loopback; as
  // http::host_name() writes them.
  std::vector<std::string> hosts;
  bool serves_every_host = false;
  // Pages about the server's inside are here, for requests that come from there. False: they have a
  // listener of their own.
  bool shows_inside = true;
  bool page_sessions = false;    // POST /panda/authorize_upload is there.
  bool crossdomain_xml = false;  // For Flash; names `origins`.
  // Headers of a session's request that are kept for the backend, in lower case.
  std::vector<std::string> kept_headers;
};

}  // namespace sluice::protocol
