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

  runtime::Task<http::ReplyPtr> handle(const http::Request& request,
                                       const http::RequestContext& context,
                                       runtime::ByteSource& body) override;
  runtime::Task<std::uint64_t> upload_of(const http::Request& request) override;
  // With what lets pages of other origins read the answer.
  void decorate(const http::Request* request, http::Response& response) override;

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
  struct Match {
    const Route* route;
    std::string capture;
  };
  // Where a request has been led.
  struct Destination {
    const Route* route = nullptr;      // Null: nowhere.
    const Origins* origins = nullptr;  // Whose pages may read the answer; null: those of locations.
  };

  std::vector<Route> make_table();
  std::vector<Route> panda_routes();
  std::vector<Route> service_routes();
  std::vector<Route> optional_routes();
  std::optional<Match> find(const Segments& segments, bool has_version) const;
  // Would this path be known with ".json" behind it?
  bool lacks_json(Segments segments, bool has_version) const;
  runtime::Task<Answer> dispatch(Call& call, Destination& destination);
  // Inlined, its values would stay in the frame of handle().
  [[gnu::noinline]] http::ReplyPtr reply_to(const Call& call, const Destination& destination,
                                            Answer& answer);
  // Who asks. A POST is judged by its handler, which knows what its body says.
  Result<> identify(Call& call, const Route& route) const;
  // Whose pages may read an answer, also when no route made it.
  const Origins& origins_of(const Segments& segments, bool has_version,
                            const std::optional<Match>& match) const;

  static std::string allowed_methods(const Route& route);
  static http::Response answer_options(const http::Request& request, const std::string& allowed);

  const ProtocolSettings settings_;
  const Access access_;
  PandaDialect dialect_;
  VideoUpload video_upload_;
  PandaApi api_;
  ServicePages& pages_;
  const std::vector<Route> table_;
};

}  // namespace sluice::protocol
