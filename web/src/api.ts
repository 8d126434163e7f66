// What the node answers, as node/openapi.yaml has it; null is not known yet.
type Maybe = number | null;

export interface Status {
  at: string; network: string; node: string; height: number; peers: number;
  mining: boolean; not_ready: string | null; payee: string | null; difficulty: Maybe;
  hashrate: Record<"now" | "1h" | "24h" | "7d", { hashrate: Maybe; devices: Maybe; rigs: Maybe; band: Maybe; expected_blocks: number; blocks: number }>;
  effort: { value: number; since: string; after_block: boolean; chance_of_worse: number } | null;
  luck: { blocks: number; expected_blocks: number; luck: number; chance_of_worse: number }[];
  odds: { expected_seconds: number; day: number; month: number; year: number } | null;
  best_share: { difficulty: number; rig: string; part: Maybe } | null;
  blocks: { found: number };
  rigs: { online: number; known: number } | null;
  history: { saved: boolean };
}

export interface Rig {
  rig: string; address: string; agent: string; sessions: number; last_share: string | null; seen: string;
  accepted: number; stale: number; rejected: number; best: Maybe;
  hashrate: Record<"1m" | "1h" | "24h", Maybe>; day: Maybe[];
}

export interface Found {
  block: {
    height: number; hash: string; found: string; state: string; confirmations: number; reward: number; reason?: string;
    found_by?: { kind: string; name?: string; address?: string }; events: { state: string; at: string }[];
  };
  effort: Maybe;
}

export type Span = "1h" | "24h" | "7d";

export interface Series {
  span: Span; from: string; step_seconds: number;
  hashrate: Maybe[]; band: Maybe[]; rigs: Maybe[]; blocks: { at: string; height: number }[];
}

export interface Snapshot { status: Status; rigs: Rig[]; found: Found[] }
