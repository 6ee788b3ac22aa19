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
      {"http://app/{key}?u={parameter:up}&x={parameter:none}", "/?u=..&x="},
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

// Servers that decode %2F, %5C or %2E before they split a path would follow them.
TEST(UrlTemplate, lets_clients_choose_nothing_of_the_path) {
  for (const char* text :
       {"http://app/{file_name}", "http://app/{id}/{file_name}?x=1", "http://app/{content_type}",
        "http://app/x-{parameter:user}", "unix:/run/app.sock:/{parameter:user}?n={file_name}"}) {
    const Result<UrlTemplate> url = UrlTemplate::parse(text);
    ASSERT_FALSE(url) << text;
    EXPECT_NE(url.error().message().find("only behind ?"), std::string::npos);
  }
  EXPECT_TRUE(
      UrlTemplate::parse("http://app/{id}/{key}/{file_size}?n={file_name}&t={content_type}"));
}

}  // namespace
}  // namespace sluice::outgoing
