// One stream for all tabs of a browser, which has six connections to a host. It is open while
// any of them is shown.
import type { Snapshot } from "./api";
import { Feed } from "./feed";
import { after } from "./model";

const forgetAfter = 30_000; // A tab that was killed says nothing.

let state: Snapshot | null = null;
let latest = 0;
const shown = new Map<MessagePort, number>();

const feed = new Feed((e) => {
  state = after(state, e);
  latest = e.at;
  shown.forEach((_, port) => port.postMessage(e));
});

function heard(port: MessagePort, isShown: boolean): void {
  if (!isShown) {
    shown.delete(port);
  } else {
    if (!shown.has(port) && state) port.postMessage({ name: "snapshot", data: state, at: latest });
    shown.set(port, Date.now());
  }
  shown.forEach((at, other) => { if (Date.now() - at > forgetAfter) shown.delete(other); });
  if (shown.size > 0) feed.open();
  else feed.close();
}

addEventListener("connect", (e) => {
  const port = (e as MessageEvent).ports[0];
  port.onmessage = (m) => heard(port, m.data === "shown");
});
