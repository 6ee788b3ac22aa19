// SPDX-License-Identifier: MIT
#include "s3/probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "base/encoding.h"
#include "base/limits.h"
#include "base/random.h"

namespace sluice::s3 {
namespace {

using runtime::Task;

bool is_about(const LifecycleRule& rule, const std::string& prefix) {
  return !rule.only_tagged && (prefix.starts_with(rule.prefix) || rule.prefix.starts_with(prefix));
}

// Of a copied range stores ask that its object is larger than the least part.
std::string sample_bytes() {
  const std::string word = random_hex_id();
  std::string bytes;
  while (bytes.size() <= limits::s3_part_bytes_min) {
    bytes += word;
  }
  return bytes;
}

class Probe {
 public:
  Probe(ObjectStore& store, const std::string& prefix)
      : store_(store),
        prefix_(prefix),
        folder_(prefix + "probe/" + random_hex_id() + "/"),
        sample_(sample_bytes()) {}

  Task<ProbeReport> run();

 private:
  Task<bool> may_list();
  Task<> check_hashes();
  Task<bool> put_sample();
  Task<> check_list();
  Task<> check_ranges();
  Task<> check_multipart();
  Task<Result<>> copy_sample(Multipart upload);
  Task<> remove_all();

  std::string sample_key() const { return folder_ + "sample"; }
  std::string copy_key() const { return folder_ + "copy"; }
  void refuse(std::string words) { report_.refusals.push_back(std::move(words)); }
  void warn(std::string words) { report_.warnings.push_back(std::move(words)); }

  ObjectStore& store_;
  const std::string prefix_;
  const std::string folder_;
  const std::string sample_;
  ProbeReport report_;
};

Task<ProbeReport> Probe::run() {
  const bool listed = co_await may_list();
  if (!listed) {
    co_return std::move(report_);
  }
  const Duration ahead = store_.time_ahead();
  if (ahead != Duration::zero()) {
    warn(fmt::format(
        "the clock of this machine is {} s {} the store's: set it",
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::abs(ahead)).count(),
        ahead > Duration::zero() ? "behind" : "ahead of"));
  }
  const Result<BucketRules> rules = co_await store_.bucket_rules();
  judge_rules(rules, prefix_, report_);
  co_await check_hashes();
  const bool stored = co_await put_sample();
  if (stored) {
    co_await check_list();
    co_await check_ranges();
    co_await check_multipart();
  }
  co_await remove_all();
  co_return std::move(report_);
}

Task<bool> Probe::may_list() {
  const Result<ListPage> page = co_await store_.list(folder_, "");
  if (!page) {
    refuse(page.error().message());
  }
  co_return page.has_value();
}

Task<> Probe::check_hashes() {
  Payload payload = payload_of("other bytes");
  payload.sha256 = sha256("these bytes");
  const Result<> stored = co_await store_.put(folder_ + "wrong", std::move(payload));
  if (stored) {
    refuse(
        "the store takes bytes that are not those of their hash (x-amz-content-sha256): bytes "
        "that change on their way to it would be acknowledged");
  }
}

Task<bool> Probe::put_sample() {
  const Result<> stored = co_await store_.put(sample_key(), payload_of(sample_));
  if (!stored) {
    refuse(stored.error().message());
    co_return false;
  }
  const Result<std::optional<ObjectFacts>> facts = co_await store_.head(sample_key());
  if (!facts || !*facts || (*facts)->size != sample_.size()) {
    refuse("an object is not there with its size right after it was stored" +
           (facts ? std::string() : ": " + facts.error().message()));
    co_return false;
  }
  co_return true;
}

Task<> Probe::check_list() {
  const Result<ListPage> page = co_await store_.list(folder_, "");
  const auto is_sample = [this](const ListedObject& object) { return object.key == sample_key(); };
  if (!page || std::ranges::none_of(page->objects, is_sample)) {
    refuse(
        "an object is not in the list right after it was stored: what an upload leaves could not "
        "be found and removed" +
        (page ? std::string() : ": " + page.error().message()));
  }
}

Task<> Probe::check_ranges() {
  constexpr ByteRange range{100, 1000};
  const Result<std::string> bytes = co_await store_.get_range(sample_key(), range);
  if (!bytes) {
    refuse(bytes.error().message());
  } else if (*bytes != sample_.substr(range.begin, range.size())) {
    refuse("a range of an object has other bytes than were stored there");
  }
}

Task<> Probe::check_multipart() {
  const Result<Multipart> upload = co_await store_.create_multipart(copy_key());
  if (!upload) {
    report_.copies_parts = false;
    warn("multipart uploads do not work, so that no files can be made of several objects: " +
         upload.error().message());
    co_return;
  }
  const Result<> copied = co_await copy_sample(*upload);
  if (copied) {
    co_return;
  }
  report_.copies_parts = false;
  warn(
      "parts of objects cannot be copied (UploadPartCopy), so that files are made of objects by "
      "reading and writing them: " +
      copied.error().message());
  const Result<> aborted = co_await store_.abort(*upload);
  if (!aborted) {
    warn("a multipart upload cannot be aborted: " + aborted.error().message());
  }
}

Task<Result<>> Probe::copy_sample(Multipart upload) {
  ObjectRange source{"", sample_key(), {0, sample_.size()}};
  const Result<UploadedPart> part = co_await store_.upload_part_copy(upload, 1, std::move(source));
  if (!part) {
    co_return fail(part.error());
  }
  std::vector<UploadedPart> parts{*part};
  const Result<> completed = co_await store_.complete(upload, std::move(parts));
  if (!completed) {
    co_return completed;
  }
  const Result<std::optional<ObjectFacts>> facts = co_await store_.head(copy_key());
  if (!facts || !*facts || (*facts)->size != sample_.size()) {
    co_return fail(Errc::internal, "the object that was made of a copied part has another size");
  }
  co_return Result<>();
}

Task<> Probe::remove_all() {
  std::vector<std::string> keys{folder_ + "wrong", sample_key(), copy_key()};
  const Result<> removed = co_await store_.remove(std::move(keys));
  if (!removed) {
    refuse("objects cannot be removed: " + removed.error().message());
  }
}

}  // namespace

