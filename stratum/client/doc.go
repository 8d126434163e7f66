// Package client is a rig's end of the Stratum dialect: it dials a server of any kind,
// ours or a pool, logs in, receives jobs and submits shares.
package client
