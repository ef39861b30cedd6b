<?php
/* PHP-FPM: checks the token itself and leaves the bytes to the web server, as we do. */

function fail(int $status): never
{
    http_response_code($status);
    exit;
}

function decoded(string $text): string
{
    return (string) base64_decode(strtr($text, '-_', '+/'), true);
}

/* The business of a good HS256 token. */
function caller(string $secret): int
{
    $token = substr($_SERVER['HTTP_AUTHORIZATION'] ?? '', strlen('Bearer '));
    $parts = explode('.', $token);
    if (count($parts) !== 3) {
        fail(401);
    }
    $header = json_decode(decoded($parts[0]), true);
    $mac = hash_hmac('sha256', $parts[0] . '.' . $parts[1], $secret, true);
    if (($header['alg'] ?? '') !== 'HS256' || !hash_equals($mac, decoded($parts[2]))) {
        fail(401);
    }
    $claims = json_decode(decoded($parts[1]), true);
    if (($claims['exp'] ?? 0) <= time()) {
        fail(401);
    }
    return (int) $claims['business_id'];
}

$business = caller(getenv('JWT_SECRET'));
$call = basename(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH));
if (!preg_match('/^CA[0-9a-f]{32}$/D', $call)) {
    fail(400);
}
$path = getenv('RECORDINGS_DIR') . "/$business/$call.wav";
$facts = @stat($path);
if ($facts === false) {
    fail(404);
}
header('Content-Type: audio/wav');
header('Cache-Control: private, no-store');
header('Content-Disposition: inline');
header('Accept-Ranges: bytes');
header(sprintf('ETag: "%x-%x"', $facts['size'], $facts['mtime']));
header('Last-Modified: ' . gmdate('D, d M Y H:i:s', $facts['mtime']) . ' GMT');
header("X-Sendfile: $path");
