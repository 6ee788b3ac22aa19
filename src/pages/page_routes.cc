// SPDX-License-Identifier: MIT
#include "pages/page_routes.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "http/message.h"
#include "pages/page_answer.h"

namespace sluice::pages {
namespace {

using protocol::Call;
using protocol::Route;

constexpr std::string_view assets = "/assets/";

http::Response told(const PageSettings& settings) {
  http::Response response = http::json_response(
      200, boost::json::serialize(boost::json::object{
               {"files_path", settings.files_path}, {"file_size_max", settings.file_size_max()}}));
  response.headers.set("Cache-Control", "no-store");
  return response;
}

}  // namespace

std::vector<Route> page_routes(std::span<const PageFile> files, const PageSettings& settings) {
  if (files.empty()) {
    return {};
  }
  const auto route = [](const char* name, const char* path, protocol::Action action) {
    return Route{Route::Kind::service,
                 name,
                 protocol::PathPattern(path),
                 {{http::Method::get, std::move(action)}}};
  };
  return {
      route(
          "page", "/",
          [files](Call& call) { return protocol::answered(answer_at(files, "/", call.request)); }),
      route("page_asset", "/assets/{}",
            [files](Call& call) {
              return protocol::answered(
                  answer_at(files, std::string(assets) + call.capture, call.request));
            }),
      route("page_settings", "/page.json",
            [settings](Call& /*call*/) { return protocol::answered(told(settings)); }),
  };
}

}  // namespace sluice::pages