void judge_rules(const Result<BucketRules>& rules, const std::string& prefix, ProbeReport& report) {
  if (!rules) {
    report.warnings.push_back(
        "whether the bucket keeps versions or removes objects by their age is not known: " +
        rules.error().message());
    return;
  }
  if (rules->versioning == Versioning::on) {
    report.refusals.emplace_back(
        "the bucket keeps versions, so that nothing that is removed gives room back: suspend its "
        "versioning, or take another bucket");
  } else if (rules->versioning == Versioning::suspended) {
    report.warnings.emplace_back(
        "the versioning of the bucket is suspended: older versions of its objects keep their room");
  }
  bool aborts_multiparts = false;
  for (const LifecycleRule& rule : rules->lifecycle) {
    if (!is_about(rule, prefix)) {
      continue;
    }
    aborts_multiparts = aborts_multiparts || rule.aborts_multiparts;
    const std::string name = "the lifecycle rule " + in_quotes(rule.id);
    if (rule.expires) {
      report.refusals.push_back(name + " removes objects under " + in_quotes(prefix) +
                                " by their age, and bytes of uploads with them: disable it");
    }
    if (rule.moves) {
      report.warnings.push_back(name + " moves objects under " + in_quotes(prefix) +
                                " to another storage class: bytes of uploads have to be readable "
                                "at once");
    }
  }
  if (!aborts_multiparts) {
    report.warnings.push_back("no lifecycle rule aborts multipart uploads under " +
                              in_quotes(prefix) + " that are not completed: add one, of one day");
  }
}

Task<ProbeReport> probe(ObjectStore& store, std::string prefix) {
  Probe running(store, prefix);
  ProbeReport report = co_await running.run();
  co_return report;
}

Task<Result<>> probe_place(ObjectStore& store, std::string prefix) {
  const std::string word = random_hex_id();
  const std::string key = prefix + "probe-" + word;
  const Result<> stored = co_await store.put(key, payload_of(word));
  if (!stored) {
    co_return stored;
  }
  const Result<std::optional<ObjectFacts>> facts = co_await store.head(key);
  std::vector<std::string> keys{key};
  const Result<> removed = co_await store.remove(std::move(keys));
  if (!facts) {
    co_return fail(facts.error());
  }
  if (!*facts || (*facts)->size != word.size()) {
    co_return fail(Errc::unavailable, "an object is not there right after it was stored");
  }
  co_return removed
      ? Result<>()
      : fail(Errc::unavailable, "objects cannot be removed: " + removed.error().message());
}

}  // namespace sluice::s3
