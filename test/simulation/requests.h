// SPDX-License-Identifier: MIT
// The requests of simulated clients in the words of every dialect, and what the answers tell them.
// Knows no server.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "http/message.h"
#include "model/answer.h"
#include "model/layout.h"
#include "simulation/dice.h"
#include "simulation/words.h"

namespace sluice::simulation {

// Bytes of a file on their way.
struct Chunk {
  ByteRange range;
  std::uint64_t file_size = 0;
  bool is_whole_file = false;  // The request says no place.
  bool tells_size = false;     // The request says how large the file is.
  std::string digest = {};     // SHA-256 of the body, where the request is to say it.

  bool ends_file() const noexcept { return range.end == file_size; }
};

// A file that is to become an upload.
struct File {
  std::string name;
  std::uint64_t size = 0;
  bool is_size_told = true;
  std::optional<model::Layout> layout = {};
};

// Requests to the location `path`. Each also stands for those dialects whose words are the same:
// of Content-Range, the dialect in which the upload was opened is the one that answers. FilePond's
// chunks are for an upload that it opened.
Words content_range_chunk(const std::string& path, const Chunk& chunk, Dice& dice);
Words whole_file_form(const std::string& path);
Words tus_chunk(const std::string& path, const Chunk& chunk);
Words rufh_chunk(const std::string& path, const Chunk& chunk, Dice& dice);
Words multichunk_part(const std::string& path, const model::Layout& layout, ByteRange part);
Words filepond_chunk(const std::string& path, ByteRange range, std::uint64_t file_size);

Words any_question(const std::string& path, const std::optional<model::Layout>& layout,
                   std::uint64_t file_size, bool is_size_told, Dice& dice);
Words any_abort(const std::string& path, Dice& dice);

// Requests that open an upload. Those of tus and RUFH may bring the first bytes.
Words panda_session(const File& file);
Words range308_session(const File& file);
Words filepond_session(const File& file);
Words tus_creation(const File& file, bool brings_bytes);
// `ends_file`: the body is the whole file.
Words rufh_creation(const File& file, bool ends_file, Dice& dice);

// What an answer says to its client.
struct Told {
  std::optional<std::uint64_t> offset;  // So many bytes are stored.
  bool is_done = false;                 // The backend has taken the file.
  bool brings_answer = false;           // Where it is done, the answer has to be the backend's.
  std::optional<model::Answer> answer;  // The backend's.
  // Of a file of a multi-chunk upload: the parts that are to be sent.
  std::optional<std::vector<std::uint64_t>> missing_parts;
};

// `dialect`: that answered. `file_size`: as the server knows it; a client that is told as many
// bytes takes that for success in some dialects.
Told told_by(std::string_view dialect, http::Method method, const http::Response& response,
             std::optional<std::uint64_t> file_size);

}  // namespace sluice::simulation
