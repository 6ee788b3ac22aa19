// SPDX-License-Identifier: MIT
// Numbers and times as people read them.
import { prettierBytes } from "@transloadit/prettier-bytes";

export function bytes(count: number): string {
  return prettierBytes(Math.round(count));
}

export function rate(bytesPerSecond: number): string {
  return `${bytes(bytesPerSecond)}/s`;
}

export function seconds(value: number): string {
  return value < 1 ? `${(1000 * value).toPrecision(2)} ms` : `${value.toPrecision(2)} s`;
}

const UNITS: [number, string][] = [
  [86_400, "d"],
  [3600, "h"],
  [60, "min"],
  [1, "s"],
];

// "3 min": the largest unit alone, so that it seldom changes.
export function span(milliseconds: number): string {
  const all = Math.max(0, Math.floor(milliseconds / 1000));
  const [size, unit] = UNITS.find(([least]) => all >= least) ?? [1, "s"];
  return `${Math.floor(all / size)} ${unit}`;
}

export function time(iso: string): string {
  return new Date(iso).toLocaleString();
}
