package capture

// ReadBinary is readBinary.
var ReadBinary = readBinary

// FindPackageManager gives name, root, lock file and install command.
func FindPackageManager(dir string) (name, root, lock string, install []string, err error) {
	m, err := findPackageManager(dir)
	return m.name, m.root, m.lock, m.install(), err
}
