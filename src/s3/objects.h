// SPDX-License-Identifier: MIT
// What an object store says of its objects and its bucket. Values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::s3 {

struct ObjectFacts {
  std::uint64_t size = 0;
  std::string etag;  // In its quotes.

  friend bool operator==(const ObjectFacts&, const ObjectFacts&) = default;
};

struct ListedObject {
  std::string key;
  std::uint64_t size = 0;

  friend bool operator==(const ListedObject&, const ListedObject&) = default;
};

struct ListPage {
  std::vector<ListedObject> objects;  // In the order of their keys' bytes.
  std::string next;                   // Gets the page behind this one; empty: there is none.
};

// A part of a multipart upload.
struct UploadedPart {
  unsigned number = 0;  // From 1 on.
  std::string etag;
};

struct LifecycleRule {
  std::string id;
  std::string prefix;  // Of the keys it is about; empty: all.
  bool only_tagged = false;
  bool expires = false;  // Removes objects by their age, or at a date.
  bool moves = false;    // To another storage class, from which they may not be readable at once.
  bool aborts_multiparts = false;
};

enum class Versioning {
  off,
  suspended,  // What is removed from now on is gone; older versions stay.
  on,
};

struct BucketRules {
  Versioning versioning = Versioning::off;
  std::vector<LifecycleRule> lifecycle;  // Those that are enabled.
};

}  // namespace sluice::s3
