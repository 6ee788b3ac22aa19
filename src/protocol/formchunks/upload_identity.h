// SPDX-License-Identifier: MIT
// Which upload a chunk belongs to. The client never learns a location, so its chunks are put
// together by what it says of the file. Pure.
#pragma once

#include <string>
#include <string_view>

#include "protocol/formchunks/chunk_request.h"

namespace sluice::protocol::formchunks {

// The token of the upload: the same for all chunks of a file, after a restart too, and no one can
// compute it who does not have `key`. `sender` is whose the chunk is: chunks of two senders are
// never of one upload, whatever they say.
std::string token_of(std::string_view key, std::string_view sender, const ChunkRequest& chunk);

}  // namespace sluice::protocol::formchunks
