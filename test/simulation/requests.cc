// SPDX-License-Identifier: MIT
#include "simulation/requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "base/check.h"
#include "base/encoding.h"
#include "protocol/dialect_names.h"
#include "simulation/form_requests.h"

namespace sluice::simulation {

namespace json = boost::json;
using http::Method;

namespace {

// With the word for the end of the file as this version has it.
std::string rufh_words(std::uint64_t version, std::optional<bool> is_complete) {
  std::string words = fmt::format("\nUpload-Draft-Interop-Version: {}", version);
  if (is_complete) {
    const bool says_incomplete = version == protocol::rufh_oldest;
    words += fmt::format("\nUpload-{}: ?{}", says_incomplete ? "Incomplete" : "Complete",
                         *is_complete != says_incomplete ? 1 : 0);
  }
  return words;
}

std::uint64_t any_rufh_version(Dice& dice) {
  return dice.between(protocol::rufh_oldest, protocol::rufh_newest);
}

std::string length_field(const char* name, bool is_told, std::uint64_t size) {
  return is_told ? fmt::format("\n{}: {}", name, size) : std::string();
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number)
                                                                  : std::nullopt;
}

// Of "0-99" and "bytes=0-99".
std::optional<std::uint64_t> count_in_range(const http::Response& response) {
  const std::string_view range = response.headers.find("Range").value_or("");
  const std::size_t dash = range.find('-');
  const auto last =
      dash == std::string_view::npos ? std::nullopt : number_in(range.substr(dash + 1));
  return last ? std::optional(*last + 1) : std::nullopt;
}

bool says_complete(const http::Response& response) {
  return response.headers.find("Upload-Complete") == "?1" ||
         response.headers.find("Upload-Incomplete") == "?0";
}

bool is_success(const http::Response& response) {
  return response.status >= 200 && response.status < 300;
}

// The JSON about an upload, or about a file of a multi-chunk upload.
void read_description(const std::string& body, Told& told) {
  const json::value parsed = json::parse(body);
  const json::object& document = parsed.as_object();
  if (const json::value* const received = document.if_contains("received")) {
    told.offset = received->to_number<std::uint64_t>();
    told.is_done = document.at("state").as_string() == "delivered";
    return;
  }
  std::vector<std::uint64_t> missing;
  if (const json::value* const parts = document.if_contains("missing_parts")) {
    for (const json::value& part : parts->as_array()) {
      missing.push_back(part.to_number<std::uint64_t>());
    }
  }
  told.missing_parts = std::move(missing);
}

// FineUploader looks for no more than this of an answer.
void read_form_answer(const http::Response& response, Told& told) {
  if (told.answer && response.body.starts_with(R"({"success":true)")) {
    told.answer.reset();
    told.brings_answer = false;
  }
}

}  // namespace

Words content_range_chunk(const std::string& path, const Chunk& chunk, Dice& dice) {
  const bool is_put = chunk.is_whole_file || dice.chance(0.7);
  Words words{fmt::format("{} {}", is_put ? "PUT" : "POST", path)};
  if (!is_put || dice.chance(0.7)) {
    words.head += "\nContent-Type: application/octet-stream";
  }
  const std::string total = chunk.tells_size ? std::to_string(chunk.file_size) : "*";
  if (!chunk.is_whole_file && chunk.range.empty()) {
    words.head += fmt::format("\nContent-Range: bytes */{}", total);
  } else if (!chunk.is_whole_file) {
    words.head += fmt::format("\nContent-Range: bytes {}-{}/{}", chunk.range.begin,
                              chunk.range.end - 1, total);
  }
  return words;
}

Words whole_file_form(const std::string& path) {
  return {"POST " + path + form_type(), form_file("file.mp4"), form_end()};
}

Words tus_chunk(const std::string& path, const Chunk& chunk) {
  Words words{
      fmt::format("PATCH {}\nTus-Resumable: 1.0.0\nUpload-Offset: {}"
                  "\nContent-Type: application/offset+octet-stream",
                  path, chunk.range.begin)};
  words.head += length_field("Upload-Length", chunk.tells_size, chunk.file_size);
  if (!chunk.digest.empty()) {
    words.head += "\nUpload-Checksum: sha256 " + to_base64(as_bytes(chunk.digest));
  }
  return words;
}

Words rufh_chunk(const std::string& path, const Chunk& chunk, Dice& dice) {
  Words words{fmt::format("PATCH {}\nContent-Type: application/partial-upload\nUpload-Offset: {}",
                          path, chunk.range.begin)};
  words.head += rufh_words(any_rufh_version(dice), chunk.ends_file());
  words.head += length_field("Upload-Length", chunk.tells_size, chunk.file_size);
  if (!chunk.digest.empty()) {
    words.head += "\nContent-Digest: sha-256=:" + to_base64(as_bytes(chunk.digest)) + ":";
  }
  return words;
}

Words multichunk_part(const std::string& path, const model::Layout& layout, ByteRange part) {
  Words words{"PUT " + path};
  ByteRange file{0, layout.main_size};
  for (const model::ExtraFile& extra : layout.extra_files) {
    if (part.begin >= extra.range.begin && part.end <= extra.range.end && !extra.range.empty()) {
      file = extra.range;
      words.head += "\nX-Extra-File-Tag: " + extra.tag;
    }
  }
  words.head += fmt::format("\nX-Part: {}", (part.begin - file.begin) / layout.part_size);
  return words;
}

