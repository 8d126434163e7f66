package node

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestOpenAPIForGenerators holds the description to what generators of clients and
// linters stumble over, though OpenAPI allows it: they were run by hand (ogen 1.25,
// oapi-codegen 2.8, openapi-typescript 7.13, Spectral, Redocly).
func TestOpenAPIForGenerators(t *testing.T) {
	raw, err := openAPI()
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	for _, fault := range faultsOf(doc) {
		t.Error(fault)
	}
	for good, bad := range map[string]string{
		`"operationId": "getWork",`: ``, `"operationId": "getWorkJson"`: `"operationId": "getWork"`, `"format": "double",`: ``,
		`"/mining/api": {`: `"/mining/api/": {`, `"401": {`: `"499": {`, `"403": {`: `"499": {`,
		`"description": "With the node's own mining.",`: ``, `"name": "rigs"`: `"name": "rig"`,
	} {
		if !strings.Contains(string(raw), good) {
			t.Errorf("no %s in the description", good)
		}
		var broken map[string]any
		if err := json.Unmarshal([]byte(strings.Replace(string(raw), good, bad, 1)), &broken); err != nil {
			t.Errorf("%s in the stead of %s: %v", bad, good, err)
		}
		if len(faultsOf(broken)) == 0 {
			t.Errorf("%s in the stead of %s is not found", bad, good)
		}
	}
	for text, want := range map[string]int{
		`{"enum":["a"]}`: 1, `{"type":"string","enum":["a"]}`: 0, `{"const":true}`: 1, `{"type":"array"}`: 1, `{"type":"array","items":{}}`: 0,
		`{"type":"integer"}`: 1, `{"type":"number","format":"float"}`: 1, `{"type":["number","null"]}`: 1, `{"type":"string","default":"x"}`: 1,
		`{"properties":{"enum":{"type":"string"},"type":{"type":"integer"}}}`: 1,
	} {
		var schema any
		if err := json.Unmarshal([]byte(text), &schema); err != nil {
			t.Fatal(err)
		}
		if got := schemaFaults("it", schema); len(got) != want {
			t.Errorf("%s: %v, expected %d faults", text, got, want)
		}
	}
}

// faultsOf are what tools would say of a description.
func faultsOf(doc map[string]any) (faults []string) {
	var tags []string
	list, _ := doc["tags"].([]any)
	for _, tag := range list {
		tags = append(tags, tag.(map[string]any)["name"].(string))
	}
	ids := make(map[string]bool)
	for path, methods := range doc["paths"].(map[string]any) {
		if path != "/" && strings.HasSuffix(path, "/") {
			faults = append(faults, path+" ends in a slash")
		}
		for method, op := range methods.(map[string]any) {
			op := op.(map[string]any)
			where := method + " " + path
			id, _ := op["operationId"].(string)
			if !regexp.MustCompile(`^[a-z][A-Za-z]+$`).MatchString(id) || ids[strings.ToLower(id)] {
				faults = append(faults, fmt.Sprintf("%s: operationId %q", where, id))
			}
			ids[strings.ToLower(id)] = true
			if op["description"] == nil {
				faults = append(faults, where+" has no description")
			}
			for _, tag := range op["tags"].([]any) {
				if !slices.Contains(tags, tag.(string)) {
					faults = append(faults, fmt.Sprintf("%s: tag %s is not described", where, tag))
				}
			}
			for _, status := range []string{"200", "401", "403"} {
				if op["responses"].(map[string]any)[status] == nil {
					faults = append(faults, where+" has no response "+status)
				}
			}
			faults = append(faults, contentFaults(where, op)...)
		}
	}
	return append(faults, contentFaults("components", doc["components"])...)
}

// contentFaults looks for schemas below a place.
func contentFaults(where string, v any) (faults []string) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			faults = append(faults, contentFaults(where, item)...)
		}
	case map[string]any:
		for name, item := range v {
			switch name {
			case "example":
			case "schema":
				faults = append(faults, schemaFaults(where, item)...)
			case "schemas":
				for name, schema := range item.(map[string]any) {
					faults = append(faults, schemaFaults(name, schema)...)
				}
			default:
				faults = append(faults, contentFaults(where+"."+name, item)...)
			}
		}
	}
	return faults
}

// schemaFaults are those of a schema and of all that are in it.
func schemaFaults(where string, v any) (faults []string) {
	schema, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	kinds := fmt.Sprint(schema["type"])
	_, enum := schema["enum"]
	_, constant := schema["const"]
	_, preset := schema["default"]
	switch format := schema["format"]; {
	case (enum || constant) && schema["type"] == nil:
		faults = append(faults, where+": values without a type")
	case preset:
		faults = append(faults, where+": a default, which makes TypeScript's field a required one")
	case strings.Contains(kinds, "array") && schema["items"] == nil:
		faults = append(faults, where+": an array without items")
	case strings.Contains(kinds, "number") && format != "double":
		faults = append(faults, where+": a number that is no double, which Go's generators read as float32")
	case strings.Contains(kinds, "integer") && format != "int64" && format != "uint64":
		faults = append(faults, where+": an integer without its size")
	}
	for _, name := range []string{"items", "additionalProperties"} {
		faults = append(faults, schemaFaults(where+"."+name, schema[name])...)
	}
	alternatives, _ := schema["oneOf"].([]any)
	for _, item := range alternatives {
		faults = append(faults, schemaFaults(where+".oneOf", item)...)
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, item := range properties {
		faults = append(faults, schemaFaults(where+"."+name, item)...)
	}
	return faults
}
