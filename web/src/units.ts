export const unknown = "not known yet";

const prefixes = ["", "k", "M", "G", "T", "P", "E", "Z", "Y", "R", "Q"];

const three = (v: number) => v.toPrecision(3).includes("e") ? String(Math.round(v)) : v.toPrecision(3);

export function scaled(v: number | null, unit: string): string {
  if (v === null) return unknown;
  let i = 0;
  while (v >= 999.5 && i < prefixes.length - 1) {
    v /= 1000;
    i++;
  }
  return `${v === 0 ? 0 : three(v)} ${prefixes[i]}${unit}`;
}

export const rate = (v: number | null) => scaled(v, "H/s");

export function percent(part: number | null): string {
  if (part === null) return unknown;
  const p = part * 100;
  if (p === 0) return "0 %";
  return p < 0.001 ? "< 0.001 %" : `${p > 99.9 && p < 100 ? "> 99.9" : three(p)} %`;
}

const times: [number, string][] = [[31536000, "years"], [86400, "days"], [3600, "hours"], [60, "minutes"], [1, "seconds"]];

export function duration(seconds: number): string {
  const [size, name] = times.find(([s]) => seconds >= 2 * s) ?? times[times.length - 1];
  const n = seconds / size;
  return `${n < 10 ? n.toFixed(1) : n < 1e4 ? Math.round(n) : n.toExponential(1)} ${name}`;
}

export const clock = (t: Date) => t.toTimeString().slice(0, 8);
export const moment = (t: string) => new Date(t).toLocaleString([], { dateStyle: "medium", timeStyle: "medium" });
export const ago = (t: string, now: string) => duration(Math.max(0, (Date.parse(now) - Date.parse(t)) / 1000)) + " ago";
