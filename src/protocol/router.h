// SPDX-License-Identifier: MIT
// From a request to the handler of its route: one table of all paths, and what is the same for all
// of them (methods, Allow, OPTIONS, CORS, errors).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/authenticator.h"
#include "http/handler.h"
#include "protocol/access.h"
#include "protocol/call.h"
#include "protocol/origins.h"
#include "protocol/panda_api.h"
#include "protocol/panda_dialect.h"
#include "protocol/path.h"
#include "protocol/protocol_settings.h"
#include "protocol/service_pages.h"
#include "protocol/session_gate.h"
#include "protocol/video_upload.h"
#include "upload/engine.h"
#include "video/videos.h"

namespace sluice::protocol {

// What the routes lead to. All of it outlives the router.
struct RouterParts {
  upload::Engine& engine;
  SessionGate& gate;
  video::Videos& videos;
  ServicePages& pages;
  const auth::Authenticator& authenticator;
};

class Router final : public http::Handler {
 public:
  // Any thread may call handle().
  Router(RouterParts parts, ProtocolSettings settings);

  runtime::Task<http::ReplyPtr> handle(http::Exchange& exchange) override;
  runtime::Task<http::ReplyPtr> refuse(http::Exchange& exchange, Error error) override;

 private:
  enum class Kind {
    api,  // With and without version prefix.
    location,
    service,
  };
  struct Endpoint {
    http::Method method;
    Action action;
  };
  struct Route {
    Kind kind;
    const char* name;
    PathPattern path;
    std::vector<Endpoint> endpoints;  // GET stands for HEAD too; OPTIONS is answered for all.
  };
  // What the answers of a route have in common.
  class Place final : public http::Destination {
   public:
    // Pages of `origins` may read the answers.
    Place(const char* name, const Origins& origins) : Destination(name), origins_(&origins) {}

    http::Response render(const Error& error) const override;
    void complete(const http::Request& request, http::Response& response) const override;

   private:
    const Origins* origins_;
  };
  struct Entry {
    Route route;
    Place place;
  };
  struct Match {
    const Entry* entry;
    std::string capture;
  };
  struct Lead {
    const Route* route = nullptr;  // Null: there is nothing.
    bool lacks_json = false;       // But with ".json" behind the path there would be.
  };

  std::vector<Entry> make_table();
  std::vector<Route> panda_routes();
  std::vector<Route> service_routes();
  std::vector<Route> optional_routes();
  std::optional<Match> find(const Segments& segments, bool has_version) const;
  // Would this path be known with ".json" behind it?
  bool lacks_json(Segments segments, bool has_version) const;
  // The only place that looks for the route. An error: the path cannot be read.
  Result<Lead> lead(Call& call) const;
  runtime::Task<Answer> dispatch(Call& call);
  // With the upload that the request was about, whatever became of it.
  runtime::Task<http::ReplyPtr> reply(Call& call, Answer answer);
  // Who asks. A POST is judged by its handler, which knows what its body says.
  Result<> identify(Call& call, const Route& route) const;
  const Origins& origins_of(Kind kind) const;

  static std::string allowed_methods(const Route& route);
  static http::Response answer_options(const http::Request& request, const std::string& allowed);

  const ProtocolSettings settings_;
  const Access access_;
  PandaDialect dialect_;
  VideoUpload video_upload_;
  PandaApi api_;
  ServicePages& pages_;
  const std::vector<Entry> table_;
  // Where no route leads.
  const Place elsewhere_{"none", settings_.origins};
  const Place elsewhere_in_api_{"none", settings_.api_origins};
};

}  // namespace sluice::protocol
