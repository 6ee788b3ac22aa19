// SPDX-License-Identifier: MIT
#include "admin/metrics_page.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::admin {
namespace {

using model::UploadState;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::array upload_states{
    UploadState::receiving, UploadState::received, UploadState::delivering,
    UploadState::delivered, UploadState::refused,  UploadState::failed,
    UploadState::set_aside, UploadState::aborted,  UploadState::expired};

ClientMetric counter_value(std::uint64_t value, std::vector<ClientMetric::Label> labels = {}) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.counter.value = static_cast<double>(value);
  return metric;
}

ClientMetric gauge_value(double value, std::vector<ClientMetric::Label> labels = {}) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.gauge.value = value;
  return metric;
}

// The sample count is the sum of the buckets and not a figure of its own: an observation between
// two reads must not make the page contradict itself.
ClientMetric histogram_value(const Histogram& histogram,
                             std::vector<ClientMetric::Label> labels = {}) {
  ClientMetric metric;
  metric.label = std::move(labels);
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < Histogram::upper_bounds_seconds.size(); ++i) {
    count += histogram.bucket(i);
    metric.histogram.bucket.push_back(
        {.cumulative_count = count, .upper_bound = Histogram::upper_bounds_seconds[i]});
  }
  count += histogram.bucket(Histogram::upper_bounds_seconds.size());
  metric.histogram.bucket.push_back(
      {.cumulative_count = count, .upper_bound = std::numeric_limits<double>::infinity()});
  metric.histogram.sample_count = count;
  metric.histogram.sample_sum = histogram.sum_seconds();
  return metric;
}

class Page {
 public:
  void counter(std::string name, std::string help, std::vector<ClientMetric> values) {
    add(std::move(name), std::move(help), MetricType::Counter, std::move(values));
  }
  void gauge(std::string name, std::string help, std::vector<ClientMetric> values) {
    add(std::move(name), std::move(help), MetricType::Gauge, std::move(values));
  }
  void histogram(std::string name, std::string help, const Histogram& histogram) {
    add(std::move(name), std::move(help), MetricType::Histogram, {histogram_value(histogram)});
  }

  // With names for both labels; of one without a second name the second label is left out.
  void histograms(std::string name, std::string help, const HistogramFamily& family,
                  const char* first, const char* second = "") {
    std::vector<ClientMetric> values;
    family.for_each([&](const HistogramFamily::Labels& labels, const Histogram& histogram) {
      std::vector<ClientMetric::Label> named{{first, labels.first}};
      if (*second != '\0') {
        named.push_back({second, labels.second});
      }
      values.push_back(histogram_value(histogram, std::move(named)));
    });
    add(std::move(name), std::move(help), MetricType::Histogram, std::move(values));
  }

  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  void add(std::string name, std::string help, MetricType type, std::vector<ClientMetric> values) {
    MetricFamily family;
    family.name = std::move(name);
    family.help = std::move(help);
    family.type = type;
    family.metric = std::move(values);
    families_.push_back(std::move(family));
  }

  std::vector<MetricFamily> families_;
};

std::vector<ClientMetric> request_values(const RequestCounter& requests) {
  std::vector<ClientMetric> values;
  for (const auto& [key, count] : requests.counts()) {
    values.push_back(
        counter_value(count, {{"route", key.first}, {"status", std::to_string(key.second)}}));
  }
  return values;
}

std::vector<ClientMetric> upload_values(const std::map<UploadState, std::uint64_t>& counts) {
  std::vector<ClientMetric> values;
  for (const UploadState state : upload_states) {
    const auto found = counts.find(state);
    const std::uint64_t count = found == counts.end() ? 0 : found->second;
    values.push_back(gauge_value(static_cast<double>(count), {{"state", model::to_text(state)}}));
  }
  return values;
}

void add_process(Page& page, const ProcessFigures& process) {
  const auto gauge = [&page](const char* name, const char* help, std::uint64_t value) {
    page.gauge(name, help, {gauge_value(static_cast<double>(value))});
  };
  ClientMetric cpu;
  cpu.counter.value = process.cpu_seconds;
  page.counter("process_cpu_seconds_total", "Time of processors, for itself and in the kernel.",
               {cpu});
  gauge("process_open_fds", "Descriptors that are open.", process.open_descriptors);
  gauge("process_max_fds", "As many descriptors may be open.", process.descriptors_max);
  gauge("process_virtual_memory_bytes", "Memory that is mapped.", process.virtual_bytes);
  gauge("process_resident_memory_bytes", "Of this, what is in memory.", process.resident_bytes);
  page.gauge("process_start_time_seconds", "When the process began, since the epoch.",
             {gauge_value(process.start_time_seconds)});
}

void add_deliveries(Page& page, const Metrics& metrics) {
  page.counter("sluice_deliveries_total", "Hand-offs of finished files, by how they ended.",
               {counter_value(metrics.deliveries_delivered.value(), {{"result", "delivered"}}),
                counter_value(metrics.deliveries_refused.value(), {{"result", "refused"}}),
                counter_value(metrics.deliveries_retried.value(), {{"result", "retried"}}),
                counter_value(metrics.deliveries_given_up.value(), {{"result", "given_up"}}),
                counter_value(metrics.deliveries_set_aside.value(), {{"result", "set_aside"}})});
  page.gauge("sluice_deliveries_waiting", "Hand-offs in memory that wait or are under way.",
             {gauge_value(static_cast<double>(metrics.deliveries_waiting.value()))});
  page.histograms("sluice_delivery_seconds", "One attempt at the backend, by how it ended.",
                  metrics.delivery_seconds, "result");
  page.histograms("sluice_hook_seconds", "One request to a hook, by hook and how it ended.",
                  metrics.hook_seconds, "hook", "result");
}

