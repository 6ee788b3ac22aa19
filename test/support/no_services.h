// SPDX-License-Identifier: MIT
// For a router in a test that is about uploads alone: there are no videos, no stored files and no
// pages.
#pragma once

#include <string>

#include "files/files.h"
#include "protocol/service_pages.h"
#include "video/videos.h"

namespace sluice::testing {

class NoVideos final : public video::Videos {
 public:
  runtime::Task<Result<video::VideoList>> list(video::VideoFilter /*filter*/) override {
    co_return fail(Errc::not_found);
  }
  runtime::Task<Result<std::string>> find(std::string /*id*/, model::Viewer /*viewer*/) override {
    co_return fail(Errc::not_found);
  }
  runtime::Task<Result<std::string>> metadata(std::string /*id*/,
                                              model::Viewer /*viewer*/) override {
    co_return fail(Errc::not_found);
  }
  runtime::Task<Result<>> remove(std::string /*id*/, model::Viewer /*viewer*/) override {
    co_return fail(Errc::not_found);
  }
  runtime::Task<Result<>> remove_source(std::string /*id*/, model::Viewer /*viewer*/) override {
    co_return fail(Errc::not_found);
  }
};

class NoFiles final : public files::Files {
 public:
  runtime::Task<Result<library::DocumentList>> list(library::Filter /*filter*/) override {
    co_return fail(Errc::not_found);
  }
  runtime::Task<Result<std::string>> find(std::string /*id*/, model::Viewer /*viewer*/) override {
    co_return fail(Errc::not_found);
  }
  runtime::Task<Result<>> remove(std::string /*id*/, model::Viewer /*viewer*/) override {
    co_return fail(Errc::not_found);
  }
  runtime::Task<Result<files::OpenedFilePtr>> open(std::string /*id*/,
                                                   model::Viewer /*viewer*/) override {
    co_return fail(Errc::not_found);
  }
  runtime::Task<Result<files::OpenedFilePtr>> open_shared(std::string /*capability*/) override {
    co_return fail(Errc::not_found);
  }
};

class NoPages final : public protocol::ServicePages {
 public:
  runtime::Task<http::Response> healthz() override { co_return http::Response(); }
  runtime::Task<http::Response> readyz() override { co_return http::Response(); }
  runtime::Task<http::Response> metrics() override { co_return http::Response(); }
};

}  // namespace sluice::testing
