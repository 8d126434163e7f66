// Package web is the page at /mining/: its sources in TypeScript, and what scripts/web.sh
// builds from them, which the program carries.
package web

import "embed"

//go:embed bundle
var bundle embed.FS
