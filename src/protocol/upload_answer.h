// SPDX-License-Identifier: MIT
// From an upload's snapshot to what its client is told. Knows no socket.
#pragma once

#include <cstdint>
#include <string>

#include "http/message.h"
#include "runtime/task.h"
#include "upload/engine.h"
#include "upload/upload.h"

namespace sluice::protocol {

// There is nothing more to wait for: an answer, or no further attempt.
bool is_decided(const upload::Snapshot& snapshot) noexcept;
// Nothing is missing, whether or not the backend has the file.
bool is_whole(const upload::Snapshot& snapshot) noexcept;
// The backend has taken the file.
bool is_taken(const upload::Snapshot& snapshot) noexcept;
// The backend has refused the file, or there is no further attempt.
bool is_ended_badly(const upload::Snapshot& snapshot) noexcept;

// Where a client is to go on that takes the file's size for success (promise 2): the size is told
// only when the backend has taken the file. Until then, and when it never will, the last byte is
// withheld, so that the client sends it again and hears what became of the file.
std::uint64_t told_offset(const upload::Snapshot& snapshot) noexcept;

// Location, and Range in the specification's form ("0-99", no unit) unless nothing is stored. Range
// begins with 0 always: clients match "^\d-(\d*)$".
void add_progress(http::Headers& headers, const upload::Snapshot& snapshot,
                  const std::string& location);

// The backend's answer when there is one, else 204; both with add_progress(). A body that lies in a
// file is the caller's to add.
http::Response progress_answer(const upload::Snapshot& snapshot, const std::string& location);

// The answer as far as it is known before the backend gave it.
http::Response expected_answer(const model::Answer& answer);

// An answer of the backend's alone. `Sluice-Answer: backend` tells it from an error of Sluice's
// own.
http::Response final_answer(const model::Answer& answer);

// The error for the client of an upload in `failed`.
Error failure_of(const upload::Snapshot& snapshot);

// `response` is made of the snapshot's answer; gets the answer's body from where it is, where it is
// not in memory.
runtime::Task<Result<http::Response>> with_whole_body(upload::Engine& engine,
                                                      const upload::Snapshot& snapshot,
                                                      http::Response response);

// 200 with all about the upload as JSON; ranges are inclusive as they are in HTTP. Where the
// backend has answered, its answer is in there: of a body over limits::described_answer_bytes_max
// the size.
http::Response description_answer(const upload::Snapshot& snapshot);

}  // namespace sluice::protocol
