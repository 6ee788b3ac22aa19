// SPDX-License-Identifier: MIT
// What a person does with one upload: looks at its details, ends it, decides about it.
import { byId } from "../elements";
import { type Upload, get, nameOf, post } from "./api";
import { bytes, time } from "./words";

export type Verb = "abort" | "retry" | "release" | "refuse";

interface Act {
  label: string;
  // States of an upload in which there is something to do.
  states: string[];
  words: string;
  done: string;
  // The client is told why.
  hasText?: boolean;
}

export const ACTS: Record<Verb, Act> = {
  abort: {
    label: "Abort",
    states: ["receiving"],
    words: "Its requests end, its bytes are removed, and its client has to begin anew. Nothing brings them back.",
    done: "aborted",
  },
  release: {
    label: "Release",
    states: ["set_aside"],
    words: "The file is handed over to the backend, past the checks.",
    done: "is handed over",
  },
  refuse: {
    label: "Refuse",
    states: ["set_aside"],
    words: "The client is answered 422 with your words, and the backend does not get the file. It is kept for a while.",
    done: "refused",
    hasText: true,
  },
  retry: {
    label: "Retry",
    states: ["received", "delivering", "refused", "failed", "set_aside"],
    words: "The file is handed over to the backend again, at once. Checks that it has not passed come first.",
    done: "is handed over again",
  },
};

// The text that was written, empty where none is asked for; nothing: the person does not want it.
function confirmed(title: string, { label, words, hasText }: Act): Promise<string | undefined> {
  const dialog = byId<HTMLDialogElement>("confirm");
  const text = byId<HTMLInputElement>("confirm-text");
  byId("confirm-title").textContent = `${title}?`;
  byId("confirm-words").textContent = words;
  byId("confirm-yes").textContent = `${label} it`;
  byId("confirm-no").onclick = () => dialog.close("no");
  byId("confirm-text-label").hidden = !hasText;
  text.value = "";
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => resolve(dialog.returnValue === "yes" ? text.value.trim() : undefined);
  });
}

function say(words: string): void {
  byId("said").textContent = words;
}

function complain(words: string): void {
  byId("trouble").hidden = false;
  byId("trouble").textContent = words;
}

export async function act(upload: Upload, verb: Verb): Promise<boolean> {
  const text = await confirmed(`${ACTS[verb].label} ${nameOf(upload)}`, ACTS[verb]);
  if (text === undefined) {
    return false;
  }
  const query = text && `?${new URLSearchParams({ words: text })}`;
  try {
    await post(`uploads/${upload.id}/${verb}${query}`);
  } catch (error) {
    complain(`${nameOf(upload)}: ${(error as Error).message}`);
    return false;
  }
  byId("trouble").hidden = true;
  say(`${nameOf(upload)}: ${ACTS[verb].done}`);
  return true;
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
  failure: "Why the last attempt failed, or it was set aside",
  answer_status: "Status of the backend's answer",
  answer: "The backend's answer",
  stored: "Stored bytes",
};

interface StoryEvent {
  at: string;
  until?: string;
  event: string;
  count?: number;
  bytes?: number;
  words?: string;
}

// As the server names them (docs/operations.md).
const HAPPENED: Record<string, string> = {
  begins: "Bytes begin to come",
  bytes: "Bytes came",
  broke_off: "A request broke off",
  complete: "All bytes are there",
  cleared: "The checks have taken the file",
  attempt_failed: "The hand-off failed",
  given_up: "The hand-off was given up",
  set_aside: "The checks have set the file aside",
  released: "An operator released it",
  refused: "An operator refused it",
  put_back: "An operator had it handed over again",
  answered: "The backend's answer",
};

function line(event: StoryEvent): HTMLElement {
  const item = document.createElement("li");
  const when = document.createElement("time");
  when.dateTime = event.at;
  const [from, until] = [time(event.at), time(event.until ?? event.at)];
  when.textContent = from === until ? from : `${from} – ${until}`;
  const details = [
    event.count && `${event.count} times`,
    event.bytes && `${bytes(event.bytes)}`,
    event.words,
  ].filter(Boolean);
  const what = HAPPENED[event.event] ?? event.event.charAt(0).toUpperCase() + event.event.slice(1);
  item.append(when, ` ${[what, ...details].join(", ")}`);
  return item;
}

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
  let story: Record<string, unknown> & { events: StoryEvent[]; in_memory_since?: string };
  try {
    story = await get(`uploads/${upload.id}`);
  } catch (error) {
    complain(`${nameOf(upload)}: ${(error as Error).message}`);
    return;
  }
  byId("details-title").textContent = nameOf(upload);
  const { events, in_memory_since: since, ...facts } = story;
  byId("facts").replaceChildren(...Object.entries(facts).map(([name, value]) => fact(name, value)));
  byId("events").replaceChildren(...events.map(line));
  byId("events-since").textContent = since
    ? `In detail since ${time(since)}, when this server process took it into memory; of what was before, what is on record.`
    : "What is on record: this server process has not had it in memory.";
  byId<HTMLDialogElement>("details").showModal();
}
