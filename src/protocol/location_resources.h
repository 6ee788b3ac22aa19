// SPDX-License-Identifier: MIT
// The paths behind a location, which are the same whatever dialect the upload was opened in.
#pragma once

#include <vector>

#include "protocol/call.h"
#include "protocol/protocol_settings.h"
#include "protocol/route.h"
#include "runtime/task.h"
#include "upload/engine.h"

namespace sluice::protocol {

// Any thread may call.
class LocationResources {
 public:
  // Both outlive this.
  LocationResources(upload::Engine& engine, const ProtocolSettings& settings)
      : engine_(engine), settings_(settings) {}

  // The actions live as long as this.
  std::vector<Route> routes();

 private:
  // LOCATION/answer: that of the backend, which many answers of the dialects have no place for.
  runtime::Task<Answer> answer(Call& call);
  // LOCATION/content: the file, where the settings allow that.
  runtime::Task<Answer> content(Call& call);

  // The upload of the call's token.
  runtime::Task<Result<upload::SnapshotPtr>> find(Call& call);

  upload::Engine& engine_;
  const ProtocolSettings& settings_;
};

}  // namespace sluice::protocol
