package testnet

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Scenario is what a file has the network do, step by step.
type Scenario struct {
	Name  string
	Steps []Step
}

// Step is a command line of 'bytom-solo testnet'.
type Step struct {
	Line int // of the file
	Text string
	Args []string
}

//go:embed scenarios/*.yaml
var scenarios embed.FS

// ReadScenario reads a file or, where there is none, the scenario of that name that
// comes with this program.
func ReadScenario(file string) (*Scenario, error) {
	raw, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		var shipped []byte
		if shipped, err = scenarios.ReadFile("scenarios/" + file + ".yaml"); err == nil {
			raw = shipped
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("scenario %s: expected a file, or one of %s", file, strings.Join(ShippedScenarios(), ", "))
	}
	if err != nil {
		return nil, err
	}
	s, err := ParseScenario(raw)
	if err != nil {
		return nil, fmt.Errorf("scenario %s: %w", file, err)
	}
	return s, nil
}

// ShippedScenarios are the names of those that come with this program.
func ShippedScenarios() (names []string) {
	entries, err := scenarios.ReadDir("scenarios")
	if err != nil {
		panic(err) // The folder is part of the program.
	}
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), path.Ext(e.Name())))
	}
	return names
}

// ParseScenario reads a scenario's YAML.
func ParseScenario(raw []byte) (*Scenario, error) {
	var file struct {
		Name  string
		Steps []yaml.Node
	}
	d := yaml.NewDecoder(strings.NewReader(string(raw)))
	d.KnownFields(true)
	if err := d.Decode(&file); err != nil {
		return nil, err
	}
	if len(file.Steps) == 0 {
		return nil, errors.New("expected steps, each a command line of 'bytom-solo testnet'")
	}
	s := &Scenario{Name: file.Name}
	for _, node := range file.Steps {
		if node.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("line %d: expected a command line, as in '- mine 3 --node 0'", node.Line)
		}
		args, err := splitWords(node.Value)
		if err == nil && len(args) == 0 {
			err = errors.New("the step is empty")
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", node.Line, err)
		}
		s.Steps = append(s.Steps, Step{node.Line, node.Value, args})
	}
	return s, nil
}

// splitWords parts a command line at its blanks. Quotes hold a word together; there
// is nothing else that a shell would do.
func splitWords(line string) (words []string, err error) {
	var word strings.Builder
	inWord, quote := false, rune(0)
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote, inWord = r, true
		case quote == 0 && (r == ' ' || r == '\t' || r == '\n'):
			if inWord {
				words = append(words, word.String())
			}
			word.Reset()
			inWord = false
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("%q lacks a closing %c", line, quote)
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}
