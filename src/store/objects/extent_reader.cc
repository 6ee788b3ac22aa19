// SPDX-License-Identifier: MIT
#include "store/objects/extent_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/limits.h"

namespace sluice::store::objects {

using runtime::Task;

namespace {

std::unexpected<Error> lost(std::uint64_t upload_id, std::uint64_t at) {
  return fail(Errc::storage_failed,
              fmt::format("no extent of upload {} has its byte {}", upload_id, at));
}

}  // namespace

Task<Result<std::string>> ExtentReader::read(std::uint64_t upload_id, ByteRange range) {
  std::string bytes;
  std::string missing;  // The last object that was not there.
  while (bytes.size() < range.size()) {
    const std::uint64_t from = range.begin + bytes.size();
    const auto page = co_await find_(upload_id, from, limits::extents_page_count);
    if (!page) {
      co_return fail(page.error());
    }
    if (page->empty()) {
      co_return lost(upload_id, from);
    }
    for (const model::Extent& extent : *page) {
      const ByteRange wanted{range.begin + bytes.size(), std::min(range.end, extent.range.end)};
      if (wanted.empty()) {
        break;
      }
      if (extent.range.begin > wanted.begin) {
        co_return lost(upload_id, wanted.begin);
      }
      const Result<std::string> part = co_await read_part(model::clipped(extent, wanted));
      if (!part && part.error().code() == Errc::file_missing) {
        if (extent.object == missing) {
          co_return fail(Errc::storage_failed, part.error().message());
        }
        missing = extent.object;
        break;
      }
      if (!part) {
        co_return fail(part.error());
      }
      bytes += *part;
    }
  }
  co_return bytes;
}

Task<Result<model::Extent>> ExtentReader::front(std::uint64_t upload_id, ByteRange range) {
  const auto found = co_await find_(upload_id, range.begin, 1);
  if (!found) {
    co_return fail(found.error());
  }
  if (found->empty() || found->front().range.begin > range.begin) {
    co_return lost(upload_id, range.begin);
  }
  const model::Extent& extent = found->front();
  co_return model::clipped(extent, {range.begin, std::min(range.end, extent.range.end)});
}

Task<Result<std::string>> ExtentReader::read_part(const model::Extent& part) {
  const ByteRange range{part.object_begin, part.object_begin + part.range.size()};
  co_return co_await objects_.get_range(part.object, range);
}

Task<Result<std::vector<model::Extent>>> ExtentReader::extents(std::uint64_t upload_id) {
  std::vector<model::Extent> all;
  for (;;) {
    const std::uint64_t end = all.empty() ? 0 : all.back().range.end;
    auto page = co_await find_(upload_id, end, limits::extents_page_count);
    if (!page) {
      co_return fail(page.error());
    }
    std::ranges::move(*page, std::back_inserter(all));
    if (page->size() < limits::extents_page_count) {
      co_return all;
    }
  }
}

Task<Result<std::vector<model::Extent>>> ExtentReader::whole(std::uint64_t upload_id,
                                                             std::uint64_t size) {
  auto all = co_await extents(upload_id);
  if (!all) {
    co_return all;
  }
  std::uint64_t end = 0;
  for (const model::Extent& extent : *all) {
    if (extent.range.begin != end) {
      co_return lost(upload_id, end);
    }
    end = extent.range.end;
  }
  if (end != size) {
    co_return fail(
        Errc::storage_failed,
        fmt::format("the extents of upload {} end at byte {} of {}", upload_id, end, size));
  }
  co_return all;
}

}  // namespace sluice::store::objects
