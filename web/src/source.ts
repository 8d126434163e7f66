// Where the page's figures come from. A stream of events can take the place of this file.
import type { Found, Rig, Series, Snapshot, Span, Status } from "./api";

async function get<T>(route: string): Promise<T> {
  const answer = await fetch("api/v1/" + route, { signal: AbortSignal.timeout(3000) });
  if (!answer.ok) throw new Error(`${route}: ${answer.status}`);
  return answer.json();
}

export const series = (span: Span) => get<Series>("series?span=" + span);

// follow calls update with what is new each second while the page is visible, and lost when the
// node did not answer.
export function follow(update: (s: Snapshot) => void, lost: (since: Date) => void): void {
  let contact = new Date();
  let timer = 0;
  let busy = false;
  const ask = async () => {
    clearTimeout(timer);
    if (document.hidden || busy) return;
    busy = true;
    try {
      const [status, rigs, found] = await Promise.all([
        get<Status>("status"), get<{ rigs: Rig[] }>("rigs"), get<{ blocks: Found[] }>("blocks?last=20"),
      ]);
      contact = new Date();
      update({ status, rigs: rigs.rigs, found: found.blocks });
    } catch {
      lost(contact);
    }
    busy = false;
    timer = window.setTimeout(ask, 1000);
  };
  document.addEventListener("visibilitychange", ask);
  ask();
}
