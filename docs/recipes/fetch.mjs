// SPDX-License-Identifier: MIT
// Uploads a file to Sluice in pieces, with fetch and nothing else, in browsers and in Node 18 or later.
//   const response = await upload(file, 'https://uploads.example', { onProgress: (sent) => … });
// The response is your application's answer. What breaks is tried again from where the server is; after a reload, or a
// restart of the browser, the same file goes on when it is chosen again.

const MIB = 1024 * 1024;

// `pieceSize`: bytes of a request. `memory`: remembers locations of unfinished uploads (getItem, setItem, removeItem).
// `headers`: of the request that opens the upload, such as a credential. `parameters`: words for your application.
// `pieceTimeout`: milliseconds for one piece, or for its answer. `attempts`: failures in a row before giving up.
export async function upload(file, server, options = {}) {
  const { pieceSize = 8 * MIB, memory = globalThis.localStorage, onProgress = () => {}, signal } = options;
  const { headers = {}, parameters = {}, pieceTimeout = 120_000, attempts = 20 } = options;
  const name = `upload ${server} ${file.name} ${file.size} ${file.lastModified}`;
  const request = (url, init) => {
    const timeout = AbortSignal.timeout(pieceTimeout);
    return fetch(url, { ...init, signal: signal ? AbortSignal.any([signal, timeout]) : timeout });
  };
  const open = () => {
    const body = new URLSearchParams({ file_size: file.size, file_name: file.name, content_type: file.type, ...parameters });
    return request(`${server}/videos/upload.json`, { method: 'POST', headers, body });
  };

  let location = memory?.getItem(name);
  let stored; // Bytes that the server has; undefined: it has to be asked.
  let failures = 0;
  let trouble;
  while (failures < attempts) {
    let response;
    try {
      response = await (location ? request(location, piece(file, stored, pieceSize)) : open());
    } catch (error) {
      signal?.throwIfAborted();
      trouble = error; // The connection broke, or nothing came for too long.
    }
    if (response?.headers.get('Sluice-Answer') === 'backend') {
      memory?.removeItem(name);
      onProgress(file.size);
      return response;
    }
    if (!location && response?.ok) {
      ({ location } = await response.json());
      memory?.setItem(name, location); // Who knows the location may write the upload.
      stored = 0;
    } else if (location && response?.status === 204) {
      const now = storedBytes(response);
      if (stored !== undefined) failures = now > stored ? 0 : failures + 1;
      stored = now;
      onProgress(stored);
    } else if (location && (response?.status === 404 || response?.status === 410)) {
      memory?.removeItem(name); // It has expired: from the beginning.
      location = stored = undefined;
      failures += 1;
    } else {
      if (response) trouble = new Error(`${response.status} ${await response.text()}`);
      if (response && isFinal(response)) throw trouble;
      // A server that says when to come again is waited for: the application may take its time.
      const seconds = response?.headers.get('Retry-After');
      if (!seconds) failures += 1;
      await wait(seconds ?? Math.min(30, 2 ** (failures - 1)), signal);
      stored = undefined;
    }
  }
  throw trouble ?? new Error('the server stores nothing');
}

// The next bytes; or, while it is not known what the server has, a question.
function piece(file, stored, pieceSize) {
  const headers = { 'Content-Type': 'application/octet-stream' };
  if (stored === undefined || file.size === 0) {
    return { method: 'PUT', headers: { ...headers, 'Content-Range': `bytes */${file.size}` } };
  }
  const end = Math.min(stored + pieceSize, file.size);
  return {
    method: 'PUT',
    headers: { ...headers, 'Content-Range': `bytes ${stored}-${end - 1}/${file.size}` },
    body: file.slice(stored, end),
  };
}

function storedBytes(response) {
  const range = /^0-(\d+)$/.exec(response.headers.get('Range') ?? '');
  return range ? Number(range[1]) + 1 : 0;
}

// Whether another attempt brings nothing else. 502 is for the operator: the application did not take the file for a day.
function isFinal({ status }) {
  return status < 500 ? ![408, 425, 429].includes(status) : status === 502;
}

function wait(seconds, signal) {
  return new Promise((resolve, reject) => {
    setTimeout(resolve, seconds * 1000);
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
