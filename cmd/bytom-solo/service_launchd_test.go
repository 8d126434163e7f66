package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// launchdKeys are those of launchd.plist(5) that the file may have.
var launchdKeys = []string{"Label", "UserName", "ProgramArguments", "RunAtLoad", "KeepAlive", "ThrottleInterval", "ExitTimeOut",
	"SoftResourceLimits", "HardResourceLimits", "Umask", "StandardErrorPath"}

// TestLaunchdFileIsAPropertyList reads the file as launchd's parser does, and holds its
// command to ours: launchd says nothing of a key or an option that is misspelt.
func TestLaunchdFileIsAPropertyList(t *testing.T) {
	file, err := os.Open(filepath.Join("..", "..", "deploy", "launchd", "bytom-solo.plist"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	root, err := readPropertyList(file)
	if err != nil {
		t.Fatal(err)
	}
	for key := range root {
		if !slices.Contains(launchdKeys, key) {
			t.Errorf("launchd has no key %q", key)
		}
	}
	again, _ := root["KeepAlive"].(map[string]any)
	if root["Label"] != "bytom-solo" || root["RunAtLoad"] != true || again["SuccessfulExit"] != false {
		t.Errorf("it is not started at the start, or not again after an error: %v", root)
	}
	program, _ := root["ProgramArguments"].([]any)
	if len(program) < 2 {
		t.Fatalf("no program: %v", root["ProgramArguments"])
	}
	var args []string
	for _, each := range program[1:] {
		args = append(args, fmt.Sprint(each))
	}
	cmd, flags, err := newRoot(io.Discard, io.Discard).Find(args)
	if err != nil || cmd.Name() != "node" {
		t.Fatalf("%q is not the node: %v", args, err)
	}
	if err := cmd.ParseFlags(flags); err != nil || len(cmd.Flags().Args()) > 0 {
		t.Errorf("%q: %v", flags, err)
	}
}

// readPropertyList reads a property list whose root is a dictionary.
func readPropertyList(r io.Reader) (map[string]any, error) {
	d := xml.NewDecoder(r)
	d.Strict = true
	declared := false
	for {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.Directive:
			declared = strings.HasPrefix(string(token), "DOCTYPE plist ")
		case xml.StartElement:
			if token.Name.Local == "plist" {
				continue
			}
			root, err := propertyOf(d, token)
			if dict, ok := root.(map[string]any); err == nil && ok && declared {
				return dict, nil
			}
			return nil, fmt.Errorf("<%s>: expected a dictionary in a plist, with its DOCTYPE: %w", token.Name.Local, errors.Join(err))
		}
	}
}

// propertyOf reads a value, whose first tag has been read.
func propertyOf(d *xml.Decoder, start xml.StartElement) (any, error) {
	kind, text := start.Name.Local, ""
	var list []any
	var keys []string
	for {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.CharData:
			text += string(token)
		case xml.StartElement:
			value, err := propertyOf(d, token)
			if err != nil {
				return nil, err
			}
			if isKey := token.Name.Local == "key"; kind == "dict" && isKey != (len(keys) == len(list)) {
				return nil, fmt.Errorf("<%s> in a dictionary after %d keys and %d values", token.Name.Local, len(keys), len(list))
			} else if isKey {
				if slices.Contains(keys, fmt.Sprint(value)) {
					return nil, fmt.Errorf("key %q is there twice", value)
				}
				keys = append(keys, fmt.Sprint(value))
				continue
			}
			list = append(list, value)
		case xml.EndElement:
			return closedProperty(kind, text, keys, list)
		}
	}
}

// closedProperty is a value that has been read to its end.
func closedProperty(kind, text string, keys []string, list []any) (any, error) {
	switch kind {
	case "true", "false":
		return kind == "true", nil
	case "array":
		return list, nil
	case "key", "string":
		return text, nil
	case "integer":
		var n int
		_, err := fmt.Sscanf(text, "%d", &n)
		return n, err
	case "dict":
		if len(keys) != len(list) {
			return nil, fmt.Errorf("a dictionary with %d keys and %d values", len(keys), len(list))
		}
		dict := make(map[string]any)
		for i, key := range keys {
			dict[key] = list[i]
		}
		return dict, nil
	}
	return nil, fmt.Errorf("no property list has <%s>", kind)
}
