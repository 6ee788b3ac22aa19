// SPDX-License-Identifier: MIT
// The shared journal as one node sees it.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "simulation/nodes_shared.h"
#include "support/forwarding_journal.h"

namespace sluice::simulation {

class NodeJournal final : public testing::ForwardingJournal<NodeJournal> {
 public:
  NodeJournal(const std::string& node, Gate& gate, NodesShared& shared)
      : node_(node), gate_(gate), shared_(shared) {}

  template <class Call>
  std::invoke_result_t<Call&, journal::Journal&> forward(Call call) {
    if (!co_await gate_.pass()) {
      co_return fail(Errc::storage_failed, "the node has died");
    }
    if (shared_.dice.chance(shared_.faults.lost_read)) {
      gate_.failed();
      co_return fail(Errc::storage_failed, "the journal does not answer");
    }
    co_return co_await call(shared_.journal);
  }

  runtime::Task<Result<>> commit(std::vector<journal::Change> changes) override;
  runtime::Task<Result<std::vector<std::uint64_t>>> claim(journal::Work work,
                                                          std::vector<std::uint64_t> ids,
                                                          journal::Lease lease) override;
  runtime::Task<Result<>> release(journal::Work work, std::vector<std::uint64_t> ids,
                                  std::string node) override;
  bool is_shared() const noexcept override {
    return shared_.defect != NodesDefect::answers_from_its_cache;
  }
  bool healthy() const noexcept override { return shared_.journal.healthy(); }

 private:
  runtime::Task<Result<>> commit_now(std::vector<journal::Change> changes);
  void forget_versions(std::vector<journal::Change>& changes);

  const std::string& node_;
  Gate& gate_;
  NodesShared& shared_;
};

}  // namespace sluice::simulation
