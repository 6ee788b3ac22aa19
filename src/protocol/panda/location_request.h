// SPDX-License-Identifier: MIT
// The purpose of a PUT or POST to an upload's location, told from its head alone. Knows no socket.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "http/message.h"
#include "upload/upload.h"

namespace sluice::protocol::panda {

struct LocationRequest {
  enum class Kind {
    piece,       // `piece`: a range of the file.
    whole_file,  // No Content-Range.
    empty,       // Neither Content-Range nor body: right for an empty file alone.
    status,  // `bytes */L` or `bytes *`, with `total`. A chunked body has still to be found empty.
    form,    // multipart/form-data with `boundary`.
  };

  Kind kind = Kind::whole_file;
  upload::Piece piece;
  std::optional<std::uint64_t> total;
  std::string boundary;
};

// bad_request or unsupported_media_type, with what was expected. The media type of an empty body
// does not matter: clients send all sorts with it.
Result<LocationRequest> parse_location_request(const http::Request& request);

}  // namespace sluice::protocol::panda
