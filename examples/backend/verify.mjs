// SPDX-License-Identifier: MIT
// Whether a request comes from Sluice and is what it sent, its body aside: X-Sluice-Body-SHA256 says what that is.
import { createHmac, timingSafeEqual } from 'node:crypto';

export function verify(request, secret, now = Date.now() / 1000) {
  const [, time, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(request.headers['x-sluice-signature'] ?? '') ?? [];
  if (!time || Math.abs(now - Number(time)) > 300) return false;
  const signed = request.headers['x-sluice-signed'] ?? '';
  const needed = Object.keys(request.headers).filter((name) => /^(x-sluice-(?!sign)|idempotency-key$|content-type$)/.test(name));
  if (!needed.every((name) => signed.split(' ').includes(name))) return false;
  const content = [`${time}.${request.method} ${request.url}`, signed, ...signed.split(' ').map((name) => request.headers[name])];
  const wanted = createHmac('sha256', secret).update(content.join('\n')).digest();
  return timingSafeEqual(wanted, Buffer.from(mac, 'hex'));
}
