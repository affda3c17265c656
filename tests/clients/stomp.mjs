// @stomp/stompjs that a Rust test steers: one JSON command on each line of standard input, and on standard output one
// line of JSON for each thing that happens. What a test claims stands in the test; this file only drives.

import { createInterface } from "node:readline";
import { Client } from "@stomp/stompjs";
import { WebSocket } from "ws";

Object.assign(globalThis, { WebSocket });

const say = (happened) => console.log(JSON.stringify(happened));

// What an application does whenever it is connected, for the first time or again.
const destinations = [];
let client;

function subscribe(destination) {
  const receipt = `subscribed ${destination}`;
  client.watchForReceipt(receipt, () => say({ subscribed: destination }));
  const heard = (message) => say({ message: JSON.parse(message.body), destination: message.headers.destination });
  client.subscribe(destination, heard, { receipt });
}

const commands = {
  connect({ url, headers }) {
    client = new Client({
      brokerURL: url,
      connectHeaders: headers ?? {},
      reconnectDelay: 100,
      heartbeatIncoming: 4_000,
      heartbeatOutgoing: 4_000,
      splitLargeFrames: true,
      onConnect(frame) {
        say({ connected: frame.headers });
        destinations.forEach(subscribe);
      },
      onStompError: (frame) => say({ error: frame.headers.message, body: frame.body }),
      onWebSocketClose: (event) => say({ closed: event.code }),
    });
    client.activate();
  },
  subscribe({ destination }) {
    destinations.push(destination);
    subscribe(destination);
  },
  send({ destination, body }) {
    const receipt = `sent ${body.messageId}`;
    client.watchForReceipt(receipt, () => say({ sent: body.messageId }));
    client.publish({ destination, body: JSON.stringify(body), headers: { receipt } });
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...parameters } = JSON.parse(line);
  commands[command](parameters);
}
await client?.deactivate();
