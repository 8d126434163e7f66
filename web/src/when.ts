// When an owner is paid, in sentences.
import { count, exact, fee } from "./amounts";
import type { OwnerStats } from "./payouts_api";
import { duration } from "./units";

const deep = 100; // A block's money may be spent in the block so far above it, a rule of the chain; a payment as deep is done.
const blockSeconds = 150;

const time = (blocks: number) => `about ${duration(blocks * blockSeconds)}`;
const inTime = (blocks: number) => `in ${count(Math.max(1, blocks), "block")}, ${time(Math.max(1, blocks))}`;

// payment says when the next one comes.
function payment(s: OwnerStats): string {
  const { payable, held } = s.owner;
  if (held) return `Nothing is paid to this address for now: ${held}. Ask the operator of the node.`;
  const next = s.next_at && `at block ${s.next_at.toLocaleString("en")}, ${inTime(s.next_at - s.height)}`;
  if (payable > 0 && payable >= s.least) {
    return next ? `${exact(payable)} is paid with the next payments, ${next}.` : `${exact(payable)} is due, and waits: the node makes no payments now. Its operator knows why.`;
  }
  const rule = `Payments are made each ${count(s.every, "block")}, ${time(s.every)}, from ${exact(s.least)} on`;
  if (next) return `${rule}. The next for you is ${next}, if the blocks stay.`;
  return payable > 0 ? `${rule}: ${exact(s.least - payable)} more has to become payable.` : `${rule}.`;
}

// maturity says when what is provisional becomes payable.
function maturity(s: OwnerStats): string {
  const rule = `A block's money is payable when ${deep - 1} blocks stand on it, ${time(deep - 1)} after it was found`;
  const next = Math.min(...s.credits.filter((c) => c.stage === "provisional").map((c) => c.height));
  if (next === Infinity) return rule + ".";
  return `${rule}. For the next of yours that is ${inTime(next + deep - 1 - s.height)}.`;
}

// transit says what is on its way, and how far it is.
function transit(s: OwnerStats): string[] {
  const lines: string[] = [];
  const are = (state: string, says: (last: number) => string) => {
    const all = s.payments.filter((p) => p.state === state);
    if (all.length) lines.push(exact(all.reduce((sum, p) => sum + p.amount, 0)) + says(Math.max(...all.map((p) => p.height ?? 0))));
  };
  are("stored", () => " is prepared, and sent when it is signed.");
  are("signed", () => " is sent, and waits for a block.");
  are("mined", (last) => ` is in the chain, and your wallet has it. It counts as paid when ${deep} blocks stand on it, ${inTime(last + deep - s.height)}.`);
  return lines;
}

// when is all that an owner should know of that.
export function when(s: OwnerStats): string[] {
  const lines = s.scheme || s.owner.payable > 0 || s.owner.held ? [payment(s)] : [];
  if (s.owner.provisional > 0) lines.push(maturity(s));
  lines.push(...transit(s));
  if (s.owner.overpaid) lines.push(`${exact(s.owner.overpaid)} was paid for blocks that then left the chain: your next credits make up for that.`);
  lines.push(s.scheme ? `${s.scheme === "pps" ? "Each share is paid" : "Blocks are split"} by ${s.scheme}; the operator takes a fee of ${fee(s.fee_bp)}.`
    : "Blocks are not split any more: what your rigs do now earns nothing here. What is yours stays yours.");
  return lines;
}
