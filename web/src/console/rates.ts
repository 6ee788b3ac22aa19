// SPDX-License-Identifier: MIT
// How fast the bytes of each upload come, from what the server tells once a second.
import type { Line } from "./plot";

export const SECONDS = 60;
const NOW_SECONDS = 3;

interface Moment {
  at: number; // Milliseconds of the server.
  arrived: number;
}

function rateOver(moments: Moment[], seconds: number): number {
  const newest = moments.at(-1);
  const first = newest && moments.find(({ at }) => at >= newest.at - 1000 * seconds);
  return newest && first && newest.at > first.at ? Math.max(0, ((newest.arrived - first.arrived) * 1000) / (newest.at - first.at)) : 0;
}

export class Rates {
  private readonly moments = new Map<number, Moment[]>();

  // Of all uploads that are shown; the others are forgotten.
  tick(at: number, arrived: Map<number, number>): void {
    for (const id of this.moments.keys()) {
      if (!arrived.has(id)) {
        this.moments.delete(id);
      }
    }
    for (const [id, bytes] of arrived) {
      const known = this.moments.get(id) ?? [];
      this.moments.set(id, [...known.slice(-SECONDS), { at, arrived: bytes }]);
    }
  }

  now(id: number): number {
    return rateOver(this.moments.get(id) ?? [], NOW_SECONDS);
  }

  overAMinute(id: number): number {
    return rateOver(this.moments.get(id) ?? [], SECONDS);
  }

  line(id: number): Line {
    const moments = this.moments.get(id) ?? [];
    return moments.slice(1).map((_, index) => rateOver(moments.slice(index, index + 2), SECONDS));
  }
}
