// Package rig mines for a node or a pool elsewhere: workers on each device take their
// work from one source (get-work, getblocktemplate or Stratum) and bring it what they
// find. mining.Miner is not for that: it builds its templates itself, of the chain
// beside it.
package rig
