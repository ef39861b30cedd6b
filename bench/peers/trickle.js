// A provider that sends silence slowly: the last four hex digits of a recording's SID are its
// minutes, the four before them KiB a second. Every answer begins after LATENCY ms.
'use strict';

const http = require('http');

const { LISTEN, LATENCY } = process.env;
const BYTES_A_SECOND = 32000; // 8 kHz, two channels, 16 bits
const TICK_MS = 20;

function head(size) {
    const bytes = Buffer.alloc(44);
    bytes.write('RIFF', 0);
    bytes.writeUInt32LE(36 + size, 4);
    bytes.write('WAVEfmt ', 8);
    bytes.writeUInt32LE(16, 16);
    bytes.writeUInt16LE(1, 20); // PCM
    bytes.writeUInt16LE(2, 22); // channels
    bytes.writeUInt32LE(8000, 24);
    bytes.writeUInt32LE(BYTES_A_SECOND, 28);
    bytes.writeUInt16LE(4, 32);
    bytes.writeUInt16LE(16, 34);
    bytes.write('data', 36);
    bytes.writeUInt32LE(size, 40);
    return bytes;
}

function trickle(response, size, speed) {
    const began = Date.now();
    let sent = 0;
    const timer = setInterval(() => {
        const due = Math.min(size, Math.floor((Date.now() - began) / 1000 * speed));
        if (response.destroyed) return clearInterval(timer);
        if (response.writableNeedDrain || due === sent) return undefined;
        response.write(Buffer.alloc(Math.min(due - sent, speed)));
        sent += Math.min(due - sent, speed);
        if (sent < size) return undefined;
        clearInterval(timer);
        return response.end();
    }, TICK_MS);
}

http.createServer((request, response) => {
    const sid = /RE[0-9a-f]{32}/.exec(request.url)[0];
    const size = parseInt(sid.slice(-4), 16) * 60 * BYTES_A_SECOND;
    const speed = parseInt(sid.slice(-8, -4), 16) * 1024;
    setTimeout(() => {
        response.writeHead(200, { 'Content-Type': 'audio/x-wav', 'Content-Length': 44 + size });
        response.write(head(size));
        trickle(response, size, speed);
    }, Number(LATENCY));
}).listen(Number(LISTEN), '127.0.0.1');
