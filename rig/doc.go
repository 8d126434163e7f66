// Package rig mines for a node or a pool elsewhere: workers on each device take their
// work from one source (get-work, getblocktemplate or Stratum) and submit to it what
// they find. mining.Miner is not for that: it works on templates of the chain beside it.
package rig
