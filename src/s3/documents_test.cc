// SPDX-License-Identifier: MIT
#include "s3/documents.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace sluice::s3 {
namespace {

std::string list_of(const std::string& content) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult "
         "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" +
         content + "</ListBucketResult>";
}

TEST(Documents, AnErrorHasItsCodeItsWordsAndPerhapsARegion) {
  const std::optional<ErrorDocument> error = parse_error(
      "<?xml version=\"1.0\"?><Error><Code>AuthorizationHeaderMalformed</Code>"
      "<Message>expecting &apos;eu-central-1&apos;</Message><Region>eu-central-1</Region></Error>");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, "AuthorizationHeaderMalformed");
  EXPECT_EQ(error->message, "expecting 'eu-central-1'");
  EXPECT_EQ(error->region, "eu-central-1");
}

// S3 keeps the connection alive with blanks before it knows how a completion ends.
TEST(Documents, AnErrorMayStandBehindBlanks) {
  const auto error =
      parse_error("  \n \n<?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code></Error>");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, "InternalError");
}

TEST(Documents, AnotherTextIsNoError) {
  for (const char* text : {"", "<Error>", "<Error></Error>", "<Error><Message>m</Message></Error>",
                           "<html><Error><Code>x</Code></Error></html>", "plain", "\xFF\xFE<",
                           "<Error><Code>x</Code>"}) {
    EXPECT_FALSE(parse_error(text)) << text;
  }
}

TEST(Documents, AListHasKeysAndSizesAndSaysHowItGoesOn) {
  const Result<ListPage> page = parse_list(list_of(
      "<Name>b</Name><IsTruncated>true</IsTruncated><KeyCount>2</KeyCount>"
      "<NextContinuationToken>1ueGcx/==</NextContinuationToken>"
      "<Contents><Key>p/a &amp; b+%20</Key><ETag>&quot;e&quot;</ETag><Size>0</Size></Contents>"
      "<Contents><Key>p/c</Key><Size>18446744073709551615</Size></Contents>"));
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_EQ(page->objects, (std::vector<ListedObject>{{"p/a & b+%20", 0}, {"p/c", ~0ULL}}));
  EXPECT_EQ(page->next, "1ueGcx/==");
}

TEST(Documents, AListMaySayThatItsKeysAreEncoded) {
  const Result<ListPage> page =
      parse_list(list_of("<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>"
                         "<NextContinuationToken>ignored</NextContinuationToken>"
                         "<Contents><Key>a+b%2Bc%20d/%C3%A9</Key><Size>1</Size></Contents>"));
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_EQ(page->objects, (std::vector<ListedObject>{{"a b+c d/\xC3\xA9", 1}}));
  EXPECT_EQ(page->next, "");
  EXPECT_TRUE(parse_list(list_of(""))->objects.empty());
}

TEST(Documents, ABrokenListIsNone) {
  for (const std::string& text :
       {std::string(), std::string("<ListBucketResult>"), std::string("<Other/>"),
        list_of("<Contents><Key>a</Key></Contents>"),
        list_of("<Contents><Key>a</Key><Size>-1</Size></Contents>"),
        list_of("<Contents><Key>a</Key><Size>1e3</Size></Contents>"),
        list_of("<Contents><Key>a</Key><Size>18446744073709551616</Size></Contents>"),
        list_of("<Contents><Size>1</Size></Contents>"),
        list_of(
            "<EncodingType>url</EncodingType><Contents><Key>a%00b</Key><Size>1</Size></Contents>"),
        list_of("<EncodingType>url</EncodingType><Contents><Key>%4</Key><Size>1</Size></Contents>"),
        list_of("<IsTruncated>true</IsTruncated>")}) {
    const Result<ListPage> page = parse_list(text);
    ASSERT_FALSE(page) << text;
    EXPECT_EQ(page.error().code(), Errc::unavailable);
  }
}

TEST(Documents, ResultsOfMultipartUploads) {
  EXPECT_EQ(
      *parse_created_multipart("<InitiateMultipartUploadResult><Bucket>b</Bucket>"
                               "<UploadId>2~a+b/c</UploadId></InitiateMultipartUploadResult>"),
      "2~a+b/c");
  EXPECT_EQ(*parse_copied_part("<CopyPartResult><ETag>&quot;e&quot;</ETag></CopyPartResult>"),
            "\"e\"");
  EXPECT_TRUE(
      parse_completed_multipart(" <?xml version=\"1.0\"?><CompleteMultipartUploadResult>"
                                "<ETag></ETag></CompleteMultipartUploadResult>"));
  const std::string error = "<Error><Code>InternalError</Code></Error>";
  EXPECT_FALSE(parse_created_multipart(error));
  EXPECT_FALSE(parse_copied_part(error));
  EXPECT_FALSE(parse_completed_multipart(error));
  EXPECT_FALSE(parse_completed_multipart(error + "<CompleteMultipartUploadResult><ETag>e</ETag>"
                                                 "</CompleteMultipartUploadResult>"));
}

