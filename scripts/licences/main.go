// Command licences prints who else's software is in the program, and the licence of each, for
// the platform that GOOS, GOARCH and CGO_ENABLED name. Run it from the root of the
// repository:
//
//	licences [NAME=FILE]...
//
// A NAME is of what is no Go module, FILE has its licence.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

func run(others []string, to io.Writer) error {
	all, err := modules()
	if err != nil {
		return err
	}
	for _, other := range others {
		name, file, ok := strings.Cut(other, "=")
		text, err := os.ReadFile(file)
		if err != nil || !ok {
			return fmt.Errorf("argument %q: expected NAME=FILE: %w", other, err)
		}
		all = append(all, licence{of: name, text: tidy(text)})
	}
	out := bufio.NewWriter(to)
	write(out, all)
	return out.Flush()
}

// modules has the licences of what the program is linked with: of Go, and of each module that
// has a package in it.
func modules() ([]licence, error) {
	golang := os.Getenv("GO")
	if golang == "" {
		golang = "go"
	}
	command := func(args ...string) ([]byte, error) {
		cmd := exec.Command(golang, args...)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", strings.Join(cmd.Args, " "), err)
		}
		return out, nil
	}
	root, err := command("env", "GOROOT", "GOVERSION")
	if err != nil {
		return nil, err
	}
	list, err := command("list", "-deps", "-json=Dir,Standard,Module", "./cmd/bytom-solo")
	if err != nil {
		return nil, err
	}
	folder, version, _ := strings.Cut(strings.TrimSpace(string(root)), "\n")
	library, err := licencesIn(folder, "Go's library "+version)
	if err != nil {
		return nil, err
	}
	if len(library) == 0 {
		return nil, errors.New("no licence in " + folder)
	}
	linked, err := licencesOf(list)
	return append(library, linked...), err
}
