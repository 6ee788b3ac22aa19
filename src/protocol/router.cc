// SPDX-License-Identifier: MIT
#include "protocol/router.h"

#include <array>

#include "base/encoding.h"
#include "protocol/cors.h"
#include "protocol/foreign_pages.h"

namespace sluice::protocol {
namespace {

using http::Method;
using runtime::Task;

constexpr const char* every_method = "GET, HEAD, PUT, POST, DELETE, OPTIONS";

template <class Object>
Action action_of(Object& object, Task<Answer> (Object::*handler)(Call&)) {
  return [&object, handler](Call& call) { return (object.*handler)(call); };
}

Task<Answer> page(ServicePages& pages, Task<http::Response> (ServicePages::*show)()) {
  co_return co_await (pages.*show)();
}

Task<Answer> crossdomain(const ProtocolSettings& settings) {
  co_return crossdomain_answer(settings.origins);
}

Action page_of(ServicePages& pages, Task<http::Response> (ServicePages::*show)()) {
  return [&pages, show](Call&) { return page(pages, show); };
}

// For this machine and trusted peers alone.
Action inside_page_of(ServicePages& pages, Task<http::Response> (ServicePages::*show)()) {
  return [&pages, show](Call& call) {
    if (!call.context.is_from_inside) {
      return answered(fail(Errc::not_found, "There is nothing here for requests from elsewhere"));
    }
    return page(pages, show);
  };
}

const char* name_of(Method method) {
  switch (method) {
    case Method::get:
      return "GET, HEAD";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
    case Method::patch:
      return "PATCH";
    case Method::delete_:
      return "DELETE";
    default:
      return "";
  }
}

}  // namespace

Router::Router(RouterParts parts, ProtocolSettings settings)
    : settings_(std::move(settings)),
      access_(parts.authenticator, settings_),
      dialect_(parts.engine, parts.gate, access_, settings_),
      video_upload_(parts.engine, parts.gate, access_, settings_),
      api_(parts.videos),
      pages_(parts.pages),
      table_(make_table()) {}

// The first pattern that fits wins.
std::vector<Router::Entry> Router::make_table() {
  std::vector<Entry> table;
  for (std::vector<Route>& routes :
       std::array{panda_routes(), service_routes(), optional_routes()}) {
    for (Route& route : routes) {
      const Place place(route.name, origins_of(route.kind));
      table.push_back({std::move(route), place});
    }
  }
  return table;
}

std::vector<Router::Route> Router::panda_routes() {
  const auto dialect = [this](Task<Answer> (PandaDialect::*handler)(Call&)) {
    return action_of(dialect_, handler);
  };
  const auto api = [this](Task<Answer> (PandaApi::*handler)(Call&)) {
    return action_of(api_, handler);
  };
  const auto path = [](std::string_view pattern) { return PathPattern(pattern); };
  return {
      {Kind::api,
       "session",
       path("/videos/upload.json"),
       {{Method::post, dialect(&PandaDialect::open_session)}}},
      {Kind::location,
       "upload",
       path("/uploads/{}"),
       {{Method::get, dialect(&PandaDialect::describe)},
        {Method::put, dialect(&PandaDialect::receive)},
        {Method::post, dialect(&PandaDialect::receive)},
        {Method::delete_, dialect(&PandaDialect::abort)}}},
      {Kind::api,
       "session",
       path("/qc/v1.0/projects/{}/upload.json"),
       {{Method::post, dialect(&PandaDialect::open_session)}}},
      {Kind::api,
       "session",
       path("/tts/v1.0/projects/{}/upload.json"),
       {{Method::post, dialect(&PandaDialect::open_session)}}},
      {Kind::api,
       "videos",
       path("/videos.json"),
       {{Method::get, api(&PandaApi::list)},
        {Method::post, action_of(video_upload_, &VideoUpload::receive)}}},
      {Kind::api,
       "video",
       path("/videos/{}.json"),
       {{Method::get, api(&PandaApi::find)}, {Method::delete_, api(&PandaApi::remove)}}},
      {Kind::api,
       "video_metadata",
       path("/videos/{}/metadata.json"),
       {{Method::get, api(&PandaApi::metadata)}}},
      {Kind::api,
       "video_source",
       path("/videos/{}/source.json"),
       {{Method::delete_, api(&PandaApi::remove_source)}}},
      {Kind::api,
       "video_encodings",
       path("/videos/{}/encodings.json"),
       {{Method::get, api(&PandaApi::encodings)}}},
      {Kind::api,
       "encodings",
       path("/encodings.json"),
       {{Method::get, api(&PandaApi::all_encodings)}}},
      {Kind::api, "profiles", path("/profiles.json"), {{Method::get, api(&PandaApi::profiles)}}},
  };
}

std::vector<Router::Route> Router::service_routes() {
  std::vector<Route> table{{Kind::service,
                            "healthz",
                            PathPattern("/healthz"),
                            {{Method::get, page_of(pages_, &ServicePages::healthz)}}}};
  if (settings_.shows_inside) {
    table.push_back({Kind::service,
                     "readyz",
                     PathPattern("/readyz"),
                     {{Method::get, inside_page_of(pages_, &ServicePages::readyz)}}});
    table.push_back({Kind::service,
                     "metrics",
                     PathPattern("/metrics"),
                     {{Method::get, inside_page_of(pages_, &ServicePages::metrics)}}});
  }
  return table;
}

// What the operator has to want.
std::vector<Router::Route> Router::optional_routes() {
  std::vector<Route> table;
  if (settings_.page_sessions) {
    table.push_back({Kind::service,
                     "page_session",
                     PathPattern("/panda/authorize_upload"),
                     {{Method::post, action_of(dialect_, &PandaDialect::open_page_session)}}});
  }
  if (settings_.crossdomain_xml) {
    table.push_back({Kind::service,
                     "crossdomain",
                     PathPattern("/crossdomain.xml"),
                     {{Method::get, [this](Call&) { return crossdomain(settings_); }}}});
  }
  return table;
}

Task<http::ReplyPtr> Router::handle(http::Exchange& exchange) {
  Call call(exchange);
  call.began = access_.now();
  Answer answer = co_await dispatch(call);
  co_return co_await reply(call, std::move(answer));
}

Task<http::ReplyPtr> Router::refuse(http::Exchange& exchange, Error error) {
  Call call(exchange);
  (void)lead(call);
  co_return co_await reply(call, fail(std::move(error)));
}

Task<http::ReplyPtr> Router::reply(Call& call, Answer answer) {
  if (call.upload_id == 0 && call.at_location) {
    call.upload_id = co_await dialect_.upload_of(call.capture);
  }
  co_return call.exchange.reply(std::move(answer));
}

http::Response Router::Place::render(const Error& error) const {
  http::Response response = http::error_response(error);
  if (error.code() == Errc::not_authorized) {
    // RFC 9110 15.5.2: a 401 names a scheme. No browser knows this one, so none asks for a
    // password.
    response.headers.set("WWW-Authenticate", "Panda");
  }
  return response;
}

void Router::Place::complete(const http::Request& request, http::Response& response) const {
  allow_origin(response.headers, *origins_, request);
}

Result<Router::Lead> Router::lead(Call& call) const {
  call.exchange.lead_to(elsewhere_);
  Result<Segments> segments = parse_path(call.request.path);
  if (!segments) {
    return fail(segments.error());
  }
  const VersionPrefix version = strip_version(*segments);
  std::optional<Match> match = find(*segments, version.found);
  if (!match) {
    const bool without_json = lacks_json(*segments, version.found);
    // What is no path of the API may be a mistaken location, and its page has to hear of that.
    if (without_json || version.found || (!segments->empty() && segments->front() == "videos")) {
      call.exchange.lead_to(elsewhere_in_api_);
    }
    return Lead{.route = nullptr, .lacks_json = without_json};
  }
  call.exchange.lead_to(match->entry->place);
  call.capture = std::move(match->capture);
  call.at_location = match->entry->route.kind == Kind::location;
  call.lists_are_objects = version.is_3_1;
  return Lead{.route = &match->entry->route};
}

Task<Answer> Router::dispatch(Call& call) {
  const http::Request& request = call.request;
  const Result<Lead> led = lead(call);
  if (!led) {
    return answered(fail(led.error()));
  }
  if (request.method == Method::options && request.path == "*") {
    http::Response response;
    response.status = 204;
    response.headers.add("Allow", every_method);
    return answered(std::move(response));
  }
  const Route* const route = led->route;
  // The page is to read why the request that it has in mind fails.
  if (route == nullptr && is_preflight(request)) {
    return answered(answer_options(request, every_method));
  }
  if (route == nullptr && led->lacks_json) {
    return answered(fail(Errc::bad_request, "Currently only .json is supported as a format"));
  }
  if (route == nullptr) {
    return answered(fail(Errc::not_found, "There is nothing at " + in_quotes(request.path)));
  }
  // A location is a secret: a page that knows it needs no other name for the server.
  if (route->kind != Kind::location && !access_.required()) {
    if (const Result<> named = expect_own_name(call, settings_); !named) {
      return answered(fail(named.error()));
    }
  }
  if (request.method == Method::options) {
    return answered(answer_options(request, allowed_methods(*route)));
  }
  const Method method = request.method == Method::head ? Method::get : request.method;
  for (const Endpoint& endpoint : route->endpoints) {
    if (endpoint.method == method) {
      if (const Result<> identified = identify(call, *route); !identified) {
        return answered(fail(identified.error()));
      }
      return endpoint.action(call);
    }
  }
  const std::string allowed = allowed_methods(*route);
  call.headers.set("Allow", allowed);
  return answered(fail(Errc::method_not_allowed,
                       "expected one of " + allowed + ", got " + in_quotes(request.method_text)));
}

Result<> Router::identify(Call& call, const Route& route) const {
  if (route.kind != Kind::api || call.request.method == Method::post) {
    return {};
  }
  if (!access_.required()) {
    return expect_allowed_page(call, settings_);
  }
  Result<Parameters> parameters = Parameters::from_query(call.request);
  if (!parameters) {
    return fail(parameters.error());
  }
  const Result<auth::Grant> grant = access_.judge(call, *parameters, auth::Window::usual);
  if (!grant) {
    return fail(grant.error());
  }
  call.viewer = grant->owner();
  return {};
}

std::optional<Router::Match> Router::find(const Segments& segments, bool has_version) const {
  for (const Entry& entry : table_) {
    if (has_version && entry.route.kind != Kind::api) {
      continue;
    }
    std::optional<std::string> capture = entry.route.path.match(segments);
    if (capture) {
      return Match{.entry = &entry, .capture = *std::move(capture)};
    }
  }
  return std::nullopt;
}

bool Router::lacks_json(Segments segments, bool has_version) const {
  if (segments.empty()) {
    return false;
  }
  std::string& last = segments.back();
  last = last.substr(0, last.rfind('.')) + ".json";
  const std::optional<Match> match = find(segments, has_version);
  return match && match->entry->route.kind == Kind::api;
}

const Origins& Router::origins_of(Kind kind) const {
  static const Origins none;
  return kind == Kind::api        ? settings_.api_origins
         : kind == Kind::location ? settings_.origins
                                  : none;
}

std::string Router::allowed_methods(const Route& route) {
  std::string methods;
  for (const Endpoint& endpoint : route.endpoints) {
    methods += name_of(endpoint.method);
    methods += ", ";
  }
  return methods + "OPTIONS";
}

http::Response Router::answer_options(const http::Request& request, const std::string& allowed) {
  http::Response response;
  response.status = 204;
  response.headers.add("Allow", allowed);
  if (is_preflight(request)) {
    answer_preflight(response.headers, request, allowed);
  }
  return response;
}

}  // namespace sluice::protocol
