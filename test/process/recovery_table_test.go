//go:build linux || darwin

package process_test

import "regexp"

// ending is what a start does about a damage.
type ending int

const (
	starts  ending = iota // as if nothing were
	warns                 // it starts, and says what is lost
	refuses               // it ends, and says what to do
)

// row is what damages of a file lead to.
type row struct {
	// files matches the paths of the files within the home.
	files *regexp.Regexp
	// by has what each damage leads to; what is not in it leads to other. A changed bit may do nothing
	// as well: it can lie where nothing is read.
	by    map[string]ending
	other ending
	// says matches what is said, in one line with the file's name, or its folder's where that is moved as a
	// whole.
	says *regexp.Regexp
	// folder is the folder that is moved away, or put back from a copy, as a whole; empty is the file alone.
	folder string
	// loses are the facts that may be others after a warning.
	loses func(*facts)
	// silent are facts that a file which is cut off before a record, an empty one among them, loses without a
	// word: LevelDB can't tell it from one that was never written on.
	silent func(*facts)
	// rewritten means that the file is written anew at each start, and has nothing that is worth keeping.
	rewritten bool
	// spare means that half of it may be room to spare, which the file can do without.
	spare bool
	// unnamed means that the line names no file: it names a key, or an address, instead.
	unnamed bool
	// anothers means that a changed bit can make it another's: it is not done.
	anothers bool
	// needed means that the node can do without the file only if a copy is put in its place.
	needed bool
}

// ofAnother is what is said of a file that may not be read: what to do about that, unless it is written anew.
func (r row) ofAnother(e ending) row {
	r.says, r.folder = says(`permission denied: let \S+ read and write it, as by 'sudo chown`), ""
	if r.rewritten && e == warns {
		r.says = says(`permission denied`)
	}
	return r
}

func matches(pattern string) *regexp.Regexp { return regexp.MustCompile(`^(` + pattern + `)$`) }

func says(pattern string) *regexp.Regexp { return regexp.MustCompile(pattern) }

// all gives each damage the same ending, and a folder another.
func all(e, ofFolder ending) map[string]ending {
	return map[string]ending{"empty": e, "half": e, "a byte short": e, "zeros": e, "a bit": e, folder: ofFolder, unreadable: ofFolder}
}

// levelDB are the rows of one of Bytom's databases. anew means that it is begun anew by itself: what it
// loses is lost then, and with its latest writes in any case.
func levelDB(name string, anew bool, loses func(*facts)) []row {
	dir := "data/" + name + `\.db/`
	e := refuses
	if anew {
		e = warns
	}
	moved := row{says: says(`set aside, and a new one begun|can't be used.*mv \S+` + name + `\.db`), folder: "data/" + name + ".db", loses: loses}
	with := func(files string, by map[string]ending) row {
		r := moved
		r.files, r.by = matches(dir+files), by
		return r
	}
	list, tables := with(`(CURRENT|MANIFEST-\d+)`, all(e, refuses)), with(`\d+\.ldb`, all(e, refuses))
	writes := with(`\d+\.log`, map[string]ending{"half": warns, "a byte short": warns, "zeros": warns, "a bit": warns, folder: refuses})
	writes.silent = loses
	writes.says = says(`the latest writes to a database were damaged|can't be used`)
	own := with(`(LOCK|LOG|CURRENT\.bak)`, map[string]ending{folder: refuses})
	own.rewritten = true
	return []row{list, tables, writes, own}
}

// bbolt is the row of one of our databases.
func bbolt(name string, of ending, ofFolder ending, said string, loses func(*facts)) row {
	r := row{files: matches("mining/" + name + `\.db`), by: all(of, ofFolder), says: says(said), loses: loses, spare: true}
	r.by["a byte short"] = starts // The last page has room to spare.
	return r
}

// rows are those of a node's home: docs/reliability.md has them in words.
func rows() (list []row) {
	nothing := func(*facts) {}
	certificates := row{files: matches("certs/.*"), by: all(refuses, refuses), says: says(`key (stratum|engine)\.tls-(cert|key)`), needed: true}
	certificates.by["a byte short"] = starts // The end of the line.
	list = append(list,
		row{files: matches("config.toml"), by: map[string]ending{"half": refuses, "zeros": refuses, "a bit": refuses, "empty": refuses, folder: refuses}, says: says(`config.toml.* (mend the file, or put its last copy in its place|unknown key|expected)|chain_id|error: .*key payout\.miner: `), needed: true, unnamed: true},
		row{files: matches("LOCK"), by: map[string]ending{folder: refuses}, says: says(`move \S+LOCK away`), rewritten: true},
		row{files: matches("data/NETWORK"), by: map[string]ending{"half": refuses, "zeros": refuses, "a bit": refuses, folder: refuses}, says: says(`echo solonet > |move \S+NETWORK away`)},
		row{files: matches("nodekey"), by: all(warns, refuses), says: says(`a new one (made|is made)`), loses: nothing},
		row{files: matches("rpc.cookie"), by: map[string]ending{folder: warns, unreadable: starts}, says: says(`let in on loopback alone`), rewritten: true},
		row{files: matches("keystore/.*"), by: all(warns, warns), says: says(`no longer the key`), unnamed: true, loses: func(f *facts) { f.Keys = 0 }},
		row{files: matches("mining/fleet.key"), by: map[string]ending{"empty": refuses, "half": refuses, "zeros": refuses, "a bit": refuses, folder: refuses}, says: says(`put its last copy in its place, or move it away`)},
		row{files: matches("mining/fleet.json"), by: all(refuses, refuses), says: says(`move it away: without it they are given anew`)},
		certificates,
		row{files: matches("backup/.*"), by: map[string]ending{unreadable: starts}, says: says("no start reads these")},
		row{files: matches("mining/handouts.jsonl"), by: map[string]ending{"empty": warns, "zeros": warns, "a bit": warns, folder: warns, unreadable: warns}, says: says(`last run handed out is not known`), loses: nothing, rewritten: true},
		bbolt("history", warns, warns, `begins anew|a new one begun|in memory alone`, nothing),
		bbolt("overrides", warns, warns, `begins anew|a new one begun|can't be read`, func(f *facts) { f.Overrides = 0 }),
		bbolt("payouts", refuses, refuses, `put its latest copy in its place|last copy in its place`, nil),
		bbolt("rigs", warns, refuses, `begins anew|a new one begun|last copy in its place`, nothing),
	)
	journal := bbolt("journal", refuses, refuses, `last copy in its place|begins anew`, func(f *facts) { f.Found = 0 })
	journal.by["empty"] = warns
	list = append(list, journal)
	list = append(list, levelDB("core", false, func(f *facts) { f.Height = 0 })...)
	list = append(list, levelDB("wallet", false, func(f *facts) { f.Accounts = 0 })...)
	list = append(list, levelDB("accesstoken", true, func(f *facts) { f.Tokens = 0 })...)
	list = append(list, levelDB("txfeeds", true, nothing)...)
	list = append(list, levelDB("discover", true, nothing)...)
	list = append(list, levelDB("blacklist", true, nothing)...)
	return list
}
