// SPDX-License-Identifier: MIT
#include "fsck/lost_and_found.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <utility>

#include "base/bytes.h"

namespace sluice::fsck {
namespace {

std::string parent_of(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}

}  // namespace

LostAndFound::LostAndFound(runtime::Disk& disk, std::string data_directory, Timestamp now)
    : disk_(disk), root_(std::move(data_directory)) {
  const std::time_t seconds =
      std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  name_ = fmt::format("lost+found-{:%Y%m%dT%H%M%SZ}", fmt::gmtime(seconds));
}

Result<std::string> LostAndFound::make_place(const std::string& path) {
  Result<> done = make_own();
  const std::string target = name_ + "/" + path;
  if (done) {
    done = make_parents(target);
  }
  if (!done) {
    return fail(done.error());
  }
  const Result<bool> taken = disk_.exists(root_ + "/" + target);
  if (!taken) {
    return fail(taken.error());
  }
  if (*taken) {
    return fail(Errc::storage_failed, target + " is there already");
  }
  return target;
}

Result<std::string> LostAndFound::take(const std::string& path) {
  const Result<std::string> target = make_place(path);
  if (!target) {
    return target;
  }
  Result<> done = disk_.rename(root_ + "/" + path, root_ + "/" + *target);
  if (done) {
    done = disk_.sync_directory(parent_of(root_ + "/" + *target));
  }
  if (done) {
    done = disk_.sync_directory(parent_of(root_ + "/" + path));
  }
  if (!done) {
    return fail(done.error());
  }
  return target;
}

Result<std::string> LostAndFound::put(const std::string& path, std::string_view text) {
  const Result<std::string> target = make_place(path);
  if (!target) {
    return target;
  }
  const auto file = disk_.open(root_ + "/" + *target, runtime::OpenMode::create);
  if (!file) {
    return fail(file.error());
  }
  Result<> done = (*file)->write_at(0, as_bytes(text));
  if (done) {
    done = (*file)->sync();
  }
  if (done) {
    done = disk_.sync_directory(parent_of(root_ + "/" + *target));
  }
  if (!done) {
    return fail(done.error());
  }
  return target;
}

Result<> LostAndFound::make_own() {
  if (made_) {
    return {};
  }
  const std::string base = name_;
  for (int number = 2;; ++number) {
    const Result<bool> taken = disk_.exists(root_ + "/" + name_);
    if (!taken) {
      return fail(taken.error());
    }
    if (!*taken) {
      break;
    }
    name_ = fmt::format("{}-{}", base, number);
  }
  made_ = true;
  return {};
}

Result<> LostAndFound::make_parents(const std::string& path) {
  for (std::size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string directory = root_ + "/" + path.substr(0, slash);
    Result<> done = disk_.make_directory(directory);
    if (done) {
      done = disk_.sync_directory(parent_of(directory));
    }
    if (!done) {
      return done;
    }
  }
  return {};
}

}  // namespace sluice::fsck
