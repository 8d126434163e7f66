package mining

// Stage is a stretch of the way from a new tip to an accepted block. How long each
// takes is reported where a Config has an Observe function, which must be quick and
// safe for concurrent use.
type Stage string

// The stages.
const (
	// StageTemplate is from a new tip to the first template on it.
	StageTemplate Stage = "tip_to_template"
	// StageFull is from a new tip to the first template on it that has its
	// transactions.
	StageFull Stage = "tip_to_full_template"
	// StageSwitch is from a template on a new tip to a device's taking it.
	StageSwitch Stage = "template_to_device"
	// StageSeed is a device's dead time at a change of the seed: from taking the work
	// to hashing it.
	StageSeed Stage = "seed_to_device"
	// StageJournal is the recording of a found block.
	StageJournal Stage = "solution_to_journal"
	// StageAccept is from a solution's arrival to the chain's answer.
	StageAccept Stage = "solution_to_chain"
)
