// SPDX-License-Identifier: MIT
#include "s3/client.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "base/encoding.h"
#include "s3/documents.h"

namespace sluice::s3 {
namespace {

using outgoing::HttpAnswer;
using runtime::Task;

std::string range_text(ByteRange range) {
  return fmt::format("bytes={}-{}", range.begin, range.end - 1);
}

// Stores refuse a DeleteObjects without it.
std::string content_md5(std::string_view text) {
  std::array<std::byte, EVP_MAX_MD_SIZE> digest{};
  std::size_t size = 0;
  SLUICE_CHECK(EVP_Q_digest(nullptr, "MD5", nullptr, text.data(), text.size(),
                            reinterpret_cast<unsigned char*>(digest.data()), &size) == 1);
  return to_base64(Bytes(digest).first(size));
}

std::string etag_of(const HttpAnswer& answer) {
  return std::string(outgoing::find_header(answer.headers, "ETag").value_or(""));
}

std::optional<std::uint64_t> size_of(const HttpAnswer& answer) {
  const std::string_view digits =
      outgoing::find_header(answer.headers, "Content-Length").value_or("");
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
  const bool is_whole = error == std::errc() && end == digits.data() + digits.size();
  return is_whole ? std::optional(size) : std::nullopt;
}

Result<std::string> bytes_in(HttpAnswer answer, const std::string& key, ByteRange range) {
  const auto content_range = outgoing::find_header(answer.headers, "Content-Range").value_or("");
  const std::string begin = fmt::format("bytes {}-", range.begin);
  if (answer.status != 206 || !content_range.starts_with(begin)) {
    return fail(Errc::internal, fmt::format("the store does not answer ranges of objects: {} to {}",
                                            answer.status, range_text(range)));
  }
  if (answer.body.size() != range.size()) {
    return fail(Errc::storage_failed,
                fmt::format("object {}: expected {} bytes from {} on, got {}", in_quotes(key),
                            range.size(), range.begin, answer.body.size()));
  }
  return std::move(answer.body);
}

Query part_query(const Multipart& upload, unsigned number) {
  return {{"partNumber", std::to_string(number)}, {"uploadId", upload.id}};
}

}  // namespace

Payload payload_of(std::string text) {
  const Sha256Digest digest = sha256(text);
  return {std::make_shared<outgoing::TextBody>(std::move(text)), digest};
}

Task<Result<>> Client::put(std::string key, Payload payload) {
  Call call{
      .operation = "put", .method = "PUT", .key = std::move(key), .payload = std::move(payload)};
  const Result<HttpAnswer> answer = co_await exchange_.send(std::move(call));
  co_return answer ? Result<>() : fail(answer.error());
}

Task<Result<std::string>> Client::get_range(std::string key, ByteRange range) {
  SLUICE_CHECK(!range.empty() && range.size() <= limits::s3_get_bytes_max);
  Call call{
      .operation = "get",
      .method = "GET",
      .key = key,
      .headers = {{"Range", range_text(range)}},
      // The document of an error may be longer than the range.
      .answer_bytes_max = std::max<std::uint64_t>(range.size(), limits::s3_document_bytes_max)};
  Result<HttpAnswer> answer = co_await exchange_.send(std::move(call));
  if (!answer) {
    co_return fail(answer.error());
  }
  co_return bytes_in(*std::move(answer), key, range);
}

Task<Result<std::optional<ObjectFacts>>> Client::head(std::string key) {
  Call call{.operation = "head", .method = "HEAD", .key = key};
  const Result<HttpAnswer> answer = co_await exchange_.send(std::move(call));
  if (!answer) {
    if (answer.error().code() == Errc::file_missing) {
      co_return std::nullopt;
    }
    co_return fail(answer.error());
  }
  const std::optional<std::uint64_t> size = size_of(*answer);
  if (!size) {
    co_return fail(Errc::unavailable,
                   "object " + in_quotes(key) + ": the store does not say its size");
  }
  co_return ObjectFacts{*size, etag_of(*answer)};
}

Task<Result<ListPage>> Client::list(std::string prefix, std::string next) {
  Call call{.operation = "list",
            .query = {{"list-type", "2"},
                      {"encoding-type", "url"},
                      {"max-keys", std::to_string(limits::s3_list_page_count)},
                      {"prefix", std::move(prefix)}},
            .answers_with_document = true};
  if (!next.empty()) {
    call.query.emplace_back("continuation-token", std::move(next));
  }
  const Result<HttpAnswer> answer = co_await exchange_.send(std::move(call));
  if (!answer) {
    co_return fail(answer.error());
  }
  co_return parse_list(answer->body);
}

Task<Result<>> Client::remove(std::vector<std::string> keys) {
  for (auto begin = keys.begin(); begin != keys.end();) {
    const auto end =
        begin + std::min<std::ptrdiff_t>(limits::s3_removal_keys_max, keys.end() - begin);
    std::vector<std::string> some(std::make_move_iterator(begin), std::make_move_iterator(end));
    const Result<> removed = co_await remove_some(std::move(some));
    if (!removed) {
      co_return removed;
    }
    begin = end;
  }
  co_return Result<>();
}

Task<Result<>> Client::remove_some(std::vector<std::string> keys) {
  std::string document = removal_document(keys);
  Call call{.operation = "remove",
            .method = "POST",
            .query = {{"delete", ""}},
            .headers = {{"Content-MD5", content_md5(document)}},
            .payload = payload_of(std::move(document)),
            .answers_with_document = true};
  const Result<HttpAnswer> answer = co_await exchange_.send(std::move(call));
  if (!answer) {
    co_return fail(answer.error());
  }
  const Result<std::vector<NotRemoved>> left = parse_removal(answer->body);
  if (!left) {
    co_return fail(left.error());
  }
  for (const NotRemoved& each : *left) {
    Failure failure = failure_of("remove " + in_quotes(each.key), answer->status, each.error);
    if (failure.error.code() != Errc::file_missing) {
      co_return fail(std::move(failure.error));
    }
  }
  co_return Result<>();
}

Task<Result<Multipart>> Client::create_multipart(std::string key) {
  Call call{.operation = "create_multipart",
            .method = "POST",
            .key = key,
            .query = {{"uploads", ""}},
            .payload = payload_of(""),
            .answers_with_document = true};
  const Result<HttpAnswer> answer = co_await exchange_.send(std::move(call));
  if (!answer) {
    co_return fail(answer.error());
  }
  Result<std::string> id = parse_created_multipart(answer->body);
  if (!id) {
    co_return fail(id.error());
  }
  co_return Multipart{std::move(key), *std::move(id)};
}

Task<Result<UploadedPart>> Client::upload_part(Multipart upload, unsigned number, Payload payload) {
  Call call{.operation = "upload_part",
            .method = "PUT",
            .key = upload.key,
            .query = part_query(upload, number),
            .payload = std::move(payload)};
  const Result<HttpAnswer> answer = co_await exchange_.send(std::move(call));
  if (!answer) {
    co_return fail(answer.error());
  }
  co_return UploadedPart{number, etag_of(*answer)};
}

Task<Result<UploadedPart>> Client::upload_part_copy(Multipart upload, unsigned number,
                                                    ObjectRange source) {
  const std::string& bucket = source.bucket.empty() ? exchange_.bucket() : source.bucket;
  Call call{.operation = "copy_part",
            .method = "PUT",
            .key = upload.key,
            .query = part_query(upload, number),
            .headers = {{"x-amz-copy-source", encode_path("/" + bucket + "/" + source.key)},
                        {"x-amz-copy-source-range", range_text(source.range)}},
            .payload = payload_of(""),
            .time_max = limits::s3_copy_time_max,
            .answers_with_document = true};
  const Result<HttpAnswer> answer = co_await exchange_.send(std::move(call));
  if (!answer) {
    co_return fail(answer.error());
  }
  Result<std::string> etag = parse_copied_part(answer->body);
  if (!etag) {
    co_return fail(etag.error());
  }
  co_return UploadedPart{number, *std::move(etag)};
}

Task<Result<>> Client::complete(Multipart upload, std::vector<UploadedPart> parts) {
  Call call{.operation = "complete",
            .method = "POST",
            .key = upload.key,
            .query = {{"uploadId", upload.id}},
            .payload = payload_of(completion_document(parts)),
            .time_max = limits::s3_completion_time_max,
            .tries_max = 1,
            .answers_with_document = true};
  const Result<HttpAnswer> answer = co_await exchange_.send(std::move(call));
  if (!answer) {
    co_return fail(answer.error());
  }
  co_return parse_completed_multipart(answer->body);
}

Task<Result<>> Client::abort(Multipart upload) {
  Call call{.operation = "abort",
            .method = "DELETE",
            .key = upload.key,
            .query = {{"uploadId", upload.id}}};
  const Result<HttpAnswer> answer = co_await exchange_.send(std::move(call));
  if (!answer && answer.error().code() != Errc::file_missing) {
    co_return fail(answer.error());
  }
  co_return Result<>();
}

Task<Result<>> Client::ping() {
  Call call{
      .operation = "ping", .method = "HEAD", .time_max = limits::s3_ping_time_max, .tries_max = 1};
  const Result<HttpAnswer> answer = co_await exchange_.send(std::move(call));
  if (!answer && answer.error().code() == Errc::file_missing) {
    co_return fail(Errc::unavailable, "there is no bucket " + in_quotes(exchange_.bucket()));
  }
  co_return answer ? Result<>() : fail(answer.error());
}

Task<Result<BucketRules>> Client::bucket_rules() {
  BucketRules rules;
  const Result<std::optional<std::string>> versioning = co_await ask_bucket("versioning");
  if (!versioning) {
    co_return fail(versioning.error());
  }
  if (*versioning) {
    const Result<Versioning> found = parse_versioning(**versioning);
    if (!found) {
      co_return fail(found.error());
    }
    rules.versioning = *found;
  }
  const Result<std::optional<std::string>> lifecycle = co_await ask_bucket("lifecycle");
  if (!lifecycle) {
    co_return fail(lifecycle.error());
  }
  if (*lifecycle) {
    Result<std::vector<LifecycleRule>> found = parse_lifecycle(**lifecycle);
    if (!found) {
      co_return fail(found.error());
    }
    rules.lifecycle = *std::move(found);
  }
  co_return rules;
}

Task<Result<std::optional<std::string>>> Client::ask_bucket(std::string question) {
  Call call{.operation = "bucket_rules",
            .query = {{std::move(question), ""}},
            .answers_with_document = true};
  Result<HttpAnswer> answer = co_await exchange_.send(std::move(call));
  if (answer) {
    co_return std::move(answer->body);
  }
  const Errc code = answer.error().code();
  if (code == Errc::file_missing || code == Errc::internal) {
    co_return std::nullopt;
  }
  co_return fail(answer.error());
}

}  // namespace sluice::s3
