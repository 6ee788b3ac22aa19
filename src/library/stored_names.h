// SPDX-License-Identifier: MIT
// The names under which files are kept, and the ids of their records. Sans-IO.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "delivery/backend.h"
#include "store/store.h"

namespace sluice::library {

// The id of the record that a hand-off with this key becomes: 32 hex digits, the same in every
// attempt.
std::string record_id(const std::string& idempotency_key);
bool is_record_id(std::string_view text) noexcept;

// The client's name for a file without the path in front of it.
std::string_view last_component(std::string_view file_name);
// The suffix of the id in the file's name: a dot and 1 to 16 lower-case letters and digits, or
// nothing. No other part of a client's file name ever reaches a path.
std::string stored_extension(std::string_view file_name);
// The suffix of the id in the name of an extra file: "-1.srt" for the first.
std::string extra_file_suffix(std::size_t index, std::string_view file_name);

// As store::NamedFiles has it.
std::string stored_name(std::string_view id, std::string_view suffix);
// The main file of a hand-off, and the extra files behind it.
std::vector<store::NamedRange> stored_files(const delivery::Handoff& handoff);

}  // namespace sluice::library
