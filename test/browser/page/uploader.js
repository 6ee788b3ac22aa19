// SPDX-License-Identifier: MIT
// The requests of the second Panda uploader for browsers, with its observed habits:
// the answers that it takes for success, for a pause and for the end, and those that it follows.
"use strict";

const REQUESTS_MAX = 300; // The original repeats for ever where no progress is made.

class PandaUploader {
  constructor(file, options = {}) {
    this.file = file;
    this.chunkSize = options.chunkSize ?? 5242880;
    this.resumeInterval = options.resumeInterval ?? 100;
    this.authorizeUrl = options.authorizeUrl ?? "/panda/authorize_upload";
    this.state = "new";
    this.message = "";
    this.video = null;
    this.pauses = 0;
    this.log = []; // One entry for each request: method, url, range, status.
    this.xhr = null;
    this.lastUrl = null;
  }

  async start() {
    this.state = "uploading";
    const payload = { filename: this.file.name, filesize: this.file.size, content_type: "application/octet-stream" };
    const answer = await this.request("POST", this.authorizeUrl, {
      "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8",
    }, "payload=" + encodeURIComponent(JSON.stringify(payload)));
    if (answer.status < 200 || answer.status > 299) {
      return this.end("failed", answer.text);
    }
    this.session = JSON.parse(answer.text);
    while (this.state === "uploading") {
      if (this.session.upload_content_type === "multipart/form-data") {
        await this.sendForm();
      } else {
        await this.sendPieces();
      }
      if (this.state === "paused") {
        await new Promise((resolve) => setTimeout(resolve, this.resumeInterval));
        this.state = this.state === "paused" ? "uploading" : this.state;
      }
    }
  }

  async sendPieces() {
    const size = this.file.size;
    let target; // Never initialised from upload_url.
    let answer = await this.put(this.session.upload_url, `bytes */${size}`, "");
    while (this.continues(answer)) {
      target = answer.header("Location") ?? target;
      const next = this.nextByte(answer.header("Range"));
      if (next === null) {
        return this.end("failed", "File range not found");
      }
      const last = Math.min(next + this.chunkSize, size) - 1;
      answer = await this.put(String(target), `bytes ${next}-${last}/${size}`, this.file.slice(next, last + 1));
    }
    await this.conclude(answer);
  }

  async sendForm() {
    const form = new FormData();
    form.append(this.session.upload_var_name ?? "file", this.file);
    await this.conclude(await this.send("POST", this.session.upload_url, { "Cache-Control": "no-cache" }, form));
  }

  continues(answer) {
    if (this.log.length > REQUESTS_MAX) {
      this.end("failed", "no end of requests");
    }
    return answer.status === 204 && this.state === "uploading";
  }

  nextByte(range) {
    if (range === null) {
      return 0;
    }
    const match = /^(\d+)-(\d+)$/.exec(range);
    if (!match) {
      return null;
    }
    const end = Number(match[2]);
    return end < this.file.size - 1 ? end + 1 : end;
  }

  async conclude(answer) {
    if (this.state !== "uploading") {
      return;
    }
    const status = answer.status;
    if (status >= 200 && status <= 206) {
      this.video = JSON.parse(answer.text);
      if (this.session.postprocess_url) {
        const last = await this.request("POST", this.session.postprocess_url, {
          "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8",
        }, "upload_response=" + encodeURIComponent(answer.text));
        this.processed = JSON.parse(last.text);
      }
      this.end("success", "");
    } else if (status >= 500 || status === 408 || status === 0) {
      this.state = "paused";
      this.pauses += 1;
    } else {
      this.end("failed", answer.text);
    }
  }

  cancel() {
    this.end("cancelled", "");
    this.xhr?.abort();
    this.request("DELETE", this.lastUrl ?? this.session.upload_url, {}, "").then((answer) => {
      this.cancelStatus = answer.status;
    });
  }

  end(state, message) {
    this.state = state;
    this.message = message;
  }

  put(url, range, body) {
    return this.send("PUT", url, {
      "Cache-Control": "no-cache",
      "Content-Type": "application/octet-stream",
      "Content-Range": range,
    }, body);
  }

  async send(method, url, headers, body) {
    this.lastUrl = url;
    const entry = { method, url, range: headers["Content-Range"] ?? null, status: null };
    this.log.push(entry);
    const answer = await this.request(method, url, headers, body);
    entry.status = answer.status;
    return answer;
  }

  request(method, url, headers, body) {
    return new Promise((resolve) => {
      const xhr = new XMLHttpRequest();
      this.xhr = xhr;
      xhr.open(method, url);
      xhr.setRequestHeader("X-Requested-With", "XMLHttpRequest");
      for (const [name, value] of Object.entries(headers)) {
        xhr.setRequestHeader(name, value);
      }
      xhr.onloadend = () =>
        resolve({ status: xhr.status, text: xhr.responseText, header: (name) => xhr.getResponseHeader(name) });
      xhr.send(body);
    });
  }
}

let upload = null;

function startUpload(options) {
  upload = new PandaUploader(document.getElementById("file").files[0], options);
  upload.start().catch((error) => upload.end("thrown", String(error)));
}
