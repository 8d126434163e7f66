package node

import (
	"errors"
	"net/http"

	"github.com/bytom/bytom/api"

	"github.com/bytom-solo/bytom-solo/gbt/input"
)

// jsonHandler is the handler of a function that returns an answer or an error.
func jsonHandler(f func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		data, err := f(r)
		if err != nil {
			writeFailure(w, http.StatusOK, stockMessage, err.Error())
			return
		}
		// api.Response leaves an empty list out.
		writeJSON(w, http.StatusOK, map[string]any{"status": api.SUCCESS, "data": data})
	}
}

// decodeBody reads a request's JSON, in which nothing may be unknown; none is an empty
// object.
func decodeBody(r *http.Request, v any) error {
	if err := input.Object(r.Body, v); !errors.Is(err, input.ErrEmpty) {
		return err
	}
	return nil
}
