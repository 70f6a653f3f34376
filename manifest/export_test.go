package manifest

// What the external tests look at from inside.
var (
	NearRegions  = nearRegions
	AWSRegions   = awsRegions
	FamilyOf     = familyOf
	PagePath     = pagePath
	FromPagePath = fromPagePath
	RelativeTo   = relativeTo
	ReadBinary   = readBinary
)

// FindPackageManager gives name, root, lock file and install command.
func FindPackageManager(dir string) (name, root, lock string, install []string, err error) {
	m, err := findPackageManager(dir)
	return m.name, m.root, m.lock, m.install(), err
}

// Matches says whether a vercel.json glob names a source file.
func Matches(glob, source string) bool {
	return (&VercelFunction{Glob: glob}).matches(source)
}

// Resolve resolves a setting's region names.
func Resolve(names ...string) ([]string, error) {
	return resolveRegions(names, []string{"us-east-1"}, "route /x")
}

// DecodeQuickly is decodeQuickly.
var DecodeQuickly = decodeQuickly

// FunctionQuickly is functionQuickly.
var FunctionQuickly = functionQuickly
