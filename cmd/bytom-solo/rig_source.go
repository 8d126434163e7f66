package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/bytom-solo/bytom-solo/rig"
	"github.com/bytom-solo/bytom-solo/stratum/client"
)

// source is where the flags say that work comes from; nil for a benchmark.
func (o rigOptions) source(log *slog.Logger) (rig.Source, error) {
	kinds := 0
	for _, given := range []bool{len(o.servers) > 0, o.getWork != "", o.templates != "", o.benchmark != 0} {
		if given {
			kinds++
		}
	}
	switch {
	case kinds != 1:
		return nil, errors.New("expected one of --server (-o), --getwork, --gbt and --benchmark")
	case o.payee != "" && o.templates == "":
		return nil, errors.New("flag --payee: it goes with --gbt")
	case o.threads < 0:
		return nil, fmt.Errorf("flag --threads: value %d: expected 0 or a number of workers", o.threads)
	case o.benchmark < 0:
		return nil, fmt.Errorf("flag --benchmark: value %v: expected a time above 0", o.benchmark)
	case o.benchmark > 0:
		return nil, nil
	case o.getWork != "":
		return rig.NewGetWork(o.getWork, log)
	case o.templates != "":
		return rig.NewTemplates(o.templates, o.payee, log)
	}
	return o.pool(log)
}

func (o rigOptions) pool(log *slog.Logger) (rig.Source, error) {
	order, err := client.ParseNonceOrder(o.order)
	if err != nil {
		return nil, fmt.Errorf("flag --nonce-order: %w", err)
	}
	if o.back <= 0 {
		return nil, fmt.Errorf("flag --return: value %v: expected a time above 0", o.back)
	}
	secure, err := o.tls()
	if err != nil {
		return nil, err
	}
	cfg := rig.PoolConfig{Agent: "bytom-solo/" + version, Order: order, Return: o.back, Log: log}
	for i, address := range o.servers {
		login, err := oneFor("--user", o.logins, i, len(o.servers))
		if err != nil {
			return nil, err
		}
		password, err := oneFor("--pass", o.passwords, i, len(o.servers))
		if err != nil {
			return nil, err
		}
		s, err := rig.ParseServer(address, login, password, secure)
		if err != nil {
			return nil, fmt.Errorf("flag --server: %w", err)
		}
		cfg.Servers = append(cfg.Servers, s)
	}
	return rig.NewPool(cfg), nil
}

// oneFor is the i-th server's of a flag's values, of which there is none, one for all,
// or one for each.
func oneFor(flag string, values []string, i, servers int) (string, error) {
	switch len(values) {
	case 0:
		return "", nil
	case 1:
		return values[0], nil
	case servers:
		return values[i], nil
	}
	return "", fmt.Errorf("flag %s: %d values: expected one, or one for each of %d servers", flag, len(values), servers)
}

func (o rigOptions) tls() (*tls.Config, error) {
	secure := &tls.Config{InsecureSkipVerify: o.insecure}
	if o.ca == "" {
		return secure, nil
	}
	text, err := os.ReadFile(o.ca)
	if err != nil {
		return nil, fmt.Errorf("flag --tls-ca: %w", err)
	}
	if secure.RootCAs = x509.NewCertPool(); !secure.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("flag --tls-ca: value %q: expected a file of certificates in PEM form", o.ca)
	}
	return secure, nil
}
