// Node's own http with streams, one process a core.
'use strict';

const cluster = require('cluster');
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const os = require('os');

const { JWT_SECRET, RECORDINGS_DIR, LISTEN } = process.env;

// The business of a good HS256 token, or null.
function caller(request) {
    const token = (request.headers.authorization || '').slice('Bearer '.length);
    const parts = token.split('.');
    if (parts.length !== 3) return null;
    const mac = crypto.createHmac('sha256', JWT_SECRET).update(`${parts[0]}.${parts[1]}`).digest();
    const given = Buffer.from(parts[2], 'base64url');
    if (given.length !== mac.length || !crypto.timingSafeEqual(mac, given)) return null;
    if (JSON.parse(Buffer.from(parts[0], 'base64url')).alg !== 'HS256') return null;
    const claims = JSON.parse(Buffer.from(parts[1], 'base64url'));
    return claims.exp > Date.now() / 1000 ? claims.business_id : null;
}

// [first, last] of one plain range; null without; undefined when it cannot be satisfied.
function rangeOf(request, size) {
    const found = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range || '');
    if (!found || found[0] === 'bytes=-') return null;
    const first = found[1] ? Number(found[1]) : Math.max(0, size - Number(found[2]));
    const last = found[1] && found[2] ? Math.min(Number(found[2]), size - 1) : size - 1;
    return first <= last ? [first, last] : undefined;
}

function fail(response, status) {
    response.writeHead(status, { 'Content-Length': 0 }).end();
}

function send(request, response, path, stat) {
    const range = rangeOf(request, stat.size);
    const [first, last] = range || [0, stat.size - 1];
    const headers = {
        'Content-Type': 'audio/wav',
        'Content-Length': last - first + 1,
        'Accept-Ranges': 'bytes',
        'Cache-Control': 'private, no-store',
        'Content-Disposition': 'inline',
        ETag: `"${stat.size.toString(16)}-${stat.mtimeNs.toString(16)}"`,
        'Last-Modified': stat.mtime.toUTCString(),
    };
    if (range === undefined) return fail(response, 416);
    if (range) headers['Content-Range'] = `bytes ${first}-${last}/${stat.size}`;
    response.writeHead(range ? 206 : 200, headers);
    if (request.method === 'HEAD') return response.end();
    fs.createReadStream(path, { start: first, end: last }).pipe(response);
}

function answer(request, response) {
    const business = caller(request);
    if (business === null) return fail(response, 401);
    const found = /^\/recordings\/(CA[0-9a-f]{32})$/.exec(request.url);
    if (!found) return fail(response, 404);
    const path = `${RECORDINGS_DIR}/${business}/${found[1]}.wav`;
    fs.stat(path, { bigint: true }, (error, stat) => {
        if (error) return fail(response, 404);
        const facts = { size: Number(stat.size), mtime: stat.mtime, mtimeNs: stat.mtimeNs };
        send(request, response, path, facts);
    });
}

if (cluster.isPrimary) {
    os.cpus().forEach(() => cluster.fork());
} else {
    const server = http.createServer(answer);
    server.keepAliveTimeout = 60000;
    server.listen(Number(LISTEN), '127.0.0.1');
}
