// SPDX-License-Identifier: MIT
#include "outgoing/url_template.h"

#include <gtest/gtest.h>

namespace sluice::outgoing {
namespace {

std::string lookup(std::string_view name) {
  if (name == "id") {
    return "7";
  }
  if (name == "file_name") {
    return "a/../b?c&d=ä \r\n.mp4";
  }
  return name == "parameter:up" ? ".." : "";
}

TEST(UrlTemplate, fills_in_names_percent_encoded) {
  const struct {
    const char* text;
    const char* path;
  } cases[] = {
      {"http://app/v", "/v"},
      {"http://app/v/{id}", "/v/7"},
      {"http://app/{id}{id}?n={file_name}&x=1",
       "/77?n=a%2F..%2Fb%3Fc%26d%3D%C3%A4%20%0D%0A.mp4&x=1"},
      {"http://app/{parameter:up}/x/{parameter:none}", "/%2E%2E/x/"},
      {"unix:/run/app.sock:/v/{id}", "/v/7"},
  };
  for (const auto& row : cases) {
    const Result<UrlTemplate> url = UrlTemplate::parse(row.text);
    ASSERT_TRUE(url) << row.text << ": " << url.error().message();
    EXPECT_EQ(url->expand(lookup).path, row.path);
  }
}

TEST(UrlTemplate, refuses_unknown_names_and_names_in_the_host) {
  for (const char* text : {"http://app/{nothing}", "http://app/{id", "http://app/id}",
                           "http://app/{parameter:}", "http://{id}/", "ftp://app/{id}"}) {
    EXPECT_FALSE(UrlTemplate::parse(text)) << text;
  }
}

}  // namespace
}  // namespace sluice::outgoing
