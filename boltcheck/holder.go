package boltcheck

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Holder is who else has a file open, in words, as far as this system and this user's rights tell:
// "process 4711 (bytom-solo node)", or "another process".
func Holder(path string) string {
	wanted, err := os.Stat(path)
	if err != nil {
		return "another process"
	}
	own := fmt.Sprintf("/proc/%d/", os.Getpid())
	open, _ := filepath.Glob("/proc/[0-9]*/fd/*") // Elsewhere than on Linux there are none.
	for _, link := range open {
		if info, err := os.Stat(link); err != nil || !os.SameFile(info, wanted) || strings.HasPrefix(link, own) {
			continue
		}
		process := filepath.Dir(filepath.Dir(link))
		line, _ := os.ReadFile(filepath.Join(process, "cmdline"))
		words := strings.Fields(string(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
		if len(words) > 0 {
			words[0] = filepath.Base(words[0])
		}
		// No more than the command: what follows may be secret.
		return fmt.Sprintf("process %s (%s)", filepath.Base(process), strings.Join(words[:min(2, len(words))], " "))
	}
	return "another process"
}
