// SPDX-License-Identifier: MIT
// The figures of base/metrics.h as Prometheus text, version 0.0.4.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "admin/process_figures.h"
#include "base/metrics.h"
#include "model/upload.h"
#include "store/store.h"

namespace sluice::admin {

// Sampled when the page is made. Absent: not known now, and then left out of the page.
struct SampledGauges {
  std::optional<std::map<model::UploadState, std::uint64_t>> uploads;
  std::optional<store::Space> disk;
  std::optional<ProcessFigures> process;
};

std::string metrics_page(const Metrics& metrics, const SampledGauges& sampled);

}  // namespace sluice::admin
