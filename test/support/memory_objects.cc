// SPDX-License-Identifier: MIT
#include "support/memory_objects.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"

namespace sluice::testing {
namespace {

using runtime::Task;

std::string etag_of(const std::string& bytes) {
  return '"' + short_digest(bytes) + '"';
}

std::unexpected<Error> missing(const std::string& name) {
  return fail(Errc::file_missing, "there is no " + name);
}

}  // namespace

template <class T>
Result<T> MemoryObjects::meet(const std::function<Result<T>()>& effect) {
  ++requests;
  NetworkFault fault = NetworkFault::none;
  if (!faults.empty()) {
    fault = faults.front();
    faults.pop_front();
  }
  if (fault == NetworkFault::late || fault == NetworkFault::doubled) {
    late_.emplace_back([effect] { static_cast<void>(effect()); });
  }
  if (fault == NetworkFault::lost || fault == NetworkFault::late) {
    return fail(Errc::unavailable, "no answer");
  }
  Result<T> result = effect();
  if (fault == NetworkFault::reply_lost) {
    return fail(Errc::unavailable, "no answer");
  }
  return result;
}

void MemoryObjects::let_late_arrive() {
  for (const std::function<void()>& effect : std::exchange(late_, {})) {
    effect();
  }
}

Result<std::string> MemoryObjects::accepted(const s3::Payload& payload) const {
  std::string bytes(payload.body->size(), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const MutableBytes rest = std::as_writable_bytes(std::span(bytes)).subspan(done);
    const Result<std::size_t> count = payload.body->read_at(done, rest);
    if (!count) {
      return fail(count.error());
    }
    done += *count;
  }
  if (!takes_any_hash && sha256(bytes) != payload.sha256) {
    return fail(Errc::unavailable, "the bytes are not those of the hash");
  }
  return bytes;
}

Task<Result<>> MemoryObjects::put(std::string key, s3::Payload payload) {
  const Result<std::string> bytes = accepted(payload);
  if (!bytes) {
    co_return fail(bytes.error());
  }
  co_return meet<void>([this, key, bytes] { return put_now(key, *bytes); });
}

Result<> MemoryObjects::put_now(const std::string& key, const std::string& bytes) {
  std::uint64_t held = bytes.size();
  for (const auto& [name, object] : objects) {
    held += object.size();
  }
  if (held > capacity_bytes) {
    return fail(Errc::disk_full, "the quota is used up");
  }
  objects[key] = bytes;
  return {};
}

Task<Result<std::string>> MemoryObjects::get_range(std::string key, ByteRange range) {
  if (!answers_ranges) {
    co_return fail(Errc::internal, "the store does not answer ranges of objects");
  }
  co_return meet<std::string>([this, key, range] { return range_of(key, range); });
}

Result<std::string> MemoryObjects::range_of(const std::string& key, ByteRange range) const {
  const auto found = objects.find(key);
  if (found == objects.end()) {
    return missing(key);
  }
  if (range.empty() || range.end > found->second.size()) {
    return fail(Errc::storage_failed, "the object ends before");
  }
  return found->second.substr(range.begin, range.size());
}

Task<Result<std::optional<s3::ObjectFacts>>> MemoryObjects::head(std::string key) {
  using Facts = std::optional<s3::ObjectFacts>;
  co_return meet<Facts>([this, key]() -> Result<Facts> {
    const auto found = objects.find(key);
    if (found == objects.end()) {
      return std::nullopt;
    }
    return s3::ObjectFacts{found->second.size(), etag_of(found->second)};
  });
}

Task<Result<s3::ListPage>> MemoryObjects::list(std::string prefix, std::string next) {
  co_return meet<s3::ListPage>([this, prefix, next]() -> Result<s3::ListPage> {
    s3::ListPage page;
    if (lists_nothing) {
      return page;
    }
    for (auto at = objects.lower_bound(std::max(prefix, next));
         at != objects.end() && at->first.starts_with(prefix); ++at) {
      if (page.objects.size() == page_count) {
        page.next = at->first;
        break;
      }
      page.objects.push_back({at->first, at->second.size()});
    }
    return page;
  });
}

Task<Result<>> MemoryObjects::remove(std::vector<std::string> keys) {
  co_return meet<void>([this, keys] {
    for (const std::string& key : keys) {
      objects.erase(key);
    }
    return Result<>();
  });
}

Task<Result<s3::Multipart>> MemoryObjects::create_multipart(std::string key) {
  co_return meet<s3::Multipart>([this, key]() -> Result<s3::Multipart> {
    const std::string id = "multipart-" + std::to_string(++multiparts_made_);
    multiparts_[id].key = key;
    return s3::Multipart{key, id};
  });
}

Task<Result<s3::UploadedPart>> MemoryObjects::upload_part(s3::Multipart upload, unsigned number,
                                                          s3::Payload payload) {
  const Result<std::string> bytes = accepted(payload);
  if (!bytes) {
    co_return fail(bytes.error());
  }
  co_return meet<s3::UploadedPart>(
      [this, upload, number, bytes] { return put_part(upload, number, *bytes); });
}

Result<s3::UploadedPart> MemoryObjects::put_part(const s3::Multipart& upload, unsigned number,
                                                 std::string bytes) {
  const auto found = multiparts_.find(upload.id);
  if (found == multiparts_.end() || found->second.key != upload.key) {
    return missing(upload.id);
  }
  std::string etag = etag_of(bytes);
  found->second.parts[number] = std::move(bytes);
  return s3::UploadedPart{number, std::move(etag)};
}

Task<Result<s3::UploadedPart>> MemoryObjects::upload_part_copy(s3::Multipart upload,
                                                               unsigned number,
                                                               s3::ObjectRange source) {
  if (!copies_parts) {
    co_return fail(Errc::internal, "the store does not offer this request");
  }
  using Part = s3::UploadedPart;
  co_return meet<Part>([this, upload, number, source]() -> Result<Part> {
    const MemoryObjects& from = source.bucket.empty() ? *this : *buckets.at(source.bucket);
    Result<std::string> bytes = from.range_of(source.key, source.range);
    if (!bytes) {
      return fail(bytes.error());
    }
    return put_part(upload, number, *std::move(bytes));
  });
}

Task<Result<>> MemoryObjects::complete(s3::Multipart upload, std::vector<s3::UploadedPart> parts) {
  co_return meet<void>([this, upload, parts] { return complete_now(upload, parts); });
}

Result<> MemoryObjects::complete_now(const s3::Multipart& upload,
                                     const std::vector<s3::UploadedPart>& parts) {
  const auto found = multiparts_.find(upload.id);
  if (found == multiparts_.end() || found->second.key != upload.key) {
    return missing(upload.id);
  }
  std::string whole;
  unsigned last = 0;
  for (const s3::UploadedPart& part : parts) {
    const auto bytes = found->second.parts.find(part.number);
    if (part.number <= last || bytes == found->second.parts.end() ||
        etag_of(bytes->second) != part.etag) {
      return fail(Errc::internal, "there is no such part, or not in this order");
    }
    if (bytes->second.size() < part_bytes_min && part.number != parts.back().number) {
      return fail(Errc::internal, "a part is too small");
    }
    last = part.number;
    whole += bytes->second;
  }
  if (parts.empty()) {
    return fail(Errc::internal, "there are no parts");
  }
  multiparts_.erase(found);
  return put_now(upload.key, whole);
}

Task<Result<>> MemoryObjects::abort(s3::Multipart upload) {
  co_return meet<void>([this, upload] {
    multiparts_.erase(upload.id);
    return Result<>();
  });
}

std::string MemoryObjects::presigned_get(const std::string& key, std::chrono::seconds valid) {
  return "memory:/" + key + "?valid=" + std::to_string(valid.count());
}

Task<Result<>> MemoryObjects::ping() {
  co_return meet<void>([]() -> Result<> { return {}; });
}

Task<Result<s3::BucketRules>> MemoryObjects::bucket_rules() {
  co_return meet<s3::BucketRules>([this]() -> Result<s3::BucketRules> { return rules; });
}

}  // namespace sluice::testing
