// SPDX-License-Identifier: MIT
// The requests of simulated clients that have a form as their body, and those of the uploaders that
// send a file as a form for each chunk. Knows no server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "simulation/dice.h"
#include "simulation/words.h"

namespace sluice::simulation {

// The field that says that the body is a form, in a line of its own.
std::string form_type();
std::string form_field(std::string_view name, std::string_view value);
// In front of the bytes of a file, the last part of the form, and behind them.
std::string form_file(const std::string& name);
std::string form_end();

// A file that comes as a form for each chunk. One uploader sends all of it: the upload is found by
// what this one says of the file.
struct FormFile {
  std::string name;
  std::uint64_t size = 0;
  std::uint64_t chunk_size = 1;
  std::size_t uploader = 0;  // In form_uploaders().

  std::uint64_t chunk_count() const;
  ByteRange chunk(std::uint64_t index) const;
  std::uint64_t index_at(std::uint64_t offset) const;
  const char* uploader_name() const;
  // Of Resumable.js and of those that were made after it: it asks for a chunk before it sends it,
  // and tells files apart by names and sizes, so that long after its end a file begins anew.
  bool is_of_resumable() const;
};

std::vector<const char*> form_uploaders();
FormFile any_form_file(const std::string& name, std::uint64_t size, Dice& dice);

Words form_chunk(const FormFile& file, std::uint64_t index, Dice& dice);
// Is the chunk there? REQUIRES: file.is_of_resumable().
Words form_chunk_question(const FormFile& file, std::uint64_t index);

}  // namespace sluice::simulation
