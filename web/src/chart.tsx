import type { Series, Span } from "./api";
import { h, useEffect, useRef, useState } from "./libraries";
import { uPlot } from "./plot";
import { series } from "./source";
import { moment, rate, tick } from "./units";

const spans: Span[] = ["1h", "24h", "7d"];
const titles: Record<Span, string> = { "1h": "1 hour", "24h": "24 hours", "7d": "7 days" };
const color = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const hour = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

// columns are the times, the band's upper and lower edge, the hashrate and what is expected.
function columns(s: Series, expected: number | null): uPlot.AlignedData {
  const from = Date.parse(s.from) / 1000;
  const edge = (sign: number) => s.hashrate.map((v, i) => {
    const band = s.band[i], rigs = s.rigs[i];
    return v === null || band === null || rigs === null ? null : Math.max(0, v + sign * band * rigs);
  });
  return [s.hashrate.map((_, i) => from + i * s.step_seconds), edge(1), edge(-1), s.hashrate, s.hashrate.map(() => expected)];
}

// marks are the found blocks: a line each, unless they are so many that these hide the rest,
// and a dot at the bottom.
function marks(u: uPlot, s: Series): void {
  u.ctx.fillStyle = color("--good");
  const { top, height, width } = u.bbox, dot = devicePixelRatio;
  for (const b of s.blocks) {
    const x = u.valToPos(Date.parse(b.at) / 1000, "x", true);
    u.ctx.globalAlpha = s.blocks.length * 24 * dot < width ? 0.3 : 0;
    u.ctx.fillRect(x - dot / 2, top, dot, height);
    u.ctx.globalAlpha = 1;
    u.ctx.beginPath();
    u.ctx.arc(x, top + height, 3 * dot, Math.PI, 0);
    u.ctx.fill();
  }
}

function options(width: number, s: Series): uPlot.Options {
  const axis = { stroke: color("--dim"), font: "12px system-ui, sans-serif", grid: { stroke: color("--line"), width: 1 }, ticks: { show: false } };
  const label = (v: number) => (s.span === "7d" ? day : hour).format(v * 1000);
  return {
    width, height: 220, legend: { show: false }, cursor: { show: false }, padding: [8, 20, 0, 0],
    scales: { y: { range: (_u, _min, max) => [0, (max || 1) * 1.15] } },
    axes: [{ ...axis, values: (_u, all) => all.map(label), size: 28, space: 60, incrs: s.span === "7d" ? [86400, 172800] : [600, 900, 1800, 3600, 10800, 21600, 43200] },
      { ...axis, size: 62, values: (_u, all) => all.map(tick) }],
    series: [{}, { points: { show: false } }, { points: { show: false } }, { stroke: color("--mark"), width: 2 },
      { stroke: color("--dim"), width: 1, dash: [6, 4], points: { show: false } }],
    bands: [{ series: [1, 2], fill: color("--band") }],
    hooks: { draw: [(u) => marks(u, s)] },
  };
}

function Table({ data }: { data: Series }) {
  const rows = data.hashrate.map((v, i) => ({ at: new Date(Date.parse(data.from) + i * data.step_seconds * 1000).toISOString(), v, band: data.band[i] }))
    .filter((r) => r.v !== null).slice(-60).reverse();
  return <details><summary>As a table</summary><div class="scroll" tabIndex={0} role="region" aria-label="Hashrate as a table"><table>
    <caption>Hashrate of the last {titles[data.span]}, the latest {rows.length} of its slots; blocks found: {data.blocks.length}</caption>
    <thead><tr><th scope="col">From</th><th scope="col">Hashrate</th><th scope="col">Rigs off by</th></tr></thead>
    <tbody>{rows.map((r) => <tr key={r.at}><td>{moment(r.at)}</td><td>{rate(r.v)}</td><td>{r.band === null ? "–" : `± ${Math.round(r.band * 100)} %`}</td></tr>)}</tbody></table></div></details>;
}

// Chart is the hashrate over time. newest is the latest found block, which belongs on it.
export function Chart({ newest, expected }: { newest?: string; expected: number | null }) {
  const [span, choose] = useState<Span>("1h");
  const [data, show] = useState<Series | null>(null);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let current = true;
    const load = () => { if (!document.hidden) series(span).then((s) => { if (current) show(s); }, () => {}); };
    const soon = setTimeout(load, data ? 1500 : 0);
    const timer = setInterval(load, 10000);
    return () => { current = false; clearTimeout(soon); clearInterval(timer); };
  }, [span, newest]);
  useEffect(() => {
    const at = place.current;
    if (!at || !data) return;
    let plot: uPlot | undefined;
    const draw = () => {
      plot?.destroy();
      plot = new uPlot(options(at.clientWidth, data), columns(data, expected), at);
    };
    draw();
    const dark = matchMedia("(prefers-color-scheme: dark)");
    addEventListener("resize", draw);
    dark.addEventListener("change", draw);
    return () => { plot?.destroy(); removeEventListener("resize", draw); dark.removeEventListener("change", draw); };
  }, [data]);
  const empty = data && !data.hashrate.some((v) => v !== null);
  return <section>
    <header><h2>Hashrate</h2><div role="group" aria-label="Time shown" class="spans">
      {spans.map((s) => <button type="button" aria-pressed={s === span} aria-label={titles[s]} onClick={() => choose(s)}>{s.replace(/(\d+)/, "$1 ")}</button>)}
    </div></header>
    <figure><div class="chart"><div ref={place} aria-hidden="true" />{empty && <p class="dim">Nothing was counted in this time.</p>}</div>
      <figcaption><span class="key line">devices and rigs</span><span class="key area">rigs may be off by so much (±1/√n)</span>
        <span class="key dashed">expected: the week's average</span><span class="key mark">a found block</span></figcaption>
    </figure>
    {data && <Table data={data} />}
  </section>;
}
