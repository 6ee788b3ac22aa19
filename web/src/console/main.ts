// SPDX-License-Identifier: MIT
import "../common.css";
import "./console.css";

import { byId } from "../elements";
import { abort, retry, show } from "./acts";
import { listen } from "./api";
import { showLost, showSample, showStatus } from "./health";
import { Hour } from "./hour";
import { loadOwners } from "./owners";
import { Table } from "./table";

const TYPING_PAUSE = 300;

const hour = new Hour();
let listening = new AbortController();
let typing: ReturnType<typeof setTimeout> | undefined;

const table = new Table(
  {
    show: (upload) => void show(upload),
    abort: (upload) => void abort(upload).then((done) => done && table.reload()),
    retry: (upload) => void retry(upload).then((done) => done && table.reload()),
  },
  () => {
    clearTimeout(typing);
    typing = setTimeout(begin, TYPING_PAUSE);
  },
);

function begin(): void {
  listening.abort();
  listening = new AbortController();
  table.begin();
  void listen(
    table.query,
    {
      hour: ({ samples }) => {
        hour.begin(samples);
        samples.slice(-1).forEach(showSample);
      },
      sample: (sample) => {
        hour.add(sample);
        showSample(sample);
      },
      status: showStatus,
      uploads: (changes) => table.hear(changes),
    },
    showLost,
    listening.signal,
  );
}

function refreshOwners(): void {
  loadOwners().catch((error: unknown) => {
    byId("owners").replaceChildren();
    byId("said").textContent = `Owners cannot be read: ${(error as Error).message}`;
  });
}

byId("owners-again").onclick = refreshOwners;
begin();
refreshOwners();
