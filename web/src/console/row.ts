// SPDX-License-Identifier: MIT
// One upload in the table.
import type { Upload } from "./api";
import { draw, picture } from "./plot";
import { type Rates, SECONDS } from "./rates";
import { bytes, rate, span, time } from "./words";

const HEIGHT = 24;
// The label of each cell where the table is a list of cards.
const LABELS = ["Name", "Owner", "Bytes", "Rate", "Client", "Age", "Idle", "State", ""];

export interface Actions {
  show(upload: Upload): void;
  abort(upload: Upload): void;
  retry(upload: Upload): void;
}

export function nameOf(upload: Upload): string {
  return upload.file_name ?? `Upload ${upload.id}`;
}

function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

function make<K extends keyof HTMLElementTagNameMap>(parent: HTMLElement, tag: K, className = ""): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = className;
  parent.append(element);
  return element;
}

function button(parent: HTMLElement, text: string, action: () => void): HTMLButtonElement {
  const made = make(parent, "button");
  made.type = "button";
  made.textContent = text;
  made.onclick = action;
  return made;
}

const AWAITS_ANSWER = ["received", "delivering"];

function reasonOf(upload: Upload): string {
  const parts = [];
  if (upload.attempts) {
    parts.push(upload.attempts === 1 ? "1 attempt failed" : `${upload.attempts} attempts failed`);
  }
  if (upload.answer_status) {
    parts.push(`answer ${upload.answer_status}`);
  }
  if (upload.failure) {
    parts.push(upload.failure);
  }
  return parts.join(": ");
}

export class Row {
  readonly element = document.createElement("tr");
  private readonly cells: HTMLTableCellElement[];
  private readonly name: HTMLButtonElement;
  private readonly bar: HTMLProgressElement;
  private readonly amount: HTMLElement;
  private readonly rateNow: HTMLElement;
  private readonly rateMinute: HTMLElement;
  private readonly spark = picture("spark", HEIGHT);
  private readonly state: HTMLElement;
  private readonly reason: HTMLElement;
  private readonly abort: HTMLButtonElement;
  private readonly retry: HTMLButtonElement;

  constructor(
    public upload: Upload,
    actions: Actions,
  ) {
    this.cells = LABELS.map((label, index) => {
      const cell = document.createElement(index === 0 ? "th" : "td");
      if (index === 0) {
        cell.scope = "row";
      }
      cell.dataset.label = label;
      this.element.append(cell);
      return cell;
    });
    const [name, , amount, speed, , , , state, buttons] = this.cells;
    this.name = button(name!, "", () => actions.show(this.upload));
    this.name.className = "link";
    this.bar = make(amount!, "progress");
    this.amount = make(amount!, "span", "amount");
    this.rateNow = make(speed!, "span");
    speed!.append(this.spark);
    this.rateMinute = make(speed!, "span", "faint");
    this.state = make(state!, "span", "state");
    this.reason = make(state!, "span", "reason");
    this.abort = button(buttons!, "Abort", () => actions.abort(this.upload));
    this.retry = button(buttons!, "Retry", () => actions.retry(this.upload));
  }

  // `now`: milliseconds of the server. Without `rates` nothing is known of its speed.
  show(upload: Upload, now: number, rates?: Rates): void {
    this.upload = upload;
    const name = nameOf(upload);
    setText(this.name, name);
    this.name.setAttribute("aria-label", `Details of ${name}`);
    setText(this.cells[1]!, upload.owner ?? "–");
    const size = upload.file_size;
    setText(this.amount, size === undefined ? `${bytes(upload.arrived)} of an unknown size` : `${bytes(upload.arrived)} of ${bytes(size)}`);
    this.bar.hidden = size === undefined;
    this.bar.max = Math.max(size ?? 1, 1);
    this.bar.value = size === 0 ? 1 : upload.arrived;
    this.bar.setAttribute("aria-label", `${name}: bytes that have arrived`);
    this.showRate(rates);
    setText(this.cells[4]!, [upload.address, upload.dialect].filter(Boolean).join(", ") || "–");
    setText(this.cells[5]!, upload.created_at ? span(now - Date.parse(upload.created_at)) : "–");
    this.cells[5]!.title = upload.created_at ? time(upload.created_at) : "";
    const silence = upload.last_byte_at ? span(now - Date.parse(upload.last_byte_at)) : "–";
    setText(this.cells[6]!, upload.is_being_written ? `being written, ${silence}` : silence);
    setText(this.state, upload.state);
    this.state.className = `state ${upload.state}`;
    setText(this.reason, reasonOf(upload));
    this.abort.hidden = upload.state !== "receiving";
    this.abort.setAttribute("aria-label", `Abort ${name}`);
    this.retry.hidden = !["refused", "failed", ...AWAITS_ANSWER].includes(upload.state);
    this.retry.setAttribute("aria-label", `Retry ${name}`);
  }

  private showRate(rates?: Rates): void {
    const id = this.upload.id;
    this.spark.classList.toggle("none", !rates);
    setText(this.rateNow, rates ? rate(rates.now(id)) : "–");
    setText(this.rateMinute, rates ? `${rate(rates.overAMinute(id))} over a minute` : "");
    if (rates) {
      draw(this.spark, [rates.line(id)], SECONDS, HEIGHT, "Rate in the last minute");
    }
  }
}
