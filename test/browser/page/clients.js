// SPDX-License-Identifier: MIT
// Starts an upload of the chosen file with an uploader as it comes from npm, and records its end.

const MIB = 1 << 20;
const upload = { state: "uploading", answers: [], message: "" };

function chosen() {
  return document.getElementById("file").files[0];
}

function ended(state, message = "") {
  upload.state = state;
  upload.message = String(message?.message ?? message);
}

function startUpChunk(endpoint, options) {
  const usual = { endpoint, file: chosen(), chunkSize: 1024, delayBeforeAttempt: 0.1 };
  const running = UpChunk.createUpload({ ...usual, ...options });
  running.on("chunkSuccess", ({ detail }) => upload.answers.push(detail.response.body));
  running.on("success", () => ended("success"));
  running.on("error", ({ detail }) => ended("error", detail.message));
}

function startDropzone(url, options) {
  const usual = { url, chunking: true, forceChunking: true, chunkSize: MIB, retryChunks: true };
  const zone = new Dropzone("#zone", { ...usual, createImageThumbnails: false, ...options });
  zone.on("success", (file) => {
    upload.answers = file.upload.chunks.map((chunk) => chunk.response);
    ended("success");
  });
  zone.on("error", (file, message) => ended("error", JSON.stringify(message)));
  zone.addFile(chosen());
}

function startResumable(target, options) {
  const usual = { target, chunkSize: MIB, chunkRetryInterval: 100, maxChunkRetries: 50 };
  const running = new Resumable({ ...usual, ...options });
  running.on("fileAdded", () => running.upload());
  running.on("fileSuccess", (file, message) => {
    upload.answers = [message];
    ended("success");
  });
  running.on("fileError", (file, message) => ended("error", message));
  running.addFile(chosen());
}

function startFilePond(url, options) {
  const headers = (file) => ({ "Upload-Length": file.size, "Upload-Name": file.name });
  const server = { url, process: { url: "/files", headers }, patch: "/uploads/", revert: null };
  const chunks = { chunkUploads: true, chunkForce: true, chunkSize: MIB, chunkRetryDelays: [100, 100, 100] };
  const pond = FilePond.create(document.getElementById("zone"), { server, ...chunks, ...options });
  pond.on("processfile", (error, file) => {
    upload.answers = [file.serverId];
    ended(error ? "error" : "success", error?.body ?? "");
  });
  pond.addFile(chosen());
}
