// SPDX-License-Identifier: MIT
// The parts that the blobs and files of one store work with.
#pragma once

#include <atomic>

#include "base/limits.h"
#include "base/log.h"
#include "s3/object_store.h"
#include "store/objects/extent_names.h"
#include "store/objects/extent_reader.h"
#include "store/objects/scratch.h"
#include "store/objects/slots.h"
#include "store/objects/under_way.h"
#include "store/receiver.h"

namespace sluice::store::objects {

class Folds;
class Merger;

// Outlives blobs, files, and what they have under way.
struct ExtentTools {
  s3::ObjectStore& objects;
  Scratch& scratch;
  Log& log;
  ExtentReader reader;
  ExtentNames names;
  ReceiveTools receiving;
  Slots slots;  // Of objects that are being written, of all uploads.
  // Of bytes that are brought together in scratch: too many at once would fill it.
  Slots gathers{limits::gathers_at_once};
  UnderWay under_way = {};
  Folds* folds = nullptr;              // Null: small objects stay as they are.
  Merger* merger = nullptr;            // Null: no files are made of uploads.
  std::atomic<bool> stopping = false;  // No thread waits for objects any more.
};

}  // namespace sluice::store::objects
