// SPDX-License-Identifier: MIT
#include "fsck/extents.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

namespace sluice::fsck {
namespace {

using model::Extent;
using model::UploadRecord;

RangeSet held(const std::vector<Extent>& extents,
              const std::optional<std::vector<UploadObject>>& objects) {
  std::map<std::string_view, std::uint64_t> sizes;
  if (objects) {
    for (const UploadObject& object : *objects) {
      sizes.emplace(object.key, object.size);
    }
  }
  RangeSet bytes;
  for (const Extent& extent : extents) {
    const auto size = sizes.find(extent.object);
    const std::uint64_t end = extent.object_begin + extent.range.size();
    if (!objects || (size != sizes.end() && size->second >= end)) {
      bytes.add(extent.range);
    }
  }
  return bytes;
}

// Bytes that are in several of them are in none of the result.
std::vector<Extent> unambiguous(const std::vector<const UploadObject*>& objects,
                                const RangeSet& stored) {
  RangeSet seen;
  RangeSet twice;
  for (const UploadObject* object : objects) {
    RangeSet fresh;
    for (const ByteRange part : seen.missing(object->range)) {
      fresh.add(part);
    }
    for (const ByteRange part : fresh.missing(object->range)) {
      twice.add(part);
    }
    seen.add(object->range);
  }
  for (const ByteRange part : stored.ranges()) {
    twice.add(part);
  }
  std::vector<Extent> result;
  for (const UploadObject* object : objects) {
    for (const ByteRange part : twice.missing(object->range)) {
      result.push_back({part, object->key, part.begin - object->range.begin});
    }
  }
  return result;
}

}  // namespace

ExtentReport compare(const UploadRecord& record, const std::vector<Extent>& extents,
                     const std::optional<std::vector<UploadObject>>& objects) {
  ExtentReport report;
  const RangeSet bytes = held(extents, objects);
  for (const ByteRange range : record.progress.stored.ranges()) {
    for (const ByteRange part : bytes.missing(range)) {
      report.lost.add(part);
    }
  }
  std::set<std::string_view> named;
  for (const Extent& extent : extents) {
    named.insert(extent.object);
  }
  if (!objects) {
    return report;
  }
  std::vector<const UploadObject*> whole;
  for (const UploadObject& object : *objects) {
    if (!named.contains(object.key)) {
      ++report.unnamed;
      if (object.size == object.range.size()) {
        whole.push_back(&object);
      }
    }
  }
  report.unused = unambiguous(whole, record.progress.stored);
  return report;
}

std::optional<Finding> judge_extents(const UploadRecord& record, const ExtentReport& report) {
  if (!needs_bytes(record)) {
    return std::nullopt;
  }
  if (!report.lost.empty()) {
    return Finding{fmt::format("upload {}: the journal has the bytes {}, and no object holds them",
                               record.id, report.lost.to_text()),
                   remedy_of_loss(record)};
  }
  if (report.unnamed > 0) {
    return Finding{fmt::format("upload {}: {} objects that the journal does not name; they go "
                               "with the upload",
                               record.id, report.unnamed),
                   Remedy::none, true};
  }
  return std::nullopt;
}

}  // namespace sluice::fsck
