package mining

// FinderKind is the way by which a solution was submitted.
type FinderKind string

// The ways of submission.
const (
	// FoundByDevice: a device of this process, by the miner.
	FoundByDevice FinderKind = "device"
	// FoundByRig: a rig, by Stratum.
	FoundByRig FinderKind = "rig"
	// FoundByGetWork: a caller of get-work.
	FoundByGetWork FinderKind = "get-work"
	// FoundByTemplate: a caller of getblocktemplate, who returned what solves it.
	FoundByTemplate FinderKind = "getblocktemplate"
	// FoundByBlock: a caller who submitted a whole block, by a template of ours or not.
	FoundByBlock FinderKind = "submit-block"
	// FoundByTest: the tools of a solonet.
	FoundByTest FinderKind = "solonet-tools"
)

// Finder is who found a block. The zero value is unknown, as in journals of versions that
// did not record it.
type Finder struct {
	Kind FinderKind `json:"kind"`
	// Name is the device's, as 'bytom-solo devices' lists it, or the rig's, as it logged in.
	Name string `json:"name,omitempty"`
	// Address is where a rig or a caller is: an IP address, with a port if it is known.
	Address string `json:"address,omitempty"`
	// Owner is to whom a rig's work is credited, empty for the operator, and Work what the
	// share that made the block is worth, as Target.Work counts it. They are set where the
	// rigs' work is paid for: whoever that is, the journal knows it before the chain does.
	Owner string `json:"owner,omitempty"`
	Work  uint64 `json:"work,omitempty"`
	// Front is the name of the front that a rig is connected to; empty where that is the node.
	Front string `json:"front,omitempty"`
	// FrontKey is the front's public key in hexadecimal, which stays where the name is changed or taken away.
	FrontKey string `json:"front_key,omitempty"`
}

// String is for people: "rig shed.rig1 at 192.168.1.7".
func (f Finder) String() string {
	text := string(f.Kind)
	if f.Name != "" {
		text += " " + f.Name
	}
	if f.Address != "" {
		text += " at " + f.Address
	}
	if f.Front != "" {
		text += " by front " + f.Front
	}
	return text
}
