// What the page knows, and how an event changes it.
import type { Found, Rig, Snapshot } from "./api";

// Event is one of the node's, and when it came.
export interface Event { name: string; data: any; at: number }

const shownBlocks = 20;

function withRig(rigs: Rig[], change: Partial<Rig> & { rig: string; gone?: boolean }): Rig[] {
  const others = rigs.filter((r) => r.rig !== change.rig);
  if (change.gone) return others;
  const old = rigs.find((r) => r.rig === change.rig);
  return old ? rigs.map((r) => r === old ? { ...old, ...change } : r) : [...rigs, change as Rig];
}

function withBlock(blocks: Found[], block: Found): Found[] {
  const known = blocks.some((b) => b.block.hash === block.block.hash);
  if (known) return blocks.map((b) => b.block.hash === block.block.hash ? block : b);
  // By height, as the node does: one found by a clock that was ahead would be the latest for long.
  return [block, ...blocks].sort((a, b) => b.block.height - a.block.height || b.block.found.localeCompare(a.block.found)).slice(0, shownBlocks);
}

export function after(s: Snapshot | null, { name, data }: Event): Snapshot | null {
  if (name === "snapshot") return data;
  if (!s) return s;
  switch (name) {
    case "status": return { ...s, status: { ...s.status, ...data } };
    case "tip": return { ...s, status: { ...s.status, height: data.height } };
    case "rig": return { ...s, rigs: withRig(s.rigs, data) };
    case "block": return { ...s, blocks: withBlock(s.blocks, data) };
  }
  return s;
}
