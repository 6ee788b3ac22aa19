// SPDX-License-Identifier: MIT
#include "protocol/panda/page_request.h"

#include <boost/json/serialize.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::protocol::panda {

Result<Parameters> parse_page_request(const Parameters& form) {
  const std::optional<std::string> payload = form.text("payload");
  if (!payload) {
    return fail(Errc::bad_request,
                "payload is missing: expected a JSON object with filename and filesize");
  }
  const Result<Parameters> page = Parameters::from_json(*payload);
  if (!page) {
    return fail(page.error());
  }
  boost::json::object session;
  for (const boost::json::key_value_pair& field : page->values()) {
    const std::string_view name = field.key();
    if (name == "fileurl") {
      return fail(Errc::bad_request, "fileurl: files are not fetched; send the file itself");
    }
    // How the page is going to send the file, not what the file is.
    if (name != "content_type") {
      session[name == "filename"   ? "file_name"
              : name == "filesize" ? "file_size"
                                   : name] = field.value();
    }
  }
  return Parameters::from_json(boost::json::serialize(session));
}

}  // namespace sluice::protocol::panda
