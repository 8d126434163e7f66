import { Amounts, count, exact, fee, List, Stage } from "./amounts";
import { Fragment, h, useEffect, useState } from "./libraries";
import type { Owned, PayoutStats } from "./payouts_api";
import { ago, moment, percent, short } from "./units";

const every = 30_000;
const settled = 1500; // A block is split a moment after it was found.

// usePayouts is what the node says of payouts; null where it was not heard yet. It asks while the
// page is shown, and soon when found is another block.
function usePayouts(found: string | undefined): PayoutStats | null {
  const [data, show] = useState<PayoutStats | null>(null);
  useEffect(() => {
    let current = true;
    const load = async () => {
      if (document.hidden) return;
      const answer = await fetch("api/v1/payouts", { signal: AbortSignal.timeout(5000) });
      const stats: PayoutStats | null = answer.ok ? await answer.json() : null;
      if (current) show((old) => stats ?? old);
    };
    const look = () => { load().catch(() => {}); }; // The band says that there is no contact.
    const soon = setTimeout(look, data ? settled : 0);
    const timer = setInterval(look, every);
    document.addEventListener("visibilitychange", look);
    return () => { current = false; clearTimeout(soon); clearInterval(timer); document.removeEventListener("visibilitychange", look); };
  }, [found]);
  return data;
}

