// What the node answers of payouts. Amounts are in neu.
import type { Maybe, Rig } from "./api";

export interface Owned { owner: string; provisional: number; payable: number; in_transit: number; paid: number; overpaid?: number; held?: string }

export interface PayoutStats {
  status: {
    policy: { scheme: string; fee_bp: number; least: number };
    stopped?: string; uncovered?: number; ruin_probability?: number;
    immature: number; spendable: number;
    provisional: number; payable: number; in_transit: number; paid: number; owners: number; due: number; held: number;
    fees: number; reserve: number; tx_fees: number; losses: number;
    notes?: { at: string; text: string }[];
  };
  off: boolean; by_hand: boolean; every: number; next_at: number; // blocks between payments; height of the next, 0 if nothing is due
  owners: Owned[];
  blocks: {
    height: number; hash: string; found: string; scheme: string; stage: string;
    reward: number; fee: number; rest: number; own: number; owners: number; full: boolean; note?: string;
  }[];
  batches: {
    id: string; at: string; state: string; owners: number; amount: number; fee: number; change: number;
    block?: string; height?: number; time_range: number;
  }[];
}

export interface OwnerStats {
  owner: Owned; scheme: string; fee_bp: number; least: number;
  height: number; every: number; next_at: number; // of the chain, between payments, and of the one with something for the owner; 0 is none
  rigs: { name: string; online: boolean; hashrate: Rig["hashrate"]; last_share: string | null }[];
  credits: { height: number; hash: string; found: string; scheme: string; amount: number; reward: number; fee: number; blocks: Maybe; of_work: Maybe; stage: string }[];
  payments: { id: string; at: string; amount: number; state: string; height?: number }[];
}