void add_services(Page& page, const Metrics& metrics) {
  page.histograms("sluice_s3_seconds",
                  "One try of a request to the object store, by operation and how it ended.",
                  metrics.object_requests.seconds, "operation", "result");
  page.counter("sluice_s3_sent_bytes_total",
               "Bytes of bodies to the object store that it has answered.",
               {counter_value(metrics.object_requests.bytes_sent.value())});
  page.counter("sluice_s3_received_bytes_total", "Bytes of bodies that the object store sent.",
               {counter_value(metrics.object_requests.bytes_received.value())});
  page.gauge("sluice_scratch_bytes", "Of s3.scratch, what is in use or set aside.",
             {gauge_value(static_cast<double>(metrics.scratch_bytes.value()))});
  page.histograms("sluice_postgres_seconds",
                  "One call of PostgreSQL and the wait for its connection, by how it ended.",
                  metrics.postgres_seconds, "result");
  page.gauge("sluice_postgres_calls_waiting", "Calls of PostgreSQL that wait for a connection.",
             {gauge_value(static_cast<double>(metrics.postgres_calls_waiting.value()))});
}

void add_settings(Page& page, const Metrics& metrics) {
  page.counter("sluice_reloads_total", "Times that the settings were read again.",
               {counter_value(metrics.reloads_done.value(), {{"result", "done"}}),
                counter_value(metrics.reloads_refused.value(), {{"result", "refused"}})});
  page.gauge("sluice_reload_succeeded", "1: the last time they could be used; 0: they could not.",
             {gauge_value(static_cast<double>(metrics.reload_succeeded.value()))});
}

}  // namespace

std::string metrics_page(const Metrics& metrics, const SampledGauges& sampled) {
  Page page;
  page.gauge("sluice_build_info", "1; the label says which version this is.",
             {gauge_value(1, {{"version", SLUICE_VERSION}})});
  if (sampled.process) {
    add_process(page, *sampled.process);
  }
  page.gauge("sluice_connections_open", "Connections of clients that are open.",
             {gauge_value(static_cast<double>(metrics.connections_open.value()))});
  page.counter("sluice_connections_accepted_total", "Connections of clients that were accepted.",
               {counter_value(metrics.connections_accepted.value())});
  page.counter("sluice_connections_displaced_total",
               "Idle connections that were closed for new ones.",
               {counter_value(metrics.connections_displaced.value())});
  page.gauge("sluice_unsent_bytes", "Bytes of answers in memory that clients have not taken yet.",
             {gauge_value(static_cast<double>(metrics.unsent_bytes.value()))});
  page.counter("sluice_answers_given_up_total",
               "Answers that ended, with their connections, for newer ones.",
               {counter_value(metrics.answers_given_up.value())});
  page.counter("sluice_requests_total", "Requests that were answered, by route and status.",
               request_values(metrics.requests));
  page.histograms("sluice_request_seconds",
                  "From a request's head to the end of its answer, by route and dialect.",
                  metrics.request_seconds, "route", "dialect");
  page.counter("sluice_authentication_failures_total",
               "Requests whose credentials were missing, unknown or not in order.",
               {counter_value(metrics.authentication_failures.value())});
  page.counter("sluice_received_bytes_total", "Bytes of request bodies that arrived.",
               {counter_value(metrics.bytes_received.value())});
  page.gauge("sluice_buffers_in_use", "Buffers of the memory budget that hold bytes.",
             {gauge_value(static_cast<double>(metrics.buffers_in_use.value()))});
  page.histogram("sluice_append_seconds", "From a request's head to its bytes being durable.",
                 metrics.append_seconds);
  page.histogram("sluice_sync_seconds", "One sync of the bytes of one upload.",
                 metrics.sync_seconds);
  page.histogram("sluice_commit_seconds", "One transaction of the journal.",
                 metrics.commit_seconds);
  page.gauge("sluice_unsynced_uploads",
             "Uploads with acknowledged bytes that wait for data.sync_interval.",
             {gauge_value(static_cast<double>(metrics.unsynced_uploads.value()))});
  page.gauge("sluice_journal_damaged_rows",
             "Rows of the journal that cannot be read and were set aside: sluice fsck.",
             {gauge_value(static_cast<double>(metrics.damaged_rows.value()))});
  page.counter("sluice_takeovers_total", "Requests that took over from a stalled older one.",
               {counter_value(metrics.takeovers.value())});
  add_deliveries(page, metrics);
  add_services(page, metrics);
  add_settings(page, metrics);
  page.counter("sluice_log_lines_dropped_total",
               "Lines of the log that found its queue full or its reader gone.",
               {counter_value(metrics.log_lines_dropped.value())});
  if (sampled.uploads) {
    page.gauge("sluice_uploads", "Uploads that the journal knows, by state.",
               upload_values(*sampled.uploads));
  }
  if (sampled.disk) {
    page.gauge("sluice_disk_free_bytes", "Free space where uploads are stored.",
               {gauge_value(static_cast<double>(sampled.disk->free_bytes))});
    if (sampled.disk->free_files) {
      page.gauge("sluice_disk_free_files", "Files that can still be made there: inodes.",
                 {gauge_value(static_cast<double>(*sampled.disk->free_files))});
    }
    page.gauge("sluice_disk_total_bytes", "Size of the file system where uploads are stored.",
               {gauge_value(static_cast<double>(sampled.disk->total_bytes))});
  }
  return page.text();
}

}  // namespace sluice::admin
