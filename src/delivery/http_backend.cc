// SPDX-License-Identifier: MIT
#include "delivery/http_backend.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "base/random.h"
#include "delivery/read_through.h"
#include "outgoing/signature.h"
#include "outgoing/trouble.h"

namespace sluice::delivery {

using outgoing::Body;
using outgoing::HttpRequest;
using runtime::Task;
using BodyPointer = std::shared_ptr<const Body>;

namespace {

// The rest of an answer that is tried again, or refused for its length, needs no removal: the next
// attempt begins the file anew.
class BodySink final : public outgoing::AnswerSink {
 public:
  BodySink(store::AnswerFiles& files, std::uint64_t upload_id, std::uint64_t bytes_max)
      : body(files, upload_id, bytes_max) {}

  Result<> write(Bytes bytes) override { return body.append(bytes); }

  AnswerBody body;
};

// Nothing of the client's: the key is made of hex digits.
store::FinishedUpload upload_of(const Handoff& handoff) {
  return {handoff.upload_id, handoff.blob_size, handoff.idempotency_key};
}

constexpr std::size_t main_file = 1;  // Among the parts of a form.

std::vector<BodyPointer> form_parts(std::shared_ptr<runtime::ReadableFile> blob,
                                    const Handoff& handoff, FormFrame frame) {
  std::vector<BodyPointer> parts;
  const auto add_text = [&parts](std::string text) {
    parts.push_back(std::make_shared<outgoing::TextBody>(std::move(text)));
  };
  add_text(std::move(frame.before));
  parts.push_back(std::make_shared<outgoing::FileBody>(blob, handoff.file_size));
  for (std::size_t i = 0; i < handoff.extra_files.size(); ++i) {
    const ByteRange& range = handoff.extra_files[i].range;
    add_text(std::move(frame.between[i]));
    parts.push_back(std::make_shared<outgoing::FileBody>(blob, range.size(), range.begin));
  }
  add_text(std::move(frame.after));
  return parts;
}

}  // namespace

HttpBackend::HttpBackend(outgoing::HttpClient& client, store::Store& store,
                         store::References& references, store::AnswerFiles& answers,
                         runtime::BlockingPool& pool, SlowWork& slow_work, Clock& clock,
                         HttpBackendSettings settings)
    : client_(client),
      store_(store),
      references_(references),
      answers_(answers),
      pool_(pool),
      slow_work_(slow_work),
      clock_(clock),
      settings_(std::move(settings)) {}

HttpBackend::~HttpBackend() = default;

Task<Result<Delivery>> HttpBackend::deliver(const Handoff& handoff) {
  Result<HttpRequest> request = co_await request_for(handoff);
  if (!request) {
    co_return fail(request.error());
  }
  const auto sink =
      std::make_shared<BodySink>(answers_, handoff.upload_id, settings_->answer_bytes_max);
  request->sink = sink;
  request->answer_bytes_inline_max = 0;
  request->answer_bytes_max = settings_->answer_bytes_max;
  Result<outgoing::HttpAnswer> answer = co_await client_.send(*std::move(request));
  if (!answer) {
    co_return fail(answer.error());
  }
  Result<Delivery> delivery = delivery_of(handoff, *std::move(answer));
  if (!delivery) {
    co_return delivery;
  }
  const Result<> finished = co_await finish_body(sink->body, delivery->answer);
  if (!finished) {
    co_return fail(finished.error());
  }
  co_await clean_up(handoff, *delivery);
  co_return delivery;
}

Task<Result<HttpRequest>> HttpBackend::request_for(const Handoff& handoff) {
  Prepared prepared = prepared_before(handoff.upload_id);
  if (prepared.boundary.empty()) {
    prepared.boundary = "sluice-" + random_token();
    if (settings_->with_digest) {
      const Result<> added = co_await add_digests(handoff, prepared);
      if (!added) {
        co_return fail(added.error());
      }
    }
    remember(handoff.upload_id, prepared);
  }
  Result<BodyPointer> body = co_await body_for(handoff, prepared);
  if (!body) {
    co_return fail(body.error());
  }
  HttpRequest request = handoff_request(*settings_, handoff, prepared.digests, prepared.boundary);
  request.body = *std::move(body);
  if (!settings_->secret.empty()) {
    outgoing::sign(request, settings_->secret, clock_.now());
  }
  co_return request;
}

Task<Result<BodyPointer>> HttpBackend::body_for(const Handoff& handoff, const Prepared& prepared) {
  if (settings_->mode == HandoffMode::reference) {
    const Result<store::Reference> reference = co_await references_.refer(upload_of(handoff));
    if (!reference) {
      co_return fail(reference.error());
    }
    co_return std::make_shared<outgoing::TextBody>(
        reference_json(handoff, prepared.digests.file, *reference));
  }
  Result<std::shared_ptr<runtime::ReadableFile>> opened =
      co_await store_.open_finished(handoff.upload_id, handoff.blob_size);
  if (!opened) {
    co_return fail(opened.error());
  }
  if (settings_->mode == HandoffMode::body) {
    co_return std::make_shared<outgoing::FileBody>(*std::move(opened), handoff.file_size);
  }
  co_return std::make_shared<outgoing::JoinedBody>(
      form_parts(*std::move(opened), handoff, form_frame(handoff, prepared.boundary)));
}

Task<Result<>> HttpBackend::add_digests(const Handoff& handoff, Prepared& prepared) {
  Result<std::shared_ptr<runtime::ReadableFile>> opened =
      co_await store_.open_finished(handoff.upload_id, handoff.blob_size);
  if (!opened) {
    co_return fail(opened.error());
  }
  const std::vector<BodyPointer> parts =
      form_parts(*std::move(opened), handoff, form_frame(handoff, prepared.boundary));
  auto work = [this, &parts] { return digests_of(parts); };
  Result<HandoffDigests> digests = co_await slow_work_.run(handoff.owner, work);
  if (!digests) {
    co_return fail(digests.error());
  }
  prepared.digests = *std::move(digests);
  co_return Result<>();
}

// One pass over the file for both digests. Blocks.
Result<HandoffDigests> HttpBackend::digests_of(const std::vector<BodyPointer>& parts) const {
  const bool is_form = settings_->mode == HandoffMode::form;
  Sha256 file;
  Sha256 form;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Body& part = *parts[i];
    if (!is_form && i != main_file) {
      continue;
    }
    const auto read_at = [&part](std::uint64_t offset, MutableBytes buffer) {
      return part.read_at(offset, buffer);
    };
    const auto add = [&](Bytes piece) {
      if (i == main_file) {
        file.add(piece);
      }
      if (is_form) {
        form.add(piece);
      }
    };
    if (const Result<> read = read_through(read_at, part.size(), stopping_, add); !read) {
      return fail(read.error());
    }
  }
  HandoffDigests digests;
  digests.file = to_hex(file.finish());
  if (is_form) {
    digests.body = to_hex(form.finish());
  } else if (settings_->mode == HandoffMode::body) {
    digests.body = digests.file;
  }
  return digests;
}

