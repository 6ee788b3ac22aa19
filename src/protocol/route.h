// SPDX-License-Identifier: MIT
// A line of the router's table.
#pragma once

#include <vector>

#include "http/message.h"
#include "protocol/call.h"
#include "protocol/path.h"
#include "runtime/task.h"

namespace sluice::protocol {

struct Endpoint {
  http::Method method;
  Action action;
};

struct Route {
  enum class Kind {
    api,  // With and without version prefix.
    location,
    opening,     // Where uploads are opened, in any dialect.
    capability,  // The path is the right, as that of a location, but of something else.
    service,
  };

  Kind kind;
  const char* name;  // For metrics and the log.
  PathPattern path;
  std::vector<Endpoint> endpoints;  // GET stands for HEAD too; OPTIONS is answered for all.
};

template <class Object>
Action action_of(Object& object, runtime::Task<Answer> (Object::*handler)(Call&)) {
  return [&object, handler](Call& call) { return (object.*handler)(call); };
}

}  // namespace sluice::protocol
