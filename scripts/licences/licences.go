package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// licence is a text, of what it is for.
type licence struct{ of, text string }

// licenceFile is what files with licences are called, and those with what must go with them.
var licenceFile = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying|copyright|notice|patents)([._-][\w.-]*)?$`)

// goPackage is what is used of what `go list -json` says of one.
type goPackage struct {
	Dir      string
	Standard bool
	Module   *goModule
}

type goModule struct {
	Path, Version, Dir string
	Main               bool
	Replace            *goModule
}

// licencesOf has the licences of the modules that packages are of, from the packages' folders
// up: some have code of third parties in folders with licences of their own.
func licencesOf(list []byte) ([]licence, error) {
	var all []licence
	seen := make(map[string]bool) // folders
	found := make(map[string]int) // licences of a module
	for decoder := json.NewDecoder(bytes.NewReader(list)); ; {
		var p goPackage
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read the list of packages: %w", err)
		}
		if p.Standard || p.Module == nil || p.Module.Main {
			continue
		}
		m := p.Module
		name := m.Path + " " + m.Version
		if m.Replace != nil {
			name = m.Replace.Path + " " + m.Replace.Version
		}
		found[name] += 0
		for dir := p.Dir; !seen[dir] && strings.HasPrefix(dir, m.Dir); dir = filepath.Dir(dir) {
			seen[dir] = true
			of := name
			if part, err := filepath.Rel(m.Dir, dir); err == nil && part != "." {
				of += ", " + filepath.ToSlash(part)
			}
			texts, err := licencesIn(dir, of)
			if err != nil {
				return nil, err
			}
			all = append(all, texts...)
			found[name] += len(texts)
		}
	}
	for name, texts := range found {
		if texts == 0 {
			return nil, fmt.Errorf("%s has no licence", name)
		}
	}
	// Packages come in an order that each Go version may change.
	slices.SortStableFunc(all, func(a, b licence) int { return cmp.Compare(a.of, b.of) })
	return all, nil
}

// licencesIn reads the licences in a folder.
func licencesIn(dir, of string) ([]licence, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("look for a licence of %s: %w", of, err)
	}
	var all []licence
	for _, e := range entries {
		if !e.Type().IsRegular() || !licenceFile.MatchString(e.Name()) || strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read the licence of %s: %w", of, err)
		}
		all = append(all, licence{of, tidy(text)})
	}
	return all, nil
}

// tidy makes texts equal that differ in the ends of their lines only.
func tidy(text []byte) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
		b.WriteString(strings.TrimRight(line, " \t\r\n") + "\n")
	}
	return strings.Trim(b.String(), "\n") + "\n"
}

// write writes each text once, below all that it is for.
func write(out io.Writer, all []licence) {
	users := make(map[string][]string)
	var texts []string
	for _, l := range all {
		if users[l.text] == nil {
			texts = append(texts, l.text)
		}
		users[l.text] = append(users[l.text], l.of)
	}
	_, _ = fmt.Fprintf(out, "This program is linked with software of others. Their licences and notices follow; its own is\nin LICENSE, or the package's copyright.\n")
	for _, text := range texts {
		_, _ = fmt.Fprintf(out, "\n%s\n%s\n\n%s", strings.Repeat("=", 80), strings.Join(users[text], "\n"), text)
	}
}
