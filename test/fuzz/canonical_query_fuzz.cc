// SPDX-License-Identifier: MIT
// Every signed text reads back as the parameters that it was made of, so a signature for one
// dialect or request is not good for another one. Any timestamp is parsed without harm.
#include "auth/canonical_query.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "auth/timestamp.h"
#include "base/bytes.h"
#include "base/check.h"
#include "http/urlencoded.h"

namespace {

using sluice::http::FormField;

void sort(std::vector<FormField>& fields) {
  std::ranges::sort(fields, {}, [](const FormField& f) { return std::tie(f.name, f.value); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const std::string_view text = as_text(std::as_bytes(std::span(data, size)));
  const auto time = auth::parse_timestamp(text);
  SLUICE_CHECK(!time || text.size() >= 16);
  const auto fields = http::parse_urlencoded(text);
  if (!fields) {
    return 0;
  }
  for (const auth::Dialect dialect : auth::dialects) {
    const auto written = auth::canonical_query(*fields, dialect);
    SLUICE_CHECK(written || dialect != auth::Dialect::documented);
    if (!written) {
      continue;
    }
    auto read = http::parse_urlencoded(*written);
    SLUICE_CHECK(read.has_value());
    std::vector<FormField> signed_fields = *fields;
    std::erase_if(signed_fields, [dialect](const FormField& field) {
      return field.name == "signature" || (field.name == "file" && dialect != auth::Dialect::node);
    });
    sort(*read);
    sort(signed_fields);
    SLUICE_CHECK(*read == signed_fields);
  }
  return 0;
}
