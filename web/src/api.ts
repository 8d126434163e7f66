// What the node answers, as node/openapi.yaml has it; null is not known yet.
export type Maybe = number | null;

export interface Fault { id: string; since: string; what: string; do: string; serious: boolean }

export interface Window {
  hashrate: Maybe; devices: Maybe; rigs: Maybe; band: Maybe;
  covered_seconds: number; expected_blocks: number; blocks: number; chance_of_fewer: Maybe;
}

export interface Work {
  height: number; payee: string; reward: number; transactions: number;
  coinbase: string; arbitrary: string; paid: string; matches: boolean;
}

export interface Watched {
  source: string; up: boolean; error: string | null; height: Maybe; ahead: Maybe; last: string | null; alarm: string | null;
}

// FrontPart is what a front has beside what a node has.
export interface FrontPart {
  key: string; engine_away: string | null; shares_kept: number; split: boolean;
  nodes: { key: string; silent_seconds: Maybe; served: boolean; height: number; why: string }[];
}

// FrontOf is what a node knows of one of its fronts.
export interface FrontOf { name: string; key: string; seen: string | null; entries: number; blocks: number }

export interface Status {
  at: string; network: string; node: string; height: number; highest: Maybe; peers: number; clock_ahead_seconds: Maybe;
  mining: boolean; paused: boolean; not_ready: string | null; payee: string | null; work: Work | null; stratum: string | null; difficulty: Maybe;
  hashrate: Record<"now" | "1h" | "24h" | "7d", Window>;
  effort: { value: number; since: string; after_block: boolean; chance_of_worse: number } | null;
  luck: { blocks: number; expected_blocks: number; luck: number; chance_of_worse: number }[];
  odds: { expected_seconds: number; day: number; month: number; year: number } | null;
  best_share: { difficulty: number; rig: string; part: Maybe } | null;
  blocks: { found: number };
  rigs: { online: number; known: number } | null;
  history: { since: string | null; saved: boolean };
  watch?: Watched[];
  payouts: boolean; // there are books of payouts
  faults?: Fault[];
  front?: FrontPart | null; // where a front answers
  fronts?: FrontOf[] | null; // of a node that serves some
}

export interface Rig {
  rig: string; address: string; agent: string; sessions: number; last_share: string | null; seen: string;
  accepted: number; stale: number; rejected: number; best: Maybe;
  hashrate: Record<"1m" | "1h" | "24h", Maybe>; day: Maybe[];
  state?: "hashing" | "degraded" | "silent" | "away" | "new"; since?: string | null;
}

export interface Found {
  block: {
    height: number; hash: string; found: string; state: string; confirmations: number; reward: number; transactions: number;
    reason?: string; winner?: string; lost_to_own?: boolean;
    found_by?: { kind: string; name?: string; address?: string }; events: { state: string; at: string }[];
  };
  effort: Maybe;
}

export type Span = "1h" | "24h" | "7d";

export interface Series {
  span: Span; from: string; step_seconds: number;
  hashrate: Maybe[]; band: Maybe[]; rigs: Maybe[]; blocks: { at: string; height: number }[];
}

export interface Snapshot { status: Status; rigs: Rig[]; blocks: Found[] }
