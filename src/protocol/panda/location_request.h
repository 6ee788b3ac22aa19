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
    form,    // multipart/form-data with `boundary`: its file is `piece`.
  };

  Kind kind = Kind::whole_file;
  upload::Piece piece;
  // Of a piece: its client speaks this API, so that a 204 with `Range` tells it how much of the
  // piece is stored. Others take every 2xx for the whole piece; they say the file's own media type,
  // or none.
  bool reads_range = false;
  std::optional<std::uint64_t> total;
  std::string boundary;
};

// bad_request or unsupported_media_type, with what was expected. The media type tells a form from
// the file, and in a POST without Content-Range the file from everything else. Beside that it does
// not matter: clients send the file's own, and all sorts with an empty body.
Result<LocationRequest> parse_location_request(const http::Request& request);

}  // namespace sluice::protocol::panda
