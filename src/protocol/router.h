// SPDX-License-Identifier: MIT
// From a request to the handler of its route: one table of all paths, and what is the same for all
// of them (methods, Allow, OPTIONS, CORS, errors).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/changeable.h"
#include "http/handler.h"
#include "protocol/access.h"
#include "protocol/call.h"
#include "protocol/dialect.h"
#include "protocol/location_resources.h"
#include "protocol/origins.h"
#include "protocol/path.h"
#include "protocol/protocol_settings.h"
#include "protocol/route.h"
#include "protocol/service_pages.h"
#include "upload/engine.h"

namespace sluice::protocol {

// The objects that the routes lead to. They outlive the router.
struct RouterParts {
  upload::Engine& engine;
  ServicePages& pages;
  const Access& access;
  // In the order in which they are asked for what they recognise; the last one takes the rest.
  std::vector<Dialect*> dialects;
  // Paths of no dialect. Their actions outlive the router, too.
  std::vector<Route> further = {};
};

class Router final : public http::Handler {
 public:
  // `settings` outlives the router. Any thread may call handle().
  Router(RouterParts parts, const ProtocolSettings& settings);

  runtime::Task<http::ReplyPtr> handle(http::Exchange& exchange) override;
  runtime::Task<http::ReplyPtr> refuse(http::Exchange& exchange, Error error) override;

 private:
  using Kind = Route::Kind;
  // The properties that the answers of a route, or of one dialect at the locations, share.
  class Place final : public http::Destination {
   public:
    // Pages of `origins` may read the answers. Without a dialect errors have the usual form.
    Place(const char* name, const Changeable<Origins>& origins, const Dialect* dialect)
        : Destination(name, dialect == nullptr ? "" : dialect->name()),
          origins_(origins),
          dialect_(dialect) {}

    http::Response render(const Error& error) const override;
    void complete(const http::Request& request, http::Response& response) const override;

   private:
    const Changeable<Origins>& origins_;
    const Dialect* const dialect_;
  };
  struct Entry {
    Route route;
    Place place;  // At a shared path the dialect's counts.
  };
  struct Match {
    const Entry* entry;
    std::string capture;
  };
  struct Lead {
    const Route* route = nullptr;  // Null: there is nothing.
    // At a shared path: the one that recognises the request; null where none does.
    Dialect* dialect = nullptr;
    bool lacks_json = false;  // With ".json" behind the path there would be something.
  };

  std::vector<Entry> make_table();
  std::vector<Route> own_routes() const;
  std::vector<Place> make_places(const char* route, Kind kind) const;
  std::optional<Match> find(const Segments& segments, bool has_version) const;
  // Would this path be known with ".json" behind it?
  bool lacks_json(Segments segments, bool has_version) const;
  bool is_shared(const Route& route) const noexcept;
  // Null where none recognises it.
  Dialect* recogniser_of(const Route& route, const http::Request& request) const;
  bool serves(const Dialect& dialect, const Route& route, http::Method method) const noexcept;
  // For a request that no dialect recognises: the one called `name` if it has the method, else the
  // last that has; null where none has.
  Dialect* speaker_for(const Route& route, http::Method method, std::string_view name) const;
  // The answers will be in the dialect's form.
  void speak(Call& call, const Route& route, const Dialect& dialect) const;
  // The only place that looks for the route. An error: the path cannot be read.
  Result<Lead> lead(Call& call) const;
  // Only the upload at the location says which dialect is meant.
  static bool is_told_by_upload(const Call& call, const Lead& led);
  runtime::Task<Result<Lead>> led_by_upload(Call& call, const Route& route) const;
  runtime::Task<Answer> dispatch(Call& call, const Result<Lead>& led);
  runtime::Task<Answer> nothing_at(Call& call, bool lacks_json) const;
  runtime::Task<Answer> at_shared(Call& call, const Route& route, Dialect* dialect) const;
  runtime::Task<Answer> at(Call& call, const Route& route) const;
  // With the upload that the request was about, whatever became of it. Takes the answer; handed
  // over by value it would stand in the frame of handle() twice.
  runtime::Task<http::ReplyPtr> reply(Call& call, Answer& answer);
  // Finds the request's owner. A POST is judged by its handler, which knows what its body says.
  Result<> identify(Call& call, const Route& route) const;
  const Changeable<Origins>& origins_of(Kind kind) const;

  bool has(const Route& route, http::Method method) const;
  std::string allowed_methods(const Route& route) const;

  const RouterParts parts_;
  const ProtocolSettings& settings_;
  LocationResources resources_;
  const std::vector<Entry> table_;
  const std::vector<Place> at_locations_;  // As `dialects`.
  const std::vector<Place> at_opening_;    // The same.
  const std::string every_method_;
  // Where no route leads.
  const Place elsewhere_{"none", settings_.origins, nullptr};
  const Place elsewhere_in_api_{"none", settings_.api_origins, nullptr};
};

}  // namespace sluice::protocol
