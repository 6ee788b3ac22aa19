// SPDX-License-Identifier: MIT
// The uploads of a view as its listeners know them: rows, and what has changed since they were last
// told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "console/view.h"
#include "upload/live_upload.h"
#include "upload/operations.h"

namespace sluice::console {

// All uploads in memory at one moment, for all tables.
struct Look {
  struct Item {
    std::shared_ptr<const upload::LiveUpload> upload;
    model::UploadState state = model::UploadState::receiving;
    std::uint64_t arrived = 0;
    bool is_being_written = false;
    Duration silence = Duration::max();  // As LiveUpload::silence(); max() where no byte came.
  };

  Timestamp at;
  std::vector<Item> items;
  std::map<model::UploadState, std::size_t> counts;
};

Look look_at(upload::Operations& uploads, Timestamp now);

// One thread at a time.
class Table {
 public:
  explicit Table(View view) : view_(std::move(view)) {}

  const View& view() const noexcept { return view_; }

  // Objects as JSON: `{"at","counts":{STATE:COUNT},"matching","order":[ID],"rows":[UPLOAD]}`, an
  // upload as admin/upload_document.h has it. `order` names what is shown: the first
  // limits::console_rows_max. The rows are those of them that are new or have changed.
  std::string update(const Look& look, const upload::Operations& uploads);
  // The same with all rows, and `"all":true`: for a listener that knows none.
  std::string whole() const;

 private:
  std::string text(const std::vector<const std::string*>& rows, bool is_whole) const;

  const View view_;
  Timestamp at_;
  std::map<model::UploadState, std::size_t> counts_;
  std::size_t matching_ = 0;
  std::vector<std::uint64_t> order_;
  std::map<std::uint64_t, std::string> rows_;  // By id: those of `order_`.
};

}  // namespace sluice::console
