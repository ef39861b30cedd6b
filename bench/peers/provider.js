// A provider that answers every request after LATENCY ms with the same recording: FILE, or SIZE bytes.
'use strict';

const cluster = require('cluster');
const fs = require('fs');
const http = require('http');

const { LISTEN, LATENCY, SIZE, FILE } = process.env;
const PROCESSES = 2;

function recording(size) {
    const head = Buffer.alloc(44);
    head.write('RIFF', 0);
    head.writeUInt32LE(size - 8, 4);
    head.write('WAVEfmt ', 8);
    head.writeUInt32LE(16, 16);
    head.writeUInt16LE(1, 20); // PCM
    head.writeUInt16LE(2, 22); // channels
    head.writeUInt32LE(8000, 24);
    head.writeUInt32LE(32000, 28);
    head.writeUInt16LE(4, 32);
    head.writeUInt16LE(16, 34);
    head.write('data', 36);
    head.writeUInt32LE(size - 44, 40);
    return Buffer.concat([head, Buffer.alloc(size - 44, 7)]);
}

if (cluster.isPrimary) {
    for (let i = 0; i < PROCESSES; i++) cluster.fork();
} else {
    const body = FILE ? fs.readFileSync(FILE) : recording(Number(SIZE));
    const headers = { 'Content-Type': 'audio/x-wav', 'Content-Length': body.length };
    const server = http.createServer((request, response) => {
        setTimeout(() => response.writeHead(200, headers).end(body), Number(LATENCY));
    });
    server.keepAliveTimeout = 60000;
    server.listen(Number(LISTEN), '127.0.0.1', 4096);
}
