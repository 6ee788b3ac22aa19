// SPDX-License-Identifier: MIT
// How fast the bytes of all files go, in a line below them.
import { prettierBytes } from "@transloadit/prettier-bytes";

import { byId } from "./elements";

const WINDOW = 5;

interface Moment {
  time: number; // Milliseconds.
  bytes: number;
}

// `sent` says how many bytes of all files have gone; undefined while none is being sent.
export function showRate(sent: () => number | undefined): void {
  let moments: Moment[] = [];
  setInterval(() => {
    const bytes = sent();
    const last = moments.at(-1);
    // Files that are finished leave the sum.
    if (bytes === undefined || (last && bytes < last.bytes)) {
      moments = [];
    }
    if (bytes !== undefined) {
      moments = [...moments.slice(-WINDOW), { time: performance.now(), bytes }];
    }
    const [first, newest] = [moments[0], moments.at(-1)];
    const line = byId("rate");
    line.hidden = !first || !newest || first === newest;
    if (first && newest && first !== newest) {
      const rate = ((newest.bytes - first.bytes) * 1000) / (newest.time - first.time);
      line.textContent = `${prettierBytes(Math.round(rate))} per second`;
    }
  }, 1000);
}
