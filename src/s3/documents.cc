// SPDX-License-Identifier: MIT
#include "s3/documents.h"

#include <fmt/format.h>

#include <charconv>
#include <pugixml.hpp>
#include <sstream>

#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::s3 {
namespace {

std::unexpected<Error> no_such_document(const char* expected) {
  return fail(Errc::unavailable,
              fmt::format("expected a {} in the answer, got another text", expected));
}

// The root of a document, if it has that name. pugixml's usual options skip document types,
// comments and processing instructions, and expand XML's own entities alone.
pugi::xml_node root_of(pugi::xml_document& document, std::string_view text, const char* name) {
  if (text.size() > limits::s3_document_bytes_max) {
    return {};
  }
  const pugi::xml_parse_result parsed =
      document.load_buffer(text.data(), text.size(), pugi::parse_default, pugi::encoding_utf8);
  const pugi::xml_node root = document.document_element();
  return parsed && root.name() == std::string_view(name) ? root : pugi::xml_node();
}

std::string text_of(pugi::xml_node node, const char* name) {
  return node.child_value(name);
}

std::optional<std::uint64_t> number_of(pugi::xml_node node, const char* name) {
  const std::string_view digits = trimmed(node.child_value(name));
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool is_whole = error == std::errc() && end == digits.data() + digits.size();
  return is_whole ? std::optional(number) : std::nullopt;
}

ErrorDocument error_in(pugi::xml_node node) {
  return {.code = std::string(trimmed(node.child_value("Code"))),
          .message = text_of(node, "Message"),
          .region = std::string(trimmed(node.child_value("Region")))};
}

// The text of one element of a document, which is not empty.
Result<std::string> only_text(std::string_view text, const char* root, const char* element) {
  pugi::xml_document document;
  std::string value(trimmed(root_of(document, text, root).child_value(element)));
  if (value.empty()) {
    return no_such_document(root);
  }
  return value;
}

LifecycleRule rule_in(pugi::xml_node node) {
  const pugi::xml_node filter = node.child("Filter");
  const pugi::xml_node all_of = filter.child("And");
  const pugi::xml_node expiration = node.child("Expiration");
  LifecycleRule rule;
  rule.id = text_of(node, "ID");
  // In the rule itself it is the older form.
  rule.prefix = text_of(node, "Prefix") + text_of(filter, "Prefix") + text_of(all_of, "Prefix");
  rule.only_tagged = filter.child("Tag") || all_of.child("Tag");
  // Beside these an expiration may be about markers of removed objects alone.
  rule.expires = expiration.child("Days") || expiration.child("Date");
  rule.moves = node.child("Transition");
  rule.aborts_multiparts = node.child("AbortIncompleteMultipartUpload");
  return rule;
}

std::string written(const pugi::xml_document& document) {
  std::ostringstream text;
  document.save(text, "", pugi::format_raw | pugi::format_no_declaration, pugi::encoding_utf8);
  return text.str();
}

pugi::xml_node append_root(pugi::xml_document& document, const char* name) {
  pugi::xml_node root = document.append_child(name);
  root.append_attribute("xmlns") = "http://s3.amazonaws.com/doc/2006-03-01/";
  return root;
}

void append_text(pugi::xml_node node, const char* name, const std::string& text) {
  node.append_child(name).text() = text.c_str();
}

}  // namespace

std::optional<ErrorDocument> parse_error(std::string_view text) {
  pugi::xml_document document;
  ErrorDocument error = error_in(root_of(document, text, "Error"));
  if (error.code.empty()) {
    return std::nullopt;
  }
  return error;
}

Result<ListPage> parse_list(std::string_view text) {
  constexpr const char* name = "ListBucketResult";
  pugi::xml_document document;
  const pugi::xml_node root = root_of(document, text, name);
  if (!root) {
    return no_such_document(name);
  }
  const bool is_encoded = trimmed(root.child_value("EncodingType")) == "url";
  ListPage page;
  for (const pugi::xml_node contents : root.children("Contents")) {
    std::optional<std::string> key = text_of(contents, "Key");
    if (is_encoded) {
      key = percent_decode(*key, true);
    }
    const std::optional<std::uint64_t> size = number_of(contents, "Size");
    // XML has no zero byte, so that a request could not name such a key.
    if (!key || key->empty() || key->contains('\0') || !size) {
      return fail(Errc::unavailable, "an object of the list has no valid key and size");
    }
    page.objects.push_back({*std::move(key), *size});
  }
  if (trimmed(root.child_value("IsTruncated")) == "true") {
    page.next = trimmed(root.child_value("NextContinuationToken"));
    if (page.next.empty()) {
      return fail(Errc::unavailable, "the list goes on, but does not say how");
    }
  }
  return page;
}

Result<std::string> parse_created_multipart(std::string_view text) {
  return only_text(text, "InitiateMultipartUploadResult", "UploadId");
}

Result<std::string> parse_copied_part(std::string_view text) {
  return only_text(text, "CopyPartResult", "ETag");
}

Result<> parse_completed_multipart(std::string_view text) {
  constexpr const char* name = "CompleteMultipartUploadResult";
  pugi::xml_document document;
  return root_of(document, text, name) ? Result<>() : no_such_document(name);
}

Result<std::vector<NotRemoved>> parse_removal(std::string_view text) {
  constexpr const char* name = "DeleteResult";
  pugi::xml_document document;
  const pugi::xml_node root = root_of(document, text, name);
  if (!root) {
    return no_such_document(name);
  }
  std::vector<NotRemoved> errors;
  for (const pugi::xml_node error : root.children("Error")) {
    errors.push_back({text_of(error, "Key"), error_in(error)});
  }
  return errors;
}

Result<Versioning> parse_versioning(std::string_view text) {
  constexpr const char* name = "VersioningConfiguration";
  pugi::xml_document document;
  const pugi::xml_node root = root_of(document, text, name);
  if (!root) {
    return no_such_document(name);
  }
  const std::string_view status = trimmed(root.child_value("Status"));
  return status.empty()          ? Versioning::off
         : status == "Suspended" ? Versioning::suspended
                                 : Versioning::on;
}

Result<std::vector<LifecycleRule>> parse_lifecycle(std::string_view text) {
  constexpr const char* name = "LifecycleConfiguration";
  pugi::xml_document document;
  const pugi::xml_node root = root_of(document, text, name);
  if (!root) {
    return no_such_document(name);
  }
  std::vector<LifecycleRule> rules;
  for (const pugi::xml_node rule : root.children("Rule")) {
    if (trimmed(rule.child_value("Status")) == "Enabled") {
      rules.push_back(rule_in(rule));
    }
  }
  return rules;
}

std::string completion_document(std::span<const UploadedPart> parts) {
  pugi::xml_document document;
  pugi::xml_node root = append_root(document, "CompleteMultipartUpload");
  for (const UploadedPart& part : parts) {
    const pugi::xml_node node = root.append_child("Part");
    append_text(node, "PartNumber", std::to_string(part.number));
    append_text(node, "ETag", part.etag);
  }
  return written(document);
}

std::string removal_document(std::span<const std::string> keys) {
  pugi::xml_document document;
  pugi::xml_node root = append_root(document, "Delete");
  append_text(root, "Quiet", "true");
  for (const std::string& key : keys) {
    append_text(root.append_child("Object"), "Key", key);
  }
  return written(document);
}

}  // namespace sluice::s3
