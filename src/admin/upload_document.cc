// SPDX-License-Identifier: MIT
#include "admin/upload_document.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>

#include "base/clock.h"
#include "base/encoding.h"

namespace sluice::admin {
namespace {

namespace json = boost::json;

void add_text(json::object& document, const char* name, const std::string& text) {
  if (!text.empty()) {
    document[name] = to_valid_utf8(text);
  }
}

void add_time(json::object& document, const char* name, Timestamp time) {
  if (time > Timestamp()) {
    document[name] = to_iso8601(time);
  }
}

// Text that the journal keeps as JSON.
json::value parsed(const std::string& text) {
  json::error_code error;
  json::value value = json::parse(to_valid_utf8(text), error);
  return error ? json::value(to_valid_utf8(text)) : std::move(value);
}

// Of the client that opened the upload; empty: the record does not say.
std::string address_of(const std::string& origin) {
  const json::value value = parsed(origin);
  const json::object* const object = value.if_object();
  const json::value* const address = object != nullptr ? object->if_contains("address") : nullptr;
  const json::string* const text = address != nullptr ? address->if_string() : nullptr;
  return text != nullptr ? std::string(*text) : std::string();
}

}  // namespace

json::object summary_of(const upload::UploadView& view) {
  const model::UploadRecord& record = view.record;
  const model::UploadProgress& progress = record.progress;
  json::object document;
  document["id"] = record.id;
  document["state"] = model::to_text(progress.state);
  add_text(document, "file_name", record.file_name);
  if (progress.file_size) {
    document["file_size"] = *progress.file_size;
  }
  document["arrived"] = view.arrived;
  document["is_being_written"] = view.is_being_written;
  add_text(document, "owner", record.owner);
  add_text(document, "dialect", record.dialect);
  add_text(document, "address", address_of(record.origin));
  add_text(document, "content_type", record.content_type);
  add_time(document, "created_at", record.created_at);
  add_time(document, "last_byte_at", view.last_byte_at);
  add_time(document, "expires_at", progress.expires_at);
  if (progress.attempts > 0) {
    document["attempts"] = progress.attempts;
    add_time(document, "next_attempt_at", progress.next_attempt_at);
  }
  add_text(document, "failure", progress.failure);
  if (progress.answer) {
    document["answer_status"] = progress.answer->status;
  }
  return document;
}

json::object whole_story_of(const upload::UploadView& view) {
  json::object document = summary_of(view);
  document["stored"] = view.record.progress.stored.to_text();
  document["parameters"] = parsed(view.record.parameters);
  document["origin"] = parsed(view.record.origin);
  add_time(document, "handoff_since", view.record.progress.handoff_since);
  if (const auto& answer = view.record.progress.answer) {
    document["answer"] = parsed(answer->body);
  }
  return document;
}

}  // namespace sluice::admin
