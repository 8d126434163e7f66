//go:build unix

package console

import (
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
)

// guardScript gives the terminal, its standard input, the mode of its argument, if the program
// says on descriptor 3 that it crashes, and ends with it. Signals for the group are not for it.
const guardScript = `trap "" HUP INT QUIT TERM TSTP
read -r crash <&3 && exec stty "$0"`

// guard has the terminal given back where a panic or a fatal error ends the process, before
// which no function of ours is called: a shell waits for the report of it, which Go sends there
// too. To be called in the foreground, while the terminal is as it was. Where there is no shell
// or no stty, a crash leaves the terminal without echo.
func guard(terminal *os.File) {
	save := exec.Command("stty", "-g")
	save.Stdin = terminal
	mode, err := save.Output()
	if err != nil {
		return
	}
	r, w, err := os.Pipe()
	if err != nil {
		return
	}
	defer r.Close()
	defer w.Close()
	shell := exec.Command("/bin/sh", "-c", guardScript, strings.TrimSpace(string(mode)))
	shell.Stdin, shell.ExtraFiles = terminal, []*os.File{r}
	if err := shell.Start(); err != nil {
		return
	}
	go func() { _ = shell.Wait() }() // It ends with this process.
	_ = debug.SetCrashOutput(w, debug.CrashOptions{})
}