Words filepond_chunk(const std::string& path, ByteRange range, std::uint64_t file_size) {
  return {
      fmt::format("PATCH {}\nUpload-Offset: {}\nUpload-Length: {}"
                  "\nContent-Type: application/offset+octet-stream",
                  path, range.begin, file_size)};
}

Words any_question(const std::string& path, const std::optional<model::Layout>& layout,
                   std::uint64_t file_size, bool is_size_told, Dice& dice) {
  if (layout) {
    const std::uint64_t file = dice.below(layout->extra_files.size() + 1);
    return {"GET " + path +
            (file == 0 ? "" : "\nX-Extra-File-Tag: " + layout->extra_files[file - 1].tag)};
  }
  const auto total = is_size_told ? std::to_string(file_size) : std::string("*");
  switch (dice.below(6)) {
    case 0:
      return {"GET " + path};
    case 1:
      return {"GET " + path + "/answer"};
    case 2:
      return {"HEAD " + path + "\nTus-Resumable: 1.0.0"};
    case 3:
      return {"GET " + path + rufh_words(any_rufh_version(dice), std::nullopt)};
    case 4:
      return {"HEAD " + path + rufh_words(any_rufh_version(dice), std::nullopt)};
    default:
      return {"PUT " + path + "\nContent-Range: bytes */" + total};
  }
}

Words any_abort(const std::string& path, Dice& dice) {
  switch (dice.below(3)) {
    case 0:
      return {"DELETE " + path};
    case 1:
      return {"DELETE " + path + "\nTus-Resumable: 1.0.0"};
    default:
      return {"DELETE " + path + rufh_words(any_rufh_version(dice), std::nullopt)};
  }
}

Words panda_session(const File& file) {
  json::object session{{"file_name", file.name}, {"file_size", file.size}};
  if (file.layout) {
    session["multi_chunk"] = true;
    session["file_size"] = file.layout->main_size;
    json::array extra_files;
    for (const model::ExtraFile& extra : file.layout->extra_files) {
      extra_files.push_back(json::object{
          {"tag", extra.tag}, {"file_name", extra.file_name}, {"file_size", extra.range.size()}});
    }
    session["extra_files"] = std::move(extra_files);
  }
  return {"POST /videos/upload.json\nContent-Type: application/json", json::serialize(session)};
}

Words range308_session(const File& file) {
  return {"POST /files?uploadType=resumable&name=" + file.name +
          length_field("X-Upload-Content-Length", file.is_size_told, file.size)};
}

Words filepond_session(const File& file) {
  return {"POST /files?file_name=" + file.name + form_type() +
              length_field("Upload-Length", true, file.size),
          form_field("filepond", "{}"), form_end()};
}

Words tus_creation(const File& file, bool brings_bytes) {
  Words words{"POST /files\nTus-Resumable: 1.0.0\nUpload-Metadata: filename " +
              to_base64(as_bytes(file.name))};
  words.head += file.is_size_told ? length_field("Upload-Length", true, file.size)
                                  : "\nUpload-Defer-Length: 1";
  if (brings_bytes) {
    words.head += "\nContent-Type: application/offset+octet-stream";
  }
  return words;
}

Words rufh_creation(const File& file, bool ends_file, Dice& dice) {
  return {"POST /files?file_name=" + file.name + rufh_words(any_rufh_version(dice), ends_file) +
          length_field("Upload-Length", file.is_size_told, file.size)};
}

Told told_by(std::string_view dialect, Method method, const http::Response& response,
             std::optional<std::uint64_t> file_size) {
  Told told;
  if (response.headers.find("Sluice-Answer") == "backend") {
    told.answer.emplace();
    told.answer->status = response.status;
    told.answer->body = response.body;
    told.is_done = is_success(response);
    told.brings_answer = true;
  }
  if (method == Method::delete_) {
    return told;
  }
  if (dialect == protocol::formchunks_name) {
    read_form_answer(response, told);
    return told;
  }
  if (method == Method::get && response.status == 200 && !told.answer) {
    read_description(response.body, told);
  }
  const bool has_bytes = method != Method::get && method != Method::head;
  if (dialect == protocol::panda_name) {
    told.offset = told.offset ? told.offset : count_in_range(response);
    told.is_done = told.is_done || (has_bytes && response.status == 200);
    told.brings_answer = told.brings_answer || has_bytes;
  } else if (dialect == protocol::range308_name) {
    told.offset = told.offset ? told.offset : count_in_range(response);
    told.is_done = told.is_done || (method == Method::put && is_success(response));
    told.brings_answer = told.brings_answer || has_bytes;
  } else if (dialect == protocol::tus_name || dialect == protocol::rufh_name) {
    const auto offset = response.headers.find("Upload-Offset");
    const bool is_all = offset && file_size && *file_size > 0 && number_in(*offset) == file_size;
    told.offset = offset ? number_in(*offset) : told.offset;
    told.is_done = told.is_done || is_all || (is_success(response) && says_complete(response));
    told.brings_answer =
        told.brings_answer || (dialect == protocol::rufh_name && has_bytes && is_success(response));
  } else if (dialect == protocol::filepond_name) {
    // With a chunk it is where the chunk ends, whatever lies before.
    const auto offset = response.headers.find("Upload-Offset");
    const auto end = offset ? number_in(*offset) : std::nullopt;
    told.offset = method == Method::head ? end : told.offset;
    told.is_done = told.is_done || (file_size && *file_size > 0 && end == file_size);
  }
  return told;
}

}  // namespace sluice::simulation