// Troubles are what keeps money from its owners.
const Troubles = ({ p, s }: { p: PayoutStats; s: PayoutStats["status"] }) => <div role="status">
  {s.stopped && <p class="notice serious"><b>Nothing is paid: {s.stopped}.</b> When that is put right, <code>bytom-solo payouts resume</code> has payments made again.</p>}
  {!!s.uncovered && <p class="notice"><b>{exact(s.uncovered)} more is owed than there is to pay it from.</b> Withdrawals took it, or more was paid than found.</p>}
  {p.by_hand && <p class="notice"><b>A batch waits to be signed by hand:</b> <code>bytom-solo payouts sign</code>.</p>}
  {p.off && <p class="notice"><b>Payouts are off.</b> New blocks are the operator's alone; what was owed before is owed still.</p>}
</div>;

const owed = (o: Owned) => o.provisional + o.payable + o.in_transit;

const Owner = ({ o }: { o: Owned }) => <li class="owner">
  <a class="name" href={"owner/" + encodeURIComponent(o.owner)}><code>{o.owner}</code></a>
  <span class="rate">{exact(owed(o))}</span>
  <span class="dim more">{exact(o.provisional)} provisional · {exact(o.payable)} payable · {exact(o.in_transit)} in transit · {exact(o.paid)} paid
    {!!o.overpaid && ` · ${exact(o.overpaid)} overpaid, which its next blocks make up for`}</span>
  {o.held && <span class="held more"><span class="tag wrong">held</span> {o.held}</span>}
</li>;

// places say where a block's own money is: payments take what they need of it.
const places: Record<string, string> = { payable: "matured", "in transit": "in payments", paid: "paid out" };

const Block = ({ b, now }: { b: PayoutStats["blocks"][0]; now: string }) => <li class="split">
  <b class="name">{b.height.toLocaleString("en")}</b><Stage is={b.stage} says={places[b.stage]} /><span class="rate">{exact(b.reward - b.fee - b.rest - b.own)}</span>
  <span class="dim more">{ago(b.found, now)}, by {b.scheme}{b.scheme === "pps" ? "" : ` to ${count(b.owners, "owner")}`}{b.scheme === "pplns" && !b.full && ", a window not full yet"} · fee {exact(b.fee)}
    {b.own > 0 && ` · ${exact(b.own)} for the operator's own shares`}
    {b.rest > 0 && ` · ${exact(b.rest)} the operator's${b.scheme === "pps" ? ", who pays each share at once" : " by the scheme"}`}{b.note && ` · ${b.note}`}</span>
</li>;

const states: Record<string, string> = { stored: "to be signed", signed: "submitted", mined: "in a block" };

const Batch = ({ b, now }: { b: PayoutStats["batches"][0]; now: string }) => <li class="split">
  <code class="name">{short(b.id)}</code><Stage is={b.state} says={states[b.state]} /><span class="rate">{exact(b.amount)}</span>
  <span class="dim more">{ago(b.at, now)}, to {count(b.owners, "owner")} · network's fee {exact(b.fee)} · {exact(b.change)} back
    {b.height ? ` · in block ${b.height.toLocaleString("en")}` : b.state in states && ` · valid up to block ${b.time_range.toLocaleString("en")}`}</span>
</li>;

const first = 5;

// rules say by what blocks are split, and when payments are made.
function rules({ status, off, every, next_at }: PayoutStats): string {
  const { scheme, fee_bp, least } = status.policy;
  if (off || !scheme) return "";
  const next = next_at ? `next at block ${next_at.toLocaleString("en")}` : status.stopped ? "stopped now" : "nothing is due";
  return `by ${scheme}, fee ${fee(fee_bp)}; paid each ${count(every, "block")} from ${exact(least)} on, ${next}`;
}

// Payouts is what is owed to the owners of rigs, and what was paid.
export function Payouts({ newest, now }: { newest?: string; now: string }) {
  const p = usePayouts(newest);
  if (!p) return null;
  const s = p.status, notes = [...s.notes ?? []].reverse();
  return <section class="payouts"><header><h2>Payouts</h2><span class="dim">{rules(p)}</span></header>
    <Troubles p={p} s={s} />
    <Amounts all={[["Provisional", s.provisional, "of blocks that may still leave the chain"],
      ["Payable", s.payable, `${count(s.due, "owner")} of ${s.owners.toLocaleString("en")} due for payment${s.held ? `; ${s.held} held` : ""}`],
      ["In transit", s.in_transit, "sent to owners, and not deep in the chain yet"],
      ["Paid", s.paid, s.paid > 0 ? "to owners, in all" : "nothing yet"]]} />
    <h3>Owners</h3>
    {p.owners.length === 0 ? <p class="dim">No block has been split yet.</p> : <List rows={p.owners.map((o) => <Owner key={o.owner} o={o} />)} first={first} what="owners" />}
    {p.owners.length < s.owners && <p class="dim">These are the largest {p.owners.length} of {s.owners.toLocaleString("en")}; <code>bytom-solo payouts owners</code> has all.</p>}
    {p.blocks.length > 0 && <Fragment><h3>What owners got of blocks</h3><List rows={p.blocks.map((b) => <Block key={b.hash} b={b} now={now} />)} first={first} what="blocks" /></Fragment>}
    {p.batches.length > 0 && <Fragment><h3>Payments</h3><List rows={p.batches.map((b) => <Batch key={b.id} b={b} now={now} />)} first={first} what="payments" /></Fragment>}
    <details><summary>The operator's part</summary><dl class="facts wide"><dt>Fees</dt><dd>{exact(s.fees)}</dd>
      <dt>{s.policy.scheme === "pps" ? "Blocks, less pay for shares" : "Own shares, and by the scheme"}</dt><dd>{exact(s.reserve)}</dd>
      <dt>Paid to the network</dt><dd>{exact(s.tx_fees)}</dd><dt>There to pay from</dt><dd>{exact(s.spendable)}, and {exact(s.immature)} to mature</dd><dt>Losses</dt><dd>{exact(s.losses)}</dd>
      {s.ruin_probability !== undefined && <Fragment><dt>Reserve ever runs out</dt><dd>{percent(s.ruin_probability)} likely</dd></Fragment>}</dl></details>
    {notes.length > 0 && <details open={!!s.stopped}><summary>Notes ({notes.length})</summary><ol>{notes.map((n) => <li><span class="dim">{moment(n.at)}</span> {n.text}</li>)}</ol></details>}
  </section>;
}
