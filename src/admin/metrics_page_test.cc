// SPDX-License-Identifier: MIT
#include "admin/metrics_page.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string_view>
#include <vector>

namespace sluice::admin {
namespace {

// Whether `line` is a whole line of `page`.
bool has_line(const std::string& page, std::string_view line) {
  return ("\n" + page).find("\n" + std::string(line) + "\n") != std::string::npos;
}

TEST(MetricsPage, ShowsCountersAndGauges) {
  Metrics metrics;
  metrics.connections_open.add(3);
  metrics.connections_accepted.add(5);
  metrics.requests.add("upload", 204);
  metrics.requests.add("upload", 204);
  metrics.requests.add("healthz", 200);
  metrics.bytes_received.add(std::uint64_t{1} << 52U);
  metrics.buffers_in_use.set(7);
  metrics.unsynced_uploads.set(6);
  metrics.takeovers.add();
  metrics.deliveries_delivered.add(2);
  metrics.deliveries_retried.add(4);
  const std::string page = metrics_page(metrics, {});
  for (const char* line :
       {"# TYPE sluice_connections_open gauge", "sluice_connections_open 3",
        "sluice_connections_accepted_total 5", "# TYPE sluice_requests_total counter",
        "sluice_requests_total{route=\"healthz\",status=\"200\"} 1",
        "sluice_requests_total{route=\"upload\",status=\"204\"} 2",
        "sluice_received_bytes_total 4503599627370496", "sluice_buffers_in_use 7",
        "sluice_unsynced_uploads 6", "sluice_takeovers_total 1",
        "sluice_deliveries_total{result=\"delivered\"} 2",
        "sluice_deliveries_total{result=\"refused\"} 0",
        "sluice_deliveries_total{result=\"retried\"} 4"}) {
    EXPECT_TRUE(has_line(page, line)) << line << "\n" << page;
  }
}

TEST(MetricsPage, HistogramsAreCumulativeAndEndWithInfinity) {
  Metrics metrics;
  metrics.append_seconds.observe(0.0001);
  metrics.append_seconds.observe(0.0002);
  metrics.append_seconds.observe(0.5);
  metrics.append_seconds.observe(1000);
  const std::string page = metrics_page(metrics, {});
  for (const char* line :
       {"# TYPE sluice_append_seconds histogram", "sluice_append_seconds_bucket{le=\"0.0001\"} 1",
        "sluice_append_seconds_bucket{le=\"0.0005\"} 2",
        "sluice_append_seconds_bucket{le=\"0.25\"} 2", "sluice_append_seconds_bucket{le=\"1\"} 3",
        "sluice_append_seconds_bucket{le=\"60\"} 3", "sluice_append_seconds_bucket{le=\"+Inf\"} 4",
        "sluice_append_seconds_count 4", "sluice_append_seconds_sum 1000.5003",
        "sluice_sync_seconds_count 0", "sluice_commit_seconds_count 0"}) {
    EXPECT_TRUE(has_line(page, line)) << line << "\n" << page;
  }
  std::istringstream lines(page);
  const auto infinities = [&lines] {
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line);) {
      count += line.starts_with("sluice_append_seconds_bucket{le=\"+Inf\"}") ? 1 : 0;
    }
    return count;
  };
  EXPECT_EQ(infinities(), 1U);
}

TEST(MetricsPage, ShowsEveryStateOfUploads) {
  SampledGauges sampled;
  sampled.uploads = {{model::UploadState::receiving, 9}, {model::UploadState::delivered, 1}};
  sampled.disk = store::Space{.free_bytes = 10, .total_bytes = 20};
  const std::string page = metrics_page(Metrics(), sampled);
  for (const char* line :
       {"sluice_uploads{state=\"receiving\"} 9", "sluice_uploads{state=\"received\"} 0",
        "sluice_uploads{state=\"delivering\"} 0", "sluice_uploads{state=\"delivered\"} 1",
        "sluice_uploads{state=\"refused\"} 0", "sluice_uploads{state=\"aborted\"} 0",
        "sluice_uploads{state=\"expired\"} 0", "sluice_disk_free_bytes 10",
        "sluice_disk_total_bytes 20"}) {
    EXPECT_TRUE(has_line(page, line)) << line << "\n" << page;
  }
}

TEST(MetricsPage, LeavesOutWhatIsNotKnown) {
  const std::string page = metrics_page(Metrics(), {});
  EXPECT_EQ(page.find("sluice_uploads"), std::string::npos);
  EXPECT_EQ(page.find("sluice_disk"), std::string::npos);
}

TEST(MetricsPage, EveryLineIsPrometheusText) {
  Metrics metrics;
  metrics.requests.add("a\"b\\c\nd", 200);
  const std::string page = metrics_page(metrics, {});
  EXPECT_TRUE(has_line(page, R"(sluice_requests_total{route="a\"b\\c\nd",status="200"} 1)"))
      << page;
  EXPECT_TRUE(page.ends_with('\n'));
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(line.starts_with("# HELP sluice_") || line.starts_with("# TYPE sluice_") ||
                (line.starts_with("sluice_") && line.find(' ') != std::string::npos))
        << line;
  }
}

}  // namespace
}  // namespace sluice::admin
