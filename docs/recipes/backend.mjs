// SPDX-License-Identifier: MIT
// An application behind Sluice: takes each finished file once. Node 18 or later, nothing to install.
//   node backend.mjs --secret-file FILE [--listen PORT] [--files DIR]
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { link, mkdir, mkdtemp, open, readFile, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const WINDOW_SECONDS = 300;
const { values: options } = parseArgs({
  options: {
    listen: { type: 'string', default: '3000' },
    files: { type: 'string', default: 'received' },
    'secret-file': { type: 'string' },
  },
});
const secret = (await readFile(options['secret-file'], 'utf8')).split('\n')[0].trim();
await mkdir(options.files, { recursive: true });

// Whether Sluice made this request, and lately; of its body this says nothing.
function verify({ method, url, headers }, now) {
  const [, time, mac] = /^t=(\d{1,15}),v1=([0-9a-f]{64})$/.exec(headers['x-sluice-signature'] ?? '') ?? [];
  if (!time || Math.abs(now - Number(time)) > WINDOW_SECONDS) return false;
  const signed = headers['x-sluice-signed'] ?? '';
  const names = signed.split(' ');
  // Headers that mean something here have to be signed.
  const needed = Object.keys(headers).filter((name) => /^(x-sluice-(?!sign)|(idempotency-key|content-type)$)/.test(name));
  if (!needed.every((name) => names.includes(name))) return false;
  const lines = [`${time}.${method} ${url}`, signed, ...names.map((name) => headers[name] ?? '')];
  const wanted = createHmac('sha256', secret).update(lines.join('\n'), 'latin1').digest();
  return timingSafeEqual(wanted, Buffer.from(mac, 'hex'));
}

// Writes all pieces to the disk.
async function save(path, pieces) {
  const file = await open(path, 'wx');
  try {
    for await (const piece of pieces) await file.writeFile(piece);
    await file.sync(); // Sluice removes its copy when it is told 200.
  } finally {
    await file.close();
  }
}

async function* digested(pieces, hash) {
  for await (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
}

async function syncNames() {
  const directory = await open(options.files);
  await directory.sync();
  await directory.close();
}

function keptAnswer(key) {
  return readFile(join(options.files, `${key}.json`)).catch(() => undefined);
}

// The upload's one effect. Of several attempts the first gives the answer that all of them get.
async function take(upload, own) {
  await rename(join(own, 'file'), join(options.files, `${upload.id}.bin`));
  await save(join(own, 'answer'), [JSON.stringify({ ...upload, taken_at: Date.now() / 1000 })]);
  try {
    await link(join(own, 'answer'), join(options.files, `${upload.id}.json`));
    console.log(`took ${upload.id}`); // Your application's own work goes here.
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  await syncNames();
  return keptAnswer(upload.id);
}

function answer(response, status, body) {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

// 5xx, so that no file is refused for it while a secret is being changed.
function refuse(response, message) {
  answer(response, 503, JSON.stringify({ error: 'NotTaken', message }));
}

async function handle(request, response) {
  const { 'idempotency-key': key = '', 'x-sluice-body-sha256': digest = '' } = request.headers;
  if (!verify(request, Date.now() / 1000) || !/^[0-9a-f]{32}$/.test(key) || !digest) {
    request.resume();
    return refuse(response, 'the signature does not fit');
  }
  const known = await keptAnswer(key);
  if (known) {
    for await (const piece of request); // An answer that comes before the body's end can be lost.
    return answer(response, 200, known);
  }
  // An attempt has files of its own: another one may still be at work.
  const own = await mkdtemp(join(options.files, 'part-'));
  try {
    const hash = createHash('sha256');
    await save(join(own, 'file'), digested(request, hash));
    if (hash.digest('hex') !== digest) return refuse(response, 'the body is not what was signed');
    const name = decodeURIComponent(request.headers['x-sluice-file-name'] ?? '');
    const size = Number(request.headers['x-sluice-file-size']);
    answer(response, 200, await take({ id: key, file_name: name, file_size: size, sha256: digest }, own));
  } finally {
    await rm(own, { recursive: true });
  }
}

const server = createServer((request, response) => {
  handle(request, response).catch((error) => {
    console.error(error);
    response.destroy(); // No answer: Sluice comes again.
  });
});
server.requestTimeout = 0; // A large file takes its time.
server.listen(Number(options.listen), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
