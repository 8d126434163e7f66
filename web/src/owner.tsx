// The page of an owner of rigs at /mining/owner/ADDRESS: what they earned, and when it is paid.
import { Amounts, exact, few, List, Stage } from "./amounts";
import { Fragment, h, render, useEffect, useState } from "./libraries";
import type { OwnerStats } from "./payouts_api";
import { ago, clock, moment, percent, rate, short } from "./units";
import { when } from "./when";

const address = location.pathname.split("/").pop()!;
const every = 30_000;
const again = 5_000; // While there is no contact.

// Known is what is known: "unknown" is an address that never was an owner's.
interface Known { data: OwnerStats | "unknown" | null; lost: Date | null }

// ask follows what the node says of the owner, for as long as the page is there.
function ask(update: (k: Known) => void): void {
  let data: Known["data"] = null;
  let contact = new Date(), timer = 0, asking = false;
  const look = async () => {
    if (document.hidden || asking) return;
    asking = true;
    clearTimeout(timer);
    let lost = false;
    try {
      const answer = await fetch("../api/v1/owner/" + encodeURIComponent(address), { signal: AbortSignal.timeout(5000) });
      if (!answer.ok && answer.status !== 404) throw new Error(`${answer.status}`);
      data = answer.ok ? await answer.json() as OwnerStats : "unknown";
      contact = new Date();
    } catch {
      lost = true;
    }
    asking = false;
    update({ data, lost: lost ? contact : null });
    timer = window.setTimeout(look, lost ? again : every);
  };
  document.addEventListener("visibilitychange", look);
  look();
}

const Rigs = ({ rigs }: { rigs: OwnerStats["rigs"] }) => <section><h2>Your rigs</h2>
  {rigs.length === 0 ? <p class="dim">No rig mines for this address now. One does that logs in as <code>{address}.NAME</code>.</p>
    : <List first={20} what="rigs" rows={rigs.map((r) => <li class="own" key={r.name}>
      <b class="name">{r.name.startsWith(address + ".") ? r.name.slice(address.length + 1) : r.name}</b>
      <span class={"tag " + (r.online ? "hashing" : "away")}>{r.online ? "connected" : "away"}</span>
      <span class="rate">{r.hashrate["1h"] === null ? "–" : rate(r.hashrate["1h"])}</span>
      <span class="dim more">{r.last_share ? `last share ${ago(r.last_share, new Date().toISOString())}` : "no share yet"}
        {r.hashrate["24h"] !== null && ` · ${rate(r.hashrate["24h"])} over 24 hours`}</span></li>)} />}
  {rigs.length > 0 && <p class="dim">The hashrate is of the last hour.</p>}
</section>;

// why says for what work a credit is.
function why(c: OwnerStats["credits"][0]): string {
  const block = `${moment(c.found)}, by ${c.scheme} of ${exact(c.reward)}, fee ${exact(c.fee)}`;
  if (c.scheme === "solo") return `${block} · your rig found it`;
  if (!c.blocks || !c.of_work) return block;
  const [all, then] = c.scheme === "dgm" ? ["since the block before", ", and your score of former work"] : ["of all that counted", ""];
  return `${block} · your work: ${percent(c.of_work)} ${all}, ${few(c.blocks)} of ${few(c.blocks / c.of_work)} blocks' worth${then}`;
}

const Credits = ({ credits, scheme }: OwnerStats) => <section><header><h2>What you got of each block</h2></header>
  {scheme === "pps" && <p class="dim">By pps each share is paid, whatever becomes of blocks: what your rigs did is added to what is payable each hour, and at each block.</p>}
  {credits.length === 0 ? scheme !== "pps" && <p class="dim">No block yet in which your work counted. What your rigs do counts for the next ones.</p>
    : <List first={8} what="blocks" rows={credits.map((c) => <li class="split" key={c.hash}>
      <b class="name">{c.height.toLocaleString("en")}</b><Stage is={c.stage} /><span class="rate">{exact(c.amount)}</span><span class="dim more">{why(c)}</span></li>)} />}
</section>;

const states: Record<string, string> = { stored: "prepared", signed: "on its way", mined: "in a block", "given up": "not made", conflict: "not made" };

const Payments = ({ payments }: { payments: OwnerStats["payments"] }) => <section><header><h2>Payments to you</h2></header>
  {payments.length === 0 ? <p class="dim">None yet.</p>
    : <List first={8} what="payments" rows={payments.map((p) => <li class="split payment" key={p.id}>
      <span class="name">{moment(p.at).slice(0, -3)}</span><Stage is={p.state} says={states[p.state]} /><span class="rate">{exact(p.amount)}</span>
      <span class="dim more">Transaction <code>{p.id}</code>{p.height ? `, in block ${p.height.toLocaleString("en")}` : ""}</span></li>)} />}
</section>;

const Figures = ({ s }: { s: OwnerStats }) => <Fragment>
  <Amounts all={[["Provisional", s.owner.provisional, "yours if the blocks stay"], ["Payable", s.owner.payable, s.owner.payable > 0 && s.owner.payable >= s.least ? "yours, and due" : `yours; paid from ${exact(s.least)} on`],
    ["In transit", s.owner.in_transit, "sent to you, and not deep in the chain yet"], ["Paid", s.owner.paid, "in all"]]} />
  <Rigs rigs={s.rigs} /><Credits {...s} /><Payments payments={s.payments} />
</Fragment>;

function Says({ data, lost }: { data: OwnerStats | "unknown"; lost: Date | null }) {
  if (lost) return <Fragment><p class="says">No contact since {clock(lost)}</p><p>The figures are of then. The page asks again by itself.</p></Fragment>;
  if (data === "unknown") {
    return <Fragment><p class="says">Nothing is known of this address yet</p>
      <p>It is as soon as a rig that logs in as <code>{address}.NAME</code> is connected: compare the address in your rig's settings with this one, letter by letter. This page asks again by itself.</p></Fragment>;
  }
  return <Fragment>{when(data).map((line) => <p key={line}>{line}</p>)}</Fragment>;
}

function Page() {
  const [{ data, lost }, show] = useState<Known>({ data: null, lost: null });
  useEffect(() => ask(show), []);
  if (!data) return <p role="status">{lost ? `No contact since ${clock(lost)}: the page asks again by itself.` : "Asking the node…"}</p>;
  const known = data !== "unknown";
  return <Fragment><header class={"band " + (lost ? "lost" : known && data.owner.held ? "warn" : known ? "good" : "idle")}>
    <h1>What your rigs earned</h1><p><code>{address}</code></p><div role="status"><Says data={data} lost={lost} /></div></header>
    {known && <div class={lost ? "stale" : ""}><Figures s={data} /></div>}
    <footer><span>Amounts are to the last digit; times are your device's.</span><a href="licences.txt">Licences</a></footer></Fragment>;
}

document.title = `${short(address)} · what your rigs earned`;
const place = document.getElementById("page")!;
place.replaceChildren();
render(<Page />, place);
