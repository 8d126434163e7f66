// Package stratum speaks the Stratum dialect of Bytom's rigs: a JSON object a line
// over TCP, with login, job and submit. It has the server that gives the rigs of a LAN
// their jobs, and what a client needs. docs/stratum.md describes the dialect.
package stratum
