//go:build !engine

package natsserver

import "errors"

// Built tells whether this program can run a server.
const Built = false

// Run returns an error that says what to do.
func Run(Config) (Server, error) {
	return Server{}, errors.New("this program was built without an engine of its own: build it with -tags engine, or run nats-server and give --engine nats://host:4222")
}
