import type { Snapshot } from "./api";
import { Band, standing } from "./band";
import { Blocks } from "./blocks";
import { Chart } from "./chart";
import { Fronts, Nodes } from "./fleet";
import { Fragment, h, render, useEffect, useState } from "./libraries";
import { Node, Template } from "./node";
import { Numbers } from "./numbers";
import { Rigs } from "./rigs";
import { Payouts } from "./payouts";
import { follow } from "./source";
import { clock } from "./units";
import { Watch } from "./watch";

function Page() {
  const [{ data, lost }, show] = useState<{ data: Snapshot | null; lost: Date | null }>({ data: null, lost: null });
  useEffect(() => follow((data, lost) => show({ data, lost })), []);
  if (!data) return <p role="status">{lost ? `No contact since ${clock(lost)}: is the node running?` : "Asking the node…"}</p>;
  const s = data.status;
  document.title = (lost ? "No contact" : standing(s)[1].replace(", but", ": trouble")) + " · " + (s.node || "bytom-solo");
  return <Fragment><Band s={s} lost={lost} />
    <div class={lost ? "stale" : ""}>
      <Numbers s={s} />
      <Chart newest={data.blocks[0]?.block.hash} expected={s.hashrate["7d"].hashrate} />
      <Rigs rigs={data.rigs} known={s.rigs?.known ?? 0} now={s.at} />
      <Blocks found={data.blocks} total={s.blocks.found} now={s.at} height={s.height} />
      {s.payouts && <Payouts newest={data.blocks[0]?.block.hash} now={s.at} />}
      <Fronts all={s.fronts} now={s.at} />
      <Watch all={s.watch ?? []} now={s.at} />
      <div class="two"><Template s={s} />{s.front ? <Nodes s={s} f={s.front} /> : <Node s={s} />}</div>
    </div>
    <footer>{!s.front && <Fragment><a href="/dashboard/">Bytom's dashboard</a><a href="api/">API</a></Fragment>}<a href="licences.txt">Licences</a></footer></Fragment>;
}

const place = document.getElementById("page")!;
place.replaceChildren();
render(<Page />, place);
