// SPDX-License-Identifier: MIT
// Whether the server is ready, why not, and its figures now.
import { byId } from "../elements";
import type { Sample, Status } from "./api";
import { bytes, rate, span } from "./words";

function figure(title: string, value: string): void {
  const figures = byId("figures");
  const id = `figure-${title.toLowerCase().replaceAll(" ", "-")}`;
  let place = document.getElementById(id);
  if (!place) {
    const group = document.createElement("div");
    const name = document.createElement("dt");
    name.textContent = title;
    place = document.createElement("dd");
    place.id = id;
    group.append(name, place);
    figures.append(group);
  }
  place.textContent = value;
}

export function showStatus(status: Status): void {
  const badge = byId("ready");
  badge.textContent = status.ready ? "Ready" : "Not ready";
  badge.className = `badge ${status.ready ? "good" : "bad"}`;
  byId("about").textContent = `Version ${status.version}, up for ${span(1000 * status.up_seconds)}`;
  const reasons = byId("reasons");
  reasons.hidden = status.ready;
  reasons.replaceChildren(
    ...status.reasons.map((reason) => {
      const item = document.createElement("li");
      item.textContent = reason;
      return item;
    }),
  );
  const counts = status.uploads ?? {};
  figure("Receiving", String(counts.receiving ?? 0));
  figure("Waiting for the backend", String((counts.received ?? 0) + (counts.delivering ?? 0)));
  figure("Delivered", String(counts.delivered ?? 0));
  figure("Refused", String(counts.refused ?? 0));
  figure("Failed", String(counts.failed ?? 0));
  figure("Connections", String(status.connections));
  if (status.disk_free_bytes !== undefined) {
    figure("Disk free", bytes(status.disk_free_bytes));
  }
}

export function showSample(sample: Sample): void {
  figure("Bytes in", rate(sample.bytes));
}

export function showLost(words: string): void {
  const trouble = byId("trouble");
  trouble.hidden = !words;
  trouble.textContent = words;
  if (words) {
    byId("ready").textContent = "Not connected";
    byId("ready").className = "badge";
  }
}
