// SPDX-License-Identifier: MIT
// An application behind Sluice: takes finished uploads in every mode, checks the signature, keeps each file once and
// answers with Video JSON. Node's standard library only.
//   node server.mjs [--listen PORT|SOCKET] [--files DIR] [--secret-file FILE] [--verbose]
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, readFileSync, readdirSync, rmSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, extname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';

import { readForm } from './form.mjs';
import { verify } from './verify.mjs';

const { values: options } = parseArgs({
  options: {
    listen: { type: 'string', default: '3000' },
    files: { type: 'string', default: './backend-files' },
    'secret-file': { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});
const secret = options['secret-file'] && readFileSync(options['secret-file'], 'utf8').trim();
mkdirSync(options.files, { recursive: true });

const inWork = new Map(); // Idempotency-Key -> promise of the answer: an attempt may come while another still runs.

function answerFile(key) {
  return join(options.files, `${key}.json`);
}

function keptAnswer(key) {
  try {
    return readFileSync(answerFile(key), 'utf8');
  } catch {
    return undefined;
  }
}

// Writes the bytes of `stream` to `path` and returns their count and digest.
async function store(stream, path) {
  const hash = createHash('sha256');
  let size = 0;
  await pipeline(stream, async function* (pieces) {
    for await (const piece of pieces) {
      hash.update(piece);
      size += piece.length;
      yield piece;
    }
  }, createWriteStream(path));
  return { size, sha256: hash.digest('hex') };
}

// A range of a file that may be empty.
function slice(path, begin, size) {
  return size > 0 ? createReadStream(path, { start: begin, end: begin + size - 1 }) : Readable.from([]);
}

// The upload as one object, whatever the mode; its file lies at `path` afterwards, its extra files at `path`-1, -2, …
async function receive(request, path) {
  const type = request.headers['content-type'] ?? '';
  if (request.headers['x-sluice-mode'] === 'form') {
    let count = 0;
    const target = (tag) => (tag === undefined ? path : `${path}-${++count}`);
    const { fields, file, extraFiles } = await readForm(request, type, (stream, tag) => store(stream, target(tag)));
    const extra = extraFiles.map(({ tag, name, result }) => ({ tag, name, ...result }));
    return { parameters: fields, name: file.name, extra, ...file.result };
  }
  if (request.headers['x-sluice-mode'] === 'reference') {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const text = Buffer.concat(pieces);
    const digest = request.headers['x-sluice-body-sha256'];
    if (digest && createHash('sha256').update(text).digest('hex') !== digest) throw new Refused('body digest differs');
    const upload = JSON.parse(text);
    const stored = await store(slice(upload.path, 0, upload.file_size), path);
    const extra = [];
    for (const { tag, file_name: name, file_size: size, offset } of upload.extra_files ?? []) {
      extra.push({ tag, name, ...(await store(slice(upload.path, offset, size), `${path}-${extra.length + 1}`)) });
    }
    return { parameters: upload.parameters, name: upload.file_name, extra, ...stored };
  }
  const stored = await store(request, path);
  const parameters = JSON.parse(request.headers['x-sluice-parameters'] ?? '{}');
  return { parameters, name: decodeURIComponent(request.headers['x-sluice-file-name'] ?? 'unnamed'), extra: [], ...stored };
}

class Refused extends Error {}

async function take(request) {
  const key = request.headers['idempotency-key'];
  const part = join(options.files, `${key}.part`);
  try {
    const upload = await receive(request, part);
    if (upload.size !== Number(request.headers['x-sluice-file-size'])) throw new Refused('size differs');
    const digest = request.headers['x-sluice-file-sha256'];
    if (digest && digest !== upload.sha256) throw new Refused('file digest differs');
    renameSync(part, join(options.files, `${key}.bin`));
    upload.extra.forEach((_, i) => renameSync(`${part}-${i + 1}`, join(options.files, `${key}-${i + 1}.bin`)));
    const video = {
      id: key,
      status: 'processing',
      original_filename: upload.name,
      extname: extname(upload.name),
      file_size: upload.size,
      sha256: upload.sha256,
      parameters: upload.parameters,
      extra_files: upload.extra.map(({ tag, name, size, sha256 }) => ({ tag, original_filename: name, file_size: size, sha256 })),
      created_at: new Date().toISOString(),
    };
    writeFileSync(answerFile(key), JSON.stringify(video), { flag: 'wx' });
    return JSON.stringify(video);
  } finally {
    for (const name of readdirSync(options.files)) {
      if (name.startsWith(`${key}.part`)) rmSync(join(options.files, name), { force: true });
    }
  }
}

function reply(response, status, text) {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(text);
}

const server = createServer(async (request, response) => {
  const key = request.headers['idempotency-key'] ?? '';
  if (secret && !verify(request, secret)) {
    request.resume(); // A 5xx: an upload is not to be lost because a secret is being changed.
    return reply(response, 503, '{"error":"Signature","message":"the signature does not fit"}');
  }
  if (!/^[0-9a-f]{32}$/.test(key)) {
    request.resume();
    return reply(response, 400, '{"error":"BadRequest","message":"expected an Idempotency-Key"}');
  }
  if (options.verbose) console.log(`hand-off of ${key}, attempt ${request.headers['x-sluice-attempt']}`);
  try {
    const known = keptAnswer(key) ?? (await inWork.get(key));
    if (known) {
      request.resume();
      return reply(response, 200, known);
    }
    const work = take(request);
    inWork.set(key, work.catch(() => undefined).finally(() => inWork.delete(key)));
    reply(response, 200, await work);
  } catch (error) {
    console.error(`upload ${key}: ${error.message}`);
    if (!response.headersSent) reply(response, 503, JSON.stringify({ error: 'Failed', message: error.message }));
  }
});
server.requestTimeout = 0; // A large file takes its time.
const address = /^\d+$/.test(options.listen) ? { host: '127.0.0.1', port: Number(options.listen) } : { path: options.listen };
server.listen(address, () => {
  const bound = server.address();
  console.log(`backend listening on ${typeof bound === 'string' ? bound : `http://127.0.0.1:${bound.port}`}`);
});
