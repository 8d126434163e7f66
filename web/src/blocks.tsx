import type { Found } from "./api";
import { h, useState } from "./libraries";
import { ago, btm, moment, percent, short } from "./units";

const words: Record<string, string> = {
  pending: "pending", main: "on the chain", confirmed: "confirmed", matured: "matured", lost: "lost", refused: "refused",
  found: "found", journaled: "written down", submitted: "submitted to the chain",
};

const kinds: Record<string, string> = { device: "this node's", rig: "rig", "get-work": "get-work by", getblocktemplate: "getblocktemplate by", "submit-block": "submit-block by" };

function finder(b: Found["block"]): string {
  const by = b.found_by;
  if (!by?.kind) return "";
  return `${kinds[by.kind] ?? by.kind} ${by.name ?? by.address ?? ""}`.trim();
}

function Row({ f, now, height }: { f: Found; now: string; height: number }) {
  const b = f.block;
  // The node sends no event for each confirmation.
  const confirmations = b.confirmations > 0 ? Math.max(b.confirmations, height - b.height + 1) : 0;
  const lost = b.state === "lost" || b.state === "refused";
  return <li class="block"><b class="name">{b.height.toLocaleString("en")}</b>
    <span class={"tag " + (lost ? "wrong" : b.state)}>{words[b.state] ?? b.state}</span>
    <span class="rate">{lost ? "–" : btm(b.reward)}</span>
    <span class="dim more">{ago(b.found, now)}{finder(b) && ` · ${finder(b)}`}{f.effort !== null && ` · effort ${percent(f.effort)}`}</span>
    <details><summary>Its life<span class="hidden"> of block {b.height}</span></summary>
      <p><code>{b.hash}</code></p>
      {b.reason && <p>{b.reason}</p>}
      {b.winner && <p>Block <code>{short(b.winner)}</code> has its height instead{b.lost_to_own && ", which was found here too: nothing is lost"}.</p>}
      <ol>{b.events.map((e) => <li><span class="dim">{moment(e.at)}</span> {words[e.state] ?? e.state}</li>)}</ol>
      <p class="dim">{confirmations} confirmation{confirmations === 1 ? "" : "s"}, {b.transactions} transaction{b.transactions === 1 ? "" : "s"} beside the coinbase</p>
    </details></li>;
}

const first = 8;

// Blocks are those found here, and what became of them.
export function Blocks({ found, total, now, height }: { found: Found[]; total: number; now: string; height: number }) {
  const [all, showAll] = useState(false);
  const shown = all ? found : found.slice(0, first);
  return <section><header><h2>Found blocks</h2>{shown.length < total && <span class="dim">the latest {shown.length} of {total.toLocaleString("en")}</span>}</header>
    {found.length === 0 ? <p class="dim">None yet. The chance of one is above.</p>
      : <ul class="rows">{shown.map((f) => <Row key={f.block.hash} f={f} now={now} height={height} />)}</ul>}
    {found.length > first && <button type="button" onClick={() => showAll(!all)}>{all ? `Show ${first}` : `Show ${found.length}`}</button>}
  </section>;
}
