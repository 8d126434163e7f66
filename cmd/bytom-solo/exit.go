package main

import (
	"errors"

	"github.com/bytom-solo/bytom-solo/rig"
)

// The exit codes besides 0, for a clean stop, and 1, for what is none of these. Commands
// other than rig have exitUsage alone.
const (
	exitUsage   = 2
	exitRefused = 3
	exitDevices = 4
	exitWrong   = 5
)

// exitInterrupted is the exit code of a command that was interrupted before it was done,
// as shells have it. Those that run until they are stopped end with 0.
const exitInterrupted = 130

// exitError is an error with an exit code of its own.
type exitError struct {
	code int
	err  error
}

// Error satisfies error.
func (e *exitError) Error() string { return e.err.Error() }

// Unwrap gives the error itself.
func (e *exitError) Unwrap() error { return e.err }

// usage makes an error one of the command line.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return &exitError{exitUsage, err}
}

// rigError gives the error of a rig its exit code.
func rigError(err error) error {
	switch {
	case errors.Is(err, rig.ErrRefused):
		return &exitError{exitRefused, err}
	case errors.Is(err, rig.ErrWrongHashes):
		return &exitError{exitWrong, err}
	}
	return err
}
