// SPDX-License-Identifier: MIT
// Any answer of an object store is a document with all that it has to have, or none.
#include "s3/documents.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const std::string_view text = as_text(std::as_bytes(std::span(data, size)));
  if (const auto error = s3::parse_error(text)) {
    SLUICE_CHECK(!error->code.empty());
    SLUICE_CHECK(!s3::parse_list(text) && !s3::parse_completed_multipart(text));
  }
  if (const auto page = s3::parse_list(text)) {
    for (const s3::ListedObject& object : page->objects) {
      SLUICE_CHECK(!object.key.empty());
      const std::span keys(&object.key, 1);
      SLUICE_CHECK(s3::removal_document(keys).contains("<Object><Key>"));
    }
  }
  for (const auto& value : {s3::parse_created_multipart(text), s3::parse_copied_part(text)}) {
    SLUICE_CHECK(!value || !value->empty());
  }
  SLUICE_CHECK(!s3::parse_removal(text) || !s3::parse_lifecycle(text));
  SLUICE_CHECK(!s3::parse_versioning(text) || !s3::parse_lifecycle(text));
  return 0;
}
