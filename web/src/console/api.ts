// SPDX-License-Identifier: MIT
// What the page asks the server, with the token of the person at the page where one is wanted.
import { byId } from "../elements";

const KEPT = "sluice.console-token";
const AGAIN_FIRST = 1000;
const AGAIN_LAST = 15_000;

export interface Upload {
  id: number;
  state: string;
  file_name?: string;
  file_size?: number;
  arrived: number;
  is_being_written: boolean;
  owner?: string;
  dialect?: string;
  address?: string;
  content_type?: string;
  created_at?: string;
  last_byte_at?: string;
  expires_at?: string;
  attempts?: number;
  next_attempt_at?: string;
  failure?: string;
  answer_status?: number;
}

export interface Changes {
  at: number;
  all: boolean;
  counts: Record<string, number>;
  matching: number;
  order: number[];
  rows: Upload[];
}

export interface Status {
  version: string;
  up_seconds: number;
  ready: boolean;
  reasons: string[];
  uploads?: Record<string, number>;
  connections: number;
  bytes_received: number;
  disk_free_bytes?: number;
}

export interface Sample {
  at: number;
  bytes: number;
  requests: number;
  errors: number;
  commit: number | null;
  sync: number | null;
  connections: number;
  disk: number | null;
  memory: number | null;
  handoffs: number | null;
}

export interface Heard {
  hour(hour: { samples: Sample[] }): void;
  sample(sample: Sample): void;
  status(status: Status): void;
  uploads(changes: Changes): void;
}

export class Refused extends Error {}

// Resolves when there is a new token. One dialog at a time serves all who wait.
let asking: Promise<void> | undefined;

function askForToken(): Promise<void> {
  asking ??= new Promise((resolve) => {
    const dialog = byId<HTMLDialogElement>("ask");
    const input = byId<HTMLInputElement>("token");
    byId("ask-words").textContent = sessionStorage.getItem(KEPT) ? "The server does not know this token." : "";
    input.value = "";
    // There is nothing to see behind it.
    dialog.oncancel = (event) => event.preventDefault();
    input.form!.onsubmit = (event) => {
      event.preventDefault();
      sessionStorage.setItem(KEPT, input.value.trim());
      dialog.close();
      asking = undefined;
      resolve();
    };
    dialog.showModal();
    input.focus();
  });
  return asking;
}

async function request(method: string, path: string, signal?: AbortSignal): Promise<Response> {
  for (;;) {
    const token = sessionStorage.getItem(KEPT);
    const response = await fetch(`api/${path}`, {
      method,
      cache: "no-store",
      headers: token ? { Authorization: `Bearer ${token}` } : {},
      signal: signal ?? null,
    });
    if (response.ok) {
      return response;
    }
    const words = await response.text();
    if (response.status !== 401) {
      throw new Refused(messageOf(words) || `The server answered ${response.status}.`);
    }
    // Another question may have got a new one meanwhile.
    if (token === sessionStorage.getItem(KEPT)) {
      await askForToken();
    }
  }
}

function messageOf(words: string): string {
  try {
    return (JSON.parse(words) as { message?: string }).message ?? "";
  } catch {
    return words;
  }
}

export async function get<T>(path: string): Promise<T> {
  return (await (await request("GET", path)).json()) as T;
}

export async function post(path: string): Promise<void> {
  await request("POST", path);
}

// Server-sent events (HTML 9.2.6) over fetch(): an EventSource sends no token.
async function hear(query: string, heard: Heard, signal: AbortSignal, begun: () => void): Promise<void> {
  const response = await request("GET", `events?${query}`, signal);
  begun();
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return;
    }
    const events = (text + value).split("\n\n");
    text = events.pop() ?? "";
    for (const event of events) {
      const [name, data] = event.split("\n");
      const action = heard[name?.replace("event: ", "") as keyof Heard];
      action?.(JSON.parse(data?.replace("data: ", "") ?? "null") as never);
    }
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

// Hears until `signal` ends it, and begins anew where the connection is lost. `lost` gets the words
// for that, and an empty text when it is heard again.
export async function listen(query: string, heard: Heard, lost: (words: string) => void, signal: AbortSignal) {
  let wait = AGAIN_FIRST;
  while (!signal.aborted) {
    let words = "The connection to the server was lost; trying again.";
    try {
      await hear(query, heard, signal, () => {
        wait = AGAIN_FIRST;
        lost("");
      });
    } catch (error) {
      words = error instanceof Refused ? error.message : "The server cannot be reached; trying again.";
    }
    if (!signal.aborted) {
      lost(words);
      await pause(wait, signal);
      wait = Math.min(2 * wait, AGAIN_LAST);
    }
  }
}
