package node

import (
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/history"
	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum"
)

// station is what a node and a front have in common: the port for rigs and what is known of them,
// found blocks, figures, faults and notifications.
type station struct {
	config  *Config
	log     *slog.Logger
	service *service

	backends []compute.Backend // of the verifier and the devices
	verifier *compute.Verifier
	files    openFiles

	server *http.Server // of the RPC, or of a front's page and figures
	cookie string       // the secret in the home directory, by which its owner is let in

	templates stratum.Templates // the generator of a node, the feed of a front
	journal   *mining.Journal   // nil if it could not be opened
	submitter *mining.Submitter
	handouts  *mining.Handouts
	found     *foundBlocks
	refused   atomic.Pointer[refusedBlock] // the latest that was found here

	rigs         *stratum.Server // nil without a port for rigs
	rigPort      net.Listener
	tlsCert      *servedCertificate // what rigs are served that speak TLS; nil if none do
	ledger       *ledger.Ledger     // of the rigs; nil if there never was a port for them
	mostSessions int                // of rigs
	rigStates    *rigStates         // nil without a ledger
	elsewhere    *frontRigs         // rigs of fronts; nil without fronts
	shares       *wrongShares
	owners       *owners // of rigs; nil where blocks are not split

	history  *history.History
	days     rigDays // of the rigs, by the history
	events   *events
	faults   *faultWatch
	metrics  *metrics
	notifier *notifier
	command  *notifier
	pinger   *pinger

	figures func() Stats // those of now
}
