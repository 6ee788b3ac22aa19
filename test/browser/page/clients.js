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

// jQuery File Upload leaves it to its page to try again, from the last chunk that was taken.
function startBlueimp(url, options) {
  const usual = { url, maxChunkSize: MIB, dataType: "json" };
  let tries = 0;
  $("#file")
    .fileupload({ ...usual, ...options })
    .on("fileuploaddone", (event, data) => {
      upload.answers = [data.jqXHR.responseText];
      ended("success");
    })
    .on("fileuploadfail", (event, data) => {
      const isFinal = data.jqXHR.status >= 400 && data.jqXHR.status < 500;
      if (isFinal || ++tries > 300) {
        ended("error", data.jqXHR.responseText);
      } else {
        data.data = null;
        setTimeout(() => data.submit(), 100);
      }
    });
  $("#file").fileupload("add", { files: [chosen()] });
}

function startBlueimpForms(url, options) {
  const formData = { upload_id: crypto.randomUUID(), upload_size: chosen().size };
  startBlueimp(url, { formData, ...options });
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
