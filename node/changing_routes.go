package node

// routeKind is what calls of a route do.
type routeKind int

const (
	changesNothing routeKind = iota // or the route is unknown
	// oftenCalled is a route that changes what its caller's next call needs, or the pool
	// or the chain: the log has better of those, if anything.
	oftenCalled
	// tellsItself is one that logs what it changed, and from what.
	tellsItself
	// worthALine is one whose call the operator may ask about one day.
	worthALine
)

// changing are the routes that change something, the stock node's among them. All of
// them take any method, and browsers send GET and HEAD without asking anybody.
var changing = map[string]routeKind{
	"/create-account":       worthALine,
	"/update-account-alias": worthALine,
	"/delete-account":       worthALine,
	"/create-asset":         worthALine,
	"/update-asset-alias":   worthALine,
	"/create-key":           worthALine,
	"/update-key-alias":     worthALine,
	"/delete-key":           worthALine,
	"/reset-key-password":   worthALine,
	"/restore-wallet":       worthALine,
	"/rescan-wallet":        worthALine,
	"/recovery-wallet":      worthALine,
	"/create-access-token":  worthALine,
	"/delete-access-token":  worthALine,
	"/connect-peer":         worthALine,
	"/disconnect-peer":      worthALine,

	"/create-account-receiver":  oftenCalled,
	"/build-transaction":        oftenCalled, // It reserves outputs.
	"/build-chain-transactions": oftenCalled,
	"/sign-message":             oftenCalled, // The last step before others change something.
	"/sign-transaction":         oftenCalled,
	"/sign-transactions":        oftenCalled,
	"/submit-transaction":       oftenCalled,
	"/submit-transactions":      oftenCalled,
	"/create-transaction-feed":  oftenCalled,
	"/update-transaction-feed":  oftenCalled,
	"/delete-transaction-feed":  oftenCalled,

	"/submit-work":      oftenCalled,
	"/submit-work-json": oftenCalled,
	"/submit-block":     oftenCalled,
	"/submit-solution":  oftenCalled,

	"/set-mining":             tellsItself,
	"/set-mining-address":     tellsItself,
	"/set-coinbase-arbitrary": tellsItself,
	"/prioritise-transaction": tellsItself,
	"/exclude-transaction":    tellsItself,

	ResubmitFoundRoute: worthALine,
	SolonetMineRoute:   oftenCalled,
	SolonetAutoRoute:   worthALine,
	SolonetClockRoute:  worthALine,
}
