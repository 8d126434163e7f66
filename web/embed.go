// Package web is the page at /mining/: its sources in TypeScript, and what scripts/web.sh
// builds from them, which the program carries.
package web

import (
	"embed"
	"fmt"
	"io/fs"
)

//go:embed bundle
var bundle embed.FS

// Bundle has the page's files: index.html, and what that asks for.
func Bundle() fs.FS {
	files, err := fs.Sub(bundle, "bundle")
	if err != nil {
		panic(fmt.Sprintf("the page is not in the program: %v", err)) // A fault of the build.
	}
	return files
}
