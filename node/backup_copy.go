package node

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// CopyTo copies the backup to a folder that does not exist yet, for its owner's eyes alone. It has that name once it is whole,
// and is on the disk when CopyTo returns: of a copy that is killed, or that fails, no part looks like a backup. A backup
// that takes this one's place meanwhile makes it an error, and is never mixed with it.
func (b Backup) CopyTo(folder string) error {
	source, err := os.OpenRoot(b.Folder) // Wherever it is moved.
	if err != nil {
		return err
	}
	defer source.Close()
	part, err := os.MkdirTemp(filepath.Dir(folder), filepath.Base(folder)+".part-*")
	if err != nil {
		return err
	}
	err = b.copyFiles(source, part)
	if err == nil {
		err = syncFolders(part)
	}
	if err == nil {
		err = os.Rename(part, folder)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(part))
	}
	return syncFolder(filepath.Dir(folder))
}

func (b Backup) copyFiles(source *os.Root, folder string) error {
	for _, f := range b.Files {
		name := filepath.FromSlash(f.Name)
		if !filepath.IsLocal(name) {
			return fmt.Errorf("the node names the file %q, expected one within the backup", f.Name)
		}
		to := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		size, err := copySynced(source, name, to)
		if err == nil && size != f.Bytes {
			err = fmt.Errorf("it has %d bytes, expected %d", size, f.Bytes)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return nil
}

// copySynced copies a file, which is on the disk when it returns.
func copySynced(source *os.Root, name, to string) (size int64, err error) {
	from, err := source.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: another backup has taken this one's place", err)
	}
	if err != nil {
		return 0, err
	}
	defer from.Close()
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	size, err = io.Copy(file, from)
	if err == nil {
		err = file.Sync()
	}
	return size, errors.Join(err, file.Close())
}

// syncFolders has the names in a folder, and in those in it, be on the disk.
func syncFolders(folder string) error {
	return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		return syncFolder(path)
	})
}

// syncFolder has the names in a folder be on the disk. Windows has no such call.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
