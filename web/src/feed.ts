// The node's stream of events, opened anew wherever it breaks.
import type { Event } from "./model";

const names = ["snapshot", "status", "rig", "block", "tip", "alert"];

export class Feed {
  private stream: EventSource | null = null;
  private last = "";
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private deliver: (e: Event) => void) {}

  open(): void {
    if (this.stream) return;
    clearTimeout(this.timer);
    const stream = new EventSource("api/v1/events" + (this.last && "?last_event_id=" + encodeURIComponent(this.last)));
    this.stream = stream;
    for (const name of names) {
      stream.addEventListener(name, (e) => {
        this.last = e.lastEventId;
        this.deliver({ name, data: JSON.parse(e.data), at: Date.now() });
      });
    }
    // By itself a browser does not come back from all errors.
    stream.onerror = () => {
      this.close();
      this.timer = setTimeout(() => this.open(), 1000);
    };
  }

  close(): void {
    clearTimeout(this.timer);
    this.stream?.close();
    this.stream = null;
  }
}
