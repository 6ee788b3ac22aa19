// SPDX-License-Identifier: MIT
#include "protocol/router.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.h"
#include "protocol/cors.h"
#include "protocol/foreign_pages.h"
#include "protocol/upload_location.h"

namespace sluice::protocol {
namespace {

using http::Method;
using runtime::Task;

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

constexpr const char* location_route = "upload";
constexpr const char* opening_route = "files";

// Of all routes; GET stands for HEAD.
constexpr std::array<std::pair<Method, std::string_view>, 5> methods{
    {{Method::get, "GET, HEAD, "},
     {Method::put, "PUT, "},
     {Method::post, "POST, "},
     {Method::patch, "PATCH, "},
     {Method::delete_, "DELETE, "}}};

// As in Allow, of the methods for which `has` is true.
template <class Predicate>
std::string names_of(Predicate has) {
  std::string text;
  for (const auto& [method, name] : methods) {
    text += has(method) ? name : "";
  }
  return text + "OPTIONS";
}

// GET stands for it.
Method without_head(Method method) {
  return method == Method::head ? Method::get : method;
}

http::Response options_answer(const http::Request& request, const std::string& allowed,
                              http::Headers described = {}) {
  http::Response response;
  response.headers = std::move(described);
  response.status = 204;
  response.headers.add("Allow", allowed);
  if (is_preflight(request)) {
    answer_preflight(response.headers, request, allowed);
  }
  return response;
}

Task<Answer> not_allowed(Call& call, const std::string& allowed) {
  call.headers.set("Allow", allowed);
  return answered(fail(Errc::method_not_allowed, "expected one of " + allowed + ", got " +
                                                     in_quotes(call.request.method_text)));
}

}  // namespace

Router::Router(RouterParts parts, const ProtocolSettings& settings)
    : parts_(std::move(parts)),
      settings_(settings),
      resources_(parts_.engine, settings_),
      table_(make_table()),
      at_locations_(make_places(location_route, Kind::location)),
      at_opening_(make_places(opening_route, Kind::opening)),
      every_method_(names_of([this](Method method) {
        return std::ranges::any_of(table_,
                                   [&](const Entry& entry) { return has(entry.route, method); });
      })) {}

// The first pattern that fits wins.
std::vector<Router::Entry> Router::make_table() {
  std::vector<Entry> table;
  const auto add = [&](std::vector<Route> routes, const Dialect* dialect) {
    for (Route& route : routes) {
      const Place place(route.name, origins_of(route.kind), dialect);
      table.push_back({std::move(route), place});
    }
  };
  add({{Kind::location, location_route, PathPattern("/uploads/{}"), {}},
       {Kind::opening, opening_route, PathPattern(settings_.files_path), {}}},
      nullptr);
  for (Dialect* const dialect : parts_.dialects) {
    add(dialect->routes(), dialect);
  }
  add(resources_.routes(), nullptr);
  add(parts_.further, nullptr);
  add(own_routes(), nullptr);
  return table;
}

std::vector<Route> Router::own_routes() const {
  ServicePages& pages = parts_.pages;
  std::vector<Route> table{{Kind::service,
                            "healthz",
                            PathPattern("/healthz"),
                            {{Method::get, page_of(pages, &ServicePages::healthz)}}}};
  if (settings_.shows_inside) {
    table.push_back({Kind::service,
                     "readyz",
                     PathPattern("/readyz"),
                     {{Method::get, inside_page_of(pages, &ServicePages::readyz)}}});
    table.push_back({Kind::service,
                     "metrics",
                     PathPattern("/metrics"),
                     {{Method::get, inside_page_of(pages, &ServicePages::metrics)}}});
  }
  if (settings_.crossdomain_xml) {
    table.push_back({Kind::service,
                     "crossdomain",
                     PathPattern("/crossdomain.xml"),
                     {{Method::get, [this](Call&) { return crossdomain(settings_); }}}});
  }
  return table;
}

std::vector<Router::Place> Router::make_places(const char* route, Kind kind) const {
  std::vector<Place> places;
  places.reserve(parts_.dialects.size());
  for (const Dialect* const dialect : parts_.dialects) {
    places.emplace_back(route, origins_of(kind), dialect);
  }
  return places;
}

bool Router::is_shared(const Route& route) const noexcept {
  return (route.kind == Kind::location || route.kind == Kind::opening) && route.endpoints.empty();
}

bool Router::serves(const Dialect& dialect, const Route& route, Method method) const noexcept {
  return route.kind == Kind::location ? dialect.has(method) : dialect.opens_with(method);
}

bool Router::has(const Route& route, Method method) const {
  if (is_shared(route)) {
    return std::ranges::any_of(
        parts_.dialects, [&](const Dialect* dialect) { return serves(*dialect, route, method); });
  }
  return std::ranges::any_of(route.endpoints,
                             [&](const Endpoint& endpoint) { return endpoint.method == method; });
}

Task<http::ReplyPtr> Router::handle(http::Exchange& exchange) {
  Call call(exchange);
  call.began = parts_.access.now();
  Result<Lead> led = lead(call);
  if (led && is_told_by_upload(call, *led)) {
    led = co_await led_by_upload(call, *led->route);
  }
  Answer answer = co_await dispatch(call, led);
  co_return co_await reply(call, answer);
}

Task<http::ReplyPtr> Router::refuse(http::Exchange& exchange, Error error) {
  Call call(exchange);
  (void)lead(call).has_value();  // For its effect on the exchange.
  Answer answer = fail(std::move(error));
  co_return co_await reply(call, answer);
}

Task<http::ReplyPtr> Router::reply(Call& call, Answer& answer) {
  if (call.upload_id == 0 && call.at_location && is_upload_token(call.capture)) {
    if (const Result<upload::Label> label = co_await parts_.engine.label_of(call.capture)) {
      call.upload_id = label->id;
    }
  }
  co_return call.exchange.reply(std::move(answer));
}

http::Response Router::Place::render(const Error& error) const {
  if (dialect_ != nullptr) {
    return dialect_->render(error);
  }
  http::Response response = Destination::render(error);
  if (error.code() == Errc::not_authorized) {
    response.headers.set("WWW-Authenticate", "Bearer");  // RFC 9110 15.5.2
  }
  return response;
}

void Router::Place::complete(const http::Request& request, http::Response& response) const {
  allow_origin(response.headers, origins_, request);
}

Result<Router::Lead> Router::lead(Call& call) const {
  call.exchange.lead_to(elsewhere_);
  // Of a head that could not be read there is no path; that of a page would be the root.
  if (call.request.path.empty()) {
    return Lead{};
  }
  Result<Segments> segments = parse_path(call.request.path);
  if (!segments) {
    return fail(segments.error());
  }
  const VersionPrefix version = strip_version(*segments);
  std::optional<Match> match = find(*segments, version.found);
  if (!match) {
    const bool without_json = lacks_json(*segments, version.found);
    // A path that is none of the API may be a mistaken location, and its page has to hear of that.
    if (without_json || version.found || (!segments->empty() && segments->front() == "videos")) {
      call.exchange.lead_to(elsewhere_in_api_);
    }
    return Lead{.route = nullptr, .lacks_json = without_json};
  }
  const Entry& entry = *match->entry;
  call.capture = std::move(match->capture);
  call.lists_are_objects = version.is_3_1;
  call.at_location = entry.route.kind == Kind::location;
  call.method = call.request.method;
  call.exchange.lead_to(entry.place);
  Dialect* const dialect =
      is_shared(entry.route) ? recogniser_of(entry.route, call.request) : nullptr;
  if (dialect != nullptr) {
    speak(call, entry.route, *dialect);
  }
  return Lead{.route = &entry.route, .dialect = dialect};
}

// Without those that serve nothing at the path: a form belongs to form chunks only where these are
// sent.
Dialect* Router::recogniser_of(const Route& route, const http::Request& request) const {
  const auto is_spoken = [&](const Dialect& dialect) {
    return std::ranges::any_of(
        methods, [&](const auto& method) { return serves(dialect, route, method.first); });
  };
  const auto found = std::ranges::find_if(parts_.dialects, [&](const Dialect* dialect) {
    return dialect->recognises(request) && is_spoken(*dialect);
  });
  return found == parts_.dialects.end() ? nullptr : *found;
}

Dialect* Router::speaker_for(const Route& route, Method method, std::string_view name) const {
  Dialect* speaker = nullptr;
  for (Dialect* const dialect : parts_.dialects) {
    if (!serves(*dialect, route, method)) {
      continue;
    }
    speaker = dialect;
    if (dialect->name() == name) {
      break;
    }
  }
  return speaker;
}

void Router::speak(Call& call, const Route& route, const Dialect& dialect) const {
  const auto index = static_cast<std::size_t>(std::ranges::find(parts_.dialects, &dialect) -
                                              parts_.dialects.begin());
  call.exchange.lead_to(route.kind == Kind::location ? at_locations_[index] : at_opening_[index]);
  call.method = dialect.method_of(call.request);
}

bool Router::is_told_by_upload(const Call& call, const Lead& led) {
  return call.at_location && led.dialect == nullptr && call.method != Method::options &&
         is_upload_token(call.capture);
}

Task<Result<Router::Lead>> Router::led_by_upload(Call& call, const Route& route) const {
  const Result<upload::Label> label = co_await parts_.engine.label_of(call.capture);
  Dialect* const speaker =
      speaker_for(route, without_head(call.method), label ? label->dialect : "");
  if (!label && speaker != nullptr) {
    speak(call, route, *speaker);
    co_return fail(label.error());
  }
  call.upload_id = label ? label->id : 0;
  co_return Lead{.route = &route, .dialect = speaker};
}

Task<Answer> Router::dispatch(Call& call, const Result<Lead>& led) {
  const http::Request& request = call.request;
  if (!led) {
    return answered(fail(led.error()));
  }
  if (request.method == Method::options && request.path == "*") {
    http::Response response;
    response.status = 204;
    response.headers.add("Allow", every_method_);
    return answered(std::move(response));
  }
  if (led->route == nullptr) {
    return nothing_at(call, led->lacks_json);
  }
  const Route& route = *led->route;
  // A page that knows a secret path needs no other name for the server.
  const bool is_secret = call.at_location || route.kind == Kind::capability;
  if (!is_secret && !parts_.access.required()) {
    if (const Result<> named = expect_own_name(call, settings_); !named) {
      return answered(fail(named.error()));
    }
  }
  if (call.method == Method::options) {
    http::Headers described;
    for (const Dialect* const dialect : parts_.dialects) {
      if (is_shared(route)) {
        dialect->add_options(described);
      }
    }
    return answered(options_answer(request, allowed_methods(route), std::move(described)));
  }
  return is_shared(route) ? at_shared(call, route, led->dialect) : at(call, route);
}

Task<Answer> Router::nothing_at(Call& call, bool lacks_json) const {
  // The page is to read why the request that it has in mind fails.
  if (is_preflight(call.request)) {
    return answered(options_answer(call.request, every_method_));
  }
  if (lacks_json) {
    return answered(fail(Errc::bad_request, "Currently only .json is supported as a format"));
  }
  return answered(fail(Errc::not_found, "There is nothing at " + in_quotes(call.request.path)));
}

Task<Answer> Router::at_shared(Call& call, const Route& route, Dialect* dialect) const {
  if (dialect == nullptr) {
    dialect = speaker_for(route, without_head(call.method), {});
  }
  if (dialect == nullptr) {
    return not_allowed(call, allowed_methods(route));
  }
  speak(call, route, *dialect);
  if (!serves(*dialect, route, without_head(call.method))) {
    return not_allowed(call, allowed_methods(route));
  }
  if (!call.at_location) {
    return dialect->open(call);
  }
  if (!is_upload_token(call.capture)) {
    return answered(fail(Errc::not_found,
                         "Couldn't find an upload at this location: it never existed, was aborted "
                         "or has expired"));
  }
  return dialect->handle(call);
}

Task<Answer> Router::at(Call& call, const Route& route) const {
  for (const Endpoint& endpoint : route.endpoints) {
    if (endpoint.method == without_head(call.method)) {
      if (const Result<> identified = identify(call, route); !identified) {
        return answered(fail(identified.error()));
      }
      return endpoint.action(call);
    }
  }
  return not_allowed(call, allowed_methods(route));
}

Result<> Router::identify(Call& call, const Route& route) const {
  if (route.kind != Kind::api || call.request.method == Method::post) {
    return {};
  }
  if (!parts_.access.required()) {
    return expect_allowed_page(call, settings_);
  }
  Result<Parameters> parameters = Parameters::from_query(call.request);
  if (!parameters) {
    return fail(parameters.error());
  }
  const Result<auth::Grant> grant = parts_.access.judge(call, *parameters, auth::Window::usual);
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

const Changeable<Origins>& Router::origins_of(Kind kind) const {
  static const Changeable<Origins> none;
  switch (kind) {
    case Kind::api:
    case Kind::opening:
      return settings_.api_origins;
    case Kind::location:
    case Kind::capability:
      return settings_.origins;
    case Kind::service:
      break;
  }
  return none;
}

std::string Router::allowed_methods(const Route& route) const {
  return names_of([&](Method method) { return has(route, method); });
}

}  // namespace sluice::protocol
