// SPDX-License-Identifier: MIT
// What a person does with one upload: looks at its details, ends it, decides about it.
import { byId } from "../elements";
import { type Upload, get, nameOf, post } from "./api";
import { time } from "./words";

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
