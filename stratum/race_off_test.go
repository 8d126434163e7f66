//go:build !race

package stratum

const raceDetector = false
