// SPDX-License-Identifier: MIT
#include "http/content_coding.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

TEST(ContentCoding, IsRefusedWhereItChangesBytes) {
  struct Row {
    const char* name;
    const char* value;
    bool accepted;
  };
  for (const Row& row : {
           Row{"Content-Encoding", "", true},
           Row{"Content-Encoding", "identity", true},
           Row{"content-encoding", " Identity , , identity", true},
           Row{"Content-Encoding", "gzip", false},
           Row{"content-encoding", "X-GZIP", false},
           Row{"Content-Encoding", "identity, br", false},
           Row{"Content-Encoding", "aws-chunked", false},
           Row{"Content-Encoding", "binary", false},
           Row{"Content-Transfer-Encoding", "binary", true},
           Row{"Content-Transfer-Encoding", "8BIT", true},
           Row{"Content-Transfer-Encoding", "7bit", true},
           Row{"Content-Transfer-Encoding", "base64", false},
           Row{"content-transfer-encoding", "Quoted-Printable", false},
           Row{"Accept-Encoding", "gzip", true},
       }) {
    Headers headers;
    headers.add("Content-Encoding", "identity");
    headers.add(row.name, row.value);
    const Result<> judged = expect_no_coding(headers);
    EXPECT_EQ(judged.has_value(), row.accepted) << row.name << ": " << row.value;
    if (!judged) {
      EXPECT_EQ(judged.error().code(), Errc::unsupported_media_type);
    }
  }
}

}  // namespace
}  // namespace sluice::http
