// SPDX-License-Identifier: MIT
#include "store/objects/ownership.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/encoding.h"

namespace sluice::store::objects {
namespace {

using runtime::Task;

// The page is whole: there is one mark, or a few for a moment.
Task<Result<std::vector<s3::ListedObject>>> list_owners(s3::ObjectStore& objects,
                                                        std::string folder) {
  Result<s3::ListPage> page = co_await objects.list(std::move(folder), "");
  if (!page) {
    co_return fail(page.error());
  }
  co_return std::move(page->objects);
}

}  // namespace

Task<Result<>> take_ownership(s3::ObjectStore& objects, std::string prefix, std::string identity,
                              bool is_new) {
  const std::string folder = prefix.empty() ? "owner/" : prefix + "/owner/";
  const std::string own = folder + identity;
  const auto is_other = [&](const s3::ListedObject& mark) { return mark.key != own; };
  auto owners = co_await list_owners(objects, folder);
  if (!owners) {
    co_return fail(owners.error());
  }
  if (owners->size() == 1 && !is_other(owners->front())) {
    co_return Result<>();
  }
  if (owners->empty() && !is_new) {
    co_return fail(Errc::internal,
                   fmt::format("the journal knows uploads, and none of their bytes are under {}: "
                               "name the place that they went to, or begin with an empty data "
                               "directory",
                               in_quotes(prefix)));
  }
  if (owners->empty()) {
    const Result<> put = co_await objects.put(own, s3::payload_of("sluice\n"));
    if (!put) {
      co_return fail(put.error());
    }
    owners = co_await list_owners(objects, folder);
    if (!owners) {
      co_return fail(owners.error());
    }
    if (std::ranges::none_of(*owners, is_other)) {
      co_return Result<>();
    }
    const Result<> removed = co_await objects.remove({own});
    if (!removed) {
      co_return fail(removed.error());
    }
  }
  co_return fail(
      Errc::internal,
      fmt::format("the objects under {} belong to another journal: take another prefix for each "
                  "server; where that journal is gone for good, remove its mark, the object {}",
                  in_quotes(prefix), in_quotes(std::ranges::find_if(*owners, is_other)->key)));
}

}  // namespace sluice::store::objects
