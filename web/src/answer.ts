// SPDX-License-Identifier: MIT
// From the backend's answer to the words that the page shows of it.
import { prettierBytes } from "@transloadit/prettier-bytes";

export interface Result {
  name: string;
  isTaken: boolean;
  title: string; // What became of the file.
  facts: string[];
  words: string; // The backend's own, where they are no document that the page knows.
  link: string; // Where the file can be read; empty where it cannot.
}

// What GET LOCATION/answer, or the request that ended an upload, said.
export interface Answer {
  status: number;
  text: string;
  isOfBackend: boolean;
}

const WORDS_MAX = 1000;

type Document = Record<string, unknown>;

function parsed(text: string): Document {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Document) : {};
  } catch {
    return {};
  }
}

function textOf(kept: Document, name: string): string {
  const value = kept[name];
  return typeof value === "string" ? value : "";
}

function numberOf(kept: Document, name: string): number {
  const value = kept[name];
  return typeof value === "number" && value > 0 ? value : 0;
}

function length(milliseconds: number): string {
  const seconds = Math.max(1, Math.round(milliseconds / 1000));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return shown.map((part, index) => (index ? String(part).padStart(2, "0") : String(part))).join(":");
}

function factsOf(kept: Document, size: number): string[] {
  const width = numberOf(kept, "width");
  const height = numberOf(kept, "height");
  const duration = numberOf(kept, "duration");
  const digest = textOf(kept, "sha256");
  const codecs = [textOf(kept, "video_codec"), textOf(kept, "audio_codec")].filter(Boolean);
  return [
    prettierBytes(size),
    width && height ? `${width} × ${height} pixels` : "",
    duration ? `${length(duration)} long` : "",
    codecs.join(" and "),
    digest ? `SHA-256 ${digest}` : "",
  ].filter(Boolean);
}

// A URL of the backend that leads elsewhere than to the web is none.
function linkOf(kept: Document): string {
  const url = textOf(kept, "url");
  if (!url || !URL.canParse(url, document.baseURI)) {
    return "";
  }
  const { protocol, href } = new URL(url, document.baseURI);
  return protocol === "http:" || protocol === "https:" ? href : "";
}

export function describe(name: string, size: number, answer: Answer): Result {
  const kept = parsed(answer.text);
  const isTaken = answer.status >= 200 && answer.status < 300;
  const isKnown = isTaken && ["stored", "success", "processing"].includes(textOf(kept, "status"));
  const message = textOf(kept, "message") || answer.text.trim();
  const refused = answer.isOfBackend ? "Refused by the application" : "Refused by the server";
  return {
    name,
    isTaken,
    title: isTaken ? "Uploaded" : refused,
    facts: factsOf(isKnown ? kept : {}, size),
    words: isKnown ? "" : message.slice(0, WORDS_MAX),
    link: isKnown ? linkOf(kept) : "",
  };
}
