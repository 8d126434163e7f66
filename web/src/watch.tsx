import type { Watched } from "./api";
import { h } from "./libraries";
import { ago, unknown } from "./units";

const words: Record<string, string> = {
  "others-ahead": "is ahead", "others-fork": "on another branch", "others-bits": "other bits", "others-seed": "another seed",
};

// stand is how a source's chain compares with this node's: a class and words.
function stand(w: Watched): [string, string] {
  if (w.alarm) return ["wrong", words[w.alarm] ?? w.alarm];
  if (!w.up) return ["away", "not reached"];
  if (w.ahead === null) return ["", unknown];
  if (w.ahead === 0) return ["right", "as this node"];
  return ["", `${Math.abs(w.ahead).toLocaleString("en")} block${Math.abs(w.ahead) === 1 ? "" : "s"} ${w.ahead > 0 ? "ahead" : "behind"}`];
}

function Row({ w, now }: { w: Watched; now: string }) {
  const [kind, says] = stand(w);
  return <li class="watched">
    <code class="name">{w.source}</code>
    <span class={"tag " + kind}>{says}</span>
    <span class="dim">{w.height === null ? "no height yet" : `height ${w.height.toLocaleString("en")}`}</span>
    <span class="dim more">{w.last ? `last work ${ago(w.last, now)}` : "no work yet"}{w.error && ` · ${w.error}`}</span>
  </li>;
}

// Watch is the pools and nodes that this one is compared with; nothing where there are none.
export const Watch = ({ all, now }: { all: Watched[]; now: string }) => all.length === 0 ? null : <section>
  <header><h2>Others</h2><span class="dim">{all.filter((w) => w.up).length} of {all.length} watched send work</span></header>
  <ul class="rows">{all.map((w) => <Row key={w.source} w={w} now={now} />)}</ul></section>;
