import type { Series, Span } from "./api";
import { h, uPlot, useEffect, useRef, useState } from "./libraries";
import { series } from "./source";
import { moment, rate } from "./units";

const spans: Span[] = ["1h", "24h", "7d"];
const color = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function columns(s: Series): uPlot.AlignedData {
  const from = Date.parse(s.from) / 1000;
  const known = s.hashrate.filter((v): v is number => v !== null);
  const mean = known.length ? known.reduce((a, b) => a + b, 0) / known.length : null;
  const edge = (sign: number) => s.hashrate.map((v, i) => v === null || s.band[i] === null ? null : Math.max(0, v + sign * (s.band[i] ?? 0) * (s.rigs[i] ?? 0)));
  return [s.hashrate.map((_, i) => from + i * s.step_seconds), edge(1), edge(-1), s.hashrate, s.hashrate.map(() => mean)];
}

function marks(u: uPlot, s: Series): void {
  u.ctx.fillStyle = color("--good");
  for (const b of s.blocks) {
    const x = u.valToPos(Date.parse(b.at) / 1000, "x", true);
    u.ctx.fillRect(x - devicePixelRatio, u.bbox.top, 2 * devicePixelRatio, u.bbox.height);
  }
}

function options(width: number, s: Series): uPlot.Options {
  const axis = { stroke: color("--dim"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false } };
  return {
    width, height: 220, legend: { show: false }, cursor: { show: false },
    scales: { y: { range: (_u, _min, max) => [0, (max || 1) * 1.1] } },
    axes: [axis, { ...axis, size: 76, values: (_u, all) => all.map((v) => rate(v)) }],
    series: [{}, {}, {}, { stroke: color("--mark"), width: 2 }, { stroke: color("--dim"), width: 1, dash: [6, 4] }],
    bands: [{ series: [1, 2], fill: color("--band") }],
    hooks: { draw: [(u) => marks(u, s)] },
  };
}

export function Chart() {
  const [span, choose] = useState<Span>("1h");
  const [data, show] = useState<Series | null>(null);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const load = () => { if (!document.hidden) series(span).then(show, () => {}); };
    load();
    const timer = setInterval(load, 10000);
    return () => clearInterval(timer);
  }, [span]);
  useEffect(() => {
    if (!place.current || !data) return;
    const draw = () => {
      place.current!.replaceChildren();
      new uPlot(options(place.current!.clientWidth, data), columns(data), place.current!);
    };
    draw();
    const dark = matchMedia("(prefers-color-scheme: dark)");
    addEventListener("resize", draw);
    dark.addEventListener("change", draw);
    return () => { removeEventListener("resize", draw); dark.removeEventListener("change", draw); };
  }, [data]);
  const rows = data ? data.hashrate.map((v, i) => ({ at: Date.parse(data.from) + i * data.step_seconds * 1000, v })).filter((r) => r.v !== null).slice(-60) : [];
  return <section>
    <header><h2>Hashrate</h2><div role="group" aria-label="Time shown">
      {spans.map((s) => <button type="button" aria-pressed={s === span} onClick={() => choose(s)}>{s.replace(/(\d+)/, "$1 ")}</button>)}
    </div></header>
    <figure><div ref={place} aria-hidden="true" class="chart" />
      <figcaption>Hashrate of devices and rigs; dashed, its mean; shaded, by how much a rate measured by shares may be off; green, found blocks. Gaps are times when the node was off.</figcaption>
    </figure>
    <details><summary>As a table</summary><div class="scroll"><table><thead><tr><th>From</th><th>Hashrate</th></tr></thead>
      <tbody>{rows.map((r) => <tr><td>{moment(new Date(r.at).toISOString())}</td><td>{rate(r.v)}</td></tr>)}</tbody></table></div></details>
  </section>;
}
