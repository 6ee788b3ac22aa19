// SPDX-License-Identifier: MIT
#include "base/encoding.h"
#include "delivery/backend.h"

namespace sluice::delivery {

Handoff handoff_of(const journal::UploadRecord& record) {
  Handoff handoff;
  handoff.upload_id = record.id;
  handoff.idempotency_key = short_digest("handoff:" + record.token);
  handoff.file_name = record.file_name;
  handoff.file_size = record.file_size;
  handoff.content_type = record.content_type;
  handoff.parameters = record.parameters;
  handoff.created_at = record.created_at;
  return handoff;
}

}  // namespace sluice::delivery
