// SPDX-License-Identifier: MIT
#include "protocol/formchunks/upload_identity.h"

#include "base/bytes.h"
#include "base/digest.h"
#include "base/encoding.h"

namespace sluice::protocol::formchunks {

std::string token_of(std::string_view key, std::string_view sender, const ChunkRequest& chunk) {
  std::string identity;
  const std::string size = std::to_string(chunk.file_size);
  for (const std::string_view part :
       {std::string_view("form chunks"), sender, std::string_view(chunk.uploader->name),
        std::string_view(chunk.identifier), std::string_view(size),
        std::string_view(chunk.file_name)}) {
    // With their lengths, no other parts make the same text.
    identity += std::to_string(part.size()) + ":";
    identity += part;
  }
  return to_base64url(hmac_sha256(key, identity));
}

}  // namespace sluice::protocol::formchunks
