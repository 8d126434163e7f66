package harness

// `go test` shows an earlier result where nothing that a test imports, and no file that it
// reads, has changed. The end-to-end tests run the program as a process, so that each of
// its packages is imported here, by this file or another one; testnet.Solo reads the folder
// of its package main, which can't be.
import (
	_ "github.com/bytom-solo/bytom-solo/cmd/bytom-solo/console"
	_ "github.com/bytom-solo/bytom-solo/cmd/bytom-solo/table"
	_ "github.com/bytom-solo/bytom-solo/rig"
)
