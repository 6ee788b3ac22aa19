// SPDX-License-Identifier: MIT
// The uploaders that send a file as a form for each chunk, each in its own words, and what such a
// request says. Knows no socket.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "http/message.h"
#include "protocol/parameters.h"

namespace sluice::protocol::formchunks {

// The names of its parameters; empty: it does not say that.
struct Uploader {
  const char* name;
  std::string_view identifier;  // Of the file. A request that has it is this uploader's.
  std::string_view number;      // Of the chunk. Absent: the chunk is the whole file.
  std::uint64_t first_number;
  std::string_view count;  // Of chunks.
  std::string_view offset;
  std::string_view chunk_size;    // Of all chunks but the last one, which may be larger.
  std::string_view current_size;  // Of this chunk.
  std::string_view file_size;
  std::string_view file_name;  // Otherwise the part's.
  std::string_view content_type;
  // A request without a form may be another client's that has a parameter of this name.
  bool has_plain_names = false;
  // Content-Range says where the chunk lies. Absent: the chunk is the whole file.
  bool has_content_range = false;
  // No two files have the same identifier. Otherwise files of one name and size do.
  bool has_unique_identifiers = false;
  // It takes an answer for success only if it is a JSON object with "success":true.
  bool wants_success = false;
  // Its page may read each answer as JSON: an empty one is 204.
  bool reads_json = false;
};

struct ChunkRequest {
  const Uploader* uploader = nullptr;
  std::string identifier;
  std::string file_name;
  std::string content_type;
  std::uint64_t file_size = 0;
  ByteRange range;

  // It ends the file.
  bool is_last() const noexcept { return range.end == file_size; }
};

// A request with this parameter in its query is an uploader's: no other client has a name like it.
bool names_uploader(std::string_view parameter) noexcept;
// A parameter of the protocol of `uploader`: it says nothing of the file.
bool is_of_protocol(const Uploader& uploader, std::string_view parameter) noexcept;

// `headers` are the request's, `part_name` is the file name of the chunk's part. bad_request names
// the parameter; file_too_large for a size that no configuration allows.
Result<ChunkRequest> parse_chunk(const Parameters& parameters, const http::Headers& headers,
                                 std::string_view part_name);

}  // namespace sluice::protocol::formchunks
