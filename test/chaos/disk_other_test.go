//go:build !linux

package chaos_test

import (
	"math/rand/v2"
	"testing"
)

// disk is none here: networks of processes are for Linux.
type disk struct{}

func newDisk(*testing.T, string) *disk { return nil }

func (d *disk) sync()           {}
func (d *disk) fill() error     { return nil }
func (d *disk) clear() error    { return nil }
func (d *disk) fail() error     { return nil }
func (d *disk) repair() error   { return nil }
func (d *disk) slow(*rand.Rand) {}
func (d *disk) fast()           {}
