// How what is owed and paid is written: to the last digit.
import { h, useState } from "./libraries";
import type { ComponentChildren } from "./libraries";

// exact is an amount with all its digits, of which there are at least two behind the point. More
// than 90 million BTM are not exact in a browser's numbers, and said to be so.
export function exact(neu: number): string {
  const all = BigInt(Math.round(Math.abs(neu)));
  const behind = (all % 100000000n).toString().padStart(8, "0").replace(/0{1,6}$/, "");
  return (Number.isSafeInteger(neu) ? "" : "about ") + (neu < 0 ? "−" : "") + (all / 100000000n).toLocaleString("en") + "." + behind + "\u00a0BTM";
}

// Figure is an amount in large digits, and those behind the point in small ones.
function Figure({ neu }: { neu: number }) {
  const [whole, behind] = exact(neu).split(".");
  return <dd class="figure">{whole}<small>.{behind}</small></dd>;
}

// Amounts are some amounts under their names.
export const Amounts = ({ all }: { all: [string, number, ComponentChildren][] }) => <dl class="numbers amounts">
  {all.map(([name, neu, about]) => <div class="number" key={name}><dt>{name}</dt><Figure neu={neu} /><dd class="dim">{about}</dd></div>)}
</dl>;

// List is the first of some rows, and all of them at a press.
export function List({ rows, first, what }: { rows: ComponentChildren[]; first: number; what: string }) {
  const [all, showAll] = useState(false);
  return <div><ul class="rows">{all ? rows : rows.slice(0, first)}</ul>
    {rows.length > first && <p class="shown"><button type="button" onClick={() => showAll(!all)}>{all ? `Show ${first} ${what}` : `Show all ${rows.length} ${what}`}</button></p>}</div>;
}

const kinds: Record<string, string> = {
  paid: "right", mined: "right", payable: "right", "in transit": "right", reversed: "wrong", withdrawn: "wrong", conflict: "wrong", "given up": "wrong",
};

// Stage is where an amount, a block's money or a batch is.
export const Stage = ({ is, says }: { is: string; says?: string }) => <span class={"tag " + (kinds[is] ?? "")}>{says ?? is}</span>;

// few is a small part of something, which is never 0 where there is any.
export const few = (v: number) => v > 0 && v < 0.0001 ? "less than 0.0001" : v === 0 ? "0" : v < 100 ? String(+v.toPrecision(3)) : Math.round(v).toLocaleString("en");

export const fee = (bp: number) => +(bp / 100).toFixed(2) + "\u00a0%";
export const count = (n: number, what: string) => `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;
