package node

// routeEffect is what calls of a route do.
type routeEffect int

const (
	changesNothing routeEffect = iota // or the route is unknown
	// oftenCalled is a route that changes what its caller's next call needs, or the pool
	// or the chain: the log has better of those, if anything.
	oftenCalled
	// logsItself is one that logs what it changed, and from what.
	logsItself
	// isLogged is one whose call the operator may ask about one day.
	isLogged
)

// changingRoutes are the routes that change something, the stock node's among them. All of
// them take any method, and browsers send GET and HEAD without asking anybody.
var changingRoutes = map[string]routeEffect{
	"/create-account":       isLogged,
	"/update-account-alias": isLogged,
	"/delete-account":       isLogged,
	"/create-asset":         isLogged,
	"/update-asset-alias":   isLogged,
	"/create-key":           isLogged,
	"/update-key-alias":     isLogged,
	"/delete-key":           isLogged,
	"/reset-key-password":   isLogged,
	"/restore-wallet":       isLogged,
	"/rescan-wallet":        isLogged,
	"/recovery-wallet":      isLogged,
	"/create-access-token":  isLogged,
	"/delete-access-token":  isLogged,
	"/connect-peer":         isLogged,
	"/disconnect-peer":      isLogged,

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
	FrontBlockRoute:     oftenCalled,

	"/set-mining":             logsItself,
	"/set-mining-address":     logsItself,
	"/set-coinbase-arbitrary": logsItself,
	"/prioritise-transaction": logsItself,
	"/exclude-transaction":    logsItself,

	ResubmitFoundRoute: isLogged,
	SignPayoutRoute:    isLogged,
	BackupRoute:        isLogged,
	PayPayoutsRoute:    isLogged,
	ResumePayoutsRoute: isLogged,
	SolonetMineRoute:   oftenCalled,
	SolonetAutoRoute:   isLogged,
	SolonetClockRoute:  isLogged,
}
