// SPDX-License-Identifier: MIT
#include "store/objects/removal.h"

#include <utility>
#include <vector>

namespace sluice::store::objects {

runtime::Task<Result<std::size_t>> remove_listed(s3::ObjectStore& objects, std::string prefix) {
  std::size_t removed = 0;
  std::string next;
  do {
    Result<s3::ListPage> page = co_await objects.list(prefix, next);
    if (!page) {
      co_return fail(page.error());
    }
    std::vector<std::string> names;
    for (s3::ListedObject& object : page->objects) {
      names.push_back(std::move(object.key));
    }
    removed += names.size();
    next = std::move(page->next);
    if (!names.empty()) {
      const Result<> done = co_await objects.remove(std::move(names));
      if (!done) {
        co_return fail(done.error());
      }
    }
  } while (!next.empty());
  co_return removed;
}

}  // namespace sluice::store::objects
