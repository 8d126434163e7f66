// When an owner is paid, in sentences.
import { count, exact, fee } from "./amounts";
import type { OwnerStats } from "./payouts_api";
import { duration } from "./units";

const deep = 100; // Before that many blocks nobody can spend what a block pays: a rule of the chain.
const blockSeconds = 150;

const inTime = (blocks: number) => `${count(blocks, "block")}, about ${duration(blocks * blockSeconds)}`;

// payment says when what is payable comes.
function payment(s: OwnerStats): string {
  const { payable, held } = s.owner;
  if (held) return `Nothing is paid to this address for now: ${held}. Ask the operator of the node.`;
  if (payable > 0 && payable >= s.least) {
    if (!s.next_at) return `${exact(payable)} is due, and waits: the node makes no payments now. Its operator knows why.`;
    return `${exact(payable)} is paid with the next payments, in ${inTime(Math.max(1, s.next_at - s.height))}.`;
  }
  const missing = `Payments are made from ${exact(s.least)} on`;
  return payable > 0 ? `${missing}: ${exact(s.least - payable)} more has to become payable.` : `${missing}.`;
}

// maturity says when what is provisional becomes payable.
function maturity(s: OwnerStats): string {
  const rule = `A block's money is payable when ${deep} blocks stand on it, about ${duration(deep * blockSeconds)} after it was found`;
  const next = Math.min(...s.credits.filter((c) => c.stage === "provisional").map((c) => c.height));
  if (next === Infinity) return rule + ".";
  return `${rule}. For the next of yours that is in ${inTime(Math.max(1, next + deep - s.height))}.`;
}

// when is all that an owner should know of that.
export function when(s: OwnerStats): string[] {
  const lines = [payment(s)];
  if (s.owner.provisional > 0) lines.push(maturity(s));
  if (s.owner.in_transit > 0) lines.push(`${exact(s.owner.in_transit)} is on its way: it is paid when its transaction is deep in the chain.`);
  if (s.owner.overpaid) lines.push(`${exact(s.owner.overpaid)} was paid for blocks that then left the chain: your next credits make up for that.`);
  lines.push(s.scheme ? `Blocks are split by ${s.scheme}; the operator takes a fee of ${fee(s.fee_bp)}.`
    : "Blocks are not split any more: what your rigs do now earns nothing here. What is yours stays yours.");
  return lines;
}
