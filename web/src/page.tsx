import type { Found, Rig, Snapshot, Status } from "./api";
import { Chart } from "./chart";
import { faults } from "./faults";
import { Fragment, h, render, useEffect, useState } from "./libraries";
import type { ComponentChildren } from "./libraries";
import { follow } from "./source";
import { ago, clock, duration, moment, percent, rate, scaled, unknown } from "./units";

function Band({ s, lost }: { s: Status; lost: Date | null }) {
  const wrong = faults(s);
  const works = s.not_ready === null && (s.mining || !!s.rigs?.online);
  return <header class={"band " + (lost ? "lost" : wrong.length ? "bad" : "good")} role="status">
    <h1>{s.node || "bytom-solo"} <small>{s.network}</small></h1>
    {lost ? <p><b>No contact since {clock(lost)}.</b> The figures are of then. Is the node running?</p>
      : <p><b>{works ? "Mining" : "Not mining"}</b>{works && s.payee && <Fragment> for <code>{s.payee}</code></Fragment>}</p>}
    {!lost && wrong.length > 0 && <ul>{wrong.map((w) => <li>{w}</li>)}</ul>}
  </header>;
}

const Number = ({ name, value, children }: { name: string; value: string; children?: ComponentChildren }) =>
  <div class="number"><dt>{name}</dt><dd class={value === unknown ? "unknown" : ""}>{value}</dd><dd class="dim">{children}</dd></div>;

function Numbers({ s }: { s: Status }) {
  const now = s.hashrate.now;
  return <dl class="numbers">
    <Number name="Hashrate" value={rate(now.hashrate)}>{now.hashrate !== null && `devices ${rate(now.devices)}, rigs ${rate(now.rigs)}`}</Number>
    <Number name="A block every" value={s.odds ? duration(s.odds.expected_seconds) : unknown}>
      {s.odds && `${percent(s.odds.day)} in a day, ${percent(s.odds.month)} in a month, ${percent(s.odds.year)} in a year`}</Number>
    <Number name="Effort" value={s.effort ? percent(s.effort.value) : unknown}>
      {s.effort && `since ${moment(s.effort.since)}; ${percent(s.effort.chance_of_worse)} of blocks take more`}</Number>
    <Number name="Best share" value={s.best_share ? scaled(s.best_share.difficulty, "") : unknown}>
      {s.best_share && `${percent(s.best_share.part)} of a block, by ${s.best_share.rig}`}</Number>
  </dl>;
}

function Sparkline({ day }: { day: (number | null)[] }) {
  const top = Math.max(1e-9, ...day.map((v) => v ?? 0));
  return <svg class="spark" viewBox="0 0 96 20" role="img" aria-label="Hashrate of the last 24 hours">
    {day.map((v, i) => v !== null && <rect x={i * 2} y={20 - Math.max(1, 19 * v / top)} width="1.6" height={Math.max(1, 19 * v / top)} />)}
  </svg>;
}

const Rigs = ({ rigs, now }: { rigs: Rig[]; now: string }) => <section><h2>Rigs</h2>
  {rigs.length === 0 ? <p class="dim">No rig has connected yet.</p> : <ul class="rows">
    {[...rigs].sort((a, b) => Math.sign(a.sessions) - Math.sign(b.sessions) || a.rig.localeCompare(b.rig)).map((r) =>
      <li key={r.rig}><b>{r.rig}</b> <span class={r.sessions ? "tag" : "tag warn"}>{r.sessions ? "connected" : "away"}</span>
        <span>{rate(r.hashrate["1h"])}</span><Sparkline day={r.day} />
        <span class="dim">{r.last_share ? `last share ${ago(r.last_share, now)}` : "no share yet"}; {r.accepted} accepted, {r.stale} stale, {r.rejected} rejected</span></li>)}
  </ul>}</section>;

const Blocks = ({ found }: { found: Found[] }) => <section><h2>Found blocks</h2>
  {found.length === 0 ? <p class="dim">None yet.</p> : <ul class="rows">
    {found.map(({ block: b, effort }) => <li key={b.hash}><b>{b.height}</b> <span class={/lost|refused/.test(b.state) ? "tag warn" : "tag"}>{b.state}</span>
      <span>{(b.reward / 1e8).toFixed(2)} BTM</span><span class="dim">{moment(b.found)}</span>
      <details><summary>its life</summary><p><code>{b.hash}</code></p>
        <p class="dim">{b.found_by && `by ${b.found_by.kind} ${b.found_by.name ?? ""}; `}effort {percent(effort)}; {b.confirmations} confirmations{b.reason && "; " + b.reason}</p>
        <ol>{b.events.map((e) => <li>{moment(e.at)} {e.state}</li>)}</ol></details></li>)}
  </ul>}</section>;

const Node = ({ s }: { s: Status }) => <section><h2>Work and node</h2><dl class="facts">
  <dt>Payee of the present work</dt><dd><code>{s.payee ?? unknown}</code></dd>
  <dt>Height</dt><dd>{s.height}</dd><dt>Hashes a block takes</dt><dd>{scaled(s.difficulty, "")}</dd>
  <dt>Peers</dt><dd>{s.peers}</dd><dt>The node's clock</dt><dd>{clock(new Date(s.at))}</dd></dl></section>;

function Page() {
  const [data, show] = useState<Snapshot | null>(null);
  const [lost, lose] = useState<Date | null>(null);
  useEffect(() => follow((s) => { show(s); lose(null); }, lose), []);
  if (!data) return <p role="status">{lost ? `No contact since ${clock(lost)}.` : "Asking the node…"}</p>;
  const s = data.status;
  return <Fragment><Band s={s} lost={lost} /><div class={lost ? "stale" : ""}>
    <Numbers s={s} /><Chart /><Rigs rigs={data.rigs} now={s.at} /><Blocks found={data.found} /><Node s={s} /></div>
    <footer><a href="/dashboard/">Bytom's dashboard: wallet and accounts</a> · <a href="api/">API</a> · <a href="licences.txt">Licences</a></footer></Fragment>;
}

const place = document.getElementById("page")!;
place.replaceChildren();
render(<Page />, place);
