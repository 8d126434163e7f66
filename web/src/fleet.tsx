import type { FrontOf, FrontPart, Status } from "./api";
import { Fragment, h } from "./libraries";
import { ago, clock, duration, scaled, unknown } from "./units";

const short = (key: string) => key.slice(0, 8) + "…";

// stand is how a node is, as a class and words.
function stand(n: FrontPart["nodes"][0]): [string, string] {
  if (n.silent_seconds === null) return ["away", "not heard of yet"];
  if (n.silent_seconds >= 10) return ["wrong", `silent for ${duration(n.silent_seconds)}`];
  if (n.why) return ["wrong", n.why];
  return n.served ? ["right", "rigs have its work"] : ["", "in reserve"];
}

function NodeOf({ n }: { n: FrontPart["nodes"][0] }) {
  const [kind, says] = stand(n);
  return <li class="watched">
    <code class="name">{short(n.key)}</code>
    <span class={"tag " + kind}>{says}</span>
    <span class="dim">{n.height ? `work for height ${n.height.toLocaleString("en")}` : "no work"}</span>
  </li>;
}

// Nodes are those whose work a front serves, and what is between them.
export const Nodes = ({ s, f }: { s: Status; f: FrontPart }) => <section>
  <header><h2>Nodes</h2><span class="dim">by the engine between, which is {f.engine_away === null ? "reached" : `not reached: ${f.engine_away}`}</span></header>
  <ul class="rows">{f.nodes.map((n) => <NodeOf key={n.key} n={n} />)}</ul>
  <dl class="facts">
    <dt>Kept here</dt><dd>{f.shares_kept === 0 ? "nothing: the node has booked all that rigs did" : `${f.shares_kept.toLocaleString("en")} shares and logins, until the node has booked them`}</dd>
    <dt>Height</dt><dd>{s.height ? s.height.toLocaleString("en") : unknown}</dd>
    <dt>Target</dt><dd>{s.difficulty === null ? unknown : `a block takes ${scaled(s.difficulty, "")} hashes`}</dd>
    <dt>Clock</dt><dd>{clock(new Date(s.at))}</dd>
    <dt>History</dt><dd>{s.history.saved ? "on the disk" : "in memory alone: the front's log says why"}</dd>
    <dt>This front</dt><dd><code>{f.key}</code></dd></dl></section>;

function FrontRow({ f, now }: { f: FrontOf; now: string }) {
  return <li class="watched">
    <b class="name">{f.name}</b>
    <span class="dim">{f.seen ? `last heard of ${ago(f.seen, now)}` : "not heard of since the start"}</span>
    <span class="dim more">{f.entries.toLocaleString("en")} shares and logins booked, {f.blocks.toLocaleString("en")} block{f.blocks === 1 ? "" : "s"}, since the start · <code>{short(f.key)}</code></span>
  </li>;
}

// Fronts are a node's; nothing where it serves none.
export const Fronts = ({ all, now }: { all: FrontOf[] | null | undefined; now: string }) => all ? <section>
  <header><h2>Fronts</h2><span class="dim">servers of rigs on other machines</span></header>
  {all.length === 0 ? <p class="dim">None is let in: <code>--fleet.fronts</code> names them.</p> : <ul class="rows">{all.map((f) => <FrontRow key={f.key} f={f} now={now} />)}</ul>}</section>
  : <Fragment />;
