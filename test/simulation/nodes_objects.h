// SPDX-License-Identifier: MIT
// The shared bucket as one node sees it, behind a network that loses, delays and doubles requests.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "simulation/nodes_shared.h"
#include "support/forwarding_objects.h"

namespace sluice::simulation {

class NodeObjects final : public testing::ForwardingObjects {
 public:
  NodeObjects(Gate& gate, NodesShared& shared)
      : ForwardingObjects(shared.bucket), gate_(gate), shared_(shared) {}

  runtime::Task<Result<>> put(std::string key, s3::Payload payload) override;
  runtime::Task<Result<std::string>> get_range(std::string key, ByteRange range) override;
  runtime::Task<Result<s3::ListPage>> list(std::string prefix, std::string next) override;
  runtime::Task<Result<>> remove(std::vector<std::string> keys) override;

  // When the requests of the node have ended: an object that it has put when the upload was
  // forgotten already is not there any more, unless a call of the node has failed meanwhile. One of
  // a node that has died, or that came late, may stay.
  void check_orphans();
  // With NodesDefect::acknowledges_what_is_in_scratch: the bucket has it from now on, unless the
  // node has died.
  void write_behind();
  // The node's scratch is gone.
  void lose_scratch();

 private:
  using Effect = std::function<runtime::Task<Result<>>()>;

  // Waits for the way to the store. An error: the request does not arrive.
  runtime::Task<Result<>> send();
  // One that changes the bucket.
  runtime::Task<Result<>> change(Effect effect);
  // Whether an answer that is there reaches the node.
  runtime::Task<Result<>> hear();

  std::map<std::string, std::uint64_t> put_;  // Since the last check; the faults before.
  Gate& gate_;
  NodesShared& shared_;
  std::vector<std::string>
      in_scratch_;  // Objects that the bucket has only as long as the node lives.
};

}  // namespace sluice::simulation
