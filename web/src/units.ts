// A figure and its unit stay on one line.
const gap = "\u00a0";

export const unknown = "not known yet";

const prefixes = ["", "k", "M", "G", "T", "P", "E", "Z", "Y", "R", "Q"];

const three = (v: number) => v.toPrecision(3).includes("e") ? String(Math.round(v)) : v.toPrecision(3);
const near = (v: number) => Math.abs(v - Math.round(v)) < 1e-3 * v;

// scaled is a number in three digits with its prefix: 1234567 is 1.23 M.
export function scaled(v: number | null, unit: string): string {
  if (v === null) return unknown;
  let i = 0;
  while (v >= 999.5 && i < prefixes.length - 1) {
    v /= 1000;
    i++;
  }
  const digits = v === 0 || i === 0 && near(v) ? Math.round(v) : three(v);
  return (digits + gap + prefixes[i] + unit).trim();
}

export const rate = (v: number | null) => scaled(v, "H/s");

// tick is a rate on an axis, without digits that say nothing.
export const tick = (v: number) => rate(v).replace(/(\.\d*?)0+(?=\D|$)/, "$1").replace(/\.(?=\D|$)/, "");

export function percent(part: number | null): string {
  if (part === null) return unknown;
  const p = part * 100;
  if (p > 0 && p < 0.001) return `<${gap}0.001${gap}%`;
  if (p > 99.9 && p < 100) return `>${gap}99.9${gap}%`;
  return (p === 0 ? "0" : p < 1 ? p.toPrecision(2) : p < 9.95 || p >= 99.5 && p < 100 ? p.toFixed(1) : Math.round(p).toLocaleString("en")) + gap + "%";
}

const times: [number, string][] = [[31536000, "years"], [86400, "days"], [3600, "hours"], [60, "minutes"], [1, "seconds"]];

export function duration(seconds: number): string {
  const [size, name] = times.find(([s]) => seconds >= 2 * s) ?? times[times.length - 1];
  const n = seconds / size;
  return (n < 10 && size > 1 ? n.toFixed(1) : n < 1e6 ? Math.round(n).toLocaleString("en") : n.toExponential(1)) + gap + name;
}

const dated = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

export const clock = (t: Date) => t.toTimeString().slice(0, 8);
export const moment = (t: string) => dated.format(new Date(t));
export const between = (from: string, to: string) => duration(Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000));
// What lies ahead by more than clocks differ is of a clock that was wrong: how long ago it was is not known.
export function ago(t: string, now: string): string {
  const past = Date.parse(now) - Date.parse(t);
  return past < -60_000 ? moment(t) : past < 2000 ? "just now" : between(t, now) + " ago";
}
// Rigs are read from the disk, which may take its time: until then it is known how many there are.
export const noRigs = (known: number) => known > 0 ? "The rigs are being read from the disk." : "No rig has connected yet.";
export const btm = (neu: number) => (neu / 1e8).toFixed(2) + gap + "BTM";
export const short = (hash: string) => hash.slice(0, 8) + "…" + hash.slice(-8);
