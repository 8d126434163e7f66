//go:build !unix

package node

import "os/exec"

// endWithGroup leaves a command alone: there are no process groups here.
func endWithGroup(*exec.Cmd) {}

func endGroup(*exec.Cmd) {}
