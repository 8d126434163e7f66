package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/bytom-solo/bytom-solo/redact"
)

// Get reads what a route that is called by GET answers into out: JSON without Bytom's
// envelope. The errors are those of Call.
func (c *Client) Get(ctx context.Context, route string, query url.Values, out any) error {
	u := c.base.JoinPath(route)
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return fmt.Errorf("%s: %w", route, err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return redact.Error(err) // It says whom, and what of.
	}
	defer resp.Body.Close()
	raw, err := readAnswer(route, resp.Body, maxAnswer)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return refusal(route, resp.StatusCode, raw)
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("%s: read the answer: %w: %s", route, err, beginning(raw))
	}
	return nil
}

// refusal is the error of an answer that is none of HTTP's 200: of the route's own, of
// Bytom's form, or of something between.
func refusal(route string, status int, raw []byte) error {
	var own struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(raw, &own) == nil && own.Error != "" {
		return &Error{Route: route, Status: status, Debug: own.Error, JSON: true}
	}
	if err := parse(route, status, raw, nil); err != nil {
		return err
	}
	return &Error{Route: route, Status: status, Debug: fmt.Sprintf("HTTP %d: %s", status, beginning(raw))}
}
