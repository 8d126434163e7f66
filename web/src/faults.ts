// What is wrong, and what to do, as far as the status tells.
import type { Status } from "./api";

export function faults(s: Status): string[] {
  const all: string[] = [];
  if (s.not_ready !== null) all.push(`No work is handed out: ${s.not_ready}.`);
  if (s.peers === 0 && s.network !== "solonet") all.push("No peers: check this machine's network, and that port 46657 is not blocked.");
  if (!s.mining && !s.rigs?.online) all.push("Nothing mines: start the node with --mining, or connect a rig.");
  if (!s.history.saved) all.push("The history does not get to the disk: the node's log says why.");
  return all;
}
