// Package stratum is the server that gives the rigs of a LAN their jobs and judges their
// shares, in the Stratum dialect of Bytom's rigs. docs/stratum.md describes the dialect,
// the package wire has its messages, and the package client a rig's end of it.
package stratum
