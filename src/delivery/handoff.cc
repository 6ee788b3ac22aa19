// SPDX-License-Identifier: MIT
#include "base/encoding.h"
#include "delivery/backend.h"

namespace sluice::delivery {

Handoff handoff_of(const model::UploadRecord& record, unsigned attempt) {
  Handoff handoff;
  handoff.upload_id = record.id;
  handoff.idempotency_key = short_digest("handoff:" + record.token);
  handoff.file_name = record.file_name;
  handoff.blob_size = size_bound(record);
  handoff.file_size = record.layout ? record.layout->main_size : handoff.blob_size;
  if (record.layout) {
    handoff.is_multichunk = true;
    handoff.extra_files = record.layout->extra_files;
  }
  handoff.content_type = record.content_type;
  handoff.parameters = record.parameters;
  handoff.origin = record.origin;
  handoff.owner = record.owner;
  handoff.created_at = record.created_at;
  handoff.attempt = attempt;
  return handoff;
}

}  // namespace sluice::delivery
