package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"strconv"
)

// AppendPush appends the line that pushes a job to a rig to b, its end included.
func AppendPush(b []byte, j *Job) []byte {
	b = append(b, `{"jsonrpc":"`+version+`","method":"`+MethodJob+`","params":`...)
	return append(j.AppendJSON(b), '}', '\n')
}

// Push is the line that pushes a job to many rigs, of which each has a root, a nonce, an id and a
// target of its own: the rest is encoded once. It belongs to one goroutine.
type Push struct {
	line        []byte // of the latest rig
	root, nonce int    // where they are in the line
	id          int    // where it begins
	tail        []byte // what follows it, up to the target
}

// NewPush encodes what rigs have in common of a job.
func NewPush(j *Job) *Push {
	common := *j
	common.ID = "0"
	p := &Push{line: AppendPush(nil, &common)}
	behind := func(member string) int {
		member = `"` + member + `":"`
		return bytes.Index(p.line, []byte(member)) + len(member)
	}
	p.root, p.nonce, p.id = behind("transactions_merkle_root"), behind("nonce"), behind("job_id")
	p.tail = bytes.Clone(p.line[p.id+len(common.ID) : behind("target")])
	return p
}

// Line is the line for a rig, its end included. It is valid until the next call.
func (p *Push) Line(root *[32]byte, nonce, id uint64, target Target) []byte {
	hex.Encode(p.line[p.root:], root[:])
	AppendNumber(p.line[:p.nonce], nonce)
	p.line = append(strconv.AppendUint(p.line[:p.id], id, 10), p.tail...)
	var low [4]byte
	binary.LittleEndian.PutUint32(low[:], uint32(target))
	p.line = append(hex.AppendEncode(p.line, low[:]), "\"}}\n"...)
	return p.line
}
