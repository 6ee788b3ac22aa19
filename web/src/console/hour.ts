// SPDX-License-Identifier: MIT
// The plots of the last hour.
import { byId } from "../elements";
import type { Sample } from "./api";
import { type Line, draw, picture } from "./plot";
import { bytes, rate, seconds } from "./words";

const SAMPLES_MAX = 360;
const HEIGHT = 70;

interface Plot {
  title: string;
  // The name of each line, and its value in a sample.
  lines: [string, (sample: Sample) => number | null][];
  words: (value: number) => string;
}

const perSecond = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value)}/s`;
const count = (value: number) => String(Math.round(value));

const PLOTS: Plot[] = [
  { title: "Bytes in", lines: [["bytes", (sample) => sample.bytes]], words: rate },
  {
    title: "Requests",
    lines: [["requests", (sample) => sample.requests], ["server errors", (sample) => sample.errors]],
    words: perSecond,
  },
  {
    title: "Latency, slowest of 100",
    lines: [["commit", (sample) => sample.commit], ["sync", (sample) => sample.sync]],
    words: seconds,
  },
  { title: "Disk free", lines: [["free", (sample) => sample.disk]], words: bytes },
  { title: "Memory", lines: [["resident", (sample) => sample.memory]], words: bytes },
  { title: "Connections", lines: [["open", (sample) => sample.connections]], words: count },
  { title: "Hand-offs waiting", lines: [["waiting", (sample) => sample.handoffs]], words: count },
];

function last(line: Line): number | null {
  return line.at(-1) ?? null;
}

export class Hour {
  private samples: Sample[] = [];
  private readonly pictures: { svg: SVGElement; now: HTMLElement; top: HTMLElement }[];

  constructor() {
    this.pictures = PLOTS.map(({ title }) => {
      const figure = document.createElement("figure");
      const caption = document.createElement("figcaption");
      const name = document.createElement("span");
      const now = document.createElement("span");
      const top = document.createElement("span");
      name.textContent = title;
      now.className = "now";
      top.className = "top";
      caption.append(name, now);
      const svg = picture("plot", HEIGHT);
      figure.append(caption, svg, top);
      byId("plots").append(figure);
      return { svg, now, top };
    });
  }

  begin(samples: Sample[]): void {
    this.samples = samples;
    this.draw();
  }

  add(sample: Sample): void {
    this.samples = [...this.samples, sample].slice(-SAMPLES_MAX);
    this.draw();
  }

  private draw(): void {
    PLOTS.forEach(({ title, lines, words }, index) => {
      const { svg, now, top } = this.pictures[index]!;
      const values = lines.map(([, value]) => this.samples.map(value));
      const told = lines.map(([name], line) => {
        const value = last(values[line]!);
        const text = value === null ? "–" : words(value);
        return lines.length > 1 ? `${name} ${text}` : text;
      });
      const highest = Math.max(0, ...values.flat().map((value) => value ?? 0));
      now.textContent = told.join(", ");
      top.textContent = `up to ${words(highest)}`;
      draw(svg, values, SAMPLES_MAX, HEIGHT, `${title}: now ${told.join(", ")}; up to ${words(highest)} in the last hour`);
    });
  }
}
