// SPDX-License-Identifier: MIT
#include "protocol/formchunks/chunk_request.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/checked.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "http/content_range.h"

namespace sluice::protocol::formchunks {
namespace {

// The first whose identifier a request has: the plainest name is the last.
constexpr std::array<Uploader, 6> uploaders{{
    {.name = "dropzone",
     .identifier = "dzuuid",
     .number = "dzchunkindex",
     .first_number = 0,
     .count = "dztotalchunkcount",
     .offset = "dzchunkbyteoffset",
     .chunk_size = "dzchunksize",
     .current_size = "",
     .file_size = "dztotalfilesize",
     .file_name = "",
     .content_type = "",
     .has_unique_identifiers = true},
    {.name = "resumable",
     .identifier = "resumableIdentifier",
     .number = "resumableChunkNumber",
     .first_number = 1,
     .count = "resumableTotalChunks",
     .offset = "",
     .chunk_size = "resumableChunkSize",
     .current_size = "resumableCurrentChunkSize",
     .file_size = "resumableTotalSize",
     .file_name = "resumableFilename",
     .content_type = "resumableType"},
    {.name = "flow",
     .identifier = "flowIdentifier",
     .number = "flowChunkNumber",
     .first_number = 1,
     .count = "flowTotalChunks",
     .offset = "",
     .chunk_size = "flowChunkSize",
     .current_size = "flowCurrentChunkSize",
     .file_size = "flowTotalSize",
     .file_name = "flowFilename",
     .content_type = ""},
    {.name = "fineuploader",
     .identifier = "qquuid",
     .number = "qqpartindex",
     .first_number = 0,
     .count = "qqtotalparts",
     .offset = "qqpartbyteoffset",
     .chunk_size = "",
     .current_size = "qqchunksize",
     .file_size = "qqtotalfilesize",
     .file_name = "qqfilename",
     .content_type = "",
     .has_unique_identifiers = true,
     .wants_success = true},
    // jQuery File Upload: its page adds these (docs/formchunks.md).
    {.name = "blueimp",
     .identifier = "upload_id",
     .number = "",
     .first_number = 0,
     .count = "",
     .offset = "",
     .chunk_size = "",
     .current_size = "",
     .file_size = "upload_size",
     .file_name = "",
     .content_type = "",
     .has_plain_names = true,
     .has_content_range = true,
     .has_unique_identifiers = true,
     .reads_json = true},
    // It says neither sizes nor an identifier unless its page adds them (docs/formchunks.md).
    {.name = "plupload",
     .identifier = "id",
     .number = "chunk",
     .first_number = 0,
     .count = "chunks",
     .offset = "",
     .chunk_size = "chunk_size",
     .current_size = "",
     .file_size = "size",
     .file_name = "name",
     .content_type = "",
     .has_plain_names = true,
     .has_unique_identifiers = true},
}};

const Uploader* uploader_of(const Parameters& parameters) {
  const auto* const found = std::ranges::find_if(uploaders, [&](const Uploader& uploader) {
    return !parameters.text(uploader.identifier).value_or("").empty();
  });
  return found == uploaders.end() ? nullptr : found;
}

std::string text_in(const Parameters& parameters, std::string_view name) {
  return name.empty() ? std::string() : parameters.text(name).value_or("");
}

Result<std::optional<std::uint64_t>> number_in(const Parameters& parameters, std::string_view name,
                                               std::uint64_t at_least = 0) {
  return name.empty() ? Result<std::optional<std::uint64_t>>(std::nullopt)
                      : parameters.integer(name, at_least);
}

std::unexpected<Error> missing(std::string_view name, const char* what) {
  return fail(Errc::bad_request, std::string(name) + " is missing: expected " + what);
}

// What a request says of its place in the file.
struct Numbers {
  std::uint64_t index = 0;  // From 0.
  std::uint64_t count = 1;
  std::optional<std::uint64_t> offset;
  std::optional<std::uint64_t> chunk_size;
  std::optional<std::uint64_t> current_size;
};

Result<Numbers> numbers_of(const Parameters& parameters, const Uploader& uploader) {
  const auto number = number_in(parameters, uploader.number, uploader.first_number);
  const auto count = number_in(parameters, uploader.count, 1);
  const auto offset = number_in(parameters, uploader.offset);
  const auto chunk_size = number_in(parameters, uploader.chunk_size, 1);
  const auto current_size = number_in(parameters, uploader.current_size);
  for (const auto* const one : {&number, &count, &offset, &chunk_size, &current_size}) {
    if (!*one) {
      return fail(one->error());
    }
  }
  Numbers numbers;
  if (!*number) {
    return numbers;
  }
  if (!*count) {
    return missing(uploader.count, "the number of chunks");
  }
  numbers.index = saturating_subtract(**number, uploader.first_number);
  numbers.count = **count;
  numbers.offset = *offset;
  numbers.chunk_size = *chunk_size;
  numbers.current_size = *current_size;
  if (numbers.index >= numbers.count) {
    return fail(Errc::bad_request, std::string(uploader.number) + ": expected one of " +
                                       std::to_string(numbers.count) + " chunks, got " +
                                       std::to_string(**number));
  }
  return numbers;
}

std::unexpected<Error> contradiction(const Numbers& numbers, std::uint64_t file_size) {
  return fail(Errc::bad_request, "the numbers of the chunk contradict each other: chunk " +
                                     std::to_string(numbers.index) + " (from 0) of " +
                                     std::to_string(numbers.count) + " is no part of " +
                                     std::to_string(file_size) + " bytes where they say");
}

Result<ByteRange> range_of(const Numbers& numbers, const Uploader& uploader,
                           std::uint64_t file_size) {
  const bool ends_file = saturating_add(numbers.index, 1) == numbers.count;
  std::optional<std::uint64_t> begin = numbers.offset;
  if (numbers.index == 0) {
    begin = begin.value_or(0);
  }
  if (numbers.chunk_size) {
    const auto counted = checked_multiply(*numbers.chunk_size, numbers.index);
    if (!counted || begin.value_or(*counted) != *counted) {
      return contradiction(numbers, file_size);
    }
    begin = counted;
  }
  if (!begin) {
    return missing(uploader.chunk_size.empty() ? uploader.offset : uploader.chunk_size,
                   "where the chunk begins");
  }
  if (*begin > file_size) {
    return contradiction(numbers, file_size);
  }
  std::optional<std::uint64_t> size = numbers.current_size;
  if (!size) {
    size = ends_file ? saturating_subtract(file_size, *begin) : numbers.chunk_size;
  }
  if (!size) {
    return missing(uploader.chunk_size.empty() ? uploader.current_size : uploader.chunk_size,
                   "the size of the chunk");
  }
  const auto end = checked_add(*begin, *size);
  const bool is_sound = end && *end <= file_size && ends_file == (*end == file_size) &&
                        (numbers.index == 0) == (*begin == 0);
  return is_sound ? Result<ByteRange>(ByteRange{*begin, *end}) : contradiction(numbers, file_size);
}

Result<std::uint64_t> file_size_of(const Parameters& parameters, const Uploader& uploader) {
  const auto size = number_in(parameters, uploader.file_size);
  if (!size) {
    return fail(size.error());
  }
  if (!*size) {
    return missing(uploader.file_size, "the size of the file in bytes");
  }
  if (**size > limits::file_size_max) {
    return fail(Errc::file_too_large, std::string(uploader.file_size) + ": expected at most " +
                                          std::to_string(limits::file_size_max) + " bytes, got " +
                                          std::to_string(**size));
  }
  return **size;
}

struct Place {
  std::uint64_t file_size = 0;
  ByteRange range;
};

Result<Place> place_by(const http::ContentRange& told, const Parameters& parameters,
                       const Uploader& uploader) {
  if (!told.range || !told.total || told.range->end > *told.total) {
    return fail(Errc::bad_request, "expected Content-Range \"bytes FIRST-LAST/SIZE\" of the chunk");
  }
  const auto said = number_in(parameters, uploader.file_size);
  if (!said) {
    return fail(said.error());
  }
  if (*said && **said != *told.total) {
    return fail(Errc::bad_request,
                "Content-Range says that the file has " + std::to_string(*told.total) + " bytes, " +
                    std::string(uploader.file_size) + " that it has " + std::to_string(**said));
  }
  return Place{*told.total, *told.range};
}

Result<Place> place_of(const Parameters& parameters, const http::Headers& headers,
                       const Uploader& uploader) {
  if (uploader.has_content_range) {
    const Result<std::optional<http::ContentRange>> told = http::content_range_of(headers);
    if (!told) {
      return fail(told.error());
    }
    if (*told) {
      return place_by(**told, parameters, uploader);
    }
  }
  const Result<std::uint64_t> file_size = file_size_of(parameters, uploader);
  if (!file_size) {
    return fail(file_size.error());
  }
  const Result<Numbers> numbers = numbers_of(parameters, uploader);
  if (!numbers) {
    return fail(numbers.error());
  }
  const Result<ByteRange> range = range_of(*numbers, uploader, *file_size);
  return range ? Result<Place>(Place{*file_size, *range}) : fail(range.error());
}

}  // namespace

bool names_uploader(std::string_view parameter) noexcept {
  return std::ranges::any_of(uploaders, [&](const Uploader& uploader) {
    return uploader.identifier == parameter && !uploader.has_plain_names;
  });
}

bool is_of_protocol(const Uploader& uploader, std::string_view parameter) noexcept {
  return parameter == uploader.identifier || parameter == uploader.number ||
         parameter == uploader.count || parameter == uploader.offset ||
         parameter == uploader.chunk_size || parameter == uploader.current_size ||
         parameter == uploader.file_size || parameter == uploader.file_name ||
         parameter == uploader.content_type;
}

Result<ChunkRequest> parse_chunk(const Parameters& parameters, const http::Headers& headers,
                                 std::string_view part_name) {
  const Uploader* const uploader = uploader_of(parameters);
  if (uploader == nullptr) {
    return fail(
        Errc::bad_request,
        "expected a chunk of Dropzone (with forceChunking), Resumable.js, Flow.js, "
        "FineUploader, plupload or jQuery File Upload (both with what docs/formchunks.md has "
        "their page add), with its parameters in the query or in front of the file");
  }
  const Result<Place> place = place_of(parameters, headers, *uploader);
  if (!place) {
    return fail(place.error());
  }
  ChunkRequest chunk;
  chunk.uploader = uploader;
  chunk.identifier = text_in(parameters, uploader->identifier);
  chunk.file_name = text_in(parameters, uploader->file_name);
  if (chunk.file_name.empty()) {
    chunk.file_name = to_valid_utf8(part_name);
  }
  if (chunk.file_name.size() > limits::file_name_bytes_max) {
    return fail(Errc::bad_request, "the name of the file: expected at most " +
                                       std::to_string(limits::file_name_bytes_max) +
                                       " bytes, got " + std::to_string(chunk.file_name.size()));
  }
  chunk.content_type = text_in(parameters, uploader->content_type);
  chunk.file_size = place->file_size;
  chunk.range = place->range;
  return chunk;
}

}  // namespace sluice::protocol::formchunks
