// SPDX-License-Identifier: MIT
#include "http/authority.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

TEST(Authority, HasANameWithoutPortAndBrackets) {
  struct Row {
    const char* authority;
    const char* name;
    bool is_address;
  };
  for (const Row& row : {
           Row{"", "", false},
           Row{"Up.Example", "up.example", false},
           Row{"up.example.:8080", "up.example", false},
           Row{"up.example:", "up.example", false},
           Row{"127.0.0.1:8080", "127.0.0.1", true},
           Row{"[::1]:8080", "::1", true},
           Row{"[2001:DB8::1]", "2001:db8::1", true},
           Row{"[::1", "::1", true},
           Row{"[", "", false},
           Row{".", "", false},
           // A name, although a resolver may take it for an address.
           Row{"127.1", "127.1", false},
           Row{"2130706433", "2130706433", false},
           Row{"0x7f000001", "0x7f000001", false},
           Row{"127.0.0.1.example", "127.0.0.1.example", false},
       }) {
    EXPECT_EQ(host_name(row.authority), row.name) << row.authority;
    EXPECT_EQ(is_address(host_name(row.authority)), row.is_address) << row.authority;
  }
}

TEST(Authority, StandsInUrlsAndOrigins) {
  EXPECT_EQ(authority_of("https://up.example:8443/uploads"), "up.example:8443");
  EXPECT_EQ(authority_of("http://up.example"), "up.example");
  EXPECT_EQ(authority_of("null"), "");
  EXPECT_EQ(authority_of(""), "");
}

}  // namespace
}  // namespace sluice::http
