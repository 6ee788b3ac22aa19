// SPDX-License-Identifier: MIT
#include "hooks/events.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>

#include "base/encoding.h"
#include "base/trace_context.h"
#include "hooks/json_text.h"

namespace sluice::hooks {

namespace json = boost::json;
using model::UploadProgress;
using model::UploadRecord;
using model::UploadState;

namespace {

bool turned_into(UploadState state, const UploadProgress* before, const UploadProgress& after) {
  return after.state == state && (before == nullptr || before->state != state);
}

std::optional<std::string> video_id_of(const UploadProgress& after) {
  if (!after.answer) {
    return std::nullopt;
  }
  const json::value document = json_or_null(after.answer->body);
  const json::object* object = document.if_object();
  const json::value* id = object == nullptr ? nullptr : object->if_contains("id");
  if (id == nullptr || !id->is_string()) {
    return std::nullopt;
  }
  return std::string(id->as_string());
}

json::object upload_document(const UploadRecord& record, const UploadProgress& after) {
  json::object upload;
  upload["id"] = record.id;
  upload["file_name"] = to_valid_utf8(record.file_name);
  upload["file_size"] = json::value_from(after.file_size);
  upload["content_type"] = to_valid_utf8(record.content_type);
  upload["state"] = model::to_text(after.state);
  upload["created_at"] =
      std::chrono::floor<std::chrono::seconds>(record.created_at).time_since_epoch().count();
  upload["parameters"] = json_or_null(record.parameters);
  upload["origin"] = json_or_null(record.origin);
  return upload;
}

json::object answer_document(const model::Answer& answer) {
  json::object document;
  document["status"] = answer.status;
  if (answer.spilled_bytes == 0) {
    document["body"] = to_valid_utf8(answer.body);
  }
  return document;
}

}  // namespace

const char* to_text(Event event) noexcept {
  switch (event) {
    case Event::created:
      return "created";
    case Event::finished:
      return "finished";
    case Event::aborted:
      return "aborted";
    case Event::expired:
      return "expired";
    case Event::video_created:
      return "video-created";
  }
  return "";
}

std::optional<Event> event_from_text(std::string_view text) noexcept {
  for (const Event event : all_events) {
    if (text == to_text(event)) {
      return event;
    }
  }
  return std::nullopt;
}

bool is_event(Event event, const UploadProgress* before, const UploadProgress& after) noexcept {
  switch (event) {
    case Event::created:
      return before == nullptr;
    case Event::finished:
      return turned_into(UploadState::delivered, before, after) ||
             turned_into(UploadState::refused, before, after);
    case Event::aborted:
      return turned_into(UploadState::aborted, before, after);
    case Event::expired:
      // A refused one has finished already: that its file goes is Sluice's own matter.
      return turned_into(UploadState::expired, before, after) &&
             (before == nullptr || before->state != UploadState::refused);
    case Event::video_created:
      return turned_into(UploadState::delivered, before, after);
  }
  return false;
}

std::optional<std::string> body_of(Event event, const UploadRecord& record,
                                   const UploadProgress& after) {
  if (event == Event::video_created) {
    const std::optional<std::string> id = video_id_of(after);
    if (!id) {
      return std::nullopt;
    }
    const std::string value = percent_encode(*id);
    return "event=video-created&video_id=" + value + "&encoding_ids%5B0%5D=" + value;
  }
  json::object document;
  document["event"] = to_text(event);
  document["upload"] = upload_document(record, after);
  if (after.answer) {
    document["answer"] = answer_document(*after.answer);
  }
  return json::serialize(document);
}

const char* content_type_of(Event event) noexcept {
  return event == Event::video_created ? "application/x-www-form-urlencoded" : "application/json";
}

std::string traceparent_in(std::string_view body) {
  const json::value document = json_or_null(body);
  json::error_code error;
  const json::value* found = document.find_pointer("/upload/origin/headers/traceparent", error);
  const json::string* text = found == nullptr ? nullptr : found->if_string();
  // The operator may have a client's own header kept, which may be anything.
  return text != nullptr && continue_trace(*text) ? std::string(*text) : std::string();
}

}  // namespace sluice::hooks
