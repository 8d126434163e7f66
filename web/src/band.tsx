import type { Status } from "./api";
import { Fragment, h, useState } from "./libraries";
import { clock } from "./units";

const hex = (text: string) => (text.match(/../g) ?? []).map((b) => parseInt(b, 16));

// readable is what of a coinbase's arbitrary data people can read.
export const readable = (text: string) => hex(text).filter((b) => b >= 32 && b < 127).map((b) => String.fromCharCode(b)).join("");

async function copy(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea"); // Where the page came by plain HTTP from another machine.
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

function Copy({ text, what }: { text: string; what: string }) {
  const [label, show] = useState("Copy");
  const press = () => copy(text).then(() => "Copied", () => "Select it by hand").then((said) => {
    show(said);
    setTimeout(() => show("Copy"), 2000);
  });
  return <button type="button" aria-label={`${label} ${what}`} aria-live="polite" onClick={press}>{label}</button>;
}

// Connect says how a rig gets work from here.
export function Connect({ s }: { s: Status }) {
  if (!s.stratum) return <p class="dim connect">Rigs can mine here too: start the node with <code>--stratum.listen 0.0.0.0:9119</code>.</p>;
  const only = /\/\/(127\.|localhost|\[::1\])/.test(s.stratum);
  const owned = s.payouts || !!s.front?.split;
  const command = `bytom-solo rig -o ${s.stratum} -u ${owned ? "ADDRESS" : "shed"}.rig1`;
  return <div class="connect"><span class="dim">{only ? "Rigs on this machine connect to" : "Rigs connect to"}</span>
    <span class="copied"><code>{s.stratum}</code><Copy text={s.stratum} what="the address for rigs" /></span>
    <details><summary>How?</summary><p>On the rig, under {owned ? "its owner's address and " : ""}a name of its own:</p><p class="copied"><code>{command}</code><Copy text={command} what="the command for a rig" /></p>
      {owned && <p>ADDRESS is where its owner is paid. What a rig with another name does is the operator's, unless <code>payout.owners</code> says whose it is.</p>}
      <p class="dim">Other miners take the same address, and the name as user; the password is not looked at unless {s.front ? "the front" : "the node"} has one.
        {only && ` For rigs elsewhere, start the ${s.front ? "front" : "node"} with --stratum.listen 0.0.0.0:9119.`}</p></details></div>;
}

// takes tells whether somebody takes work: a device, a rig, or one of a front's, whose shares tell.
const takes = (s: Status) => s.mining || !!s.rigs?.online || !!s.fronts?.length && !!s.hashrate.now.rigs;

// standing is how it is, as a class and in words.
export function standing(s: Status): [string, string] {
  const faults = s.faults ?? [];
  const works = s.not_ready === null && takes(s);
  if (faults.some((f) => f.serious)) return ["bad", works ? "Mining, but" : "Not mining"];
  if (faults.length > 0) return ["warn", works ? "Mining, but" : "Not mining"];
  return works ? ["good", "Mining"] : ["idle", "Not mining"];
}

// Band is what an operator looks at first: does it mine, for whom, and what is wrong?
export function Band({ s, lost }: { s: Status; lost: Date | null }) {
  const [kind, says] = standing(s);
  const faults = s.faults ?? [];
  return <header class={"band " + (lost ? "lost" : kind)}>
    <div class="title"><h1>{s.node || "bytom-solo"}</h1><span class="dim">{s.network}</span></div>
    <div role="status">
      {lost ? <Fragment><p class="says"><i class="dot" />No contact since {clock(lost)}</p><p>The figures are of then. Is {s.front ? "the front" : "the node"} running, and this machine's network up?</p></Fragment>
        : <Fragment><p class="says"><i class="dot" />{says}</p>
          {s.payee ? <p>Blocks found here pay <code>{s.payee}</code></p> : <p>{s.not_ready ? s.not_ready[0].toUpperCase() + s.not_ready.slice(1) + "." : "No work is made yet."}</p>}
          {s.not_ready === null && !takes(s) && <p>{s.paused ? <Fragment>Mining is paused at the node's terminal: its key <code>r</code> resumes it.</Fragment>
            : <Fragment>Work is ready, and nothing takes it: {s.front ? "connect a rig" : <Fragment>start the node with <code>--mining</code>, or connect a rig</Fragment>}.</Fragment>}</p>}
          {faults.length > 0 && <ul class="faults">{faults.map((f) => <li key={f.id}><b>{f.what}.</b> <span>{f.do}.</span></li>)}</ul>}</Fragment>}
    </div>
    <Connect s={s} />
  </header>;
}
