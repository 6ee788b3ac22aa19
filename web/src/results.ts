// SPDX-License-Identifier: MIT
// The list of what became of the files. It outlives a reload of the page, not the tab.
import type { Result } from "./answer";
import { byId } from "./elements";

const KEPT = "sluice.results";
const KEPT_MAX = 200;

function kept(): Result[] {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? "[]") as Result[];
  } catch {
    return [];
  }
}

function add(parent: HTMLElement, tag: string, className: string, text: string): HTMLElement {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  parent.append(element);
  return element;
}

function show(result: Result): void {
  const item = document.createElement("li");
  item.className = result.isTaken ? "taken" : "refused";
  const head = add(item, "div", "head", "");
  add(head, "h3", "", result.name);
  add(head, "span", "state", result.title);
  if (result.words) {
    add(item, "p", "words", result.words);
  }
  const facts = add(item, "ul", "facts", "");
  for (const fact of result.facts) {
    add(facts, "li", "", fact);
  }
  if (result.link) {
    const link = add(item, "a", "", "Download") as HTMLAnchorElement;
    link.href = result.link;
    link.setAttribute("aria-label", `Download ${result.name}`);
  }
  byId("results").prepend(item);
  byId("finished").hidden = false;
}

export function list(result: Result): void {
  sessionStorage.setItem(KEPT, JSON.stringify([...kept(), result].slice(-KEPT_MAX)));
  show(result);
  byId("said").textContent = `${result.name}: ${result.title}`;
}

export function listEarlier(): void {
  kept().forEach(show);
}
