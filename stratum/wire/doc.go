// Package wire is the Stratum dialect of Bytom's rigs as it goes over the wire: a JSON
// object a line over TCP, with login, job and submit. Server and client share it: messages,
// jobs, numbers and nonces, targets, the reader and writer of lines, and what refusals
// mean. docs/stratum.md describes the dialect.
package wire
