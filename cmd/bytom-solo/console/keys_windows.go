package console

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/windows"
)

// keyboard gets single keys from a console, and has a click into it select no text: while text
// is selected, a program that writes to the console stands still.
type keyboard struct {
	mu     sync.Mutex
	handle windows.Handle // 0 while the console is as it was
	before uint32
}

func (k *keyboard) run(ctx context.Context, in *os.File, screen bool, press func(rune), _ func()) {
	keys := screen && k.take(windows.Handle(in.Fd()), true)
	if !keys {
		if !k.takeConsole() {
			return
		}
	}
	defer context.AfterFunc(ctx, k.release)()
	if keys {
		go func() { // Nothing but a key ends its wait.
			var text [64]byte
			for {
				n, err := in.Read(text[:])
				if ctx.Err() != nil || err != nil && !errors.Is(err, io.EOF) { // Ctrl-Z reads as the end.
					return
				}
				if n == 1 {
					press(rune(text[0]))
				}
			}
		}()
	}
	<-ctx.Done()
}

// takeConsole is take for a program whose standard input is not its console.
func (k *keyboard) takeConsole() bool {
	name, err := windows.UTF16PtrFromString("CONIN$")
	if err != nil {
		return false
	}
	h, err := windows.CreateFile(name, windows.GENERIC_READ|windows.GENERIC_WRITE, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE,
		nil, windows.OPEN_EXISTING, 0, 0)
	if err != nil {
		return false
	}
	return k.take(h, false)
}

// take changes the mode of a console's input. It reports whether that is one.
func (k *keyboard) take(h windows.Handle, keys bool) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	var before uint32
	if err := windows.GetConsoleMode(h, &before); err != nil {
		return false
	}
	if err := windows.SetConsoleMode(h, inputMode(before, keys)); err != nil {
		return false
	}
	k.handle, k.before = h, before
	return true
}

// inputMode is a mode without QuickEdit, in which Ctrl-C stays a signal; with keys it gives
// them one by one, unseen.
func inputMode(mode uint32, keys bool) uint32 {
	mode = mode&^windows.ENABLE_QUICK_EDIT_MODE | windows.ENABLE_EXTENDED_FLAGS
	if keys {
		mode = mode&^(windows.ENABLE_LINE_INPUT|windows.ENABLE_ECHO_INPUT) | windows.ENABLE_PROCESSED_INPUT
	}
	return mode
}

func (k *keyboard) release() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.handle != 0 {
		// QuickEdit is not changed without the flag that says that it is to be.
		_ = windows.SetConsoleMode(k.handle, k.before|windows.ENABLE_EXTENDED_FLAGS)
		k.handle = 0
	}
}

// foreground is always so: consoles have no background.
func foreground(int) bool { return true }

// enableEscapes has a console take escape sequences, and reports whether it does.
func enableEscapes(file *os.File) bool {
	h := windows.Handle(file.Fd())
	var mode uint32
	if err := windows.GetConsoleMode(h, &mode); err != nil {
		return false
	}
	return windows.SetConsoleMode(h, mode|windows.ENABLE_PROCESSED_OUTPUT|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
