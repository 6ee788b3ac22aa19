// SPDX-License-Identifier: MIT
// Uppy as the page uses it: files go out in tus as soon as they are dropped, with unlimited patience.
import Uppy, { type Body, type Meta, type UppyFile } from "@uppy/core";
import Dashboard from "@uppy/dashboard";
import GoldenRetriever from "@uppy/golden-retriever";
import Tus from "@uppy/tus";

import { type Answer, describe } from "./answer";
import { apiKey, askForKey } from "./credential";
import { byId } from "./elements";
import { showRate } from "./rate";
import { list } from "./results";

// GET page.json.
export interface Settings {
  files_path: string;
  file_size_max: number;
}

type Page = Uppy<Meta, Body>;
type File = UppyFile<Meta, Body>;

const MIB = 1024 * 1024;
// A day of attempts, which begin anew with every byte that arrives.
const PAUSES = [500, 1000, 2000, 4000, ...new Array<number>(10_800).fill(8000)];
// Of what the browser keeps to go on with after a reload; larger files have to be chosen again.
const KEPT_FILE_MAX = 200 * MIB;
const KEPT_MAX = 1000 * MIB;

function say(trouble: string): void {
  const line = byId("trouble");
  line.hidden = !trouble;
  if (line.textContent !== trouble) {
    line.textContent = trouble;
  }
}

function nameOf(file: File): string {
  const path = file.meta.relativePath;
  return typeof path === "string" && path ? path : file.name;
}

// The server wants a credential, or does not know this one.
function wantsKey(status: number, text: string): boolean {
  return status === 401 || (status === 400 && text.includes("required parameters were not supplied"));
}

async function answerAt(location: string): Promise<Answer> {
  const response = await fetch(`${location}/answer`);
  return { status: response.status, text: await response.text(), isOfBackend: true };
}

async function listTaken(file: File, location: string): Promise<void> {
  // The file is there all the same where its answer cannot be had now.
  const answer = await answerAt(location).catch(() => ({ status: 200, text: "", isOfBackend: true }));
  list(describe(nameOf(file), file.size ?? 0, answer));
}

// Errors that another attempt does not mend. The files of all others stay, with a button to retry.
function judgeError(uppy: Page, file: File, xhr: XMLHttpRequest | undefined): void {
  const status = xhr?.status ?? 0;
  const text = xhr?.responseText ?? "";
  if (!file.tus?.uploadUrl && wantsKey(status, text)) {
    askForKey(text.trim(), () => void uppy.retryAll());
  } else if (status >= 400 && status < 500) {
    const isOfBackend = xhr?.getResponseHeader("Sluice-Answer") === "backend";
    list(describe(nameOf(file), file.size ?? 0, { status, text, isOfBackend }));
    // Behind what Uppy itself does with the error.
    setTimeout(() => uppy.removeFile(file.id));
  }
}

function listen(uppy: Page): void {
  uppy.on("file-added", (file) => uppy.setFileMeta(file.id, { relativePath: nameOf(file) }));
  uppy.on("upload-progress", () => say(""));
  uppy.on("upload-success", (file, response) => {
    say("");
    if (file) {
      void listTaken(file, response.uploadURL ?? "");
    }
  });
  uppy.on("upload-error", (file, _error, response) => {
    say("");
    if (file) {
      const xhr: unknown = response?.body?.xhr;
      judgeError(uppy, uppy.getFile(file.id) ?? file, xhr instanceof XMLHttpRequest ? xhr : undefined);
    }
  });
  uppy.on("complete", ({ successful }) => successful?.forEach(({ id }) => uppy.removeFile(id)));
  // Files that the browser could not keep are asked for by the Dashboard, and all go on with the last of them.
  const goOn = () => {
    if (uppy.getState().recoveredState && !uppy.getFiles().some(({ isGhost }) => isGhost)) {
      uppy.emit("restore-confirmed");
    }
  };
  uppy.on("restored", goOn);
  uppy.on("files-added", goOn);
}

function sentBy(uppy: Page): number | undefined {
  const { inProgressNotPausedFiles } = uppy.getObjectOfFilesPerState();
  return inProgressNotPausedFiles.length === 0
    ? undefined
    : uppy.getFiles().reduce((sum, { progress }) => sum + (progress.bytesUploaded || 0), 0);
}

// `keepsFiles`: this tab is the one that goes on after a reload.
export function start(settings: Settings, keepsFiles: boolean): void {
  const most = settings.file_size_max;
  const uppy = new Uppy<Meta, Body>({
    id: "sluice",
    autoProceed: true,
    restrictions: { maxFileSize: Number.isSafeInteger(most) ? most : null },
  });
  listen(uppy);
  showRate(() => sentBy(uppy));
  uppy.use(Dashboard, {
    target: "#drop",
    inline: true,
    width: "100%",
    height: 380,
    theme: "auto",
    fileManagerSelectionType: "both",
    proudlyDisplayPoweredByUppy: false,
    locale: { strings: { dashboardTitle: "Files to upload" } },
  });
  uppy.use(Tus, {
    endpoint: new URL(`.${settings.files_path}`, document.baseURI).href,
    retryDelays: PAUSES,
    removeFingerprintOnSuccess: true,
    allowedMetaFields: ["name", "type", "relativePath"],
    onBeforeRequest(request) {
      if (request.getMethod() === "POST" && apiKey()) {
        request.setHeader("X-Api-Key", apiKey());
      }
    },
    onShouldRetry(error, _attempt, _options, next) {
      const isAgain = next(error);
      if (isAgain) {
        say(
          error.originalResponse
            ? "The server needs more time. The upload goes on by itself."
            : "The server cannot be reached. The upload goes on by itself.",
        );
      }
      return isAgain;
    },
  });
  if (keepsFiles) {
    // The types of the plug-in lack what its store takes.
    const indexedDB: object = { maxFileSize: KEPT_FILE_MAX, maxTotalSize: KEPT_MAX };
    uppy.use(GoldenRetriever, { indexedDB });
  }
}
