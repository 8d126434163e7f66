import type { Status, Work } from "./api";
import { readable } from "./band";
import { Fragment, h, useRef } from "./libraries";
import { btm, clock, duration, scaled, unknown } from "./units";

const Coinbase = ({ w }: { w: Work }) => <Fragment>
  <dt>Pays</dt><dd><code>{w.paid}</code> <span class={"tag " + (w.matches ? "right" : "wrong")}>{w.matches ? "the payee, as it should" : "not the payee"}</span></dd>
  <dt>Reward</dt><dd>{btm(w.reward)}</dd>
  <dt>Block</dt><dd>{w.height.toLocaleString("en")}, with {w.transactions} transaction{w.transactions === 1 ? "" : "s"}</dd>
  <dt>Says</dt><dd><code>{readable(w.arbitrary)}</code> <span class="dim">the height, and your tag if there is one</span></dd>
</Fragment>;

// Template is whom the work of now pays, read from the coinbase that is hashed.
export const Template = ({ s }: { s: Status }) => <section><header><h2>This work</h2><span class="dim">decoded from the coinbase that is being hashed</span></header>
  {s.work ? <Fragment><dl class="facts"><Coinbase w={s.work} /></dl>
    <details><summary>The coinbase's bytes</summary><p><code>{s.work.coinbase}</code></p></details></Fragment>
    : <p class="dim">There is no work: {s.not_ready ?? unknown}.</p>}</section>;

// useEta is how long it takes to a height at the pace of the last minute.
function useEta(height: number, highest: number | null): string {
  const seen = useRef<{ at: number; height: number }[]>([]);
  const now = Date.now();
  if (highest === null || highest <= height + 1) {
    seen.current = [];
    return "";
  }
  const all = seen.current;
  if (!all.length || now - all[all.length - 1].at > 2000) all.push({ at: now, height });
  while (all.length > 30) all.shift();
  const pace = (height - all[0].height) / Math.max(1, now - all[0].at) * 1000;
  const behind = `${(highest - height).toLocaleString("en")} blocks behind`;
  return pace > 0 ? `${behind}, there in ${duration((highest - height) / pace)}` : behind;
}

function offset(ahead: number | null): string {
  if (ahead === null) return "";
  if (Math.abs(ahead) < 1.5) return ", as the peers' clocks";
  return `, ${duration(Math.abs(ahead))} ${ahead > 0 ? "behind" : "ahead of"} the peers'`;
}

// Node is the node itself.
export function Node({ s }: { s: Status }) {
  const eta = useEta(s.height, s.highest);
  return <section><h2>Node</h2><dl class="facts">
    <dt>Height</dt><dd>{s.height.toLocaleString("en")}{eta ? `: ${eta}` : s.highest !== null ? ", with its peers" : ""}</dd>
    <dt>Target</dt><dd>{s.difficulty === null ? unknown : `a block takes ${scaled(s.difficulty, "")} hashes`}</dd>
    <dt>Peers</dt><dd>{s.peers}</dd>
    <dt>Clock</dt><dd>{clock(new Date(s.at))}{offset(s.clock_ahead_seconds)}</dd>
    <dt>History</dt><dd>{s.history.saved ? "on the disk" : "in memory alone: the node's log says why"}</dd></dl></section>;
}