Result<Delivery> HttpBackend::delivery_of(const Handoff& handoff,
                                          outgoing::HttpAnswer answer) const {
  if (answer.status >= 300 && answer.status < 400) {
    return fail(Errc::delivery_failed, "the backend answered " + std::to_string(answer.status) +
                                           ", and redirects are not followed");
  }
  Delivery delivery;
  delivery.answer.status = answer.status;
  delivery.is_trouble = outgoing::is_trouble(answer.status, settings_->trouble) ||
                        (answer.status == 401 && !carries_credential(handoff));
  delivery.retry_after = answer.retry_after;
  for (auto& [name, value] : answer.headers) {
    const auto is_same = [&name](const std::string& kept) {
      return equals_ignoring_case(kept, name);
    };
    if (std::ranges::any_of(settings_->answer_headers, is_same)) {
      delivery.answer.headers.emplace_back(std::move(name), std::move(value));
    }
  }
  return delivery;
}

Task<Result<>> HttpBackend::finish_body(AnswerBody& body, model::Answer& answer) {
  auto work = [&body, &answer] { return body.finish(answer); };
  co_return co_await runtime::offload(pool_, work);
}

// A file that the application refused is not left where it is the application's.
Task<> HttpBackend::clean_up(const Handoff& handoff, const Delivery& delivery) {
  if (delivery.is_trouble) {
    co_return;
  }
  forget(handoff.upload_id);
  if (delivery.answer.status >= 400 && settings_->mode == HandoffMode::reference) {
    co_await references_.withdraw(upload_of(handoff));
  }
}

HttpBackend::Prepared HttpBackend::prepared_before(std::uint64_t upload_id) {
  const MutexLock lock(mutex_);
  const auto found = prepared_.find(upload_id);
  return found == prepared_.end() ? Prepared() : found->second;
}

// Values that do not fit are made again for the next attempt: the oldest upload's first.
void HttpBackend::remember(std::uint64_t upload_id, const Prepared& prepared) {
  const MutexLock lock(mutex_);
  if (prepared_.size() >= limits::deliveries_in_memory_max) {
    prepared_.erase(prepared_.begin());
  }
  prepared_.insert_or_assign(upload_id, prepared);
}

void HttpBackend::forget(std::uint64_t upload_id) {
  const MutexLock lock(mutex_);
  prepared_.erase(upload_id);
}

}  // namespace sluice::delivery
