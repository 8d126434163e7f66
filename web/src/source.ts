// Where the page's figures come from.
import type { Series, Snapshot, Span } from "./api";
import { Feed } from "./feed";
import { after, type Event } from "./model";

export async function series(span: Span): Promise<Series> {
  const answer = await fetch("api/v1/series?span=" + span, { signal: AbortSignal.timeout(5000) });
  if (!answer.ok) throw new Error(`series: ${answer.status}`);
  return answer.json();
}

const silence = 3500; // An event comes each second.
const together = 20; // Of hundreds of rigs that change at once the page is drawn once.

// connect has events delivered while the page is shown: by the worker that all tabs share, or,
// where there is no such thing, by a stream of this tab.
function connect(deliver: (e: Event) => void): void {
  if (typeof SharedWorker === "undefined") {
    const feed = new Feed(deliver);
    const look = () => document.hidden ? feed.close() : feed.open();
    document.addEventListener("visibilitychange", look);
    look();
    return;
  }
  const port = new SharedWorker("worker.js").port;
  port.onmessage = (m) => deliver(m.data);
  const say = () => port.postMessage(document.hidden ? "hidden" : "shown");
  document.addEventListener("visibilitychange", say);
  addEventListener("pagehide", () => port.postMessage("hidden"));
  addEventListener("pageshow", say);
  setInterval(say, 10_000);
  say();
}

// follow calls update with what is known, and since when nothing was heard of the node; null
// while it is there.
export function follow(update: (s: Snapshot | null, lost: Date | null) => void): void {
  let state: Snapshot | null = null;
  let contact = Date.now();
  let visible = contact;
  let lost = false;
  let timer = 0;
  const show = () => {
    timer = 0;
    update(state, lost ? new Date(contact) : null);
  };
  connect((e) => {
    const first = !state;
    state = after(state, e);
    contact = e.at;
    lost = Date.now() - e.at > silence; // The worker's may be of long ago.
    if (first) show();
    else timer ||= window.setTimeout(show, together);
  });
  document.addEventListener("visibilitychange", () => { visible = Date.now(); });
  setInterval(() => {
    if (lost || document.hidden || Date.now() - Math.max(contact, visible) < silence) return;
    lost = true;
    show();
  }, 250);
}
