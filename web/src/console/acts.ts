// SPDX-License-Identifier: MIT
// What a person does with one upload: looks at its details, ends it, has it handed over again.
import { byId } from "../elements";
import { type Upload, get, post } from "./api";
import { nameOf } from "./row";
import { time } from "./words";

interface Question {
  title: string;
  words: string;
  yes: string;
}

function confirmed({ title, words, yes }: Question): Promise<boolean> {
  const dialog = byId<HTMLDialogElement>("confirm");
  byId("confirm-title").textContent = title;
  byId("confirm-words").textContent = words;
  byId("confirm-yes").textContent = yes;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => resolve(dialog.returnValue === "yes");
  });
}

function say(words: string): void {
  byId("said").textContent = words;
}

function complain(words: string): void {
  byId("trouble").hidden = false;
  byId("trouble").textContent = words;
}

async function act(upload: Upload, verb: "abort" | "retry", question: Question, done: string): Promise<boolean> {
  if (!(await confirmed(question))) {
    return false;
  }
  try {
    await post(`uploads/${upload.id}/${verb}`);
  } catch (error) {
    complain(`${nameOf(upload)}: ${(error as Error).message}`);
    return false;
  }
  byId("trouble").hidden = true;
  say(`${nameOf(upload)}: ${done}`);
  return true;
}

export function abort(upload: Upload): Promise<boolean> {
  const words = `Its requests end, its bytes are removed, and its client has to begin anew. Nothing brings them back.`;
  return act(upload, "abort", { title: `Abort ${nameOf(upload)}?`, words, yes: "Abort it" }, "aborted");
}

export function retry(upload: Upload): Promise<boolean> {
  const words = `The file is handed over to the backend again, at once.`;
  return act(upload, "retry", { title: `Retry ${nameOf(upload)}?`, words, yes: "Retry it" }, "is handed over again");
}

const TIMES = ["created_at", "last_byte_at", "handoff_since", "next_attempt_at", "expires_at"];
const TITLES: Record<string, string> = {
  id: "Number",
  file_name: "Name",
  file_size: "Size in bytes",
  arrived: "Bytes that have arrived",
  is_being_written: "Being written now",
  created_at: "Created",
  last_byte_at: "Last byte",
  handoff_since: "Complete since",
  next_attempt_at: "Next attempt, or when it was decided",
  expires_at: "Expires",
  attempts: "Attempts that failed",
  failure: "Why the last attempt failed",
  answer_status: "Status of the backend's answer",
  answer: "The backend's answer",
  stored: "Stored bytes",
};

function fact(name: string, value: unknown): HTMLElement {
  const group = document.createElement("div");
  const title = document.createElement("dt");
  title.textContent = TITLES[name] ?? (name.charAt(0).toUpperCase() + name.slice(1)).replaceAll("_", " ");
  const words = document.createElement("dd");
  words.textContent = TIMES.includes(name)
    ? time(String(value))
    : typeof value === "object"
      ? JSON.stringify(value, null, 1)
      : String(value);
  group.append(title, words);
  return group;
}

export async function show(upload: Upload): Promise<void> {
  let story: Record<string, unknown>;
  try {
    story = await get<Record<string, unknown>>(`uploads/${upload.id}`);
  } catch (error) {
    complain(`${nameOf(upload)}: ${(error as Error).message}`);
    return;
  }
  byId("details-title").textContent = nameOf(upload);
  byId("facts").replaceChildren(...Object.entries(story).map(([name, value]) => fact(name, value)));
  byId<HTMLDialogElement>("details").showModal();
}
