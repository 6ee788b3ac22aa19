// SPDX-License-Identifier: MIT
// Notifications about an upload: which change of its state is which event, and the event's body.
// Knows no socket.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "model/upload.h"

namespace sluice::hooks {

// video_created is the notification of the Panda API about a finished upload; the others are
// Sluice's own.
enum class Event { created, finished, aborted, expired, video_created };

inline constexpr std::array all_events{Event::created, Event::finished, Event::aborted,
                                       Event::expired, Event::video_created};

// The word in the journal and in X-Sluice-Event.
const char* to_text(Event event) noexcept;
std::optional<Event> event_from_text(std::string_view text) noexcept;

// Whether going from `before` (null: the upload is new) to `after` is that event.
bool is_event(Event event, const model::UploadProgress* before,
              const model::UploadProgress& after) noexcept;

// The notification's body: JSON, for video_created a form (panda-clients: "video_id", and
// "encoding_ids[0]", without which some readers refuse it). nullopt when there is nothing to tell:
// an answer that names no video.
std::optional<std::string> body_of(Event event, const model::UploadRecord& record,
                                   const model::UploadProgress& after);
const char* content_type_of(Event event) noexcept;
// Of the request that opened the upload, in a body that is JSON; empty: it belonged to no trace.
std::string traceparent_in(std::string_view body);

}  // namespace sluice::hooks