TEST(Documents, ARemovalNamesWhatItLeft) {
  EXPECT_TRUE(parse_removal("<DeleteResult/>")->empty());
  const auto errors = parse_removal(
      "<DeleteResult><Error><Key>a&amp;b</Key><Code>AccessDenied</Code></Error></DeleteResult>");
  ASSERT_TRUE(errors);
  ASSERT_EQ(errors->size(), 1U);
  EXPECT_EQ(errors->front().key, "a&b");
  EXPECT_EQ(errors->front().error.code, "AccessDenied");
  EXPECT_FALSE(parse_removal(""));
}

TEST(Documents, WhatABucketDoesByItself) {
  const auto versioning = [](const std::string& content) {
    return *parse_versioning("<VersioningConfiguration>" + content + "</VersioningConfiguration>");
  };
  EXPECT_EQ(versioning(""), Versioning::off);
  EXPECT_EQ(versioning("<Status>Suspended</Status>"), Versioning::suspended);
  EXPECT_EQ(versioning("<Status>Enabled</Status><MfaDelete>Disabled</MfaDelete>"), Versioning::on);
  EXPECT_FALSE(parse_versioning("<html/>"));
  const auto rules = parse_lifecycle(
      "<LifecycleConfiguration>"
      "<Rule><ID>a</ID><Prefix>old/</Prefix><Status>Enabled</Status>"
      "<Expiration><Days>1</Days></Expiration></Rule>"
      "<Rule><ID>b</ID><Filter><Prefix>new/</Prefix></Filter><Status>Disabled</Status>"
      "<Expiration><Days>1</Days></Expiration></Rule>"
      "<Rule><ID>c</ID><Filter><And><Prefix>p/</Prefix><Tag><Key>k</Key></Tag></And></Filter>"
      "<Status>Enabled</Status><Transition><Days>1</Days></Transition></Rule>"
      "<Rule><ID>d</ID><Filter/><Status>Enabled</Status>"
      "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>"
      "<AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation>"
      "</AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>");
  ASSERT_TRUE(rules);
  ASSERT_EQ(rules->size(), 3U);
  EXPECT_EQ(rules->at(0).prefix, "old/");
  EXPECT_TRUE(rules->at(0).expires);
  EXPECT_FALSE(rules->at(0).aborts_multiparts);
  EXPECT_EQ(rules->at(1).prefix, "p/");
  EXPECT_TRUE(rules->at(1).only_tagged);
  EXPECT_TRUE(rules->at(1).moves);
  EXPECT_FALSE(rules->at(1).expires);
  EXPECT_EQ(rules->at(2).prefix, "");
  EXPECT_FALSE(rules->at(2).expires);
  EXPECT_TRUE(rules->at(2).aborts_multiparts);
}

TEST(Documents, NoEntityOfADocumentTypeIsExpanded) {
  const auto error = parse_error(
      "<!DOCTYPE e [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;\">"
      "<!ENTITY f SYSTEM \"file:///etc/passwd\">]>"
      "<Error><Code>X</Code><Message>&b;&f;</Message></Error>");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->message, "&b;&f;");
}

TEST(Documents, AnAnswerIsBounded) {
  std::string deep;
  while (deep.size() + 3 <= limits::s3_document_bytes_max) {
    deep += "<a>";
  }
  EXPECT_FALSE(parse_error(deep));
  const std::string_view head = "<Error><Code>X</Code><Message>";
  const std::string_view foot = "</Message></Error>";
  const std::size_t room = limits::s3_document_bytes_max - head.size() - foot.size();
  const auto of_message = [&](std::size_t size) {
    return std::string(head) + std::string(size, 'm') + std::string(foot);
  };
  EXPECT_TRUE(parse_error(of_message(room)));
  EXPECT_FALSE(parse_error(of_message(room + 1)));
}

TEST(Documents, BodiesOfRequests) {
  const std::vector<UploadedPart> parts{{1, "\"a\""}, {2, "\"b\""}};
  EXPECT_EQ(completion_document(parts),
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
            "<Part><PartNumber>1</PartNumber><ETag>\"a\"</ETag></Part>"
            "<Part><PartNumber>2</PartNumber><ETag>\"b\"</ETag></Part></CompleteMultipartUpload>");
  const std::vector<std::string> keys{"a&<b>", "\xC3\xA9"};
  EXPECT_EQ(
      removal_document(keys),
      "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>"
      "<Object><Key>a&amp;&lt;b&gt;</Key></Object><Object><Key>\xC3\xA9</Key></Object></Delete>");
}

}  // namespace
}  // namespace sluice::s3
