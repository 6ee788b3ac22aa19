<?php
// SPDX-License-Identifier: MIT
// An application behind Sluice: takes each finished file once, without reading it. PHP 8.1 or later, no extension.
// SECRET_FILE and FILES are in the environment; FILES and backend.directory are on one file system.
declare(strict_types=1);

const WINDOW_SECONDS = 300;

// Whether Sluice made this request, and lately. $headers by lower-case name.
function is_genuine(array $headers, string $body, string $secret, int $now): bool
{
    $signature = $headers['x-sluice-signature'] ?? '';
    if (!preg_match('/^t=(\d{1,15}),v1=([0-9a-f]{64})$/D', $signature, $found) || abs($now - (int) $found[1]) > WINDOW_SECONDS) {
        return false;
    }
    $signed = $headers['x-sluice-signed'] ?? '';
    $names = explode(' ', $signed);
    // Headers that mean something here have to be signed.
    $needed = preg_grep('/^(x-sluice-(?!sign)|(idempotency-key|content-type)$)/D', array_keys($headers));
    if (array_diff($needed, $names)) {
        return false;
    }
    $values = array_map(fn (string $name) => $headers[$name] ?? '', $names);
    $lines = ["$found[1].$_SERVER[REQUEST_METHOD] $_SERVER[REQUEST_URI]", $signed, ...$values];
    return hash_equals(hash_hmac('sha256', implode("\n", $lines), $secret), $found[2])
        && hash_equals($headers['x-sluice-body-sha256'] ?? '', hash('sha256', $body));
}

function answer(int $status, string $body): void
{
    http_response_code($status);
    header('Content-Type: application/json');
    header('Content-Length: ' . strlen($body));
    echo $body;
}

// The upload's one effect. Of several attempts the first gives the answer that all of them get.
function take(string $files, array $upload): string
{
    $key = $upload['key'];
    rename($upload['path'], "$files/$key.bin") || throw new RuntimeException("$upload[path] cannot be moved");
    $own = tempnam($files, 'part-');
    $file = fopen($own, 'w');
    fwrite($file, json_encode([
        'id' => $key,
        'file_name' => $upload['file_name'],
        'file_size' => $upload['file_size'],
        'sha256' => $upload['sha256'] ?? null,
        'taken_at' => microtime(true),
    ], JSON_THROW_ON_ERROR));
    fsync($file);
    if (@link($own, "$files/$key.json")) {
        error_log("took $key"); // Your application's own work goes here.
    }
    unlink($own);
    fsync($file); // ext4 and XFS write the changed names with it.
    fclose($file);
    return file_get_contents("$files/$key.json");
}

$files = getenv('FILES') ?: 'received';
$secret = trim(file(getenv('SECRET_FILE'))[0]);
is_dir($files) || mkdir($files, 0700, true);
$headers = array_change_key_case(getallheaders());
$body = file_get_contents('php://input');
if (!is_genuine($headers, $body, $secret, time())) {
    // 5xx, so that no file is refused for it while a secret is being changed.
    answer(503, '{"error":"NotTaken","message":"the signature does not fit"}');
    return;
}
$upload = json_decode($body, true, 512, JSON_THROW_ON_ERROR);
if (!preg_match('/^[0-9a-f]{32}$/D', $upload['key'])) {
    answer(503, '{"error":"NotTaken","message":"this is no key"}');
    return;
}
$known = @file_get_contents("$files/$upload[key].json");
answer(200, $known !== false ? $known : take($files, $upload));
@unlink($upload['path']); // Each attempt makes this name again.
