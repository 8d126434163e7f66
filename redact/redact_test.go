package redact

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestURL(t *testing.T) {
	for given, want := range map[string]string{
		"":                       "",
		"http://a:9888":          "http://a:9888",
		"http://a:9888/":         "http://a:9888",
		"http://u:p@a:9888":      "http://xxxxx@a:9888",
		"http://token@a":         "http://xxxxx@a",
		"https://a/hook/T0/B1?x": "https://a/…",
		"https://a?token=p":      "https://a/…",
		"https://a#token":        "https://a/…",
		"http://u:p@q@a/x":       "http://xxxxx@a/…",
		"http://u:p/p?p@a:1/x":   "http://xxxxx@a:1/…",
		"http://u:%zz@a":         "http://xxxxx@a",
		"u:p@a:1":                "xxxxx@a:1",
		"a:1":                    "a:1",
		"https://a/@user/token":  "https://a/…",
		"stratum+ssl://w:p@a:1":  "stratum+ssl://xxxxx@a:1",
	} {
		if got := URL(given); got != want {
			t.Errorf("%q: %q, expected %q", given, got, want)
		}
	}
}

func TestError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://u:p4ss@127.0.0.1:1/t0ken?t0ken", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = http.DefaultClient.Do(req)
	told := Error(err)
	if text := told.Error(); !errors.Is(told, context.Canceled) || strings.Contains(text, "t0ken") || strings.Contains(text, "p4ss") || !strings.Contains(text, "127.0.0.1:1") {
		t.Errorf("%v", told)
	}
	badPort := "b" // A literal would be refused by who reads the code.
	_, err = url.Parse("http://u:p4ss@a:" + badPort)
	if text := Error(err).Error(); strings.Contains(text, "p4ss") || !strings.Contains(text, "port") {
		t.Errorf("%v", text)
	}
	if other := errors.New("x"); Error(other) != other || Error(nil) != nil {
		t.Error("an error that tells no URL is another one afterwards")
	}
}
