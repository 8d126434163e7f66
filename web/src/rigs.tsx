import type { Maybe, Rig } from "./api";
import { h, useState } from "./libraries";
import { ago, between, noRigs, percent, rate } from "./units";

const first = 50; // More are a press away: a page of hundreds is slow on a phone.

// The troubled come first.
const order = ["silent", "degraded", "away", "new", "hashing"];
const words: Record<string, string> = { silent: "silent", degraded: "slow", away: "away", new: "new", hashing: "hashing" };

const stateOf = (r: Rig) => r.state ?? (r.sessions ? (r.last_share ? "hashing" : "new") : "away");

function Sparkline({ day }: { day?: Maybe[] }) {
  if (!day?.some((v) => v !== null)) return <span class="spark" />;
  const top = Math.max(1e-9, ...day.map((v) => v ?? 0));
  const bars = day.map((v, i) => v === null ? "" : `M${2 * i} 20V${(20 - Math.max(1, 19 * v / top)).toFixed(1)}h1.6V20z`).join("");
  return <svg class="spark" viewBox="0 0 96 20" role="img" aria-label="Hashrate of the last 24 hours"><path d={bars} /></svg>;
}

function shares(r: Rig): string {
  const bad = r.stale + r.rejected;
  const all = r.accepted + bad;
  return `${r.accepted.toLocaleString("en")} shares` + (bad ? `, ${percent(bad / all)} refused` : "");
}

function Row({ r, now }: { r: Rig; now: string }) {
  const state = stateOf(r);
  return <li class="rig">
    <b class="name">{r.rig}</b>
    <span class={"tag " + state}>{words[state]}{r.since && state !== "hashing" ? ` for ${between(r.since, now)}` : ""}</span>
    <span class="rate">{r.hashrate["1h"] === null ? "–" : rate(r.hashrate["1h"])}</span>
    <Sparkline day={r.day} />
    <span class="dim more">{r.last_share ? `last share ${ago(r.last_share, now)}` : "no share yet"} · {shares(r)}{r.agent && ` · ${r.agent}`}</span>
  </li>;
}

// Rigs are those that mine for this node.
export function Rigs({ rigs, known, now }: { rigs: Rig[]; known: number; now: string }) {
  const [all, showAll] = useState(false);
  const sorted = [...rigs].sort((a, b) => order.indexOf(stateOf(a)) - order.indexOf(stateOf(b)) || a.rig.localeCompare(b.rig, "en", { numeric: true }));
  const well = rigs.filter((r) => stateOf(r) === "hashing").length;
  return <section><header><h2>Rigs</h2>{rigs.length > 0 && <span class="dim">{well} of {rigs.length} hashing · hashrate of the last hour, and 24 hours</span>}</header>
    {rigs.length === 0 ? <p class="dim">{noRigs(known)}</p> : <ul class="rows">{sorted.slice(0, all ? rigs.length : first).map((r) => <Row key={r.rig} r={r} now={now} />)}</ul>}
    {rigs.length > first && <p class="dim shown">{all ? rigs.length : first} of {rigs.length} rigs are shown. <button type="button" onClick={() => showAll(!all)}>{all ? `Show ${first}` : `Show all ${rigs.length}`}</button></p>}
  </section>;
}
