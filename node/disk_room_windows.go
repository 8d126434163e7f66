package node

import "golang.org/x/sys/windows"

// diskRoom is how large the disk of a directory is, and how much of it this process may still
// use, in bytes; false where the system does not say.
func diskRoom(dir string) (free, size uint64, known bool) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil || windows.GetDiskFreeSpaceEx(name, &free, &size, nil) != nil {
		return 0, 0, false
	}
	return free, size, true
}
