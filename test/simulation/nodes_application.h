// SPDX-License-Identifier: MIT
// The application behind all nodes, as one of them hands files over to it.
#pragma once

#include <cstdint>
#include <string>

#include "delivery/backend.h"
#include "simulation/nodes_shared.h"
#include "store/objects/extent_reader.h"
#include "store/store.h"

namespace sluice::simulation {

// Acts once for each Idempotency-Key, and repeats the answer for a repeated key.
class NodeApplication final : public delivery::Backend {
 public:
  NodeApplication(const std::string& node, Gate& gate, NodesShared& shared, store::Store& store,
                  store::objects::ExtentReader& reader)
      : node_(node), gate_(gate), shared_(shared), store_(store), reader_(reader) {}

  runtime::Task<Result<delivery::Delivery>> deliver(const delivery::Handoff& handoff) override;

 private:
  std::uint64_t begin(std::uint64_t upload_id);
  runtime::Task<Result<delivery::Delivery>> attempt(const delivery::Handoff& handoff,
                                                    std::uint64_t number);
  delivery::Delivery take(const delivery::Handoff& handoff, std::uint64_t number,
                          const std::string& bytes);
  runtime::Task<Result<std::string>> read(const delivery::Handoff& handoff);
  void check(const delivery::Handoff& handoff, const Result<std::string>& bytes);

  const std::string& node_;
  Gate& gate_;
  NodesShared& shared_;
  store::Store& store_;
  store::objects::ExtentReader& reader_;
};

}  // namespace sluice::simulation
