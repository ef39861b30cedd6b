// A speech and chat server that hears the same in every file, and answers after LATENCY ms.
'use strict';

const http = require('http');

const { LISTEN, LATENCY } = process.env;
const SAID = 'שלום, מדברים מהחברה, אני מתקשרת בקשר להזמנה שלך, אפשר לקבל בבקשה את מספר הלקוח';
const SEGMENTS = [0, 20, 40].map((start) => ({ start, end: start + 9, text: SAID }));
const SUMMARY = { subject: 'הזמנה', discussed: SAID, outcome: 'נמסר מספר', next_step: '' };
const HEARD = JSON.stringify({ language: 'he', duration: 60, text: SAID, segments: SEGMENTS });
const WRITTEN = JSON.stringify({ choices: [{
    index: 0, finish_reason: 'stop', message: { role: 'assistant', content: JSON.stringify(SUMMARY) },
}] });

http.createServer((request, response) => {
    request.resume().on('end', () => setTimeout(() => {
        response.writeHead(200, { 'Content-Type': 'application/json' });
        response.end(request.url.includes('/chat/') ? WRITTEN : HEARD);
    }, Number(LATENCY)));
}).listen(Number(LISTEN), '127.0.0.1');
